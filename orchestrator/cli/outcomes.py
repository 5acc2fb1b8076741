"""What became of each language of a build: one table at the end, and the exit status."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from enum import StrEnum

from rich.console import Console
from rich.segment import Segment, Segments
from rich.table import Table
from rich.text import Text

from orchestrator.errors import RebuildError
from orchestrator.printable import printable_line

SHORT = 160


class Ending(StrEnum):
    """What a build came to."""

    BUILT = "built"
    UNCHANGED = "unchanged"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one language. `why` it failed, or what else is worth telling; `log` says where that is."""

    language: str
    ending: Ending
    why: str = ""
    log: str = ""


COLUMNS = ("language", "outcome", "why", "log")


def twice(trials: Sequence[str]) -> str:
    """What is told of an image that did not pass everything at once; empty when it did."""
    return f"passed at the second try: {', '.join(trials)}" if trials else ""


def print_outcomes(outcomes: Sequence[Outcome], out: Console) -> None:
    """A table on a terminal; anywhere else lines of cells with tabs between, nothing left out."""
    rows = [tuple(_cell(each) for each in astuple(outcome)) for outcome in outcomes]
    if not out.is_terminal:
        lines = ["\t".join(row).rstrip() + "\n" for row in (COLUMNS, *rows)]
        # As segments: of anything else rich makes spaces of the tabs.
        out.print(Segments(map(Segment, lines)), end="", soft_wrap=True)
        return
    table = Table(box=None)
    for name in COLUMNS:
        table.add_column(name, overflow="fold")
    for language, ending, why, log in rows:
        style = "bold red" if ending == Ending.FAILED else ""
        table.add_row(Text(language), Text(ending, style), Text(_short(why)), Text(log))
    out.print(table)


def check_outcomes(outcomes: Sequence[Outcome]) -> None:
    """Raises RebuildError when any failed."""
    failed = [each.language for each in outcomes if each.ending is Ending.FAILED]
    if failed:
        raise RebuildError(f"{len(failed)} of {len(outcomes)} failed: {', '.join(failed)}")


def _cell(text: str) -> str:
    return printable_line(" ".join(str(text).split()))


def _short(text: str) -> str:
    return text if len(text) <= SHORT else f"{text[:SHORT]}…"
