"""Which rows of a long table `make test` runs; `make test-all` runs the others as well."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable
from typing import Any, TypeVar

import pytest

Row = TypeVar("Row")


def one_in(
    n: int, rows: Iterable[Row], kinds: Callable[[Row], Collection[Hashable]] = lambda _: ()
) -> list[Row]:
    """Every n-th row, beginning with the first, and the first of each of its `kinds` not met so."""
    rows = list(rows)
    kept = rows[::n]
    met = {kind for row in kept for kind in kinds(row)}
    for row in rows:
        if not met.issuperset(kinds(row)):
            kept.append(row)
            met.update(kinds(row))
    return kept


def params(rows: Iterable[Row], kept: Collection[Row], name: Callable[[Row], str]) -> list[Any]:
    """The rows as parameters of a test, those not `kept` marked as thorough."""
    return [
        pytest.param(row, id=name(row), marks=() if row in kept else pytest.mark.thorough)
        for row in rows
    ]
