"""Derives a stage's verdict from the agent's report. Pure.

Precedence where several apply: output_limit, memory_limit, time_limit, runtime_error.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from orchestrator.jobs.model import Cause, StageResult, Verdict
from orchestrator.languages.model import MemoryErrorRule
from orchestrator.sandbox.model import (
    LimitHit,
    LossReason,
    StageCause,
    StageKind,
    StageLoss,
    StageOutcome,
    StageReport,
)

NEARLY_ALL_MEMORY = 0.95
MUCH_MEMORY = 0.5
"""The peak, as a share of the limit, below which a text or exit code is not believed.

Not higher: when a garbage-collected heap is full, the peak may be no more than 65 %.
"""

# What a failed program prints when it met a limit that no counter shows: the texts of strerror(3),
# which C, C++, Python and the JVM all print; and of strsignal(3), by which gcc says how its
# assembler ended.
_TELLTALES = (
    (re.compile(rb"Too many open files"), LimitHit.FILES),
    (re.compile(rb"File too large|File size limit exceeded"), LimitHit.FILE_SIZE),
    (re.compile(rb"No space left on device"), LimitHit.DISK),
)
_CAUSES = {
    StageCause.WALL: Cause.WALL,
    StageCause.CPU: Cause.CPU,
    StageCause.OUTPUT: Cause.OUTPUT,
}


@dataclass(frozen=True, slots=True)
class CapturedOutput:
    """The output of a stage, as received, cut at the stage's limits."""

    stdout: bytes = b""
    stderr: bytes = b""


@dataclass(frozen=True, slots=True)
class MemoryRule:
    """How a met memory limit is recognised: the limit in KiB, and the language's own signs."""

    cap_kb: int
    signs: MemoryErrorRule


def judge_stage(
    kind: StageKind, outcome: StageOutcome, output: CapturedOutput, memory: MemoryRule
) -> StageResult:
    """Return the result of a stage: its verdict, cause, figures and output."""
    if isinstance(outcome, StageLoss):
        lost, blamed = _judge_loss(kind, outcome)
        return StageResult(lost, output.stdout, output.stderr, killed_by=blamed)
    judge = _judge_compile if kind is StageKind.COMPILE else _judge_run
    status, cause = judge(outcome, output, memory)
    return StageResult(
        status=status,
        stdout=output.stdout,
        stderr=output.stderr,
        exit_code=outcome.exit_code,
        signal=outcome.signal,
        killed_by=cause,
        limits_hit=_limits_hit(outcome, output, failed=status is not Verdict.ACCEPTED),
        cpu_ms=outcome.cpu_us / 1000,
        wall_ms=outcome.wall_us / 1000,
        wall_given_back_ms=outcome.given_back_us / 1000,
        memory_kb=_within(outcome.memory_kb, memory.cap_kb),
        stdout_truncated=outcome.stdout_truncated,
        stderr_truncated=outcome.stderr_truncated,
    )


def _within(peak_kb: int, cap_kb: int) -> int:
    """Return the peak, at most the limit.

    RSS includes pages of the image's files, which all sandboxes share; what is charged to this
    sandbox's cgroup, and limited, is never above the limit.
    """
    return min(peak_kb, cap_kb)


def _judge_loss(kind: StageKind, loss: StageLoss) -> tuple[Verdict, Cause]:
    if loss.reason is LossReason.OUTSIDE:
        return Verdict.INTERNAL_ERROR, Cause.ENGINE
    if loss.reason is LossReason.UNKNOWN:
        return Verdict.RUNTIME_ERROR, Cause.SANDBOX
    if kind is StageKind.COMPILE:
        return Verdict.COMPILE_ERROR, Cause.MEMORY
    return Verdict.MEMORY_LIMIT, Cause.MEMORY


def _judge_compile(
    report: StageReport, _output: CapturedOutput, _memory: MemoryRule
) -> tuple[Verdict, Cause | None]:
    if report.cause is StageCause.NONE and report.exit_code == 0:
        return Verdict.ACCEPTED, None
    if _printed_too_much(report):
        return Verdict.COMPILE_ERROR, Cause.OUTPUT
    if report.oom_kills:
        return Verdict.COMPILE_ERROR, Cause.MEMORY
    return Verdict.COMPILE_ERROR, _CAUSES.get(report.cause)


def _judge_run(
    report: StageReport, output: CapturedOutput, memory: MemoryRule
) -> tuple[Verdict, Cause | None]:
    if _printed_too_much(report):
        return Verdict.OUTPUT_LIMIT, Cause.OUTPUT
    if report.oom_kills or _met_memory_limit(report, output, memory):
        return Verdict.MEMORY_LIMIT, Cause.MEMORY
    if report.cause in _CAUSES:
        return Verdict.TIME_LIMIT, _CAUSES[report.cause]
    if report.signal is not None:
        return Verdict.RUNTIME_ERROR, Cause.SIGNAL
    return (Verdict.ACCEPTED if report.exit_code == 0 else Verdict.RUNTIME_ERROR), None


def _printed_too_much(report: StageReport) -> bool:
    """Also true of a stage that met another limit first, with too much output still in its pipe."""
    return report.cause is StageCause.OUTPUT or report.stdout_truncated or report.stderr_truncated


def _met_memory_limit(report: StageReport, output: CapturedOutput, memory: MemoryRule) -> bool:
    """Only of a program that failed by itself: one killed for its time may well be large, too."""
    if report.cause is not StageCause.NONE or report.exit_code == 0:
        return False
    share = report.memory_kb / memory.cap_kb
    signs, said = memory.signs, output.stderr.decode("utf-8", "replace")
    if share >= NEARLY_ALL_MEMORY or _has(signs.uncaught, said):
        return True
    # A program may print such a text, or exit with such a code, for reasons of its own.
    is_told = report.exit_code in signs.exit_codes or _has(signs.stderr, said)
    return is_told and share >= MUCH_MEMORY


def _has(pattern: re.Pattern[str] | None, text: str) -> bool:
    return pattern is not None and pattern.search(text) is not None


def _limits_hit(
    report: StageReport, output: CapturedOutput, *, failed: bool
) -> tuple[LimitHit, ...]:
    hit = set(report.limits_hit)
    if failed:
        told = {limit for pattern, limit in _TELLTALES if pattern.search(output.stderr)}
        if LimitHit.INODES in hit:
            told.discard(LimitHit.DISK)  # running out of inodes says "no space" too
        hit |= told
    return tuple(limit for limit in LimitHit if limit in hit)
