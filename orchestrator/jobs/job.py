"""A job under way, and the result it comes to."""

from __future__ import annotations

import asyncio
import math
import time
from dataclasses import dataclass, field

from orchestrator.jobs.admission import Place
from orchestrator.jobs.cache import Key
from orchestrator.jobs.model import (
    Cause,
    Failure,
    JobResult,
    Judging,
    Phase,
    StageResult,
    Submission,
    TestResult,
    Timings,
    Verdict,
)
from orchestrator.jobs.plan import Plan
from orchestrator.jobs.scoring import overall, skipped, summarise
from orchestrator.languages.model import InstalledLanguage
from orchestrator.sandbox.model import StageKind
from orchestrator.sandbox.pool import Lease
from orchestrator.sandbox.stdin import StdinStream

ATTEMPTS = 2


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
    """A job under way and what is known of it so far. Made by `JobService.accept` only."""

    id: str
    submission: Submission
    installed: InstalledLanguage
    plan: Plan
    place: Place
    owner: str = ""
    """The name of the key that sent it."""
    accepted_at: float = field(default_factory=time.monotonic)
    phase: Phase = Phase.QUEUED
    reserved_at: float | None = None
    timer: asyncio.Timeout = field(default_factory=lambda: asyncio.timeout(None))
    cancelled_by: Cause = Cause.DEADLINE
    attempts: int = 0
    openings: list[asyncio.Future[Lease]] = field(default_factory=list)
    sandbox_s: float = 0.0
    is_pool_hit: bool = False
    container: str | None = None
    caches: bool = False
    """Whether its compilation may be kept for its owner; `cache_key` is then looked for."""
    is_helper: bool = False
    """A checker program or interactor: what it compiles to is kept whatever is in it."""
    cache_key: Key | None = None
    restore_s: float | None = None
    """How long it took to put a cached compilation in place; None where that was not done."""
    limits_set: tuple[int, int] = (0, 0)
    """Memory in bytes, and processes, that its sandbox has at the moment."""
    announced: set[StageKind] = field(default_factory=set)
    lacks_memory: bool = False
    """Its compiler met the sandbox's memory, and may have more: `plan` says how much by now."""
    live: StdinStream | None = None
    """What the program is told while it runs."""
    compile: StageResult | None = None
    run: StageResult | None = None
    failure: Failure | None = None
    ended: tuple[Verdict, Cause] | None = None
    helper: Job | None = None
    """Its checker program: compiled and run as a job is, but not one that anybody asked for."""
    tests: list[TestResult] = field(default_factory=list)
    comparing: asyncio.Task[TestResult] | None = None
    """In a thread, which nothing can stop: the job's slot is its own until it ends."""
    begun_tests: int = 0
    kept_tests: int = 0
    """How many had their results when the attempt under way began."""

    @property
    def can_go_on(self) -> bool:
        """Whether another attempt need not tell again what was told: tests are told of whole."""
        is_compiled = self.compile is not None and self.compile.status is Verdict.ACCEPTED
        return self.submission.judging is not None and (self.plan.compile is None or is_compiled)

    @property
    def has_come_far(self) -> bool:
        """Whether the attempt under way was the first, or has results that those before had not."""
        return self.attempts < ATTEMPTS or len(self.tests) > self.kept_tests

    @property
    def left_s(self) -> float:
        """How long it has until it is ended from outside, as things stand."""
        ends_at = self.timer.when()
        if ends_at is None:
            return math.inf
        return ends_at - asyncio.get_running_loop().time()

    @property
    def memory_mb(self) -> int:
        """What it reserves, in MiB."""
        helper_mb = self.helper.plan.sandbox_memory_mb if self.helper else 0
        return self.plan.sandbox_memory_mb + helper_mb

    @property
    def wants_memory(self) -> bool:
        """Whether the attempt under way has ended for want of it."""
        return self.lacks_memory or (self.helper is not None and self.helper.lacks_memory)

    def begin_anew(self) -> None:
        """Forget what came of an attempt that was lost, but for the tests that have a result."""
        self.run = self.failure = None
        self.lacks_memory = False
        if not self.can_go_on:
            self.compile = self.restore_s = None
        if self.helper is not None:
            self.helper.begin_anew()
        self.kept_tests = len(self.tests)

    def result(self) -> JobResult:
        """What it came to, now that it is over."""
        now = time.monotonic()
        judging = self.submission.judging
        tests = None if judging is None else self._all_tests(judging)
        status, killed_by = self.ended or self._status()
        return JobResult(
            id=self.id,
            language=self.submission.language,
            version=self.installed.version,
            status=status,
            killed_by=killed_by,
            compile=self.compile,
            run=self.run,
            timings=Timings(
                queue_ms=((self.reserved_at or now) - self.accepted_at) * 1000,
                sandbox_ms=self.sandbox_s * 1000,
                compile_ms=self._compile_ms(),
                run_ms=sum(_wall_ms(test.stage) for test in tests or ()) or _wall_ms(self.run),
                total_ms=(now - self.accepted_at) * 1000,
                pool="hit" if self.is_pool_hit else "miss",
                compile_cache=self._compile_cache(),
            ),
            encoding=self.submission.encoding,
            warnings=self.submission.warnings,
            failure=self.failure,
            tests=tests,
            summary=None if tests is None or judging is None else summarise(judging.tests, tests),
            checker=None if self.helper is None else self.helper.compile,
        )

    def _all_tests(self, judging: Judging) -> tuple[TestResult, ...]:
        """Those that have no result were skipped."""
        return (*self.tests, *map(skipped, judging.tests[len(self.tests) :]))

    def _compile_ms(self) -> float:
        return _wall_ms(self.compile) if self.restore_s is None else self.restore_s * 1000

    def _compile_cache(self) -> str | None:
        if self.cache_key is None:
            return None
        return "miss" if self.restore_s is None else "hit"

    def _status(self) -> tuple[Verdict, Cause | None]:
        """The job's verdict: that of its last stage, or of its tests, unless the fault was ours."""
        if self.failure is not None:
            return Verdict.INTERNAL_ERROR, Cause.ENGINE
        if self.helper is not None and _is_refused(self.helper.compile):
            return Verdict.CHECKER_ERROR, None
        judging = self.submission.judging
        if judging is not None and self.can_go_on and len(self.tests) == len(judging.tests):
            return overall(self.tests)
        last = self.run or self.compile
        if last is None or self.can_go_on:
            return Verdict.INTERNAL_ERROR, Cause.ENGINE
        return last.status, last.killed_by


def _is_refused(compiled: StageResult | None) -> bool:
    return compiled is not None and compiled.status is not Verdict.ACCEPTED


def _wall_ms(stage: StageResult | None) -> float:
    return (stage.wall_ms if stage is not None else None) or 0.0
