"""A sandbox with a job's program in it, ready to run: opened, compiled there or put back."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace

from orchestrator.jobs.cache import CompileCache, Compiled, Key, cache_key
from orchestrator.jobs.events import SILENCE, Listener, Printed, StageEnded
from orchestrator.jobs.job import Job
from orchestrator.jobs.model import Phase, Verdict
from orchestrator.jobs.stages import announce, run_stage
from orchestrator.sandbox.backend import Sandbox
from orchestrator.sandbox.model import StageKind, Stream
from orchestrator.sandbox.pool import Lease, Pool

LARGE = 32_768
_NO_NEWS = {Verdict.ACCEPTED, Verdict.INTERNAL_ERROR}  # of a program that has compiled before


@dataclass(frozen=True, slots=True)
class Means:
    """What jobs are run with."""

    pool: Pool
    cache: CompileCache


async def get_ready(
    job: Job, means: Means, listener: Listener, *, is_anew: bool = False
) -> Sandbox | None:
    """A sandbox with the job's program in it, ready to run; None: it does not compile.

    What was opened is in `job.openings`, for the caller. `is_anew`: an attempt was lost; neither a
    sandbox that waits nor a compilation that is kept is trusted. Raises EngineError, SandboxError.
    """
    lease = await _open(job, means.pool, fresh=is_anew)
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
    parts = job.owner, job.submission, job.plan, job.installed
    if sum(len(file.content) for file in job.submission.files) <= LARGE:
        return cache_key(*parts)
    return await asyncio.to_thread(cache_key, *parts)


async def _open(job: Job, pool: Pool, *, fresh: bool) -> Lease:
    job.phase = Phase.CREATING
    started = time.monotonic()
    opening = pool.open(job.installed.language.image_owner, job.plan.sandbox, fresh=fresh)
    job.openings.append(opening)
    # Shielded: whoever hangs up meanwhile keeps the slot until the container is gone again.
    lease = await asyncio.shield(opening)
    job.sandbox_s += time.monotonic() - started
    job.is_pool_hit = lease.is_hit
    job.container = lease.sandbox.name
    job.limits_set = (job.plan.sandbox.memory_bytes, job.plan.sandbox.processes)
    return lease


async def _compiles(job: Job, lease: Lease, cache: CompileCache, listener: Listener) -> bool:
    """Send the files and compile them, if need be; whether there is something to run."""
    stage, sandbox = job.plan.compile, lease.sandbox
    await sandbox.send_files(job.plan.files, build=stage is not None, work=True)
    if stage is None:
        return True
    if lease.is_prepared and job.plan.may_use_server:
        stage = replace(stage, by_prepared=True)
    compiled = await run_stage(job, sandbox, stage, job.submission.limits, listener)
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
