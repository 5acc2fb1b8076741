"""One stage of a job: its output passed on and kept, its outcome judged."""

from __future__ import annotations

import asyncio
import math
from dataclasses import replace

import structlog

from orchestrator.jobs.events import Listener, Printed, StageEnded, StageStarted
from orchestrator.jobs.job import Job
from orchestrator.jobs.model import Failure, Limits, Phase, StageResult, Verdict
from orchestrator.jobs.plan import MIB
from orchestrator.jobs.verdict import Captured, MemoryRule, judge_stage
from orchestrator.sandbox.backend import Sandbox
from orchestrator.sandbox.model import LossReason, Stage, StageKind, StageLoss, StageOutcome, Stream
from orchestrator.sandbox.stdin import StdinStream

log = structlog.get_logger(__name__)

LATE_BYTES_PER_S = 4_194_304
"""What is under way when a program ends is a tenth of that."""

_PHASES = {StageKind.COMPILE: Phase.COMPILING, StageKind.RUN: Phase.RUNNING}


async def run_stage(
    job: Job, sandbox: Sandbox, stage: Stage, limits: Limits, listener: Listener
) -> StageResult:
    """Run a stage and tell of it; an `internal_error` is the job's failure as well."""
    announce(job, stage.kind, listener)
    live = job.live if stage.kind is StageKind.RUN else None
    outcome, output = await execute(job, sandbox, stage, listener, live)
    result = judge(job, stage.kind, outcome, output, limits)
    if result.status is not Verdict.INTERNAL_ERROR:
        listener.send(StageEnded(stage.kind, result))
    return result


async def execute(
    job: Job, sandbox: Sandbox, stage: Stage, listener: Listener, live: StdinStream | None = None
) -> tuple[StageOutcome, Captured]:
    """What became of a stage, and what it printed."""
    output = _Output(stage, listener)
    outcome = await sandbox.run_stage(stage, output.take, live)
    if job.is_pool_hit and isinstance(outcome, StageLoss) and outcome.before_start:
        # Lost before anything of the job ran in it: it had been lost in the pool.
        outcome = replace(outcome, reason=LossReason.OUTSIDE)
    return outcome, output.captured()


def judge(
    job: Job, kind: StageKind, outcome: StageOutcome, output: Captured, limits: Limits
) -> StageResult:
    """The result of a stage that had `limits`; an `internal_error` is the job's failure as well."""
    memory = MemoryRule(limits.memory_mb * 1024, job.installed.language.memory_error)
    result = judge_stage(kind, outcome, output, memory)
    if result.status is Verdict.INTERNAL_ERROR:
        log.warning("sandbox_lost", job_id=job.id, outcome=str(outcome))
        job.failure = Failure.INTERNAL_ERROR
    return result


def announce(job: Job, kind: StageKind, listener: Listener) -> None:
    """Say, once, that the job has come to this stage."""
    job.phase = _PHASES[kind]
    if kind not in job.announced:  # it was, when a sandbox was lost before it said a word
        job.announced.add(kind)
        listener.send(StageStarted(kind))


async def set_limits(job: Job, sandbox: Sandbox, limits: Limits) -> bool:
    """Give the sandbox a run's limits, if it has others; False: more memory than that is in use."""
    wanted = (limits.memory_mb * MIB, limits.processes)
    if job.limits_set == wanted:
        return True
    if not await sandbox.set_limits(*wanted):
        return False
    job.limits_set = wanted
    return True


class _Output:
    """Keeps a stage's output and passes it on; the agent caps it, the cap here bounds our memory.

    A reader that is behind holds the program up until the stage's own time is up. The agent ends it
    about then, and its end must not wait for the reader; but it goes by its own clock, and gives
    back what others took. Until its end comes, output is taken at a rate that fills no memory.
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

    def captured(self) -> Captured:
        return Captured(bytes(self._buffers[Stream.STDOUT]), bytes(self._buffers[Stream.STDERR]))
