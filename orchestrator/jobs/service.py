"""The one way through: from a checked submission to its one result.

reserve (memory, slot) - open a sandbox - send files - compile - run - judge - result
finally: remove the container, then release the reservation
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import structlog

from orchestrator.errors import EngineError, EngineUnavailableError, SandboxError
from orchestrator.jobs.admission import Admission, Reservation, Ticket
from orchestrator.jobs.model import (
    ActiveJob,
    Cause,
    Failure,
    JobResult,
    StageResult,
    Submission,
    Timings,
    Verdict,
)
from orchestrator.jobs.plan import Plan, make_plan
from orchestrator.jobs.verdict import Captured, MemoryRule, judge_stage
from orchestrator.languages.model import InstalledLanguage
from orchestrator.languages.registry import Registry
from orchestrator.sandbox.backend import Backend, Sandbox
from orchestrator.sandbox.model import Stage, Stream
from orchestrator.settings import Settings

log = structlog.get_logger(__name__)


@dataclass(slots=True, eq=False)
class _Job:
    """A job under way and what is known of it so far."""

    id: str
    submission: Submission
    installed: InstalledLanguage
    plan: Plan
    accepted_at: float
    reserved_at: float | None = None
    timer: asyncio.Timeout = field(default_factory=lambda: asyncio.timeout(None))
    cancelled_by: Cause = Cause.DEADLINE
    openings: list[asyncio.Task[Sandbox]] = field(default_factory=list)
    sandbox_s: float = 0.0
    compile: StageResult | None = None
    run: StageResult | None = None
    failure: Failure | None = None
    ended: tuple[Verdict, Cause | None] | None = None


class _Capture:
    """Keeps a stage's output. The agent caps it; the cap here is what bounds our memory anyway."""

    def __init__(self, stage: Stage) -> None:
        self._buffers = {Stream.STDOUT: bytearray(), Stream.STDERR: bytearray()}
        self._limits = {Stream.STDOUT: stage.stdout_limit, Stream.STDERR: stage.stderr_limit}

    async def take(self, stream: Stream, data: bytes) -> None:
        buffer = self._buffers[stream]
        buffer += data[: self._limits[stream] - len(buffer)]

    def result(self) -> Captured:
        return Captured(bytes(self._buffers[Stream.STDOUT]), bytes(self._buffers[Stream.STDERR]))


