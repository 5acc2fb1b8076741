"""Normalises texts for comparison, each in a few passes that CPython makes in C.

Nothing here makes an object per line or token of a whole text: at some 50 bytes each they would
take twenty times a text of short ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from io import BytesIO
from itertools import chain

WHITE = b" \t\n\r\v\f"
_TRAILING = b" \t\r\v\f"
_TO_SPACE = bytes.maketrans(WHITE, b" " * len(WHITE))
_QUICK_ROUNDS = 3
_CHUNK_BYTES = 1 << 16


def trim_lines(data: bytes) -> bytes:
    """Remove trailing white space from each line, and empty lines from the end.

    Lines keep their numbers. The result does not end in a newline.
    """
    data = data.rstrip(WHITE)
    for _ in range(_QUICK_ROUNDS):
        before = len(data)
        for white in _TRAILING:
            data = data.replace(bytes((white, 10)), b"\n")
        if len(data) == before:
            return data
    trimmed = BytesIO()  # each round takes one from each run of white space: too few for this one
    trimmed.writelines(line.rstrip(WHITE) + b"\n" for line in BytesIO(data))
    return trimmed.getvalue()[:-1]


def join_tokens(data: bytes) -> bytes:
    """Return the tokens of a text, separated by single spaces."""
    data = data.translate(_TO_SPACE).strip()
    while b"  " in data:  # halves each run of spaces: log2(longest run) rounds
        data = data.replace(b"  ", b" ")
    return data


def split_lazily(text: bytes, separator: bytes, start: int = 0) -> Iterator[bytes]:
    """Yield the items of `text[start:].split(separator)` without holding all of them at once."""
    return chain.from_iterable(_split_chunks(text, separator, start))


def _split_chunks(text: bytes, separator: bytes, start: int) -> Iterable[list[bytes]]:
    while (end := text.find(separator, start + _CHUNK_BYTES)) >= 0:
        yield text[start:end].split(separator)
        start = end + 1
    yield text[start:].split(separator)


def common_prefix(one: bytes, other: bytes) -> int:
    """Return the length of the longest common prefix, in bytes."""

    def differ(start: int, end: int) -> bool:
        return one[start:end] != other[start:end]

    return _first(differ, min(len(one), len(other)))


def find_nth_black(data: bytes, number: int) -> int:
    """Return the offset of the non-white byte that has `number` non-white bytes before it.

    There must be such a byte.
    """
    seen = 0

    def holds(start: int, end: int) -> bool:
        nonlocal seen
        count = len(data[start:end].translate(None, WHITE))
        if seen + count > number:
            return True
        seen += count
        return False

    return _first(holds, len(data))


def _first(holds: Callable[[int, int], bool], size: int) -> int:
    """Binary search for the first byte that makes `holds(start, end)` true; `size` if none does.

    `holds` is asked about slices that begin where the last "no" ended: linear time in all.
    """
    low, high = 0, size
    while low < high:
        middle = (low + high + 1) // 2
        if not holds(low, middle):
            low = middle
        elif middle == low + 1:
            return low
        else:
            high = middle
    return low
