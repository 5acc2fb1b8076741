from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.jobs.judging.scoring import (
    exceeded_ms,
    overall_verdict,
    skipped_result,
    summarise,
)
from orchestrator.jobs.model import (
    Cause,
    GroupScore,
    JobResult,
    JudgeTest,
    Limits,
    StageResult,
    TestResult,
    Timings,
    Verdict,
)

LIMITS = Limits(1000, 1000, 64, 100, 16)
OK, WRONG, SKIPPED = Verdict.ACCEPTED, Verdict.WRONG_ANSWER, Verdict.SKIPPED

Given = tuple[Verdict, float | None, str | None]
"""A test's verdict, the points it has to give, and its group."""


def make_test(points: float | None = None, group: str | None = None) -> JudgeTest:
    return JudgeTest("t", b"", b"", LIMITS, points, group)


def judged(given: list[Given]) -> tuple[list[JudgeTest], list[TestResult]]:
    """What was accepted won all its points, the rest none."""
    tests = [make_test(points, group) for _, points, group in given]
    results = []
    for test, (status, points, group) in zip(tests, given, strict=True):
        won = points if points is None or status is OK else 0.0
        results.append(TestResult(test.name, StageResult(status), points=won, group=group))
    return tests, results


def test_the_job_s_verdict_is_that_of_the_first_test_not_accepted() -> None:
    late = StageResult(Verdict.TIME_LIMIT, killed_by=Cause.CPU)
    results = [TestResult("1", StageResult(OK)), TestResult("2", late)]
    results.append(TestResult("3", StageResult(WRONG)))
    assert overall_verdict(results) == (Verdict.TIME_LIMIT, Cause.CPU)
    assert overall_verdict(results[:1]) == (OK, None)
    assert overall_verdict([results[2], results[1]]) == (WRONG, None)


CPU = StageResult(Verdict.TIME_LIMIT, killed_by=Cause.CPU, cpu_ms=1001, wall_ms=2900)
WALL = StageResult(Verdict.TIME_LIMIT, killed_by=Cause.WALL, cpu_ms=90, wall_ms=3002)
SLOW = StageResult(Verdict.COMPILE_ERROR, killed_by=Cause.CPU, cpu_ms=10_001, wall_ms=12_000)
FINE = StageResult(OK, cpu_ms=5000, wall_ms=6000)


@pytest.mark.parametrize(
    ("compiled", "run", "tests", "exceeded"),
    [
        (FINE, CPU, (), 1001),
        (FINE, WALL, (), 3002),
        (SLOW, None, (), 10_001),
        (FINE, None, (FINE, WALL, CPU), 3002),
        (FINE, FINE, (), None),
        (FINE, StageResult(Verdict.MEMORY_LIMIT, killed_by=Cause.MEMORY, cpu_ms=1), (), None),
    ],
)
def test_exceeded_ms_is_the_time_that_met_the_deciding_limit(
    compiled: StageResult,
    run: StageResult | None,
    tests: tuple[StageResult, ...],
    exceeded: float | None,
) -> None:
    results = tuple(TestResult(str(number), stage) for number, stage in enumerate(tests))
    status, cause = overall_verdict(results) if results else ((run or compiled).status, None)
    cause = cause or (run or compiled).killed_by
    times = Timings(0, 0, 0, 0, 99_999)
    result = JobResult("1", "c", "1", status, cause, compiled, run, times, tests=results or None)
    assert exceeded_ms(result) == exceeded


def test_a_skipped_test_wins_no_points_and_has_no_times() -> None:
    assert skipped_result(make_test(5, "g")) == TestResult(
        "t", StageResult(SKIPPED), points=0.0, group="g"
    )
    assert skipped_result(make_test()).points is None
    summary = summarise([make_test()], [skipped_result(make_test())])
    assert (summary.total, summary.passed, summary.failed, summary.skipped) == (1, 0, 0, 1)
    assert (summary.max_cpu_ms, summary.total_wall_ms, summary.max_memory_kb) == (None, None, None)


def test_times_are_added_up_and_the_largest_is_known() -> None:
    stages = [
        StageResult(OK, cpu_ms=1.5, wall_ms=2.0, memory_kb=10),
        StageResult(WRONG, cpu_ms=0.25, wall_ms=3.0, memory_kb=30),
        StageResult(Verdict.MEMORY_LIMIT),  # its sandbox was lost: nothing is known
    ]
    summary = summarise([make_test()] * 3, [TestResult("t", stage) for stage in stages])
    assert (summary.max_cpu_ms, summary.total_cpu_ms) == (1.5, 1.75)
    assert (summary.max_wall_ms, summary.total_wall_ms) == (3.0, 5.0)
    assert summary.max_memory_kb == 30
    assert (summary.passed, summary.failed, summary.skipped) == (1, 2, 0)


def test_without_points_there_is_no_score() -> None:
    summary = summarise(*judged([(OK, None, None), (WRONG, None, "g")]))
    assert (summary.score, summary.max_score) == (None, None)
    assert summary.groups == (GroupScore("g", passed=False, points=0.0, max_points=0.0),)


def test_no_points_at_all_are_a_score_of_0() -> None:
    summary = summarise(*judged([(OK, 0.0, None)]))
    assert (summary.score, summary.max_score) == (0.0, 0.0)


@pytest.mark.parametrize("bad", [WRONG, SKIPPED, Verdict.CHECKER_ERROR])
def test_a_group_counts_only_when_all_of_it_passes(bad: Verdict) -> None:
    summary = summarise(
        *judged([(OK, 10, "a"), (OK, 20, "b"), (bad, 30, "a"), (OK, 5, "b"), (OK, 1, None)])
    )
    assert summary.groups == (
        GroupScore("a", passed=False, points=0.0, max_points=40.0),
        GroupScore("b", passed=True, points=25.0, max_points=25.0),
    )
    assert (summary.score, summary.max_score) == (26.0, 66.0)


def test_points_in_part_count_without_a_group_and_not_within_one() -> None:
    half = [TestResult("t", StageResult(WRONG), points=5.0, group=group) for group in (None, "g")]
    summary = summarise([make_test(10), make_test(10, "g")], half)
    assert (summary.score, summary.max_score) == (5.0, 20.0)


def test_points_in_tenths_add_up_without_rounding_noise() -> None:
    summary = summarise(*judged([(OK, 0.1, None), (OK, 0.2, None), (OK, 0.3, "g"), (OK, 0.3, "g")]))
    assert (summary.score, summary.max_score) == (0.9, 0.9)
    assert summary.groups[0].points == 0.6


@given(
    st.lists(
        st.tuples(
            st.sampled_from([OK, WRONG, SKIPPED]),
            st.none() | st.integers(0, 1000),
            st.sampled_from([None, "a", "b"]),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_the_score_is_what_a_naive_implementation_gives(given: list[Given]) -> None:
    tests, results = judged(given)
    summary = summarise(tests, results)
    assert summary.passed + summary.failed + summary.skipped == summary.total == len(given)
    failed_groups = {group for status, _, group in given if status is not OK and group}
    expected = sum(
        points or 0
        for status, points, group in given
        if status is OK and group not in failed_groups
    )
    if all(points is None for _, points, _ in given):
        assert summary.score is None
    else:
        assert summary.score == expected
        assert summary.max_score == sum(points or 0 for _, points, _ in given)
    assert {group.name for group in summary.groups if not group.passed} == failed_groups
    assert (overall_verdict(results)[0] is OK) == (summary.passed == len(given))
