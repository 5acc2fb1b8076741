"""What the figures are to show, and whether they do: pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bench.summary import Book

Measure = Callable[[Book], float]

CACHE_FACTOR = 1.3
CACHE_MS = 10.0


@dataclass(frozen=True, slots=True)
class Goal:
    """A value to be had out of a run's figures, and its limit, which may be one of them too."""

    title: str
    unit: str
    value: Measure
    limit: float | Measure
    at_least: bool = False


@dataclass(frozen=True, slots=True)
class Judged:
    """A goal and what came of it: without `value` and `met` where a figure is missing."""

    title: str
    unit: str
    at_least: bool
    limit: float | None
    value: float | None
    met: bool | None


def _ratio(above: str, below: str) -> Measure:
    return lambda book: book[above] / book[below]


def _over_bare(program: str) -> Measure:
    return _ratio(f"latency.{program}.e2e.p50", f"latency.{program}.bare.p50")


def _above_bare(program: str) -> Measure:
    return lambda book: book[f"latency.{program}.e2e.p50"] - book[f"latency.{program}.bare.p50"]


def _figure(name: str) -> Measure:
    return lambda book: book[name]


def _together(language: str) -> Measure:
    return _ratio(f"judging.{language}.together", f"judging.{language}.single")


def _cache_limit(language: str) -> Measure:
    return lambda book: CACHE_FACTOR * book[f"cache.{language}.run.p50"] + CACHE_MS


GOALS: tuple[Goal, ...] = (
    Goal("Python hello, above bare", "ms", _above_bare("python_hello"), 10),
    Goal("C++ hello / bare", "x", _over_bare("cpp_hello"), 0.40),
    Goal("C++ bits/stdc++.h / bare", "x", _over_bare("cpp_bits"), 0.42),
    Goal("Java hello / bare", "x", _over_bare("java_hello"), 0.28),
    Goal("Java streams / bare", "x", _over_bare("java_realistic"), 0.35),
    Goal("Overhead, p50", "ms", _figure("overhead.all.p50"), 4),
    Goal("Overhead, p99", "ms", _figure("overhead.all.p99"), 20),
    Goal("Server's CPU per hello, hot path", "ms", _figure("cpu.hot_path"), 4),
    Goal("Server's CPU per hello, everything", "ms", _figure("cpu.everything"), 12),
    Goal("C++ from the compile cache", "ms", _figure("cache.cpp.e2e.p50"), _cache_limit("cpp")),
    Goal("Java from the compile cache", "ms", _figure("cache.java.e2e.p50"), _cache_limit("java")),
    Goal(
        "Python jobs / raw containers",
        "x",
        _ratio("throughput.python.on", "throughput.raw"),
        0.8,
        at_least=True,
    ),
    Goal(
        "Raw containers / default settings",
        "x",
        _ratio("throughput.raw", "throughput.raw_default"),
        1.5,
        at_least=True,
    ),
    Goal(
        "C++ jobs / those with speed-ups off",
        "x",
        _ratio("throughput.cpp.on", "throughput.cpp.off"),
        1.3,
        at_least=True,
    ),
    Goal(
        "Java jobs / those with speed-ups off",
        "x",
        _ratio("throughput.java.on", "throughput.java.off"),
        1.3,
        at_least=True,
    ),
    Goal("Python, 100 tests together / one by one", "x", _together("python"), 0.5),
    Goal("C++, 100 tests together / one by one", "x", _together("cpp"), 0.5),
    Goal("Interactive exchanges", "/s", _figure("judging.exchanges"), 2000, at_least=True),
    Goal("Misses in bursts as large as the pool", "jobs", _figure("burst.misses"), 0),
    Goal("Idle: server, PSS", "MB", _figure("memory.server.pss"), 80),
    Goal("Idle: a sandbox, shim and cgroup", "MB", _figure("memory.sandbox"), 12),
    Goal("Idle: compile server, beside it", "MB", _figure("memory.compile_server"), 100),
)


def judge(book: Book) -> list[Judged]:
    """Each of GOALS, in order."""
    return [_judge(goal, book) for goal in GOALS]


def _judge(goal: Goal, book: Book) -> Judged:
    limit = goal.limit if isinstance(goal.limit, int | float) else _measured(goal.limit, book)
    value = _measured(goal.value, book)
    met = None
    if value is not None and limit is not None:
        met = value >= limit if goal.at_least else value <= limit
    return Judged(goal.title, goal.unit, goal.at_least, limit, value, met)


def _measured(measure: Measure, book: Book) -> float | None:
    try:
        return measure(book)
    except (KeyError, ZeroDivisionError):
        return None
