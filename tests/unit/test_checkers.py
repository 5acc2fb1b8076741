"""The built-in checkers of text, each against the plainest way to say the same."""

from __future__ import annotations

from collections import Counter
from itertools import zip_longest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.jobs.judging.checkers import (
    Difference,
    Exact,
    Float,
    Lines,
    TextChecker,
    Tokens,
    UnorderedLines,
    compare,
)
from orchestrator.jobs.judging.checkers import text as text_module

ALL: list[TextChecker] = [Exact(), Lines(), Tokens(), UnorderedLines(), Float()]
SYMMETRIC: list[TextChecker] = [*ALL[:-1], Float(0.5, 0)]
WHITE = " \t\r\v\f"

# Few letters and much white space, so that texts often nearly agree; é and 😀 have 2 and 4 bytes.
texts = st.text(st.sampled_from("ab1.é😀 \t\r\v\f\n\n\n"), max_size=24)
blobs = st.one_of(
    st.binary(max_size=24),
    st.lists(st.sampled_from([b"a", b" ", b"\n", b"\x00", b"\xff", b"\xc3", b"\xa9"])).map(
        b"".join
    ),
)
noise = st.lists(
    st.tuples(st.integers(0, 40), st.sampled_from([*WHITE, "\n", "\r\n", "a", ""])), max_size=3
)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[str, str]:
    """A text, and another or the same one a little changed."""
    one = draw(texts)
    other = draw(texts) if draw(st.booleans()) else one
    for place, put in draw(noise):
        other = other[:place] + put + other[place:]
    return one, other


