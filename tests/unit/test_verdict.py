from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.jobs.model import Cause, Verdict
from orchestrator.jobs.verdict import CapturedOutput, MemoryRule, judge_stage
from orchestrator.languages.model import MemoryErrorRule
from orchestrator.sandbox.model import (
    LimitHit,
    LossReason,
    StageCause,
    StageKind,
    StageLoss,
    StageReport,
)
from tests.sandbox_support import make_report

CAP_KB = 1000
SIGNS = MemoryErrorRule(frozenset({99}), re.compile("OutOfMemory"), re.compile("^Uncaught"))
RULE = MemoryRule(CAP_KB, SIGNS)
KILLED = {"exit_code": None, "signal": 9}

RUN_TABLE = [
    ({}, "accepted", None),
    ({"exit_code": 3}, "runtime_error", None),
    ({"exit_code": None, "signal": 11}, "runtime_error", "signal"),
    ({**KILLED, "cause": StageCause.WALL}, "time_limit", "wall"),
    ({**KILLED, "cause": StageCause.CPU}, "time_limit", "cpu"),
    ({**KILLED, "cause": StageCause.OUTPUT}, "output_limit", "output"),
    ({**KILLED, "cause": StageCause.CPU, "stdout_truncated": True}, "output_limit", "output"),
    ({**KILLED, "cause": StageCause.WALL, "stderr_truncated": True}, "output_limit", "output"),
    ({**KILLED, "oom_kills": 1}, "memory_limit", "memory"),
    ({"oom_kills": 1}, "memory_limit", "memory"),  # a child's, which the program hid
    ({"exit_code": 1, "memory_kb": 950}, "memory_limit", "memory"),
    ({"exit_code": 1, "memory_kb": 949}, "runtime_error", None),
    ({"memory_kb": 1000}, "accepted", None),  # large, but it did not fail
    ({"exit_code": 99, "memory_kb": 500}, "memory_limit", "memory"),
    ({"exit_code": 99, "memory_kb": 499}, "runtime_error", None),  # a number like any other
    # Precedence: output, then memory, then time.
    ({**KILLED, "cause": StageCause.OUTPUT, "oom_kills": 1}, "output_limit", "output"),
    ({**KILLED, "cause": StageCause.WALL, "oom_kills": 1}, "memory_limit", "memory"),
    ({**KILLED, "cause": StageCause.WALL, "memory_kb": 999}, "time_limit", "wall"),
]
COMPILE_TABLE = [
    ({}, "accepted", None),
    ({"exit_code": 1}, "compile_error", None),
    ({"exit_code": None, "signal": 11}, "compile_error", None),
    ({**KILLED, "cause": StageCause.WALL}, "compile_error", "wall"),
    ({**KILLED, "cause": StageCause.CPU}, "compile_error", "cpu"),
    ({**KILLED, "cause": StageCause.OUTPUT}, "compile_error", "output"),
    ({**KILLED, "cause": StageCause.CPU, "stderr_truncated": True}, "compile_error", "output"),
    ({"exit_code": 1, "oom_kills": 1}, "compile_error", "memory"),
    ({"oom_kills": 1}, "accepted", None),  # it compiled all the same
]
LOSS_TABLE = [
    (StageKind.RUN, LossReason.OOM, "memory_limit", "memory"),
    (StageKind.COMPILE, LossReason.OOM, "compile_error", "memory"),
    (StageKind.RUN, LossReason.OUTSIDE, "internal_error", "engine"),
    (StageKind.COMPILE, LossReason.OUTSIDE, "internal_error", "engine"),
    (StageKind.RUN, LossReason.UNKNOWN, "runtime_error", "sandbox"),
]


def judged(kind: StageKind, changes: dict[str, Any], stderr: bytes = b"") -> tuple[str, Any]:
    result = judge_stage(kind, make_report(**changes), CapturedOutput(b"", stderr), RULE)
    return result.status, result.killed_by


@pytest.mark.parametrize(("changes", "status", "cause"), RUN_TABLE)
def test_each_run_report_has_its_verdict_and_cause(
    changes: dict[str, Any], status: str, cause: str | None
) -> None:
    assert judged(StageKind.RUN, changes) == (status, cause)


@pytest.mark.parametrize(("changes", "status", "cause"), COMPILE_TABLE)
def test_each_compile_report_has_its_verdict_and_cause(
    changes: dict[str, Any], status: str, cause: str | None
) -> None:
    assert judged(StageKind.COMPILE, changes) == (status, cause)


@pytest.mark.parametrize(("kind", "reason", "status", "cause"), LOSS_TABLE)
def test_each_sandbox_loss_has_its_verdict_and_cause(
    kind: StageKind, reason: LossReason, status: str, cause: str
) -> None:
    result = judge_stage(kind, StageLoss(reason, "gone"), CapturedOutput(b"out", b"err"), RULE)
    assert (result.status, result.killed_by) == (status, cause)
    assert (result.stdout, result.stderr) == (b"out", b"err")
    assert result.exit_code is result.signal is result.wall_ms is None


