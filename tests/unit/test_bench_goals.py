from __future__ import annotations

import pytest

from bench.goals import GOALS, Judged, judge
from bench.summary import Book

MEASURED = {
    "latency.python_hello.e2e.p50": 21.0,
    "latency.python_hello.bare.p50": 12.0,
    "latency.cpp_hello.e2e.p50": 80.0,
    "latency.cpp_hello.bare.p50": 200.0,
    "latency.cpp_bits.e2e.p50": 500.0,
    "latency.cpp_bits.bare.p50": 1000.0,
    "overhead.all.p50": 4.0,
    "overhead.all.p99": 20.1,
    "cache.cpp.e2e.p50": 23.0,
    "cache.cpp.run.p50": 10.0,
    "throughput.python.on": 9.0,
    "throughput.raw": 10.0,
    "throughput.raw_default": 0.0,
    "burst.misses": 0.0,
}


def judged(figures: dict[str, float]) -> dict[str, Judged]:
    book = Book()
    for name, value in figures.items():
        book.put(name, value, "ms")
    return {each.title: each for each in judge(book)}


@pytest.mark.parametrize(
    ("title", "value", "limit", "met"),
    [
        ("Python hello, above bare", 9.0, 10, True),
        ("C++ hello / bare", 0.4, 0.4, True),
        ("C++ bits/stdc++.h / bare", 0.5, 0.42, False),
        ("Overhead, p50", 4.0, 4, True),
        ("Overhead, p99", 20.1, 20, False),
        ("C++ from the compile cache", 23.0, 23.0, True),
        ("Python jobs / raw containers", 0.9, 0.8, True),
        ("Misses in bursts as large as the pool", 0.0, 0, True),
    ],
)
def test_a_goal_is_met_up_to_its_limit(title: str, value: float, limit: float, met: bool) -> None:  # noqa: FBT001 - a table's column
    found = judged(MEASURED)[title]
    assert (found.value, found.limit, found.met) == (value, limit, met)


def test_more_is_better_where_the_goal_says_at_least() -> None:
    rates = {"throughput.cpp.on": 12.0, "throughput.cpp.off": 10.0}
    found = judged(rates)["C++ jobs / those with speed-ups off"]
    assert found.at_least
    assert found.met is False


@pytest.mark.parametrize("title", ["Java hello / bare", "Raw containers / default settings"])
def test_what_was_not_measured_is_neither_met_nor_missed(title: str) -> None:
    found = judged(MEASURED)[title]
    assert (found.value, found.met) == (None, None)


def test_without_any_figure_every_goal_is_still_listed() -> None:
    found = judge(Book())
    assert [each.title for each in found] == [goal.title for goal in GOALS]
    assert all(each.met is None for each in found)


def test_no_two_goals_share_a_title() -> None:
    assert len({goal.title for goal in GOALS}) == len(GOALS)
