"""A job: its owner, its programs, its deadline, and the current attempt."""

from __future__ import annotations

import asyncio
import math
import time
from dataclasses import dataclass, field

from orchestrator.jobs.attempt import Attempt
from orchestrator.jobs.events import Listener
from orchestrator.jobs.model import Cause, Phase, Submission
from orchestrator.jobs.program import Program
from orchestrator.jobs.queue.admission import QueueEntry
from orchestrator.languages.model import InstalledLanguage
from orchestrator.sandbox.stdin import StdinStream


@dataclass(frozen=True, slots=True)
class ActiveJob:
    """A job that has not ended, as `/stats` shows it. `duration_ms`: since it was accepted."""

    id: str
    language: str
    duration_ms: int
    phase: Phase = Phase.QUEUED
    owner: str = ""
    """The name of the API key that sent it."""


@dataclass(slots=True, eq=False)
class Job:
    """An accepted submission; ends in exactly one result. Only `JobService.accept` makes one."""

    id: str
    owner: str
    """The name of the API key that sent it."""
    queue_entry: QueueEntry
    program: Program
    checker: Program | None
    """The checker program or interactor sent with the submission, if any."""
    attempt: Attempt
    """The current attempt; after the job, the last one."""
    stdin: StdinStream | None = None
    """The stream that feeds the running program's stdin, where a client has one open."""
    accepted_at: float = field(default_factory=time.monotonic)
    reserved_at: float | None = None
    timer: asyncio.Timeout = field(default_factory=lambda: asyncio.timeout(None))
    cancelled_by: Cause = Cause.DEADLINE
    """Why the job is cancelled if `timer` expires."""
    is_cancelled: bool = False

    @property
    def submission(self) -> Submission:
        """The submission this job runs."""
        return self.program.submission

    @property
    def installed(self) -> InstalledLanguage:
        """The submission's language, as installed when the job was accepted."""
        return self.program.installed

    @property
    def programs(self) -> tuple[Program, ...]:
        """The job's programs, each with sandboxes of its own: the submission's, the checker's."""
        return (self.program,) if self.checker is None else (self.program, self.checker)

    @property
    def memory_mb(self) -> int:
        """The memory that the job reserves for all of its programs, in MiB."""
        return sum(program.plan.sandbox_memory_mb for program in self.programs)

    @property
    def phase(self) -> Phase:
        """The phase that the submission's program is in."""
        return self.attempt.program.phase

    @property
    def container(self) -> str | None:
        """The name of the submission's current or last container; None before the first."""
        last = self.program.leases.last
        return None if last is None else last.container

    @property
    def finished_tests(self) -> int:
        """The number of tests that have a result."""
        return len(self.attempt.tests)

    @property
    def remaining_s(self) -> float:
        """Seconds until the job's deadline; infinite before one is set."""
        ends_at = self.timer.when()
        if ends_at is None:
            return math.inf
        return ends_at - asyncio.get_running_loop().time()

    @property
    def can_resume(self) -> bool:
        """Whether a retry would repeat nothing that a listener has already been sent.

        True of a judged job once it has compiled: finished tests have been reported already, and a
        retry does not run them again.
        """
        is_compiled = self.program.plan.compile is None or self.attempt.program.is_compiled
        return self.submission.judging is not None and is_compiled

    def may_retry(self, listener: Listener) -> bool:
        """Return whether the attempt was lost and a retry would go unnoticed.

        The first loss is always retried; a later one only when the lost attempt finished at least
        one more test. Nothing that would be repeated may have been sent to `listener`, and no
        program may have been attached to `stdin`: its input can't be replayed.
        """
        attempt = self.attempt
        if attempt.failure is None or (attempt.is_retry and not attempt.has_new_results):
            return False
        if self.stdin is not None and self.stdin.was_attached:
            return False
        return self.can_resume or not listener.has_heard

    def begin_attempt(self, *, after_loss: bool) -> None:
        """Replace `attempt` by the next one. `after_loss`: the last one was lost."""
        is_retry = self.attempt.is_retry or after_loss
        self.attempt = self.attempt.next(is_retry=is_retry, resumes=self.can_resume)

    async def close_sandboxes(self) -> None:
        """Close every sandbox leased for the job, the checker's first. Idempotent."""
        for program in reversed(self.programs):
            await program.leases.close()
