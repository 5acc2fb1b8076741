"""A job under way, and the result it comes to."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field

from orchestrator.jobs.admission import Place
from orchestrator.jobs.cache import Key
from orchestrator.jobs.model import (
    Cause,
    Failure,
    JobResult,
    Phase,
    StageResult,
    Submission,
    Timings,
    Verdict,
)
from orchestrator.jobs.plan import Plan
from orchestrator.languages.model import InstalledLanguage
from orchestrator.sandbox.model import StageKind
from orchestrator.sandbox.pool import Lease


@dataclass(slots=True, eq=False)
class Job:
    """A job under way and what is known of it so far. Made by `JobService.accept` only."""

    id: str
    submission: Submission
    installed: InstalledLanguage
    plan: Plan
    place: Place
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
    cache_key: Key | None = None
    restore_s: float | None = None
    """How long it took to put a cached compilation in place; None where that was not done."""
    announced: set[StageKind] = field(default_factory=set)
    compile: StageResult | None = None
    run: StageResult | None = None
    failure: Failure | None = None
    ended: tuple[Verdict, Cause] | None = None

    def begin_anew(self) -> None:
        """Forget what came of an attempt that was lost."""
        self.compile = self.run = self.failure = self.restore_s = None

    def result(self) -> JobResult:
        """What it came to, now that it is over."""
        now = time.monotonic()
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
                run_ms=_wall_ms(self.run),
                total_ms=(now - self.accepted_at) * 1000,
                pool="hit" if self.is_pool_hit else "miss",
                compile_cache=self._compile_cache(),
            ),
            encoding=self.submission.encoding,
            warnings=self.submission.warnings,
            failure=self.failure,
        )

    def _compile_ms(self) -> float:
        return _wall_ms(self.compile) if self.restore_s is None else self.restore_s * 1000

    def _compile_cache(self) -> str | None:
        if self.cache_key is None:
            return None
        return "miss" if self.restore_s is None else "hit"

    def _status(self) -> tuple[Verdict, Cause | None]:
        """The job's verdict: that of its last stage, unless the fault was ours."""
        last = self.run or self.compile
        if self.failure is not None or last is None:
            return Verdict.INTERNAL_ERROR, Cause.ENGINE
        return last.status, last.killed_by


def _wall_ms(stage: StageResult | None) -> float:
    return (stage.wall_ms if stage is not None else None) or 0.0
