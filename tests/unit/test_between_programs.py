"""The headers of the programs that attack the next test are read strictly."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hostile.between import BETWEEN, load_searcher, told
from tests.hostile.corpus import HeaderError

HEADER = '''"""
Attacks: the next test.
Invariant: it holds.
Input: a word.
Items: files, odd
  files, daemon
Bites: daemon, files
"""
'''


def test_each_program_tells_of_items_and_can_find_most_of_them() -> None:
    for path in BETWEEN.iterdir():
        searcher = load_searcher(path.name)
        assert len(searcher.items) >= 15, path.name
        assert len(searcher.bites) >= len(searcher.items) / 2, path.name
        assert all(f'"{item}"' in searcher.code for item in searcher.items), path.name


def test_a_header_is_read_in_full(tmp_path: Path) -> None:
    (tmp_path / "left.py").write_text(HEADER)
    searcher = load_searcher("left.py", tmp_path)
    assert (searcher.name, searcher.language, searcher.code) == ("left.py", "python", HEADER)
    assert searcher.items == {"files", "odd files", "daemon"}
    assert searcher.bites == {"files", "daemon"}


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("Input: a word.\n", "", "no Input"),
        ("Input", "Output", "not a field: Output: a word."),
        ("odd\n  files", "files", "an item is named twice"),
        ("Bites: daemon", "Bites: demon", "Bites: no such items: demon"),
    ],
)
def test_a_header_that_is_wrong_is_refused(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert old in HEADER
    (tmp_path / "left.py").write_text(HEADER.replace(old, new))
    with pytest.raises(HeaderError, match=says):
        load_searcher("left.py", tmp_path)


def test_a_searcher_s_report_is_read_item_by_item() -> None:
    assert told("files: clean\nodd: FOUND a: b\n") == {"files": "clean", "odd": "FOUND a: b"}
