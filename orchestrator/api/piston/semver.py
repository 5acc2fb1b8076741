"""Which versions a range means, as npm reads it: Piston's `version`. Pure.

A version here is three numbers; only a range may have prereleases, as in `>=3.0.0-rc.1`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from operator import eq, ge, gt, le, lt

Version = tuple[int, int, int]
Bound = tuple[int, int, int, int]
"""A version, and 0 when it is a prerelease of that, else 1: so it sorts."""
Comparator = tuple[str, Bound]

MAX_RANGE = 1000
"""Characters of a range; a longer one matches nothing."""
MAX_NUMBER = (1 << 53) - 1
PARTS = 3

_N = r"(x|X|\*|0|[1-9][0-9]{0,15})"
_PRERELEASE = r"(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_PARTIAL = (
    rf"v?{_N}(?:\.{_N}(?:\.{_N}"
    rf"(-{_PRERELEASE}(?:\.{_PRERELEASE})*)?)?)?(?:\+[0-9A-Za-z.-]++)?(?=\s|$)"
)
_COMPARATOR = re.compile(rf"\s*+(~>?|\^|[<>]?=?)\s*+{_PARTIAL}")
_HYPHEN = re.compile(rf"{_PARTIAL}\s++-\s++{_PARTIAL}")
_NUMBERS = re.compile(r"([0-9]{1,9})(?:\.([0-9]{1,9}))?(?:\.([0-9]{1,9}))?")
_OPERATORS = {"": eq, "=": eq, "<": lt, "<=": le, ">": gt, ">=": ge}
_NOTHING: Comparator = ("<", (0, 0, 0, 0))


def to_version(text: str) -> Version:
    """The first numbers in what a compiler says of itself: `17.0.15+6` is 17.0.15, `12` 12.0.0."""
    found = _NUMBERS.search(text)
    major, minor, patch = (int(part or 0) for part in (found.groups() if found else (0, 0, 0)))
    return major, minor, patch


def satisfies(version: Version, text: str) -> bool:
    """Whether the range `text` has `version`; one that is none has nothing."""
    if len(text) > MAX_RANGE:
        return False
    try:
        sets = [list(_comparators(part)) for part in text.split("||")]
    except ValueError:
        return False
    return any(all(_holds(version, each) for each in comparators) for comparators in sets)


def _holds(version: Version, comparator: Comparator) -> bool:
    operator, bound = comparator
    return bool(_OPERATORS[operator]((*version, 1), bound))


def _comparators(text: str) -> Iterator[Comparator]:
    """What must all hold. Raises ValueError when it makes no sense."""
    text = text.strip()
    hyphen = _HYPHEN.fullmatch(text)
    if hyphen is not None:
        low, high = hyphen.groups()[:4], hyphen.groups()[4:]
        yield from _plain(">=", *_parse(low))
        yield from _plain("<=", *_parse(high))
        return
    position = 0
    while position < len(text):
        found = _COMPARATOR.match(text, position)
        if found is None:
            raise ValueError(text)
        position = found.end()
        operator, *parts = found.groups()
        numbers, is_prerelease = _parse(parts)
        if operator == "^":
            yield from _caret(numbers, is_prerelease=is_prerelease)
        elif operator[:1] == "~":
            yield from _tilde(numbers, is_prerelease=is_prerelease)
        else:
            yield from _plain(operator, numbers, is_prerelease)


def _parse(parts: list[str | None] | tuple[str | None, ...]) -> tuple[list[int], bool]:
    """The numbers before the first that is missing or any; and whether a prerelease follows."""
    numbers: list[int] = []
    for part in parts[:PARTS]:
        if part is None or part in "xX*":
            break
        if int(part) > MAX_NUMBER:
            raise ValueError(part)
        numbers.append(int(part))
    return numbers, parts[PARTS] is not None and len(numbers) == PARTS


def _plain(operator: str, numbers: list[int], is_prerelease: bool) -> Iterator[Comparator]:  # noqa: FBT001 - unpacked from _parse
    """A partial version stands for all that begin with it."""
    if len(numbers) == PARTS:
        yield operator, _bound(numbers, is_prerelease=is_prerelease)
    elif not numbers:
        if operator in {"<", ">"}:
            yield _NOTHING
    elif operator == ">":
        yield ">=", _bound(_next(numbers))
    elif operator == "<":
        yield "<", _bound(numbers, is_prerelease=True)
    else:
        if operator != "<=":
            yield ">=", _bound(numbers)
        if operator != ">=":
            yield "<", _bound(_next(numbers), is_prerelease=True)


def _tilde(numbers: list[int], *, is_prerelease: bool) -> Iterator[Comparator]:
    """The same minor version, or major where that is all there is."""
    if numbers:
        yield ">=", _bound(numbers, is_prerelease=is_prerelease)
        yield "<", _bound(_next(numbers[:2]), is_prerelease=True)


def _caret(numbers: list[int], *, is_prerelease: bool) -> Iterator[Comparator]:
    """The same first number that is not 0."""
    if numbers:
        kept = next((at for at, number in enumerate(numbers, 1) if number), len(numbers))
        yield ">=", _bound(numbers, is_prerelease=is_prerelease)
        yield "<", _bound(_next(numbers[:kept]), is_prerelease=True)


def _next(numbers: list[int]) -> list[int]:
    if numbers[-1] >= MAX_NUMBER:
        raise ValueError(numbers[-1])
    return [*numbers[:-1], numbers[-1] + 1]


def _bound(numbers: list[int], *, is_prerelease: bool = False) -> Bound:
    major, minor, patch = (*numbers, 0, 0)[:PARTS]
    return major, minor, patch, 0 if is_prerelease else 1
