"""Compares two texts as multisets of lines, in bounded memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice

from orchestrator.jobs.judging.checkers.text import split_lazily

LINES_AT_ONCE = 200_000  # each distinct line takes some 150 bytes to count


def count_lines(text: bytes) -> int:
    """Return the number of lines of a trimmed text."""
    return text.count(b"\n") + 1 if text else 0


def first_unmatched(text: bytes, other: bytes) -> tuple[int, bytes] | None:
    """Return the first line of `text`, with its number from 1, that `other` has no match left for.

    Lines of `other` that are too many to count at once are counted in rounds, partitioned by hash:
    that trades time for memory.
    """
    counted = _count(other)
    if counted is not None:
        return _first_exhausted(enumerate(_lines_of(text), 1), counted)
    rounds = count_lines(other) // LINES_AT_ONCE + 1
    found = []
    for turn in range(rounds):
        left = Counter(line for line in _lines_of(other) if hash(line) % rounds == turn)
        numbered = enumerate(_lines_of(text), 1)
        found.append(
            _first_exhausted((pair for pair in numbered if hash(pair[1]) % rounds == turn), left)
        )
    return min(filter(None, found), default=None)


def _count(text: bytes) -> Counter[bytes] | None:
    """Count each distinct line; None when there are too many to count at once."""
    counted: Counter[bytes] = Counter()
    lines = _lines_of(text)
    for _ in range(0, count_lines(text), LINES_AT_ONCE):
        counted.update(islice(lines, LINES_AT_ONCE))
        if len(counted) > LINES_AT_ONCE:
            return None
    return counted


def _first_exhausted(
    numbered: Iterable[tuple[int, bytes]], left: Counter[bytes]
) -> tuple[int, bytes] | None:
    """Match each line with one that is left; return the first without a match."""
    for number, line in numbered:
        count = left[line]
        if not count:
            return number, line
        left[line] = count - 1
    return None


def _lines_of(text: bytes) -> Iterator[bytes]:
    return split_lazily(text, b"\n") if text else iter(())
