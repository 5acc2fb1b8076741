"""One attempt at a job, as data: how far it has come, and what the next one begins with."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from orchestrator.jobs.model import Failure, Phase, StageResult, TestResult, Verdict
from orchestrator.jobs.program import Program


@dataclass(slots=True, eq=False)
class Progress:
    """How far an attempt has come with one program, the submission's or its checker's."""

    program: Program
    phase: Phase = Phase.QUEUED
    compile: StageResult | None = None
    restored_s: float | None = None
    """How long it took to put a cached compilation in place; None: that was not done."""
    needs_memory: bool = False
    """Its compiler met the sandbox's memory, and may have more: the plan says how much by now."""
    is_lost: bool = False
    """Its sandbox was lost through no fault of the program's."""

    @property
    def is_compiled(self) -> bool:
        """Whether it was compiled cleanly."""
        return self.compile is not None and self.compile.status is Verdict.ACCEPTED

    @property
    def is_refused(self) -> bool:
        """Whether it was compiled, and not cleanly."""
        return self.compile is not None and not self.is_compiled


@dataclass(slots=True, eq=False)
class Attempt:
    """One try at a job."""

    program: Progress
    checker: Progress | None = None
    is_retry: bool = False
    """One was lost before: nothing that waits in the pool or is cached is trusted any more."""
    run: StageResult | None = None
    tests: list[TestResult] = field(default_factory=list)
    """The results there are, those of earlier attempts included."""
    earlier_tests: int = 0
    """How many of them earlier attempts had brought."""
    fault: Failure | None = None
    """An error of the engine's, or of ours, that ended it."""
    comparison: asyncio.Task[TestResult] | None = None
    """In a thread, which nothing can stop: the job's slot is its own until it ends."""

    @property
    def failure(self) -> Failure | None:
        """Why it came to nothing through no fault of the program's; None: it did not."""
        if self.fault is None and any(each.is_lost for each in self._programs()):
            return Failure.INTERNAL_ERROR
        return self.fault

    @property
    def needs_memory(self) -> bool:
        """Whether it ended because a compiler needs more memory than was reserved."""
        return self.failure is None and any(each.needs_memory for each in self._programs())

    @property
    def has_new_results(self) -> bool:
        """Whether there are results of tests that earlier attempts had not brought."""
        return len(self.tests) > self.earlier_tests

    def next(self, *, is_retry: bool, resumes: bool) -> Attempt:
        """The attempt after it. `resumes`: what this one compiled is not reported once more."""
        program, checker = self.program, self.checker
        following = Progress(program.program, Phase.CREATING)
        if resumes:
            following.compile, following.restored_s = program.compile, program.restored_s
        return Attempt(
            program=following,
            checker=None if checker is None else Progress(checker.program),
            is_retry=is_retry,
            tests=self.tests,
            earlier_tests=len(self.tests),
        )

    def _programs(self) -> tuple[Progress, ...]:
        return (self.program,) if self.checker is None else (self.program, self.checker)
