"""Texts brought to the form in which a checker compares them, a few passes in C each.

Nothing here makes an object per line or token of a whole text: those cost some 50 bytes each,
which is twenty times a text of short ones.
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
    """Without the white space that ends its lines and without empty lines at its end.

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
    """Its tokens, one space between any two."""
    data = data.translate(_TO_SPACE).strip()
    while b"  " in data:  # halves the runs: as many rounds as the longest has binary digits
        data = data.replace(b"  ", b" ")
    return data


def split_lazily(text: bytes, separator: bytes, start: int = 0) -> Iterator[bytes]:
    """What `text[start:].split(separator)` holds, without ever holding all of it."""
    return chain.from_iterable(_split_chunks(text, separator, start))


def _split_chunks(text: bytes, separator: bytes, start: int) -> Iterable[list[bytes]]:
    while (end := text.find(separator, start + _CHUNK_BYTES)) >= 0:
        yield text[start:end].split(separator)
        start = end + 1
    yield text[start:].split(separator)


def common_prefix(one: bytes, other: bytes) -> int:
    """How many bytes both begin with."""

    def differ(start: int, end: int) -> bool:
        return one[start:end] != other[start:end]

    return _first(differ, min(len(one), len(other)))


def find_nth_black(data: bytes, number: int) -> int:
    """Where the byte is that has `number` bytes before it that are not white space.

    It is not white space itself; there must be such a byte.
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
    """The first offset whose byte makes `holds(start, end)` true of a slice; `size`: there is none.

    Asks about slices that halve, each from where the last "no" ended: linear in all.
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
