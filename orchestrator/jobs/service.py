"""The job service: the only path from a validated submission to its one result.

`accept` enqueues the job. `run` does the rest: reserve memory and a slot, attempt the job (lease,
send, compile, run or judge) until an attempt counts, settle.
"""

from __future__ import annotations

import asyncio
import secrets
import time

import structlog

from orchestrator.errors import (
    DrainingError,
    EngineError,
    EngineShortageError,
    EngineUnavailableError,
    InvalidSubmissionError,
    SandboxError,
)
from orchestrator.jobs.attempt import Attempt, ProgramProgress
from orchestrator.jobs.compile_cache import CompileCache
from orchestrator.jobs.events import NULL_LISTENER, DeduplicatingListener, Listener, Queued
from orchestrator.jobs.job import Job
from orchestrator.jobs.job_registry import JobRegistry
from orchestrator.jobs.job_result import log_result, make_result
from orchestrator.jobs.judging.tests import judge_tests
from orchestrator.jobs.leased_sandbox import Leases
from orchestrator.jobs.model import Cause, Failure, JobResult, Submission
from orchestrator.jobs.plan import fit_compile_memory, make_plan
from orchestrator.jobs.preparation import lease, send_and_compile
from orchestrator.jobs.program import Program
from orchestrator.jobs.queue.admission import Admission, Reservation, Ticket
from orchestrator.jobs.stages import run_program
from orchestrator.jobs.statistics import Statistics
from orchestrator.jobs.watch import EngineWatch
from orchestrator.languages.catalog import Catalog
from orchestrator.languages.model import InstalledLanguage
from orchestrator.sandbox.contract import Backend
from orchestrator.sandbox.pool import Pool
from orchestrator.sandbox.stdin import StdinStream
from orchestrator.settings import Settings

log = structlog.get_logger(__name__)


