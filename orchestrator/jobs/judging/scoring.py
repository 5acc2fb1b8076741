"""Combines the results of a submission's tests: verdict, score and totals. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TypeVar

from orchestrator.jobs.model import (
    Cause,
    GroupScore,
    JobResult,
    JudgeTest,
    StageResult,
    TestResult,
    TestSummary,
    Verdict,
)

Number = TypeVar("Number", int, float)

_DIGITS = 6  # of points: sums of tenths are to look like tenths
_NOT_RUN = frozenset({Verdict.SKIPPED})


def skipped_result(test: JudgeTest) -> TestResult:
    """Return the result of a test that was not run."""
    points = None if test.points is None else 0.0
    return TestResult(test.name, StageResult(Verdict.SKIPPED), points=points, group=test.group)


def overall_verdict(results: Sequence[TestResult]) -> tuple[Verdict, Cause | None]:
    """Return the job's verdict and cause: those of the first test that was not accepted."""
    for result in results:
        if result.stage.status is not Verdict.ACCEPTED:
            return result.stage.status, result.stage.killed_by
    return Verdict.ACCEPTED, None


def exceeded_ms(result: JobResult) -> float | None:
    """Return the CPU or wall time, in ms, of the stage whose time limit decided; None: none did."""
    tests = (test.stage for test in result.tests or ())
    stages = [stage for stage in (result.compile, result.run, *tests) if stage is not None]
    for stage in stages:
        if (stage.status, stage.killed_by) == (result.status, result.killed_by):
            times = {Cause.CPU: stage.cpu_ms, Cause.WALL: stage.wall_ms}
            return times.get(stage.killed_by) if stage.killed_by else None
    return None


def summarise(tests: Sequence[JudgeTest], results: Sequence[TestResult]) -> TestSummary:
    """Return the totals of a job's tests. `results`: one for each of `tests`, in order."""
    verdicts = [result.stage.status for result in results]
    stages = [result.stage for result in results if result.stage.status not in _NOT_RUN]
    cpu = _known(stage.cpu_ms for stage in stages)
    wall = _known(stage.wall_ms for stage in stages)
    memory = _known(stage.memory_kb for stage in stages)
    groups = _groups(tests, results)
    score, max_score = _score(tests, results, groups)
    passed, not_run = verdicts.count(Verdict.ACCEPTED), verdicts.count(Verdict.SKIPPED)
    return TestSummary(
        total=len(results),
        passed=passed,
        failed=len(results) - passed - not_run,
        skipped=not_run,
        max_cpu_ms=max(cpu, default=None),
        total_cpu_ms=math.fsum(cpu) if cpu else None,
        max_wall_ms=max(wall, default=None),
        total_wall_ms=math.fsum(wall) if wall else None,
        max_memory_kb=max(memory, default=None),
        score=score,
        max_score=max_score,
        groups=groups,
    )


def _known(values: Iterable[Number | None]) -> list[Number]:
    return [value for value in values if value is not None]


def _score(
    tests: Sequence[JudgeTest], results: Sequence[TestResult], groups: Sequence[GroupScore]
) -> tuple[float | None, float | None]:
    if all(test.points is None for test in tests):
        return None, None
    alone = [result.points or 0.0 for result in results if result.group is None]
    score = _sum([*alone, *(group.points for group in groups)])
    return score, _sum(test.points or 0.0 for test in tests)


def _groups(tests: Sequence[JudgeTest], results: Sequence[TestResult]) -> tuple[GroupScore, ...]:
    members: dict[str, list[tuple[JudgeTest, TestResult]]] = {}
    for test, result in zip(tests, results, strict=True):
        if test.group is not None:
            members.setdefault(test.group, []).append((test, result))
    return tuple(_group(name, pairs) for name, pairs in members.items())


def _group(name: str, pairs: Sequence[tuple[JudgeTest, TestResult]]) -> GroupScore:
    passed = all(result.stage.status is Verdict.ACCEPTED for _, result in pairs)
    points = _sum(result.points or 0.0 for _, result in pairs) if passed else 0.0
    return GroupScore(name, passed, points, _sum(test.points or 0.0 for test, _ in pairs))


def _sum(points: Iterable[float]) -> float:
    return round(math.fsum(points), _DIGITS)
