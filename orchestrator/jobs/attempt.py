"""One attempt at a job, as data: its progress, and what the next attempt inherits."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from orchestrator.jobs.model import Failure, Phase, StageResult, TestResult, Verdict
from orchestrator.jobs.program import Program


@dataclass(slots=True, eq=False)
class ProgramProgress:
    """The progress of one program (the submission's or its checker's) within an attempt."""

    program: Program
    phase: Phase = Phase.QUEUED
    compile: StageResult | None = None
    restored_s: float | None = None
    """Seconds it took to restore a cached compilation; None when none was restored."""
    needs_memory: bool = False
    """The compiler ran out of memory and may have more; the program's plan already says so."""
    is_lost: bool = False
    """The sandbox was lost through no fault of the program."""

    @property
    def is_compiled(self) -> bool:
        """Whether the program has compiled without an error."""
        return self.compile is not None and self.compile.status is Verdict.ACCEPTED

    @property
    def is_refused(self) -> bool:
        """Whether the compiler has refused the program."""
        return self.compile is not None and not self.is_compiled


@dataclass(slots=True, eq=False)
class Attempt:
    """One attempt to compile and run a job."""

    program: ProgramProgress
    checker: ProgramProgress | None = None
    is_retry: bool = False
    """An earlier attempt was lost, so neither pooled sandboxes nor cached compilations are used."""
    run: StageResult | None = None
    tests: list[TestResult] = field(default_factory=list)
    """The results of all tests that have ended, in this attempt or an earlier one."""
    earlier_tests: int = 0
    """How many of `tests` were already there when this attempt began."""
    fault: Failure | None = None
    """The error of the engine or of this server that ended the attempt."""
    comparison: asyncio.Task[TestResult] | None = None
    """An output comparison in a thread, which can't be stopped: the slot is kept until it ends."""

    @property
    def failure(self) -> Failure | None:
        """Why the attempt was lost, through no fault of the program; None when it was not."""
        if self.fault is None and any(each.is_lost for each in self._programs()):
            return Failure.INTERNAL_ERROR
        return self.fault

    @property
    def needs_memory(self) -> bool:
        """Whether the attempt ended because a compiler needs more memory than is reserved."""
        return self.failure is None and any(each.needs_memory for each in self._programs())

    @property
    def has_new_results(self) -> bool:
        """Whether this attempt has finished at least one test."""
        return len(self.tests) > self.earlier_tests

    def next(self, *, is_retry: bool, resumes: bool) -> Attempt:
        """Return the attempt that follows; it keeps the finished tests.

        `resumes`: it also keeps the result of compiling, which is not reported a second time.
        """
        program, checker = self.program, self.checker
        following = ProgramProgress(program.program, Phase.CREATING)
        if resumes:
            following.compile, following.restored_s = program.compile, program.restored_s
        return Attempt(
            program=following,
            checker=None if checker is None else ProgramProgress(checker.program),
            is_retry=is_retry,
            tests=self.tests,
            earlier_tests=len(self.tests),
        )

    def _programs(self) -> tuple[ProgramProgress, ...]:
        return (self.program,) if self.checker is None else (self.program, self.checker)
