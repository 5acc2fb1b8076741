"""The registry of jobs that are accepted and not yet ended, and the ways to end them early."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Collection

from orchestrator.jobs.job import ActiveJob, Job
from orchestrator.jobs.model import Cause


class JobRegistry:
    """The jobs that have not ended, by id, oldest first. For one event loop."""

    def __init__(self) -> None:
        """Create an empty registry."""
        self._jobs: dict[str, Job] = {}
        self._idle = asyncio.Event()
        self._idle.set()
        self._has_ended = False

    def _add(self, job: Job) -> None:
        self._jobs[job.id] = job
        self._idle.clear()

    def _remove(self, job: Job) -> None:
        del self._jobs[job.id]
        if not self._jobs:
            self._idle.set()

    def jobs(self) -> tuple[Job, ...]:
        """Return all jobs that have not ended, oldest first."""
        return tuple(self._jobs.values())

    def active_jobs(self) -> tuple[ActiveJob, ...]:
        """Return the same jobs as `/stats` shows them."""
        now = time.monotonic()
        return tuple(
            ActiveJob(
                job.id,
                job.submission.language,
                int((now - job.accepted_at) * 1000),
                job.phase,
                job.owner,
            )
            for job in self._jobs.values()
        )

    def find(self, job_id: str) -> Job | None:
        """Return the job with that id; None when there is none, or it has ended."""
        return self._jobs.get(job_id)

    def images_in_use(self) -> frozenset[str]:
        """Return the digests of the images that the jobs use."""
        programs = [program for job in self._jobs.values() for program in job.programs]
        return frozenset(program.installed.digest for program in programs)

    async def finish(self, timeout_s: float) -> None:
        """Wait for all jobs to end; after `timeout_s` cancel the rest (cause `drain`).

        From then on no job is accepted.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._idle.wait()
        self.end_all(Cause.DRAIN)
        await self._idle.wait()

    def end_all(self, cause: Cause) -> None:
        """Cancel every job now, with `cause`, and accept no more."""
        self._has_ended = True
        for job in self._jobs.values():
            self.end(job, cause)

    def end_all_of(self, owners: Collection[str], cause: Cause) -> None:
        """Cancel the jobs of the keys named `owners` now, with `cause`."""
        for job in self._jobs.values():
            if job.owner in owners:
                self.end(job, cause)

    def end(self, job: Job, cause: Cause) -> None:
        """Cancel a job now, with `cause`; `JobService.run` returns its result."""
        job.cancelled_by = cause
        with contextlib.suppress(RuntimeError):  # its own deadline has just passed
            job.timer.reschedule(asyncio.get_running_loop().time())
