"""The end of a job's sandboxes: all that was opened is closed, whatever it came to."""

from __future__ import annotations

import asyncio

import structlog

from orchestrator.errors import EngineError, SandboxError
from orchestrator.jobs.job import Job
from orchestrator.sandbox.backend import Sandbox

log = structlog.get_logger(__name__)


async def close_all(job: Job) -> None:
    """Close what was opened, and what is still being opened once it is."""
    if job.helper is not None:
        await close_all(job.helper)
    while job.openings:
        opening = job.openings[-1]
        try:
            # Shielded, and taken off the list only then: who is interrupted here is no reason to
            # lose sight of a container.
            lease = await asyncio.shield(opening)
        except Exception as err:
            # It has left nothing behind; whatever it failed at, the others are to be closed.
            if not isinstance(err, EngineError | SandboxError):
                log.exception("opening_failed", job_id=job.id)
        else:
            await _close(job, lease.sandbox)
        job.openings.remove(opening)


async def _close(job: Job, sandbox: Sandbox) -> None:
    try:
        await sandbox.close()
    except EngineError as err:
        log.warning("left_to_the_sweep", job_id=job.id, error=str(err))
