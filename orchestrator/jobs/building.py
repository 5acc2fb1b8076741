"""A sandbox with a job's program in it, ready to run: opened, compiled there or put back."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from functools import partial

import structlog

from orchestrator.errors import EngineShortageError
from orchestrator.jobs.cache import CompileCache, Compiled, Key, cache_key
from orchestrator.jobs.compiling import compile_program
from orchestrator.jobs.events import SILENCE, Listener, Printed, StageEnded
from orchestrator.jobs.job import Job
from orchestrator.jobs.model import Phase, Verdict
from orchestrator.jobs.stages import announce
from orchestrator.sandbox.backend import Sandbox
from orchestrator.sandbox.model import StageKind, Stream
from orchestrator.sandbox.pool import Lease, Pool

log = structlog.get_logger(__name__)

SHORTAGE_PAUSE_S = 0.5
LARGE = 32_768
_NO_NEWS = {Verdict.ACCEPTED, Verdict.INTERNAL_ERROR}  # of a program that has compiled before


@dataclass(frozen=True, slots=True)
class Means:
    """What jobs are run with."""

    pool: Pool
    cache: CompileCache
    patience_s: float = 0.0
    """How long a container that can't be started for want of something is tried again."""


async def get_ready(
    job: Job, means: Means, listener: Listener, *, is_anew: bool = False
) -> Sandbox | None:
    """A sandbox with the job's program in it, ready to run; None: it does not compile here.

    Where it might with more memory, the job says so (`lacks_memory`).

    What was opened is in `job.openings`, for the caller. `is_anew`: an attempt was lost; neither a
    sandbox that waits nor a compilation that is kept is trusted. Raises EngineError, SandboxError.
    """
    lease = await _open(job, means, fresh=is_anew)
    if job.caches and job.cache_key is None:
        job.cache_key = await _cache_key(job)
    known = None
    if job.cache_key is not None and not is_anew:
        known = means.cache.find(job.cache_key)
    if job.compile is not None:
        listener = SILENCE  # they have been told
    if known is not None:
        await _restore(job, lease.sandbox, known, listener)
    elif not await _compiles(job, lease, means.cache, listener):
        return None
    return lease.sandbox


async def _cache_key(job: Job) -> Key | None:
    """Looking through what is large takes long."""
    find = partial(
        cache_key, job.owner, job.submission, job.plan, job.installed, always=job.is_helper
    )
    if sum(len(file.content) for file in job.submission.files) <= LARGE:
        return find()
    return await asyncio.to_thread(find)


async def _open(job: Job, means: Means, *, fresh: bool) -> Lease:
    job.phase = Phase.CREATING
    started = time.monotonic()
    lease = await _open_in_time(job, means, fresh=fresh)
    job.sandbox_s += time.monotonic() - started
    job.is_pool_hit = lease.is_hit
    job.container = lease.sandbox.name
    job.limits_set = (job.plan.sandbox.memory_bytes, job.plan.sandbox.processes)
    return lease


async def _open_in_time(job: Job, means: Means, *, fresh: bool) -> Lease:
    """A sandbox; what the engine's machine lacks now it may have again in a moment."""
    until = time.monotonic() + means.patience_s
    pause_s = SHORTAGE_PAUSE_S
    while True:
        opening = means.pool.open(job.installed.language.image_owner, job.plan.sandbox, fresh=fresh)
        job.openings.append(opening)
        try:
            # Shielded: whoever hangs up meanwhile keeps the slot until the container is gone again.
            return await asyncio.shield(opening)
        except EngineShortageError as err:
            if time.monotonic() + pause_s > until:
                raise
            log.warning("engine_short", job_id=job.id, again_in_s=pause_s, error=str(err))
        await asyncio.sleep(pause_s)
        pause_s *= 2


async def _compiles(job: Job, lease: Lease, cache: CompileCache, listener: Listener) -> bool:
    """Send the files and compile them, if need be; whether there is something to run."""
    stage, sandbox = job.plan.compile, lease.sandbox
    await sandbox.send_files(job.plan.files, build=stage is not None, work=True)
    if stage is None:
        return True
    compiled = await compile_program(job, stage, lease, listener)
    if compiled is None:
        return False
    if job.compile is None or compiled.status not in _NO_NEWS:
        job.compile = compiled  # else it stays as it was, and as they were told
    if compiled.status is not Verdict.ACCEPTED:
        return False
    if job.cache_key is not None:
        # Before the program runs: nothing it does can reach what others will be given.
        artefact = await sandbox.fetch_artefact(cache.largest_artefact)
        if artefact is not None:
            cache.keep(job.cache_key, Compiled(compiled, artefact))
    return True


async def _restore(job: Job, sandbox: Sandbox, known: Compiled, listener: Listener) -> None:
    """What the compilation left, in its place; the caller is told of it as it was."""
    started = time.monotonic()
    job.phase = Phase.COMPILING
    await sandbox.send_files(job.plan.files, build=False, work=True)
    await sandbox.send_artefact(known.artefact)
    if job.compile is not None:
        return
    announce(job, StageKind.COMPILE, listener)  # now that the sandbox is known to be there
    job.compile = known.result
    for stream, data in (
        (Stream.STDOUT, known.result.stdout),
        (Stream.STDERR, known.result.stderr),
    ):
        if data:
            listener.send(Printed(stream, data))
    listener.send(StageEnded(StageKind.COMPILE, known.result))
    job.restore_s = time.monotonic() - started
