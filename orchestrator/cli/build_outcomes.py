"""The outcomes of building several languages: the table at the end, and the exit status."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from rich.console import Console

from orchestrator.cli.listing import make_listing, print_listing
from orchestrator.errors import RebuildError

SHORT = 160


class BuildEnding(StrEnum):
    """How the build of a language ended."""

    BUILT = "built"
    UNCHANGED = "unchanged"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class LanguageOutcome:
    """The outcome for one language: `why` it failed, or a note; `log`: the path of its log."""

    language: str
    ending: BuildEnding
    why: str = ""
    log: str = ""


def twice(trials: Sequence[str]) -> str:
    """The note on checks that passed at the second try; empty when there are none."""
    return f"passed at the second try: {', '.join(trials)}" if trials else ""


def print_outcomes(outcomes: Sequence[LanguageOutcome], out: Console) -> None:
    """A table on a terminal; anywhere else lines of cells with tabs between, nothing left out."""
    shorten = _short if out.is_terminal else str
    rows = [(each.language, each.ending, shorten(_line(each.why)), each.log) for each in outcomes]
    listing = make_listing("language outcome why log", rows)
    print_listing(listing, out, lambda row: "bold red" if row[1] == BuildEnding.FAILED else "")


def check_outcomes(outcomes: Sequence[LanguageOutcome]) -> None:
    """Raises RebuildError when any failed."""
    failed = [each.language for each in outcomes if each.ending is BuildEnding.FAILED]
    if failed:
        raise RebuildError(f"{len(failed)} of {len(outcomes)} failed: {', '.join(failed)}")


def _line(text: str) -> str:
    return " ".join(text.split())


def _short(text: str) -> str:
    return text if len(text) <= SHORT else f"{text[:SHORT]}…"