def test_a_memory_error_text_counts_only_with_a_high_peak() -> None:
    text = b"\xff Exception: OutOfMemoryError"
    failed: dict[str, Any] = {"exit_code": 1, "memory_kb": 500}
    assert judged(StageKind.RUN, failed, text) == ("memory_limit", "memory")
    assert judged(StageKind.RUN, failed | {"memory_kb": 499}, text) == ("runtime_error", None)
    assert judged(StageKind.RUN, failed | {"exit_code": 0}, text) == ("accepted", None)


def test_an_uncaught_memory_error_counts_whatever_the_peak() -> None:
    text = b"Uncaught: out of memory"
    assert judged(StageKind.RUN, {"exit_code": 1}, text) == ("memory_limit", "memory")
    assert judged(StageKind.RUN, {"exit_code": 1}, b" " + text) == ("runtime_error", None)
    assert judged(StageKind.RUN, {"exit_code": 0}, text) == ("accepted", None)


@pytest.mark.parametrize("kind", StageKind)
def test_reported_memory_is_never_above_the_limit(kind: StageKind) -> None:
    """A resident set has pages of the image's files, which are not charged to the sandbox."""
    report = make_report(memory_kb=CAP_KB + 1)
    assert judge_stage(kind, report, CapturedOutput(), RULE).memory_kb == CAP_KB


def test_a_language_without_memory_signs_goes_by_the_peak_alone() -> None:
    rule = MemoryRule(CAP_KB, MemoryErrorRule())
    result = judge_stage(
        StageKind.RUN, make_report(exit_code=1), CapturedOutput(b"", b"OutOfMemory"), rule
    )
    assert result.status is Verdict.RUNTIME_ERROR


@pytest.mark.parametrize(
    ("said", "hit", "limits"),
    [
        (b"open: Too many open files\n", set(), ("files",)),
        (b"write: File too large\n", set(), ("file_size",)),
        (b"OSError: No space left on device\n", set(), ("disk",)),
        (b"OSError: No space left on device\n", {LimitHit.INODES}, ("inodes",)),
        (b"", {LimitHit.PROCESSES, LimitHit.DISK}, ("processes", "disk")),
    ],
)
def test_limits_hit_are_what_was_seen_and_what_the_failed_program_said(
    said: bytes, hit: set[LimitHit], limits: tuple[str, ...]
) -> None:
    report = make_report(exit_code=1, limits_hit=frozenset(hit))
    result = judge_stage(StageKind.RUN, report, CapturedOutput(b"", said), RULE)
    assert result.limits_hit == limits


def test_texts_of_an_accepted_program_hit_no_limit() -> None:
    output = CapturedOutput(b"", b"Too many open files")
    assert judge_stage(StageKind.RUN, make_report(), output, RULE).limits_hit == ()


def test_the_report_s_figures_are_passed_on_in_the_units_of_the_answer() -> None:
    report = make_report(
        cpu_us=1500, wall_us=2500, given_back_us=500, memory_kb=7, stdout_truncated=True
    )
    result = judge_stage(StageKind.RUN, report, CapturedOutput(), RULE)
    assert (result.cpu_ms, result.wall_ms, result.wall_given_back_ms) == (1.5, 2.5, 0.5)
    assert result.memory_kb == 7
    assert (result.stdout_truncated, result.stderr_truncated) == (True, False)


REPORTS = st.builds(
    StageReport,
    exit_code=st.none() | st.integers(0, 255),
    signal=st.none() | st.integers(1, 64),
    cause=st.sampled_from([cause for cause in StageCause if cause is not StageCause.KILLED]),
    cpu_us=st.integers(0, 10**9),
    wall_us=st.integers(0, 10**9),
    memory_kb=st.integers(0, 2 * CAP_KB),
    oom_kills=st.integers(0, 3),
    limits_hit=st.frozensets(st.sampled_from(LimitHit)),
    stdout_truncated=st.booleans(),
    stderr_truncated=st.booleans(),
)


@given(REPORTS, st.sampled_from(StageKind), st.binary(max_size=50))
def test_every_report_has_a_verdict_and_every_limit_a_cause(
    report: StageReport, kind: StageKind, stderr: bytes
) -> None:
    result = judge_stage(kind, report, CapturedOutput(b"", stderr), RULE)
    if result.status in {Verdict.TIME_LIMIT, Verdict.MEMORY_LIMIT, Verdict.OUTPUT_LIMIT}:
        assert result.killed_by in {Cause.WALL, Cause.CPU, Cause.MEMORY, Cause.OUTPUT}
    if result.status is Verdict.ACCEPTED:
        assert result.killed_by is None
        assert report.exit_code == 0
        assert report.cause is StageCause.NONE
