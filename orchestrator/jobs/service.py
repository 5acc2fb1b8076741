"""The one way through: from a checked submission to its one result.

accept (a place in the queue) - reserve (memory, slot) - attempt (attempt.py) - result
finally: remove the container, then release the reservation
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import Collection

import structlog

from orchestrator.errors import DrainingError, InvalidSubmissionError
from orchestrator.jobs.admission import Admission, Reservation, Ticket
from orchestrator.jobs.attempt import attempt
from orchestrator.jobs.building import Means
from orchestrator.jobs.cache import CompileCache
from orchestrator.jobs.closing import close_all
from orchestrator.jobs.events import SILENCE, Listener, Queued
from orchestrator.jobs.job import ActiveJob, Job
from orchestrator.jobs.model import Cause, Failure, JobResult, Submission, Verdict
from orchestrator.jobs.plan import fit_together, make_plan
from orchestrator.jobs.scoring import exceeded_ms
from orchestrator.jobs.statistics import Statistics
from orchestrator.jobs.watch import EngineWatch
from orchestrator.languages.catalog import Catalog
from orchestrator.languages.model import InstalledLanguage
from orchestrator.sandbox.backend import Backend
from orchestrator.sandbox.pool import Pool
from orchestrator.sandbox.stdin import StdinStream
from orchestrator.settings import Settings

log = structlog.get_logger(__name__)


class JobService:
    """Runs jobs. One per server."""

    def __init__(  # noqa: PLR0913 - the parts it is put together from, once
        self,
        settings: Settings,
        backend: Backend,
        admission: Admission,
        catalog: Catalog,
        *,
        watch: EngineWatch | None = None,
        pool: Pool | None = None,
    ) -> None:
        """`catalog`: what may be used; it may change from one job to the next.

        `watch`: who knows when an engine that went away is back; its own by default. `pool`: where
        sandboxes come from; by default one where none waits.
        """
        self.catalog = catalog
        self.statistics = Statistics()
        self._settings = settings
        self.pool = pool or Pool(backend, {})
        self.cache = CompileCache(settings.compile_cache_bytes)
        self._admission = admission
        self._watch = watch or EngineWatch(backend)
        self._jobs: dict[str, Job] = {}
        self._retiring: set[asyncio.Task[None]] = set()
        self._idle = asyncio.Event()
        self._idle.set()
        self._has_ended = False

    @property
    def settings(self) -> Settings:
        """What jobs are run by."""
        return self._settings

    def active_jobs(self) -> tuple[ActiveJob, ...]:
        """The jobs accepted and not yet answered, oldest first."""
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

    def jobs(self) -> tuple[Job, ...]:
        """The same, as they are."""
        return tuple(self._jobs.values())

    def find(self, job_id: str) -> Job | None:
        """The job of that id, as long as it is not answered."""
        return self._jobs.get(job_id)

    def accept(self, submission: Submission, ticket: Ticket) -> Job:
        """Take a submission on: `run` must follow at once, and ends it in exactly one result.

        Raises InvalidSubmissionError when it can't ever run here, and DrainingError when there is
        no time left for it: its ticket is older than the drain.
        """
        if self._has_ended:
            raise DrainingError
        job_id = secrets.token_hex(8)
        programs = submission.programs
        images = [self._installed(program) for program in programs]
        plans = [
            make_plan(job_id, program, image, self._settings)
            for program, image in zip(programs, images, strict=True)
        ]
        plans = fit_together(plans, self._admission.memory_mb)
        place = self._admission.enqueue(ticket, sum(plan.sandbox_memory_mb for plan in plans))
        job, *helpers = (
            Job(job_id, program, image, plan, place, ticket.key)
            for program, image, plan in zip(programs, images, plans, strict=True)
        )
        job.helper = helpers[0] if helpers else None
        for each in filter(None, (job, job.helper)):
            each.caches = self._settings.compile_cache_bytes > 0
            each.is_helper = each is not job
        self._jobs[job_id] = job
        self._idle.clear()
        return job

    def _installed(self, submission: Submission) -> InstalledLanguage:
        if submission.language not in self.catalog:  # since it was checked
            raise InvalidSubmissionError("Unsupported language", field="language")
        return self.catalog[submission.language]

    def images_in_use(self) -> frozenset[str]:
        """The digests of the images that jobs under way were planned for."""
        jobs = [each for job in self._jobs.values() for each in (job, job.helper) if each]
        return frozenset(job.installed.digest for job in jobs)

    async def run(
        self, job: Job, listener: Listener = SILENCE, live: StdinStream | None = None
    ) -> JobResult:
        """Run an accepted job to its result. Anything that is our own fault is `internal_error`.

        `live` goes on to the program's stdin while it runs, and is closed with the job. Cancelling
        this is the client's going away: the job ends, as `cancelled`.
        """
        job.live = live
        try:
            async with job.timer:
                await self._reserve_and_run(job, listener)
        except TimeoutError:
            if job.timer.expired():
                job.ended = (Verdict.CANCELLED, job.cancelled_by)
            else:
                log.exception("job_failed", job_id=job.id)
                job.failure = Failure.INTERNAL_ERROR
        except asyncio.CancelledError:
            job.ended = (Verdict.CANCELLED, Cause.CLIENT)
            raise
        except Exception:
            log.exception("job_failed", job_id=job.id)
            job.failure = Failure.INTERNAL_ERROR
        finally:
            if live is not None:
                live.close()
            result = self._settle(job)
        return result

    async def finish(self, timeout_s: float) -> None:
        """Let the jobs under way end; after `timeout_s` they end as cancelled, by `drain`."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._idle.wait()
        self.end_all(Cause.DRAIN)
        await self._idle.wait()

    def end_all(self, cause: Cause) -> None:
        """End every job under way now, as cancelled by `cause`, and take no more."""
        self._has_ended = True
        for job in self._jobs.values():
            self.end(job, cause)

    def end(self, job: Job, cause: Cause) -> None:
        """End a job under way now, as cancelled by `cause`: its `run` returns the result."""
        job.cancelled_by = cause
        with contextlib.suppress(RuntimeError):  # its own deadline has just passed
            job.timer.reschedule(asyncio.get_running_loop().time())

    def end_all_of(self, owners: Collection[str], cause: Cause) -> None:
        """The same for the jobs of these keys alone; whether more are taken is not said here."""
        for job in self._jobs.values():
            if job.owner in owners:
                self.end(job, cause)

    async def drain(self) -> None:
        """Wait until every container of an ended job is removed."""
        while self._retiring:
            await asyncio.wait(tuple(self._retiring))

    def _settle(self, job: Job) -> JobResult:
        """The job is over: its result is made, counted and logged, once."""
        del self._jobs[job.id]
        if not self._jobs:
            self._idle.set()
        result = job.result()
        self.statistics.record(result)
        times, exceeded = result.timings, exceeded_ms(result)
        log.info(
            "job",
            job_id=job.id,
            key=job.owner,
            language=result.language,
            status=result.status.value,
            killed_by=result.killed_by and result.killed_by.value,
            exceeded_ms=exceeded and round(exceeded, 1),
            container=job.container,
            pool=times.pool,
            compile_cache=times.compile_cache,
            queue_ms=round(times.queue_ms, 1),
            sandbox_ms=round(times.sandbox_ms, 1),
            compile_ms=round(times.compile_ms, 1),
            run_ms=round(times.run_ms, 1),
            total_ms=round(times.total_ms, 1),
        )
        return result

    async def _reserve_and_run(self, job: Job, listener: Listener) -> None:
        position = job.place.position
        listener.send(Queued(position))
        reservation = await job.place.reservation()
        job.reserved_at = time.monotonic()
        try:
            if position:
                listener.send(Queued(0))
            if job.cancelled_by is Cause.DEADLINE:  # else the timer has been set already
                deadline = asyncio.get_running_loop().time() + self._settings.max_job_ms / 1000
                job.timer.reschedule(deadline)
            means = Means(self.pool, self.cache, self._settings.engine_patience)
            await attempt(job, means, listener)
            while await self._goes_on(job, reservation, listener):
                await attempt(job, means, listener)
        finally:
            self._retire(job, reservation)

    async def _goes_on(self, job: Job, reservation: Reservation, listener: Listener) -> bool:
        """Whether there is to be another attempt, for which all is ready then."""
        if job.failure is None and job.wants_memory:
            await close_all(job)  # none waits for memory that holds some: they'd block
            await reservation.exchange(job.memory_mb)
            job.attempts -= 1  # it was not lost
            job.begin_anew()
            return True
        return await self._is_worth_another(job, listener)

    async def _is_worth_another(self, job: Job, listener: Listener) -> bool:
        """Whether the job was lost through no fault of the program's, and nobody has seen of it.

        Nor must its program have been given live input, which can't be said to another.

        Waits for an engine that has gone away, ENGINE_PATIENCE at most. If so, the job is as new,
        but for the tests it has the results of.
        """
        was_told = job.live is not None and job.live.was_given
        if job.failure is None or was_told or (listener.has_heard and not job.can_go_on):
            return False
        if not job.has_come_far:
            return False
        if not await self._watch.wait_until_back(self._settings.engine_patience):
            return False
        await close_all(job)
        job.begin_anew()
        return True

    def _retire(self, job: Job, reservation: Reservation) -> None:
        """Remove the job's containers behind the answer's back; then free its slot."""

        async def remove() -> None:
            try:
                await close_all(job)
                if job.comparing is not None:
                    await asyncio.wait([job.comparing])
            finally:
                reservation.release()
                self.pool.poke()

        task = asyncio.create_task(remove(), name=f"retire {job.id}")
        self._retiring.add(task)
        task.add_done_callback(self._retiring.discard)
