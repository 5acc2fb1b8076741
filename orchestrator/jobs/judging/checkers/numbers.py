"""Compares numbers in outputs as they are written: in decimal, exactly.

Doubles decide the clear cases quickly; close ones are decided in decimal, in time linear in the
tokens' lengths.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import MAX_EMAX, MIN_EMIN, ROUND_UP, Context, Decimal

from orchestrator.jobs.judging.checkers.model import Float

_NUMBER = re.compile(
    rb"([+-]?(?:\d++(?:\.\d*+)?|\.\d++))(?:[eE]([+-]?)(?=\d)0*+(\d*+))?"  # \d of bytes: ASCII alone
)
_SPECIAL = re.compile(rb"([+-]?)(nan|inf)(?:(?<=f)inity)?", re.IGNORECASE)
_EXPONENT_DIGITS = 17  # an 18th is more than Decimal can do
_LARGEST_EXPONENT = b"9" * _EXPONENT_DIGITS

# The error of doubles, with room to spare: two roundings when read, one when subtracted.
_DOUBT = 2.0**-49  # of the expected number
_SUBNORMAL_DOUBT = 1e-300
_SURE_SHARE = 1 - 1e-9  # of a tolerance

_TOLERANCE_DIGITS = 20  # repr() of a double has up to 17
_USUAL_DIGITS = 100


def first_disagreement(
    checker: Float, pairs: Iterable[tuple[bytes, bytes]], *, underscores: bool
) -> tuple[int, bytes, bytes] | None:
    """Return the index (from 0) and tokens of the first pair (expected, got) that disagrees.

    `underscores`: whether any token may contain one, as float() takes 1_0 for a number.
    """
    sure_abs = checker.abs * _SURE_SHARE - _SUBNORMAL_DOUBT
    sure_rel = checker.rel * _SURE_SHARE - _DOUBT
    exactly = _Exactly(checker)
    for index, (expected, got) in enumerate(pairs):
        if expected == got:
            continue
        try:
            a, b = float(expected), float(got)
        except ValueError:
            return index, expected, got
        size, distance = abs(a), abs(a - b)
        close = distance < sure_abs - _DOUBT * size or distance < sure_rel * size - _SUBNORMAL_DOUBT
        if close and not (underscores and (b"_" in expected or b"_" in got)):
            continue
        if not exactly.agree(expected, got):
            return index, expected, got
    return None


def read_number(token: bytes) -> Decimal | None:
    """Parse a token as a number, infinity or NaN; None when it is none of them.

    An exponent of more than 17 digits is taken as the largest of 17.
    """
    number = _NUMBER.fullmatch(token)
    if number is None:
        special = _SPECIAL.fullmatch(token)
        return Decimal((special[1] + special[2]).decode("ascii")) if special else None
    mantissa, sign, exponent = number[1], number[2] or b"", number[3] or b"0"
    if len(exponent) > _EXPONENT_DIGITS:
        exponent = _LARGEST_EXPONENT
    return Decimal((mantissa + b"e" + sign + exponent).decode("ascii"))


class _Exactly:
    """The exact comparison of two tokens that are not the same bytes."""

    def __init__(self, checker: Float) -> None:
        # The tolerances as they were written: 0.1 is a tenth, not the double beside it.
        self._abs = Decimal(repr(checker.abs))
        self._rel = Decimal(repr(checker.rel))
        self._usual = _context(_USUAL_DIGITS)

    def agree(self, expected: bytes, got: bytes) -> bool:
        a, b = read_number(expected), read_number(got)
        if a is None or b is None:
            return False
        if a.is_nan() or b.is_nan():
            return a.is_nan() and b.is_nan()
        if a.is_infinite() or b.is_infinite():
            return a == b
        # Rounding away from zero to no fewer digits than the tolerances have: a distance beyond
        # a tolerance stays beyond it, and one within stays within.
        digits = len(expected) + _TOLERANCE_DIGITS
        context = self._usual if digits <= _USUAL_DIGITS else _context(digits)
        distance = context.abs(context.subtract(a, b))
        return distance <= self._abs or distance <= context.multiply(self._rel, context.abs(a))


def _context(digits: int) -> Context:
    return Context(prec=digits, rounding=ROUND_UP, Emin=MIN_EMIN, Emax=MAX_EMAX, traps=[])
