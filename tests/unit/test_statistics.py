from __future__ import annotations

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.jobs.model import Cause, StageResult, Timings, Verdict
from orchestrator.jobs.statistics import LATENCIES, PERCENTILES, Statistics, percentiles
from tests.api_support import make_result


class Clock:
    """Time that a test moves, in seconds."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def timings(total_ms: float = 42.0) -> Timings:
    return Timings(0.1, 20.0, 0.0, 0.0, total_ms)


def test_without_jobs_there_are_no_counts_and_no_percentiles() -> None:
    summary = Statistics(Clock()).since_start()
    assert (summary.seconds, summary.outcomes) == (0, {})
    assert summary.latencies == {name: {} for name in LATENCIES}


def test_outcomes_are_counted_by_language_verdict_and_cause() -> None:
    statistics = Statistics(Clock())
    for _ in range(2):
        statistics.record(make_result(language="c"))
    statistics.record(make_result(language="c", status=Verdict.TIME_LIMIT, killed_by=Cause.CPU))
    assert statistics.since_start().outcomes == {
        ("c", Verdict.ACCEPTED, None): 2,
        ("c", Verdict.TIME_LIMIT, Cause.CPU): 1,
    }


def test_the_last_15_minutes_leave_out_older_jobs() -> None:
    clock = Clock()
    statistics = Statistics(clock)
    for minute in range(20):
        clock.now = 1000 + 60 * minute
        statistics.record(make_result(language=f"l{minute}"))
    clock.now += 30
    lately = statistics.lately()
    assert {language for language, _, _ in lately.outcomes} == {f"l{n}" for n in range(5, 20)}
    assert lately.seconds == 14 * 60 + 30
    assert len(statistics.since_start().outcomes) == 20
    clock.now += 3600
    assert statistics.lately().outcomes == {}


def test_the_window_of_a_young_server_is_its_age() -> None:
    clock = Clock()
    statistics = Statistics(clock)
    clock.now += 90
    assert statistics.lately().seconds == 90


def test_a_job_that_had_no_sandbox_or_stage_says_nothing_about_them() -> None:
    statistics = Statistics(Clock())
    statistics.record(make_result(run=None, timings=Timings(5.0, 0.0, 0.0, 0.0, 5.0)))
    latencies = statistics.since_start().latencies
    assert {name for name, found in latencies.items() if found} == {"queue", "total"}


def test_compile_and_run_latencies_are_the_stages_wall_times() -> None:
    statistics = Statistics(Clock())
    stages = {
        "compile": StageResult(Verdict.ACCEPTED, wall_ms=500.0),
        "run": StageResult(Verdict.ACCEPTED, wall_ms=10.0),
    }
    statistics.record(make_result(timings=timings(), **stages))
    latencies = statistics.since_start().latencies
    found = {name: latencies[name][50] for name in LATENCIES}
    expected = {"queue": 0.1, "sandbox": 20, "compile": 500, "run": 10, "total": 42}
    assert found == pytest.approx(expected, rel=0.011)


@given(st.lists(st.floats(0.01, 120_000), min_size=1, max_size=200))
def test_percentiles_are_right_to_within_a_percent(values: list[float]) -> None:
    statistics = Statistics(Clock())
    for value in values:
        statistics.record(make_result(timings=timings(value)))
    ordered = sorted(values)
    exact = {p: ordered[math.ceil(len(values) * p / 100) - 1] for p in PERCENTILES}
    assert statistics.since_start().latencies["total"] == pytest.approx(exact, rel=0.011)


def test_memory_does_not_grow_with_the_number_of_jobs() -> None:
    statistics = Statistics(Clock())
    for number in range(20_000):
        statistics.record(make_result(timings=timings(number % 120_000 + 0.5)))
    buckets = statistics._all.latencies["total"]  # noqa: SLF001 - the bound itself
    assert len(buckets) < 1000


def test_percentiles_of_nothing_are_none() -> None:
    assert percentiles(Counter()) == {}