class JobService:
    """Runs jobs. One per server."""

    def __init__(
        self,
        settings: Settings,
        backend: Backend,
        admission: Admission,
        registry: Registry,
        installed: Mapping[str, InstalledLanguage],
    ) -> None:
        """`installed`: by language id, for every language of the registry that may be used."""
        self.registry = registry
        self.installed = installed
        self._settings = settings
        self._backend = backend
        self._admission = admission
        self._jobs: dict[str, _Job] = {}
        self._retiring: set[asyncio.Task[None]] = set()
        self._idle = asyncio.Event()
        self._idle.set()

    def active_jobs(self) -> tuple[ActiveJob, ...]:
        """The jobs accepted and not yet answered, oldest first."""
        now = time.monotonic()
        return tuple(
            ActiveJob(job.id, job.submission.language, int((now - job.accepted_at) * 1000))
            for job in self._jobs.values()
        )

    async def execute(self, submission: Submission, ticket: Ticket) -> JobResult:
        """Run a submission to its one result.

        Raises InvalidSubmissionError when it can't ever run here; cancelling ends the job. Anything
        that is our own fault is a result of `internal_error`.
        """
        job = self._accept(submission)
        self._jobs[job.id] = job
        self._idle.clear()
        try:
            async with job.timer:
                await self._reserve_and_run(job, ticket)
        except TimeoutError:
            job.ended = (Verdict.CANCELLED, job.cancelled_by)
        finally:
            self._forget(job)
        result = _result(job, time.monotonic())
        log.info(
            "job",
            id=job.id,
            language=result.language,
            status=result.status.value,
            total_ms=round(result.timings.total_ms),
        )
        return result

    async def finish(self, timeout_s: float) -> None:
        """Let the jobs under way end; after `timeout_s` they end as cancelled, by `drain`."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._idle.wait()
        for job in self._jobs.values():
            job.cancelled_by = Cause.DRAIN
            with contextlib.suppress(RuntimeError):  # its own deadline has just passed
                job.timer.reschedule(asyncio.get_running_loop().time())
        await self._idle.wait()

    async def drain(self) -> None:
        """Wait until every container of an ended job is removed."""
        while self._retiring:
            await asyncio.wait(tuple(self._retiring))

    def _accept(self, submission: Submission) -> _Job:
        job_id = secrets.token_hex(8)
        installed = self.installed[submission.language]
        plan = make_plan(job_id, submission, installed, self._settings)
        return _Job(job_id, submission, installed, plan, accepted_at=time.monotonic())

    def _forget(self, job: _Job) -> None:
        del self._jobs[job.id]
        if not self._jobs:
            self._idle.set()

    async def _reserve_and_run(self, job: _Job, ticket: Ticket) -> None:
        reservation = await self._admission.reserve(ticket, job.plan.sandbox_memory_mb)
        job.reserved_at = time.monotonic()
        try:
            if job.cancelled_by is not Cause.DRAIN:  # which has set the timer already
                deadline = asyncio.get_running_loop().time() + self._settings.max_job_ms / 1000
                job.timer.reschedule(deadline)
            await self._attempt(job)
            if job.failure is Failure.INTERNAL_ERROR:
                # Lost through no fault of the program's, and nobody has seen output: once more.
                await self._close_all(job)
                job.compile = job.run = job.failure = None
                await self._attempt(job)
        finally:
            self._retire(job, reservation)

    async def _attempt(self, job: _Job) -> None:
        """One sandbox, the whole job in it; what came of it is written into `job`."""
        try:
            sandbox = await self._open(job)
            await sandbox.send_files(job.plan.files, build=job.plan.compile is not None, work=True)
            if await self._compiles(job, sandbox) and await self._fits(job, sandbox):
                job.run = await self._stage(job, sandbox, job.plan.run)
        except EngineUnavailableError as err:
            log.warning("engine_unavailable", id=job.id, error=str(err))
            job.failure = Failure.ENGINE_UNAVAILABLE
        except (EngineError, SandboxError) as err:
            log.error("sandbox_failed", id=job.id, error=str(err))
            job.failure = Failure.INTERNAL_ERROR

    async def _open(self, job: _Job) -> Sandbox:
        started = time.monotonic()
        opening = asyncio.create_task(self._backend.open(job.plan.sandbox), name=f"open {job.id}")
        job.openings.append(opening)
        # Shielded: whoever hangs up meanwhile keeps the slot until the container is gone again.
        sandbox = await asyncio.shield(opening)
        job.sandbox_s += time.monotonic() - started
        return sandbox

    async def _compiles(self, job: _Job, sandbox: Sandbox) -> bool:
        if job.plan.compile is None:
            return True
        job.compile = await self._stage(job, sandbox, job.plan.compile)
        return job.compile.status is Verdict.ACCEPTED

    async def _fits(self, job: _Job, sandbox: Sandbox) -> bool:
        """Lower the limits to the run's; False when what compile left alone exceeds them."""
        plan = job.plan
        if not plan.run_has_other_limits:
            return True
        if await sandbox.set_limits(plan.run_memory_bytes, plan.run_processes):
            return True
        job.run = StageResult(Verdict.MEMORY_LIMIT, killed_by=Cause.MEMORY)
        return False

    async def _stage(self, job: _Job, sandbox: Sandbox, stage: Stage) -> StageResult:
        capture = _Capture(stage)
        outcome = await sandbox.run_stage(stage, capture.take)
        memory = MemoryRule(
            job.submission.limits.memory_mb * 1024, job.installed.language.memory_error
        )
        result = judge_stage(stage.kind, outcome, capture.result(), memory)
        if result.status is Verdict.INTERNAL_ERROR:
            log.warning("sandbox_lost", id=job.id, outcome=str(outcome))
            job.failure = Failure.INTERNAL_ERROR
        return result

    async def _close_all(self, job: _Job) -> None:
        """Close what was opened, and what is still being opened once it is."""
        while job.openings:
            try:
                sandbox = await job.openings.pop()
            except (EngineError, SandboxError):
                continue  # said by whoever waited for it; nothing was left behind
            try:
                await sandbox.close()
            except EngineError as err:
                log.warning("left_to_the_sweep", id=job.id, error=str(err))

    def _retire(self, job: _Job, reservation: Reservation) -> None:
        """Remove the job's containers behind the answer's back; then free its slot."""

        async def remove() -> None:
            try:
                await self._close_all(job)
            finally:
                reservation.release()

        task = asyncio.create_task(remove(), name=f"retire {job.id}")
        self._retiring.add(task)
        task.add_done_callback(self._retiring.discard)


def _result(job: _Job, now: float) -> JobResult:
    status, killed_by = job.ended or _status(job)
    return JobResult(
        id=job.id,
        language=job.submission.language,
        version=job.installed.version,
        status=status,
        killed_by=killed_by,
        compile=job.compile,
        run=job.run,
        timings=Timings(
            queue_ms=((job.reserved_at or now) - job.accepted_at) * 1000,
            sandbox_ms=job.sandbox_s * 1000,
            compile_ms=_wall_ms(job.compile),
            run_ms=_wall_ms(job.run),
            total_ms=(now - job.accepted_at) * 1000,
        ),
        encoding=job.submission.encoding,
        warnings=job.submission.warnings,
        failure=job.failure,
    )


def _status(job: _Job) -> tuple[Verdict, Cause | None]:
    """The job's verdict: that of its last stage, unless the fault was ours."""
    last = job.run or job.compile
    if job.failure is not None or last is None:
        return Verdict.INTERNAL_ERROR, Cause.ENGINE
    return last.status, last.killed_by


def _wall_ms(stage: StageResult | None) -> float:
    return (stage.wall_ms if stage is not None else None) or 0.0