def plain_lines(text: str) -> list[str]:
    lines = [line.rstrip(WHITE) for line in text.split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    return lines


def plain_tokens(text: str) -> list[str]:
    for white in WHITE:
        text = text.replace(white, "\n")
    return [token for token in text.split("\n") if token]


def agrees(checker: TextChecker, expected: str, got: str) -> bool:
    match checker:
        case Exact():
            return expected == got
        case Lines():
            return plain_lines(expected) == plain_lines(got)
        case Tokens():
            return plain_tokens(expected) == plain_tokens(got)
        case UnorderedLines():
            return Counter(plain_lines(expected)) == Counter(plain_lines(got))
        case Float():
            raise AssertionError("has a file of its own")


def different_at(one: str, other: str) -> int:
    """The first index at which they differ."""
    return next(i for i, (a, b) in enumerate(zip_longest(one, other)) if a != b)


def run(checker: TextChecker, expected: str, got: str) -> Difference | None:
    return compare(checker, expected.encode(), got.encode())


def place(found: Difference | None) -> tuple[int, int]:
    assert found is not None
    return found.line, found.column


@pytest.mark.parametrize("checker", ALL[:-1], ids=str)
@given(pair=pairs())
def test_a_checker_decides_as_a_naive_implementation_of_its_rule(
    checker: TextChecker, pair: tuple[str, str]
) -> None:
    assert (run(checker, *pair) is None) == agrees(checker, *pair)


@pytest.mark.parametrize("checker", SYMMETRIC, ids=str)
@given(pair=pairs())
def test_comparing_is_symmetric(checker: TextChecker, pair: tuple[str, str]) -> None:
    assert (run(checker, *pair) is None) == (run(checker, *reversed(pair)) is None)


@pytest.mark.parametrize("checker", [*ALL, Float(0, 0)], ids=str)
@given(blob=blobs)
def test_a_text_agrees_with_itself(checker: TextChecker, blob: bytes) -> None:
    assert compare(checker, blob, bytes(bytearray(blob))) is None


@pytest.mark.parametrize("checker", ALL, ids=str)
@given(expected=blobs, got=blobs)
def test_bytes_of_any_kind_are_compared(checker: TextChecker, expected: bytes, got: bytes) -> None:
    found = compare(checker, expected, got)
    if found is not None:
        assert found.line >= 1
        assert found.column >= 1
        assert max(len(found.expected), len(found.got)) <= 100
    if isinstance(checker, Exact):
        assert (found is None) == (expected == got)
    if isinstance(checker, Tokens):
        assert (found is None) == (expected.split() == got.split())


@given(pair=pairs())
def test_exact_points_to_the_first_character_that_differs(pair: tuple[str, str]) -> None:
    expected, got = pair
    found = run(Exact(), expected, got)
    if expected != got:
        before = got[: different_at(expected, got)]
        lines = before.split("\n")
        assert place(found) == (len(lines), len(lines[-1]) + 1)


@given(pair=pairs())
def test_lines_points_to_the_first_character_of_the_first_line_that_differs(
    pair: tuple[str, str],
) -> None:
    both = [plain_lines(text) for text in pair]
    found = run(Lines(), *pair)
    for number, (ours, theirs) in enumerate(zip_longest(*both, fillvalue=""), 1):
        if ours != theirs:
            assert found == Difference(
                number, different_at(ours, theirs) + 1, ours.encode(), theirs.encode()
            )
            return
    assert found is None


@given(pair=pairs())
def test_tokens_points_to_the_first_character_of_the_first_token_that_differs(
    pair: tuple[str, str],
) -> None:
    expected, got = pair
    found = run(Tokens(), expected, got)
    at = 0  # where to look for the next token of the output
    for ours, theirs in zip_longest(plain_tokens(expected), plain_tokens(got), fillvalue=""):
        start = got.index(theirs, at) if theirs else at
        if ours != theirs:
            before = got[: start + different_at(ours, theirs)].split("\n")
            assert found == Difference(
                len(before), len(before[-1]) + 1, ours.encode(), theirs.encode()
            )
            return
        at = start + len(theirs)
    assert found is None


def plain_unordered(expected: list[str], got: list[str]) -> Difference | None:
    left = list(expected)
    for number, line in enumerate(got, 1):
        if line not in left:
            return Difference(number, 1, b"", line.encode())
        left.remove(line)
    left = list(got)
    for line in expected:
        if line not in left:
            return Difference(len(got) + 1, 1, line.encode(), b"")
        left.remove(line)
    return None


@pytest.mark.parametrize("at_once", [200_000, 1, 3])
@given(pair=pairs())
def test_unordered_lines_names_the_unexpected_line_else_the_missing_one(
    at_once: int, pair: tuple[str, str]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("orchestrator.jobs.judging.checkers.unordered.LINES_AT_ONCE", at_once)
        found = run(UnorderedLines(), *pair)
    assert found == plain_unordered(*map(plain_lines, pair))


def test_lines_counted_in_rounds_are_found_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestrator.jobs.judging.checkers.unordered.LINES_AT_ONCE", 3)
    same, more = ([f"{letter}{n}" for n in range(60)] for letter in "ab")
    expected, got = "\n".join(same), "\n".join([*reversed(same), *more])
    assert run(UnorderedLines(), expected, got) == Difference(61, 1, b"", b"b0")
    assert run(UnorderedLines(), got, expected) == Difference(61, 1, b"b0", b"")


@given(lines=st.lists(st.sampled_from(["a", "b", "", "cc"])).map(lambda some: [*some, "z"]))
def test_unordered_lines_accepts_lines_in_any_order(lines: list[str]) -> None:
    assert run(UnorderedLines(), "\n".join(lines), "\r\n".join(sorted(lines))) is None


EMPTIES = ["", " ", "\n", "\r\n", " \t\n\v\f\n"]


@pytest.mark.parametrize("blank", EMPTIES)
@pytest.mark.parametrize("checker", ALL, ids=str)
def test_an_empty_answer_accepts_at_most_white_space(checker: TextChecker, blank: str) -> None:
    agree = not blank or not isinstance(checker, Exact)
    assert (run(checker, "", blank) is None) == agree
    assert (run(checker, blank, "") is None) == agree
    assert run(checker, "", "x") == Difference(1, 1, b"", b"x")
    assert run(checker, "x", "") == Difference(1, 1, b"x", b"")


TABLE = [
    # checker, expected, got, and the difference: line, column, expected, got
    (Exact(), "a\n", "a", (1, 2, "a\n", "a")),
    (Exact(), "a\n", "a\r\n", (1, 2, "a\n", "a\r\n")),
    (Exact(), "a\nb\n", "a\n", (2, 1, "b\n", "")),
    (Exact(), "é", "ê", (1, 1, "é", "ê")),
    (Exact(), "😀é\nüx", "😀é\nüy", (2, 2, "üx", "üy")),
    (Lines(), "1\n2\n", "1\r\n2", None),
    (Lines(), "1\n2\n", "1 \t\n2\n\n \n", None),
    (Lines(), "1 2", "1  2", (1, 3, "1 2", "1  2")),
    (Lines(), "1", " 1", (1, 1, "1", " 1")),
    (Lines(), "1\n\n2", "1\n2", (2, 1, "", "2")),
    (Lines(), "1\n2", "1", (2, 1, "2", "")),
    (Lines(), "1", "1\n\n2", (3, 1, "", "2")),
    (Lines(), "a\rb", "a\nb", (1, 2, "a\rb", "a")),  # a CR alone ends no line
    (Tokens(), "1 2 3\n", "1\n2\t\v3", None),
    (Tokens(), "1 2", "12", (1, 2, "1", "12")),
    (Tokens(), "1 2 3", "1\n 2 \n", (2, 3, "3", "")),
    (Tokens(), "1", "1\n\n  2 3", (3, 3, "", "2")),
    (Tokens(), "1.0", "1.00", (1, 4, "1.0", "1.00")),
    (Tokens(), "yes", "Yes", (1, 1, "yes", "Yes")),
    (Tokens(), "a\u00a0b", "a b", (1, 2, "a\u00a0b", "a")),  # ASCII's white space alone
    (UnorderedLines(), "a\nb\n", "b\r\na", None),
    (UnorderedLines(), "a\nb", "b\na\na", (3, 1, "", "a")),
    (UnorderedLines(), "a\na\nb", "b\na", (3, 1, "a", "")),
    (UnorderedLines(), "a b", "b a", (1, 1, "", "b a")),
    (UnorderedLines(), "a\n\nb", "\nb\na", None),
    (UnorderedLines(), "a\n\nb", "b\na\n", (3, 1, "", "")),  # the empty line at the end is none
]


@pytest.mark.parametrize(("checker", "expected", "got", "difference"), TABLE)
def test_each_checker_reports_what_differs_and_where(
    checker: TextChecker, expected: str, got: str, difference: tuple[int, int, str, str] | None
) -> None:
    found = run(checker, expected, got)
    if difference is None:
        assert found is None
    else:
        line, column, ours, theirs = difference
        assert found == Difference(line, column, ours.encode(), theirs.encode())


@pytest.mark.parametrize("checker", ALL, ids=str)
@given(
    same=st.text(st.sampled_from("aé€😀"), max_size=150),
    ours=st.text(st.sampled_from("bé€😀"), max_size=150),
    theirs=st.text(st.sampled_from("cé€😀"), max_size=150),
)
def test_long_texts_are_cut_around_the_difference_between_characters(
    checker: TextChecker, same: str, ours: str, theirs: str
) -> None:
    expected, got = same + ours, same + theirs
    found = run(checker, expected, got)
    if found is None:
        assert expected == got
        return
    at = different_at(expected, got)
    ours_shown, theirs_shown = found.expected.decode(), found.got.decode()  # never split
    assert ours_shown in expected
    assert theirs_shown in got
    assert max(len(found.expected), len(found.got)) <= 100
    if isinstance(checker, UnorderedLines):
        assert found.column == 1
        assert got.startswith(theirs_shown)
    else:
        assert found.column == at + 1
        if max(len(expected.encode()), len(got.encode())) <= 100:
            assert (ours_shown, theirs_shown) == (expected, got)
        # Both begin at one place, so what is shown differs as soon as the texts do.
        assert ours_shown != theirs_shown


@pytest.mark.parametrize("checker", [Exact(), Lines(), Tokens(), Float()], ids=str)
def test_a_long_text_is_shown_from_half_an_excerpt_before_the_difference(
    checker: TextChecker,
) -> None:
    found = run(checker, "x" * 300 + "a" * 80, "x" * 300 + "b")
    assert found == Difference(1, 301, b"x" * 50 + b"a" * 50, b"x" * 50 + b"b")
    found = run(checker, "€" * 100 + "a", "€" * 100 + "€" * 80)  # 50 bytes are 16 and two thirds
    assert found == Difference(1, 101, "€".encode() * 16 + b"a", "€".encode() * 33)


@pytest.mark.parametrize(
    ("expected", "got", "column"),
    [
        (b"\xc3\xa9", b"\xc3", 1),  # the output ends within a character
        (b"a\xc3\xa9", b"a\xc3\xaa", 2),
        (b"\xff\xfeb", b"\xff\xfec", 3),  # not UTF-8: as many as are shown
        (b"\xf0\x9f\x98\x80x", b"\xf0\x9f\x98\x81x", 1),
        (b"\xe2\x82\xac\xc3\xa9", b"\xe2\x82\xac\xc3\xaa", 2),
        (b"a\x00b", b"a\x00c", 3),
    ],
)
@pytest.mark.parametrize("checker", [Exact(), Lines(), Tokens(), Float()], ids=str)
def test_columns_count_utf_8_characters(
    checker: TextChecker, expected: bytes, got: bytes, column: int
) -> None:
    assert compare(checker, expected, got) == Difference(1, column, expected, got)


def test_an_output_that_ends_in_half_a_character_may_lack_a_token() -> None:
    assert compare(Tokens(), b"\xc3 b", b"\xc3") == Difference(1, 2, b"b", b"")


@pytest.mark.parametrize("checker", ALL, ids=str)
def test_binary_excerpts_are_cut_too(checker: TextChecker) -> None:
    found = compare(checker, b"\x80" * 300, b"\x80" * 200 + b"\x81" * 100)
    assert found is not None
    assert max(len(found.expected), len(found.got)) <= 100
    assert found.column == (1 if isinstance(checker, UnorderedLines) else 201)


@given(text=texts, times=st.integers(1, 6))
def test_runs_of_white_space_of_any_length_are_trimmed(text: str, times: int) -> None:
    longer = "".join(c * times if c in WHITE else c for c in text)
    assert text_module.trim_lines(longer.encode()) == "\n".join(plain_lines(longer)).encode()
    assert text_module.join_tokens(longer.encode()) == " ".join(plain_tokens(longer)).encode()


@given(text=texts, start=st.integers(0, 24), chunk=st.integers(1, 5))
def test_split_lazily_yields_what_split_returns(text: str, start: int, chunk: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_module, "_CHUNK_BYTES", chunk)
        pieces = list(text_module.split_lazily(text.encode(), b"\n", start))
    assert pieces == text.encode()[start:].split(b"\n")


MB = 1 << 20
LARGE = [
    ("white space", b" " * MB + b"x", b"\n" * MB + b"x"),
    ("runs before newlines", b"x\n" * (MB // 16), (b"x" + b" " * 15 + b"\n") * (MB // 16)),
    ("one run", b"a" + b" " * MB + b"b", b"a" + b"\t" * MB + b"b"),
    ("newlines to skip", b"a", b"a" + b"\n" * MB + b"b"),
    ("short lines", b"1\n" * (MB // 2), b"1\r\n" * (MB // 2)),
    ("one line", b"9" * MB, b"9" * MB + b"8"),
    ("garbage", b"\xc3" * MB, b"\xc3" * (MB - 1) + b"\xe2"),
]


@pytest.mark.parametrize(("expected", "got"), [row[1:] for row in LARGE], ids=[r[0] for r in LARGE])
@pytest.mark.parametrize("checker", ALL, ids=str)
@pytest.mark.timeout(30)
def test_comparing_any_text_takes_linear_time(
    checker: TextChecker, expected: bytes, got: bytes
) -> None:
    """Each takes well under a second; a quadratic pass would take hours."""
    found = compare(checker, expected, got)
    if isinstance(checker, Tokens):
        assert (found is None) == (expected.split() == got.split())
