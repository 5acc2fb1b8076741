"""Rows of text: laid out on a terminal, plain and separated by tabs anywhere else.

The first column is what other commands take: it is never cut, nor broken across lines.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from rich.console import Console

from orchestrator.printable import printable_line

GAP = 2
LONGEST_WORD = 16
"""What is longer is broken, where there is no room for it."""


@dataclass(frozen=True, slots=True)
class Listing:
    """Rows, a cell a column. `spare`: the columns that a narrow terminal does without, in order."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    spare: tuple[str, ...] = ()


def make_listing(
    columns: str, rows: Iterable[Iterable[object]], spare: Sequence[str] = ()
) -> Listing:
    """`columns`: their names, blanks between. Of the cells, None is empty."""
    cells = (
        tuple(printable_line("" if cell is None else str(cell)).replace("\t", " ") for cell in row)
        for row in rows
    )
    return Listing(tuple(columns.split()), tuple(cells), tuple(spare))


def print_listing(
    listing: Listing, out: Console, style: Callable[[tuple[str, ...]], str] = lambda _: ""
) -> None:
    """On a terminal nothing is cut, and what is left out is named; elsewhere a row is a line.

    `style`: rich's, of a row on a terminal.
    """
    if not out.is_terminal:
        out.file.writelines("\t".join(row) + "\n" for row in listing.rows)  # rich expands tabs
        out.file.flush()  # what is said on stderr next comes after it
        return
    widths = lay_out(listing, out.width)
    shown = [listing.columns.index(name) for name in widths]
    for row in (listing.columns, *listing.rows):
        looks = "bold" if row is listing.columns else style(row)
        for line in _lines([row[number] for number in shown], list(widths.values())):
            _print(line, out, looks)
    hidden = [name for name in listing.columns if name not in widths]
    if hidden:
        _print(f"(no room for {', '.join(hidden)}: see a wider terminal, or a pipe)", out, "dim")


def lay_out(listing: Listing, width: int) -> dict[str, int]:
    """The columns to show and how wide, in characters.

    Each gets what its words need, then what it lacks for one line, those that lack least first.
    Where even the words are wider than `width`, and nothing can be spared, lines are longer.
    """
    most = {name: max(map(len, cells)) for name, cells in _columns(listing)}
    least = {name: _longest_word(cells) for name, cells in _columns(listing)}
    least[listing.columns[0]] = most[listing.columns[0]]
    for name in listing.spare:
        if _total(least) > width:
            del least[name]
    room = max(0, width - _total(least))
    for name in sorted(least, key=lambda name: most[name] - least[name]):
        more = min(most[name] - least[name], room)
        least[name] += more
        room -= more
    return least


def _columns(listing: Listing) -> Iterator[tuple[str, list[str]]]:
    for number, name in enumerate(listing.columns):
        yield name, [name, *(row[number] for row in listing.rows)]


def _longest_word(cells: Iterable[str]) -> int:
    return min(LONGEST_WORD, max(len(word) for cell in cells for word in cell.split() or [""]))


def _total(widths: dict[str, int]) -> int:
    return sum(widths.values()) + GAP * (len(widths) - 1)


def _lines(cells: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    wrapped = [
        textwrap.wrap(cell, width, break_on_hyphens=False)
        for cell, width in zip(cells, widths, strict=True)
    ]
    for parts in zip_longest(*wrapped, fillvalue=""):
        padded = (part.ljust(width) for part, width in zip(parts, widths, strict=True))
        yield (" " * GAP).join(padded).rstrip()


def _print(line: str, out: Console, style: str = "") -> None:
    out.print(line, style=style, markup=False, highlight=False, soft_wrap=True)
