"""A job: who sent it, what is to be run, when it ends, and the attempt under way."""

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
    """A job under way, as `/stats` shows it. `duration_ms` since it was accepted."""

    id: str
    language: str
    duration_ms: int
    phase: Phase = Phase.QUEUED
    owner: str = ""
    """The name of the key that sent it."""


@dataclass(slots=True, eq=False)
class Job:
    """An accepted submission. Made by `JobService.accept` only."""

    id: str
    owner: str
    """The name of the key that sent it."""
    queue_entry: QueueEntry
    program: Program
    checker: Program | None
    """Its checker program or interactor, which is sent along with it."""
    attempt: Attempt
    """The one under way, or the last; before the first, the first."""
    stdin: StdinStream | None = None
    """What the program is told while it runs."""
    accepted_at: float = field(default_factory=time.monotonic)
    reserved_at: float | None = None
    timer: asyncio.Timeout = field(default_factory=lambda: asyncio.timeout(None))
    cancelled_by: Cause = Cause.DEADLINE
    """By whom it is cancelled when its timer has run out."""
    is_cancelled: bool = False

    @property
    def submission(self) -> Submission:
        """What was sent."""
        return self.program.submission

    @property
    def installed(self) -> InstalledLanguage:
        """The submission's language."""
        return self.program.installed

    @property
    def programs(self) -> tuple[Program, ...]:
        """All that have sandboxes of their own."""
        return (self.program,) if self.checker is None else (self.program, self.checker)

    @property
    def memory_mb(self) -> int:
        """What it reserves, in MiB."""
        return sum(program.plan.sandbox_memory_mb for program in self.programs)

    @property
    def phase(self) -> Phase:
        """Where it is."""
        return self.attempt.program.phase

    @property
    def container(self) -> str | None:
        """The container its own program is in, or was in last."""
        last = self.program.leases.last
        return None if last is None else last.container

    @property
    def finished_tests(self) -> int:
        """How many of its tests have a result."""
        return len(self.attempt.tests)

    @property
    def remaining_s(self) -> float:
        """How long it has until it is ended from outside, as things stand."""
        ends_at = self.timer.when()
        if ends_at is None:
            return math.inf
        return ends_at - asyncio.get_running_loop().time()

    @property
    def can_resume(self) -> bool:
        """Whether another attempt repeats nothing that was reported.

        A test is reported when it is finished, and not run again.
        """
        is_compiled = self.program.plan.compile is None or self.attempt.program.is_compiled
        return self.submission.judging is not None and is_compiled

    def may_retry(self, listener: Listener) -> bool:
        """Whether the attempt was lost, and another can be made without anybody noticing.

        A second one, and each after it, must have brought further tests' results. Nobody must have
        heard of what would be repeated, and the program must not have been given input from
        outside, which can't be given to another.
        """
        attempt = self.attempt
        if attempt.failure is None or (attempt.is_retry and not attempt.has_new_results):
            return False
        if self.stdin is not None and self.stdin.was_attached:
            return False
        return self.can_resume or not listener.has_heard

    def begin_attempt(self, *, after_loss: bool) -> None:
        """Make the next attempt the one under way; `after_loss`: the last was lost."""
        is_retry = self.attempt.is_retry or after_loss
        self.attempt = self.attempt.next(is_retry=is_retry, resumes=self.can_resume)

    async def close_sandboxes(self) -> None:
        """Close all sandboxes that were leased for it, the checker's first."""
        for program in reversed(self.programs):
            await program.leases.close()
