"""The jobs that are accepted and not yet answered: which there are, and how they are ended."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Collection

from orchestrator.jobs.job import ActiveJob, Job
from orchestrator.jobs.model import Cause


class JobRegistry:
    """Jobs by id, oldest first. For one event loop."""

    def __init__(self) -> None:
        """None yet."""
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
        """All of them."""
        return tuple(self._jobs.values())

    def active_jobs(self) -> tuple[ActiveJob, ...]:
        """All of them, as `/stats` shows them."""
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
        """The job of that id."""
        return self._jobs.get(job_id)

    def images_in_use(self) -> frozenset[str]:
        """The digests of the images that they were planned for."""
        programs = [program for job in self._jobs.values() for program in job.programs]
        return frozenset(program.installed.digest for program in programs)

    async def finish(self, timeout_s: float) -> None:
        """Let them end; after `timeout_s` they end as cancelled, by `drain`, and no more come."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._idle.wait()
        self.end_all(Cause.DRAIN)
        await self._idle.wait()

    def end_all(self, cause: Cause) -> None:
        """End every job now, as cancelled by `cause`, and take no more."""
        self._has_ended = True
        for job in self._jobs.values():
            self.end(job, cause)

    def end_all_of(self, owners: Collection[str], cause: Cause) -> None:
        """End the jobs of these keys now, as cancelled by `cause`; more may come."""
        for job in self._jobs.values():
            if job.owner in owners:
                self.end(job, cause)

    def end(self, job: Job, cause: Cause) -> None:
        """End a job now, as cancelled by `cause`: its `run` returns the result."""
        job.cancelled_by = cause
        with contextlib.suppress(RuntimeError):  # its own deadline has just passed
            job.timer.reschedule(asyncio.get_running_loop().time())
