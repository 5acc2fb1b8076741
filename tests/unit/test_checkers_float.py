"""The float checker: a table made by hand, and exact fractions."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.jobs.judging.checkers import Difference, Float, compare
from orchestrator.jobs.judging.checkers.numbers import read_number

USUAL = Float()
EXACTLY = Float(0, 0)
TENTH = Float(0.1, 0)
RELATIVE = Float(0, 1e-6)

TABLE = [
    # checker, expected, got, agree
    (USUAL, "1", "1.0", True),
    (USUAL, "1", "1.", True),
    (USUAL, "0.5", ".5", True),
    (USUAL, "1", "+1", True),
    (USUAL, "1", "001", True),
    (USUAL, "100", "1e2", True),
    (USUAL, "100", "1E+2", True),
    (USUAL, "0.01", "1e-2", True),
    (USUAL, "100", "1e0000000000000000000000002", True),
    (USUAL, "0", "-0", True),
    (USUAL, "-0.0", "0", True),
    (EXACTLY, "0", "-0e5", True),
    (EXACTLY, "1.50", "15e-1", True),
    (EXACTLY, "100", "1e0000000000000000000000002", True),
    (EXACTLY, "1", "1.00000000000000000001", False),
    (EXACTLY, "0.1", "0.1000000000000000055511151231257827", False),  # one double, two numbers
    (USUAL, "1", "1.000001", True),  # just as far as is allowed
    (USUAL, "1", "1.0000010000000000000001", False),
    (USUAL, "1", "1.000001" + "0" * 200 + "1", False),
    (USUAL, "1", "0.999999" + "0" * 200 + "1", True),
    (Float(0, 1), "1" + "0" * 150 + "1", "0", True),
    (Float(0, 1), "1" + "0" * 150 + "1", "-1", False),
    (USUAL, "1", "0.999999", True),
    (USUAL, "1", "0.9999989999999999999999", False),
    (USUAL, "1", "1.00001", False),
    (USUAL, "0", "1e-6", True),
    (USUAL, "0", "1.0001e-6", False),
    (USUAL, "1000000", "1000001", True),
    (USUAL, "1000000", "1000001.1", False),
    (RELATIVE, "-1000000", "-1000001", True),
    (RELATIVE, "1000001", "1000000", True),
    (RELATIVE, "0", "1e-300", False),
    (RELATIVE, "1e-300", "1.0000005e-300", True),
    (TENTH, "1", "1.1", True),  # of doubles, 1.1 - 1 > 0.1
    (TENTH, "1", "1.1000000000000001", False),
    (TENTH, "0.3", "0.2", True),
    (TENTH, "9007199254740992", "9007199254740993", False),  # one double, two integers
    (TENTH, "100000000000000000000000", "100000000000000000000001", False),
    (USUAL, "9007199254740992", "9007199254740993", True),  # 1 is little beside 9e15
    (EXACTLY, "9007199254740993", "9007199254740993.0", True),
    (USUAL, "1e400", "1e400", True),
    (USUAL, "1e400", "10e399", True),
    (USUAL, "1e400", "1.1e400", False),
    (USUAL, "1e400", "inf", False),
    (USUAL, "inf", "1e400", False),
    (USUAL, "1e400", "-1e400", False),
    (USUAL, "0", "1e-400", True),
    (EXACTLY, "0", "1e-400", False),
    (EXACTLY, "2e-400", "1e-400", False),
    (USUAL, "1e999999999", "1e999999998", False),
    (USUAL, "1", "1e999999999", False),
    (USUAL, "0", "1e-999999999", True),
    (USUAL, "0", "1e-99999999999999999999999", True),
    (USUAL, "1", "1e99999999999999999999999", False),
    (USUAL, "0", "0e99999999999999999999999", True),
    (USUAL, "inf", "inf", True),
    (USUAL, "inf", "+Infinity", True),
    (USUAL, "INF", "infinity", True),
    (USUAL, "-inf", "-INFINITY", True),
    (USUAL, "inf", "-inf", False),
    (USUAL, "inf", "1", False),
    (USUAL, "1", "inf", False),
    (USUAL, "inf", "nan", False),
    (USUAL, "nan", "NaN", True),
    (USUAL, "nan", "-nan", True),  # what C prints of 0.0 / 0.0
    (USUAL, "nan", "0", False),
    (USUAL, "0", "nan", False),
    (USUAL, "nan", "nan(0x1)", False),
    (USUAL, "nan", "snan", False),
    (USUAL, "inf", "infi", False),
    (USUAL, "inf", "naninity", False),
    (USUAL, "10", "1_0", False),
    (USUAL, "1_0", "1_0", True),
    (USUAL, "1_0", "10", False),
    (USUAL, "16", "0x10", False),
    (USUAL, "0x10", "0x1p4", False),
    (USUAL, "1", "1f", False),
    (USUAL, "1", "1e", False),
    (USUAL, "1", "1e+", False),
    (USUAL, "1", "--1", False),
    (USUAL, "1", "1,0", False),
    (USUAL, "0", ".", False),
    (USUAL, "0", "e5", False),
    (USUAL, "0", "-", False),
    (USUAL, "1", "\u0661", False),  # an Arabic one
    (USUAL, "1", "1\x00", False),
    (USUAL, "yes", "yes", True),
    (USUAL, "yes", "Yes", False),
    (USUAL, "1 2 3", "1.0\n2\r\n3.0000001\n", True),
    (USUAL, "1 2 3", "1 2", False),
    (USUAL, "1 2", "1 2 3", False),
    (USUAL, "case 1: 0.5", "case  1: 0.50000001", True),
    (USUAL, "case 1: 0.5", "case 1.0: 0.5", False),  # "1:" is a word
]


@pytest.mark.parametrize(("checker", "expected", "got", "agree"), TABLE)
def test_the_float_checker_follows_its_rule(
    checker: Float,
    expected: str,
    got: str,
    agree: bool,  # noqa: FBT001
) -> None:
    assert (compare(checker, expected.encode(), got.encode()) is None) == agree


@pytest.mark.parametrize(("checker", "expected", "got", "agree"), TABLE)
def test_the_float_checker_s_rule_holds_for_late_tokens(
    checker: Float,
    expected: str,
    got: str,
    agree: bool,  # noqa: FBT001
) -> None:
    """After pairs of numbers that differ as text, and with an underscore somewhere."""
    before, after = b"_ 1 2.0 3 ", b"_ 1 2.00 3.0\n"
    found = compare(checker, before + expected.encode(), after + got.encode())
    assert (found is None) == agree
    assert found is None or found.line == 2


digits = st.text("0123456789", min_size=1, max_size=22)
exponents = st.one_of(st.just(""), st.integers(-25, 25).map("e{}".format))
numbers = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["", "-", "+"]),
    digits,
    st.one_of(st.just(""), digits.map(".{}".format)),
    exponents,
)
tolerances = st.one_of(
    st.sampled_from([0.0, 1e-9, 1e-6, 0.1, 0.5, 3.0, 5e-324]),
    st.floats(0, 1e6, allow_nan=False, allow_infinity=False),
)


def plainly(checker: Float, expected: str, got: str) -> bool:
    a, b = Fraction(expected), Fraction(got)
    allowed = max(Fraction(repr(checker.abs)), Fraction(repr(checker.rel)) * abs(a))
    return abs(a - b) <= allowed


def agree(checker: Float, expected: str, got: str) -> bool:
    return compare(checker, expected.encode(), got.encode()) is None


@given(a=numbers, b=numbers, abs_=tolerances, rel=tolerances)
def test_numbers_are_compared_as_exactly_as_fractions(
    a: str, b: str, abs_: float, rel: float
) -> None:
    checker = Float(abs_, rel)
    assert agree(checker, a, b) == plainly(checker, a, b)


@given(a=numbers, abs_=tolerances, rel=tolerances, beyond=st.integers(-1, 1), up=st.booleans())
def test_a_tolerance_is_exact_to_the_last_digit(
    a: str,
    abs_: float,
    rel: float,
    beyond: int,
    up: bool,  # noqa: FBT001
) -> None:
    """A number as far away as is allowed, or a little more or less."""
    checker = Float(abs_, rel)
    here = Fraction(a)
    allowed = max(Fraction(repr(abs_)), Fraction(repr(rel)) * abs(here))
    far = allowed + beyond * min(allowed, Fraction(1)) / 10**30
    there = here + far if up else here - far
    b = written(there)
    assert agree(checker, a, b) == plainly(checker, a, b)
    assert agree(checker, a, b) == (beyond <= 0 or far <= allowed)


def written(value: Fraction) -> str:
    """All digits of a fraction that ends."""
    places = 0
    while value.denominator != 1:
        value, places = value * 10, places + 1
    return f"{value.numerator}e-{places}"


@given(a=numbers, b=numbers, abs_=tolerances)
def test_without_a_relative_tolerance_comparing_is_symmetric(a: str, b: str, abs_: float) -> None:
    assert agree(Float(abs_, 0), a, b) == agree(Float(abs_, 0), b, a)


tokens = st.one_of(
    numbers, st.text(st.sampled_from("0123456789.eE+-_infaINFAty"), min_size=1, max_size=8)
)


@given(token=tokens)
def test_read_number_accepts_the_documented_grammar_only(token: str) -> None:
    assert (read_number(token.encode()) is not None) == is_number(token)


def is_number(token: str) -> bool:
    """As the reference page says it, a character at a time."""
    rest = token[1:] if token[0] in "+-" else token
    if rest.lower() in ("nan", "inf", "infinity"):
        return True
    mantissa, mark, exponent = rest.lower().partition("e")
    if mark and not (exponent[1:] if exponent[:1] in ("+", "-") else exponent).isdecimal():
        return False
    whole, _, fraction = mantissa.partition(".")
    return (whole + fraction).isdecimal()


@given(
    pairs=st.lists(st.tuples(tokens, tokens), min_size=1, max_size=6),
    breaks=st.lists(st.sampled_from([" ", "\n", "  ", "\r\n"]), min_size=6, max_size=6),
)
def test_the_first_pair_that_disagrees_is_shown_where_it_stands(
    pairs: list[tuple[str, str]], breaks: list[str]
) -> None:
    got = ""
    wanted = None
    for (ours, theirs), after in zip(pairs, breaks, strict=False):
        if wanted is None and not agree(USUAL, ours, theirs):
            same = next(
                (i for i, (x, y) in enumerate(zip(ours, theirs, strict=False)) if x != y),
                min(len(ours), len(theirs)),
            )
            lines = (got + theirs[:same]).split("\n")
            wanted = Difference(len(lines), len(lines[-1]) + 1, ours.encode(), theirs.encode())
        got += theirs + after
    expected = " ".join(ours for ours, _ in pairs)
    assert compare(USUAL, expected.encode(), got.encode()) == wanted


def test_a_missing_and_an_extra_number_are_shown() -> None:
    assert compare(USUAL, b"1 2 3", b"1.0\n2.0\n\n") == Difference(2, 4, b"3", b"")
    assert compare(USUAL, b"1 2", b"1.0\n2.0\n 3\n") == Difference(3, 2, b"", b"3")


@pytest.mark.parametrize("value", [-1.0, float("inf"), float("nan")])
@pytest.mark.parametrize("name", ["abs", "rel"])
def test_tolerances_are_finite_and_not_negative(name: str, value: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        Float(**{name: value})


MB = 1 << 20
COSTLY = [
    (b"9" * MB, b"9" * (MB - 1) + b"8", True),
    (b"1", b"1." + b"0" * MB + b"1", True),
    (b"1", b"1" * MB + b"x", False),
    (b"1", b"." * MB, False),
    (b"1", b"1e" + b"0" * MB + b"x", False),
    (b"1", b"1e" + b"9" * MB, False),
    (b"0", b"1e-" + b"9" * MB, True),
    (b"1", b"1" * MB + b"e-" + b"%d" % (MB - 1), False),
    (b"9" * MB + b"e999999999", b"9" * MB + b"e-999999999", False),
    (b"1e999999999 " * (MB // 12), b"1.0e999999999 " * (MB // 12), True),
    (b"1 " * (MB // 2), b"1.000001 " * (MB // 2), True),  # each pair at the border
    (b"nan " * (MB // 4), b"NaN " * (MB // 4), True),
    (b"1_0 " * (MB // 4), b"1_0 " * (MB // 4 - 1) + b"10", False),
]


@pytest.mark.parametrize(("expected", "got", "agree"), COSTLY, ids=range(len(COSTLY)))
@pytest.mark.timeout(60)
def test_comparing_any_number_takes_linear_time(
    expected: bytes,
    got: bytes,
    agree: bool,  # noqa: FBT001
) -> None:
    """Seconds at most; written out, the exponents alone would be gigabytes."""
    assert (compare(USUAL, expected, got) is None) == agree
