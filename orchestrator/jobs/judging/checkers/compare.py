"""Compares an output with what was expected, and finds the first difference."""

from __future__ import annotations

from itertools import islice, zip_longest

from orchestrator.jobs.judging.checkers.excerpt import show
from orchestrator.jobs.judging.checkers.model import (
    Difference,
    Exact,
    Float,
    Lines,
    TextChecker,
    Tokens,
    UnorderedLines,
)
from orchestrator.jobs.judging.checkers.numbers import first_disagreement
from orchestrator.jobs.judging.checkers.text import (
    WHITE,
    common_prefix,
    find_nth_black,
    join_tokens,
    split_lazily,
    trim_lines,
)
from orchestrator.jobs.judging.checkers.unordered import count_lines, first_unmatched


def compare(checker: TextChecker, expected: bytes, got: bytes) -> Difference | None:
    """Return the first difference, or None when they agree.

    Takes arbitrary bytes; time and memory are linear in their length.
    """
    if expected == got:
        return None
    match checker:
        case Exact():
            return _compare_exact(expected, got)
        case Lines():
            return _compare_lines(trim_lines(expected), trim_lines(got))
        case Tokens():
            return _compare_tokens(expected, got)
        case UnorderedLines():
            return _compare_unordered(trim_lines(expected), trim_lines(got))
        case Float():
            return _compare_float(checker, expected, got)


def _compare_exact(expected: bytes, got: bytes) -> Difference:
    at = common_prefix(expected, got)
    start = got.rfind(b"\n", 0, at) + 1
    texts = [text[start : text.find(b"\n", at) + 1 or len(text)] for text in (expected, got)]
    return show(got, start, texts[0], texts[1])


def _compare_lines(expected: bytes, got: bytes) -> Difference | None:
    if expected == got:
        return None
    start = _first_different_piece(expected, got, b"\n")
    line = max(expected, got, key=len).count(b"\n", 0, start) + 1
    texts = [_piece(text, start, b"\n") for text in (expected, got)]
    return show(texts[1], 0, texts[0], texts[1], line)


def _compare_tokens(expected: bytes, got: bytes) -> Difference | None:
    ours, theirs = join_tokens(expected), join_tokens(got)
    if ours == theirs:
        return None
    start = _first_different_piece(ours, theirs, b" ")
    before = start - theirs.count(b" ", 0, start)
    return _show_token(got, before, _piece(ours, start, b" "), _piece(theirs, start, b" "))


def _compare_float(checker: Float, expected: bytes, got: bytes) -> Difference | None:
    ours, theirs = join_tokens(expected), join_tokens(got)
    if ours == theirs:
        return None
    start = _first_different_piece(ours, theirs, b" ")
    pairs = zip_longest(
        split_lazily(ours, b" ", start), split_lazily(theirs, b" ", start), fillvalue=b""
    )
    found = first_disagreement(checker, pairs, underscores=b"_" in expected or b"_" in got)
    if found is None:
        return None
    index, our_token, their_token = found
    before = start - theirs.count(b" ", 0, start)
    before += sum(map(len, islice(split_lazily(theirs, b" ", start), index)))
    return _show_token(got, before, our_token, their_token)


def _compare_unordered(expected: bytes, got: bytes) -> Difference | None:
    found = first_unmatched(got, expected)
    if found is not None:
        number, line = found
        return show(line, 0, b"", line, number)
    size = count_lines(got)
    if size == count_lines(expected):
        return None
    missing = first_unmatched(expected, got)
    return missing and show(b"", 0, missing[1], b"", size + 1)


def _first_different_piece(one: bytes, other: bytes, separator: bytes) -> int:
    """Return the offset of the first piece that differs; the texts must differ.

    A text that has ended counts as followed by empty pieces, so that an empty piece is never the
    difference.
    """
    at = common_prefix(one, other)
    shorter, longer = sorted((one, other), key=len)
    if at == len(shorter):
        at = len(longer) - len(longer[at:].lstrip(separator))
    return longer.rfind(separator, 0, at) + 1


def _piece(text: bytes, start: int, separator: bytes) -> bytes:
    end = text.find(separator, start)
    return text[start:] if end < 0 else text[start:end]


def _show_token(got: bytes, before: int, our_token: bytes, their_token: bytes) -> Difference:
    """`before`: the number of token bytes (white space aside) before this one in the output."""
    start = find_nth_black(got, before) if their_token else len(got.rstrip(WHITE))
    return show(got, start, our_token, their_token)
