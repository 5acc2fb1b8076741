"""Runs one stage of a program: passes its output on, keeps it, and derives the verdict."""

from __future__ import annotations

import asyncio
import math

import structlog

from orchestrator.jobs.attempt import ProgramProgress
from orchestrator.jobs.events import Listener, Printed, StageEnded, StageStarted
from orchestrator.jobs.job import Job
from orchestrator.jobs.leased_sandbox import LeasedSandbox
from orchestrator.jobs.model import Cause, Limits, Phase, StageResult, Verdict
from orchestrator.jobs.plan import with_time_given_back
from orchestrator.jobs.verdict import CapturedOutput, MemoryRule, judge_stage
from orchestrator.sandbox.model import Stage, StageKind, StageOutcome, Stream
from orchestrator.sandbox.stdin import StdinStream

log = structlog.get_logger(__name__)

LATE_BYTES_PER_S = 4_194_304
"""How fast output is taken after the stage's time is up; what is then in transit is a tenth."""

_PHASES = {StageKind.COMPILE: Phase.COMPILING, StageKind.RUN: Phase.RUNNING}


def announce_stage(progress: ProgramProgress, kind: StageKind, listener: Listener) -> None:
    """Set the program's phase, and report that this stage begins."""
    progress.phase = _PHASES[kind]
    listener.send(StageStarted(kind))


async def run_program(job: Job, sandbox: LeasedSandbox, listener: Listener) -> StageResult:
    """Run a job's program, without tests; `memory_limit` if what compile left exceeds the limit."""
    progress, limits = job.attempt.program, job.submission.limits
    fits = await sandbox.set_limits(limits)
    announce_stage(progress, StageKind.RUN, listener)
    if fits:
        stage = with_time_given_back(job.program.plan.run, job.remaining_s * 1000)
        outcome, output = await execute(sandbox, stage, listener, job.stdin)
        result = judge(progress, StageKind.RUN, outcome, output, limits)
    else:
        result = StageResult(Verdict.MEMORY_LIMIT, killed_by=Cause.MEMORY)
    if result.status is not Verdict.INTERNAL_ERROR:
        listener.send(StageEnded(StageKind.RUN, result))
    return result


async def execute(
    sandbox: LeasedSandbox, stage: Stage, listener: Listener, stdin: StdinStream | None = None
) -> tuple[StageOutcome, CapturedOutput]:
    """Run a stage; return its outcome, and its output up to the stage's limits."""
    output = _OutputCapture(stage, listener)
    outcome = await sandbox.run_stage(stage, output.take, stdin)
    return outcome, output.captured()


def judge(
    progress: ProgramProgress,
    kind: StageKind,
    outcome: StageOutcome,
    output: CapturedOutput,
    limits: Limits,
) -> StageResult:
    """Return the result of a stage that ran with `limits`; sets `progress.is_lost` on a loss."""
    program = progress.program
    memory = MemoryRule(limits.memory_mb * 1024, program.installed.language.memory_error)
    result = judge_stage(kind, outcome, output, memory)
    if result.status is Verdict.INTERNAL_ERROR:
        log.warning("sandbox_lost", job_id=program.job_id, outcome=str(outcome))
        progress.is_lost = True
    return result


class _OutputCapture:
    """Keeps a stage's output and passes it on.

    The agent caps the output as well; the cap here bounds our memory. A slow reader blocks the
    program (backpressure) until the stage's wall time is up. The agent ends the stage about then,
    and that must not wait for the reader; but the agent has a clock of its own, and may extend the
    limit. From then on output is taken at LATE_BYTES_PER_S.
    """

    def __init__(self, stage: Stage, listener: Listener) -> None:
        self._listener = listener
        self._buffers = {Stream.STDOUT: bytearray(), Stream.STDERR: bytearray()}
        self._limits = {Stream.STDOUT: stage.stdout_limit, Stream.STDERR: stage.stderr_limit}
        wall_s = stage.wall_ms / 1000 or math.inf
        self._time_is_up = asyncio.get_running_loop().time() + wall_s
        self._late_bytes = 0

    async def take(self, stream: Stream, data: bytes) -> None:
        buffer = self._buffers[stream]
        piece = data[: self._limits[stream] - len(buffer)]
        if piece:
            buffer += piece
            self._listener.send(Printed(stream, piece))
            await self._listener.drain(self._held_up_until(len(piece)))

    def _held_up_until(self, size: int) -> float:
        if asyncio.get_running_loop().time() > self._time_is_up:
            self._late_bytes += size
        return self._time_is_up + self._late_bytes / LATE_BYTES_PER_S

    def captured(self) -> CapturedOutput:
        return CapturedOutput(
            bytes(self._buffers[Stream.STDOUT]), bytes(self._buffers[Stream.STDERR])
        )
