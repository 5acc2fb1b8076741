"""Shows a difference to people: line, column, and a short excerpt of either side."""

from __future__ import annotations

import codecs

from orchestrator.jobs.judging.checkers.model import Difference
from orchestrator.jobs.judging.checkers.text import common_prefix

EXCERPT_BYTES = 100
_CONTEXT_BYTES = 50
_LONGEST_TAIL = 3  # bytes of a UTF-8 character that lacks its last


def show(
    output: bytes, start: int, expected: bytes, got: bytes, line: int | None = None
) -> Difference:
    """Describe where two lines or tokens first differ; `got` begins at `output[start:]`.

    `line`: the line number, where it can't be counted in `output`.
    """
    at = _character_start(got, common_prefix(expected, got))
    line_start = output.rfind(b"\n", 0, start) + 1
    before = output[line_start : start + at].decode("utf-8", "replace")
    return Difference(
        line=output.count(b"\n", 0, start) + 1 if line is None else line,
        column=len(before) + 1,
        expected=_cut(expected, at, max(len(expected), len(got))),
        got=_cut(got, at, max(len(expected), len(got))),
    )


def _character_start(text: bytes, at: int) -> int:
    """Return the start of the UTF-8 character that the byte at `at` is, or should be, part of."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    decoder.decode(text[max(at - _LONGEST_TAIL, 0) : at])
    return at - len(decoder.getstate()[0])


def _cut(text: bytes, at: int, longest: int) -> bytes:
    """Cut an excerpt around `at`; both sides are cut alike, as they are the same before it."""
    start = 0 if longest <= EXCERPT_BYTES else max(0, at - _CONTEXT_BYTES)
    start = _boundary(text, start, 1) if start else 0
    end = start + EXCERPT_BYTES
    return text[start : _boundary(text, end, -1)] if end < len(text) else text[start:]


def _boundary(text: bytes, at: int, step: int) -> int:
    """Return the nearest start of a character, or `at` where none is near (no valid UTF-8)."""
    for moved in range(_LONGEST_TAIL + 1):
        place = at + step * moved
        if not 0x80 <= int.from_bytes(text[place : place + 1]) < 0xC0:  # noqa: PLR2004
            return place
    return at
