"""One attempt at a job: a sandbox, the files, compile, run. What came of it is in the job."""

from __future__ import annotations

import asyncio
import math
import time
from dataclasses import replace

import structlog

from orchestrator.errors import EngineError, EngineUnavailableError, SandboxError
from orchestrator.jobs.cache import CompileCache, Compiled
from orchestrator.jobs.events import Listener, Printed, StageEnded, StageStarted
from orchestrator.jobs.job import Job
from orchestrator.jobs.model import Cause, Failure, Phase, StageResult, Verdict
from orchestrator.jobs.verdict import Captured, MemoryRule, judge_stage
from orchestrator.sandbox.backend import Sandbox
from orchestrator.sandbox.model import (
    LossReason,
    Stage,
    StageKind,
    StageLoss,
    StageOutcome,
    Stream,
)
from orchestrator.sandbox.pool import Lease, Pool

log = structlog.get_logger(__name__)

_PHASES = {StageKind.COMPILE: Phase.COMPILING, StageKind.RUN: Phase.RUNNING}


async def attempt(job: Job, pool: Pool, cache: CompileCache, listener: Listener) -> None:
    """One sandbox, the whole job in it; what was opened is in `job.openings`, for the caller."""
    try:
        lease = await _open(job, pool)
        # A job that begins anew may have lost its sandbox over what was found: not twice.
        known = cache.find(job.cache_key) if job.cache_key and job.attempts == 1 else None
        if known is not None:
            await _restore(job, lease.sandbox, known, listener)
        elif not await _compiles(job, lease, cache, listener):
            return
        await _run(job, lease.sandbox, listener)
    except EngineUnavailableError as err:
        log.warning("engine_unavailable", job_id=job.id, error=str(err))
        job.failure = Failure.ENGINE_UNAVAILABLE
    except (EngineError, SandboxError) as err:
        log.error("sandbox_failed", job_id=job.id, error=str(err))
        job.failure = Failure.INTERNAL_ERROR


async def _open(job: Job, pool: Pool) -> Lease:
    job.phase = Phase.CREATING
    started = time.monotonic()
    # A job that begins anew has lost a sandbox: the others that wait may be lost as well.
    opening = pool.open(job.submission.language, job.plan.sandbox, fresh=bool(job.attempts))
    job.attempts += 1
    job.openings.append(opening)
    # Shielded: whoever hangs up meanwhile keeps the slot until the container is gone again.
    lease = await asyncio.shield(opening)
    job.sandbox_s += time.monotonic() - started
    job.is_pool_hit = lease.is_hit
    job.container = lease.sandbox.name
    return lease


async def _compiles(job: Job, lease: Lease, cache: CompileCache, listener: Listener) -> bool:
    """Send the files and compile them, if need be; whether there is something to run."""
    stage, sandbox = job.plan.compile, lease.sandbox
    await sandbox.send_files(job.plan.files, build=stage is not None, work=True)
    if stage is None:
        return True
    if lease.is_prepared and job.plan.may_use_server:
        stage = replace(stage, by_prepared=True)
    job.compile = await _stage(job, sandbox, stage, listener)
    if job.compile.status is not Verdict.ACCEPTED:
        return False
    if job.cache_key is not None:
        # Before the program runs: nothing it does can reach what others will be given.
        artefact = await sandbox.fetch_artefact(cache.largest_artefact)
        if artefact is not None:
            cache.keep(job.cache_key, Compiled(job.compile, artefact))
    return True


async def _restore(job: Job, sandbox: Sandbox, known: Compiled, listener: Listener) -> None:
    """What the compilation left, in its place; the caller is told of it as it was."""
    started = time.monotonic()
    job.phase = Phase.COMPILING
    await sandbox.send_files(job.plan.files, build=False, work=True)
    await sandbox.send_artefact(known.artefact)
    _announce(job, StageKind.COMPILE, listener)  # now that the sandbox is known to be there
    job.compile = known.result
    for stream, data in (
        (Stream.STDOUT, known.result.stdout),
        (Stream.STDERR, known.result.stderr),
    ):
        if data:
            listener.send(Printed(stream, data))
    listener.send(StageEnded(StageKind.COMPILE, known.result))
    job.restore_s = time.monotonic() - started


async def _run(job: Job, sandbox: Sandbox, listener: Listener) -> None:
    """Run the program, unless what compile left alone exceeds the run's limits."""
    plan = job.plan
    if not plan.run_has_other_limits or await sandbox.set_limits(
        plan.run_memory_bytes, plan.run_processes
    ):
        job.run = await _stage(job, sandbox, plan.run, listener)
        return
    _announce(job, StageKind.RUN, listener)
    job.run = StageResult(Verdict.MEMORY_LIMIT, killed_by=Cause.MEMORY)
    listener.send(StageEnded(StageKind.RUN, job.run))


async def _stage(job: Job, sandbox: Sandbox, stage: Stage, listener: Listener) -> StageResult:
    _announce(job, stage.kind, listener)
    output = _Output(stage, listener)
    outcome = _excuse(job, await sandbox.run_stage(stage, output.take))
    memory = MemoryRule(job.submission.limits.memory_mb * 1024, job.installed.language.memory_error)
    result = judge_stage(stage.kind, outcome, output.captured(), memory)
    if result.status is Verdict.INTERNAL_ERROR:
        log.warning("sandbox_lost", job_id=job.id, outcome=str(outcome))
        job.failure = Failure.INTERNAL_ERROR
    else:
        listener.send(StageEnded(stage.kind, result))
    return result


def _excuse(job: Job, outcome: StageOutcome) -> StageOutcome:
    """A sandbox that was lost before anything of the job ran in it had been lost in the pool."""
    if job.is_pool_hit and isinstance(outcome, StageLoss) and outcome.before_start:
        return replace(outcome, reason=LossReason.OUTSIDE)
    return outcome


def _announce(job: Job, kind: StageKind, listener: Listener) -> None:
    job.phase = _PHASES[kind]
    if kind not in job.announced:  # it was, when a sandbox was lost before it said a word
        job.announced.add(kind)
        listener.send(StageStarted(kind))


class _Output:
    """Keeps a stage's output and passes it on; the agent caps it, the cap here bounds our memory.

    A reader that is behind holds the program up, but only until the stage's own time is up: by then
    the agent has ended it, and its end must not wait for the reader.
    """

    def __init__(self, stage: Stage, listener: Listener) -> None:
        self._listener = listener
        self._buffers = {Stream.STDOUT: bytearray(), Stream.STDERR: bytearray()}
        self._limits = {Stream.STDOUT: stage.stdout_limit, Stream.STDERR: stage.stderr_limit}
        wall_s = stage.wall_ms / 1000 or math.inf
        self._time_is_up = asyncio.get_running_loop().time() + wall_s

    async def take(self, stream: Stream, data: bytes) -> None:
        buffer = self._buffers[stream]
        piece = data[: self._limits[stream] - len(buffer)]
        if piece:
            buffer += piece
            self._listener.send(Printed(stream, piece))
            await self._listener.drain(self._time_is_up)

    def captured(self) -> Captured:
        return Captured(bytes(self._buffers[Stream.STDOUT]), bytes(self._buffers[Stream.STDERR]))
