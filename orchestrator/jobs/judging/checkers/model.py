"""The built-in checkers and the difference they report, as data (docs/reference/checkers.md)."""

from __future__ import annotations

import math
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Exact:
    """Compares byte for byte."""


@dataclass(frozen=True, slots=True)
class Lines:
    """Compares line by line; trailing white space and trailing empty lines are ignored."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """Compares token by token; tokens are separated by any white space."""


@dataclass(frozen=True, slots=True)
class UnorderedLines:
    """Compares lines as a multiset: the same lines, equally often, in any order."""


@dataclass(frozen=True, slots=True)
class Float:
    """Compares token by token; two numbers agree within max(`abs`, `rel` * |expected|).

    Raises:
        ValueError: A tolerance is negative, infinite or not a number.
    """

    abs: float = 1e-6
    rel: float = 1e-6

    def __post_init__(self) -> None:
        if not (0 <= self.abs < math.inf and 0 <= self.rel < math.inf):
            raise ValueError(f"tolerances are finite and >= 0, not {self.abs} and {self.rel}")


TextChecker = Exact | Lines | Tokens | UnorderedLines | Float


@dataclass(frozen=True, slots=True)
class Difference:
    """Where an output first differs from what was expected.

    `line` and `column` count from 1 in the output, columns in UTF-8 characters (an invalid
    sequence counts as the one U+FFFD it is shown as). `expected` and `got` are the lines or tokens
    there, at most 100 bytes around the difference; empty where that side has none.
    """

    line: int
    column: int
    expected: bytes = field(repr=False)
    got: bytes = field(repr=False)
