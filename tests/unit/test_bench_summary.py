from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.summary import Book, per_second, percentile

samples = st.lists(st.floats(0, 1e6), min_size=1, max_size=200)


@pytest.mark.parametrize(("p", "expected"), [(1, 1), (50, 50), (95, 95), (99, 99), (100, 100)])
def test_percentiles_of_a_hundred(p: float, expected: float) -> None:
    assert percentile([float(value) for value in range(100, 0, -1)], p) == expected


@given(samples, st.floats(0, 100, exclude_min=True))
def test_a_percentile_is_a_sample_with_as_many_below_it_as_it_says(
    values: list[float], p: float
) -> None:
    found = percentile(values, p)
    assert found in values
    assert sum(value <= found for value in values) * 100 >= p * len(values) * (1 - 1e-9)


@given(samples)
def test_a_higher_percentile_is_never_smaller(values: list[float]) -> None:
    assert percentile(values, 50) <= percentile(values, 95) <= percentile(values, 100)
    assert percentile(values, 100) == max(values)


@pytest.mark.parametrize("p", [0, -1, 101])
def test_no_such_percentile(p: float) -> None:
    with pytest.raises(ValueError, match="percentile"):
        percentile([1.0], p)


def test_no_percentile_of_nothing() -> None:
    with pytest.raises(ValueError, match="of 0 samples"):
        percentile([], 50)


def test_only_what_ends_in_the_window_counts() -> None:
    finished = [1.0, 9.9, 10.0, 10.1, 15.0, 20.0, 20.1]
    assert per_second(finished, start=10.0, seconds=10.0) == 0.3


def test_a_window_has_a_length() -> None:
    with pytest.raises(ValueError, match="length"):
        per_second([], start=0.0, seconds=0.0)


def test_a_book_keeps_values_units_and_counts() -> None:
    book = Book()
    assert book.put("a", 1.5, "MB") == 1.5
    book.put_percentiles("b", [3.0, 1.0, 2.0])
    assert list(book.figures) == ["a", "b.p50", "b.p95", "b.p99"]
    assert book["b.p50"] == 2.0
    assert (book.n("a"), book.n("b.p50"), book.n("c")) == (1, 3, 0)
    assert book.figures["b.p99"].unit == "ms"
    with pytest.raises(KeyError):
        book["c"]


def test_nothing_is_kept_of_no_samples() -> None:
    book = Book()
    book.put_percentiles("a", [])
    assert not book.figures
