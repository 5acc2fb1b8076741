"""Rows on a terminal, and anywhere else."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from orchestrator.cli.listing import Listing, make_listing, print_listing
from orchestrator.cli.tables import jobs_listing

ID = "66b99ee0a1b2c3d4"
JOB = {
    "id": ID,
    "language": "python",
    "version": "3.11.2",
    "key": "key-1",
    "phase": "compiling",
    "duration": 18_400,
    "position": None,
    "tests": {"done": 17, "total": 100},
    "container": f"codebae-{ID}",
}


def shown(listing: Listing, *, width: int, terminal: bool = True) -> list[str]:
    file = io.StringIO()
    out = Console(file=file, width=width, force_terminal=terminal, color_system=None)
    print_listing(listing, out)
    return file.getvalue().splitlines()


@pytest.mark.parametrize("width", [20, 80, 81, 120, 200])
def test_an_id_is_whole_however_narrow_the_terminal(width: int) -> None:
    lines = shown(jobs_listing({"jobs": [JOB, JOB]}), width=width)
    assert sum(line.startswith(f"{ID}  ") for line in lines) == 2
    assert not any("…" in line for line in lines)


def test_what_has_no_room_on_eighty_columns_is_named() -> None:
    lines = shown(jobs_listing({"jobs": [JOB]}), width=80)
    assert max(map(len, lines)) <= 80
    assert " ".join(lines[0].split()) == "id language version key phase seconds position tests"
    assert lines[-1] == "(no room for container: see a wider terminal, or a pipe)"
    assert "17 of" in lines[1]


def test_a_wide_terminal_has_a_line_a_row() -> None:
    lines = shown(jobs_listing({"jobs": [JOB]}), width=200)
    assert len(lines) == 2
    assert f"17 of 100  codebae-{ID}" in lines[1]


def test_a_long_cell_is_broken_and_nothing_of_it_is_lost() -> None:
    word = "abcdefghij" * 5
    lines = shown(make_listing("id error", [["x", word]]), width=30)
    assert "".join(line.split()[-1] for line in lines[1:]) == word
    assert max(map(len, lines)) <= 30


def test_elsewhere_a_row_is_a_line_with_tabs_and_without_a_head() -> None:
    rows = [["a", None, "two words"], [1, "b\tc\nd", "\x1b[2Jx"]]
    lines = shown(make_listing("id what why", rows), width=20, terminal=False)
    assert lines == ["a\t\ttwo words", "1\tb c\ufffdd\t\ufffd[2Jx"]


def test_no_rows_print_nothing_but_a_terminal_s_header() -> None:
    assert shown(make_listing("id why", []), width=80, terminal=False) == []
    assert shown(make_listing("id why", []), width=80) == ["id  why"]