class JobService(JobRegistry):
    """Accepts submissions and runs each as a job. One per server."""

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
        """`catalog`: the languages served, which may change from one job to the next.

        `watch`: tells when a lost engine is back (default: one of its own). `pool`: the source of
        sandboxes (default: one that keeps none ready).
        """
        super().__init__()
        self.catalog = catalog
        self.statistics = Statistics()
        self._settings = settings
        self.pool = pool or Pool(backend, {})
        self.cache = CompileCache(settings.compile_cache_bytes)
        self._admission = admission
        self._watch = watch or EngineWatch(backend)
        self._retiring: set[asyncio.Task[None]] = set()

    @property
    def settings(self) -> Settings:
        """The settings that jobs run under."""
        return self._settings

    def accept(self, submission: Submission, ticket: Ticket) -> Job:
        """Accept and enqueue a submission; the caller must pass the job to `run` at once.

        Raises InvalidSubmissionError when it can never run on this server, DrainingError when a
        drain has already ended all jobs, RevokedKeyError when its key is gone.
        """
        if self._has_ended:
            raise DrainingError
        job_id = secrets.token_hex(8)
        program, *checkers = self._plan(job_id, submission, ticket.key)
        checker = checkers[0] if checkers else None
        memory_mb = sum(each.plan.sandbox_memory_mb for each in (program, *checkers))
        job = Job(
            id=job_id,
            owner=ticket.key,
            queue_entry=self._admission.enqueue(ticket, memory_mb),
            program=program,
            checker=checker,
            attempt=Attempt(
                ProgramProgress(program), None if checker is None else ProgramProgress(checker)
            ),
        )
        self._add(job)
        return job

    async def run(
        self, job: Job, listener: Listener = NULL_LISTENER, stdin: StdinStream | None = None
    ) -> JobResult:
        """Run an accepted job and return its one result; our own faults are `internal_error`.

        `stdin`: a stream for the running program's stdin, closed when the job ends. Cancelling this
        call means that the client has gone: the job ends as `cancelled`.
        """
        job.stdin = stdin
        try:
            async with job.timer:
                await self._reserve_and_attempt(job, DeduplicatingListener(listener))
        except asyncio.CancelledError:
            job.is_cancelled, job.cancelled_by = True, Cause.CLIENT
            raise
        except Exception as err:
            job.is_cancelled = isinstance(err, TimeoutError) and job.timer.expired()
            if not job.is_cancelled:
                log.exception("job_failed", job_id=job.id)
                job.attempt.fault = Failure.INTERNAL_ERROR
        finally:
            if stdin is not None:
                stdin.close()
            result = self._settle(job)
        return result

    async def _reserve_and_attempt(self, job: Job, listener: Listener) -> None:
        position = job.queue_entry.position
        listener.send(Queued(position))
        reservation = await job.queue_entry.reservation()
        job.reserved_at = time.monotonic()
        try:
            if position:
                listener.send(Queued(0))
            if job.cancelled_by is Cause.DEADLINE:  # else the timer has been set already
                deadline = asyncio.get_running_loop().time() + self._settings.max_job_ms / 1000
                job.timer.reschedule(deadline)
            await self._attempt_until_it_counts(job, reservation, listener)
        finally:
            self._retire(job, reservation)

    async def _attempt_until_it_counts(
        self, job: Job, reservation: Reservation, listener: Listener
    ) -> None:
        """Attempt the job again while its compiler needs more memory, or an attempt was lost.

        An attempt is lost to a fault of the engine or of this server. Before the retry the engine
        has to be back, within `engine_patience` seconds.
        """
        patience_s = self._settings.engine_patience
        while True:
            await self._attempt(job, listener)
            if job.attempt.needs_memory:
                await job.close_sandboxes()  # first: a job that waits for memory may hold none
                await reservation.exchange(job.memory_mb)
                job.begin_attempt(after_loss=False)
            elif job.may_retry(listener) and await self._watch.wait_until_back(patience_s):
                await job.close_sandboxes()
                job.begin_attempt(after_loss=True)
            else:
                return

    async def _attempt(self, job: Job, listener: Listener) -> None:
        """Lease, send, compile; then run, or judge the tests left. Fills in `job.attempt`."""
        attempt, program, is_retry = job.attempt, job.attempt.program, job.attempt.is_retry
        try:
            sandbox = await lease(program, is_retry=is_retry)
            is_ready = await send_and_compile(program, sandbox, listener, is_retry=is_retry)
            if is_ready and job.submission.judging is not None:
                await judge_tests(attempt, job.submission.judging, sandbox, listener)
            elif is_ready:
                attempt.run = await run_program(job, sandbox, listener)
        except (EngineError, SandboxError) as err:
            attempt.fault = _fault(job.id, err)

    def _retire(self, job: Job, reservation: Reservation) -> None:
        """Remove the job's containers, then release its slot, in the background."""

        async def remove() -> None:
            try:
                await job.close_sandboxes()
                if job.attempt.comparison is not None:
                    await asyncio.wait([job.attempt.comparison])
            finally:
                reservation.release()
                self.pool.wake()

        task = asyncio.create_task(remove(), name=f"retire {job.id}")
        self._retiring.add(task)
        task.add_done_callback(self._retiring.discard)

    def _settle(self, job: Job) -> JobResult:
        """Make, count and log the result of a job that is over; once per job."""
        self._remove(job)
        result = make_result(job)
        self.statistics.record(result)
        log_result(job, result)
        return result

    def _plan(self, job_id: str, submission: Submission, owner: str) -> list[Program]:
        """Plan the submission's program, then that of its checker or interactor if it has one."""
        parts = [(each, self._installed(each)) for each in submission.programs]
        plans = [make_plan(job_id, part, image, self._settings) for part, image in parts]
        plans = fit_compile_memory(plans, self._admission.memory_mb)
        return [
            Program(
                job_id,
                owner,
                part,
                image,
                plan,
                Leases(self.pool, job_id, patience_s=self._settings.engine_patience),
                self.cache if self._settings.compile_cache_bytes > 0 else None,
                is_cached_always=part is not submission,
            )
            for (part, image), plan in zip(parts, plans, strict=True)
        ]

    def _installed(self, submission: Submission) -> InstalledLanguage:
        if submission.language not in self.catalog:  # no longer: it was when it was validated
            raise InvalidSubmissionError("Unsupported language", field="language")
        return self.catalog[submission.language]

    async def drain(self) -> None:
        """Wait until the containers of all jobs that have ended are removed."""
        while self._retiring:
            await asyncio.wait(tuple(self._retiring))


def _fault(job_id: str, err: EngineError | SandboxError) -> Failure:
    if isinstance(err, EngineUnavailableError | EngineShortageError):
        log.warning("engine_unavailable", job_id=job_id, error=str(err))
        return Failure.ENGINE_UNAVAILABLE
    log.error("sandbox_failed", job_id=job_id, error=str(err))
    return Failure.INTERNAL_ERROR
