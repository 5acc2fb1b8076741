"""Programs that attack the next test of their job: `programs/between/`, described by their headers.

Attacks      what the program leaves or looks for, in a sentence or two
Invariant    what must hold all the same
Input        what it takes on stdin
Items        what it tells of, with commas: on a line each, `item: clean` or `item: FOUND …`
Bites        those items that it must find where nothing protects: left, and looked for at once
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.hostile.corpus import EXTENSIONS, PROGRAMS, HeaderError, read_fields

BETWEEN = PROGRAMS / "between"
CLEAN = "clean"

_LANGUAGES = {extension: language for language, extension in EXTENSIONS.items()}
_FIELDS = ("Attacks", "Invariant", "Input", "Items", "Bites")


@dataclass(frozen=True, slots=True)
class Searcher:
    """A program, and what it must tell of."""

    name: str
    language: str
    code: str
    items: frozenset[str]
    bites: frozenset[str]


def load_searcher(name: str, folder: Path = BETWEEN) -> Searcher:
    """One of them, by its file's name. Raises HeaderError."""
    path = folder / name
    fields = read_fields(path, _FIELDS)
    items, bites = (_names(path, fields[field]) for field in ("Items", "Bites"))
    if not bites <= items:
        raise HeaderError(f"{path}: Bites: no such items: {', '.join(sorted(bites - items))}")
    return Searcher(name, _LANGUAGES[path.suffix], path.read_text("utf-8"), items, bites)


def told(stdout: str) -> dict[str, str]:
    """What a searcher says of each item."""
    return dict(line.split(": ", 1) for line in stdout.splitlines())


def _names(path: Path, text: str) -> frozenset[str]:
    names = text.split(", ")
    if len(set(names)) < len(names) or "" in names:
        raise HeaderError(f"{path}: an item is named twice, or is empty")
    return frozenset(names)
