"""Makes a job's result out of its last attempt."""

from __future__ import annotations

import time

import structlog

from orchestrator.jobs.job import Job
from orchestrator.jobs.judging.scoring import (
    exceeded_ms,
    overall_verdict,
    skipped_result,
    summarise,
)
from orchestrator.jobs.model import (
    Cause,
    JobResult,
    Judging,
    StageResult,
    TestResult,
    Timings,
    Verdict,
)

log = structlog.get_logger(__name__)


def make_result(job: Job) -> JobResult:
    """Return the result of a job that has ended."""
    attempt, judging = job.attempt, job.submission.judging
    tests = None if judging is None else _all_tests(attempt.tests, judging)
    status, killed_by = _status(job)
    return JobResult(
        id=job.id,
        language=job.submission.language,
        version=job.installed.version,
        status=status,
        killed_by=killed_by,
        compile=attempt.program.compile,
        run=attempt.run,
        timings=_timings(job, tests),
        encoding=job.submission.encoding,
        warnings=job.submission.warnings,
        failure=attempt.failure,
        tests=tests,
        summary=None if tests is None or judging is None else summarise(judging.tests, tests),
        checker=None if attempt.checker is None else attempt.checker.compile,
    )


def log_result(job: Job, result: JobResult) -> None:
    """Log the job's summary line (event `job`)."""
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


def _all_tests(results: list[TestResult], judging: Judging) -> tuple[TestResult, ...]:
    """Return a result for every test; a test without one was skipped."""
    return (*results, *map(skipped_result, judging.tests[len(results) :]))


def _status(job: Job) -> tuple[Verdict, Cause | None]:
    """Return the job's verdict and cause; a cancellation or a fault of ours goes first."""
    attempt, judging = job.attempt, job.submission.judging
    if job.is_cancelled:
        return Verdict.CANCELLED, job.cancelled_by
    if attempt.failure is not None:
        return Verdict.INTERNAL_ERROR, Cause.ENGINE
    if attempt.checker is not None and attempt.checker.is_refused:
        return Verdict.CHECKER_ERROR, None
    if judging is not None and job.can_resume and len(attempt.tests) == len(judging.tests):
        return overall_verdict(attempt.tests)
    last = attempt.run or attempt.program.compile
    if last is None or job.can_resume:
        return Verdict.INTERNAL_ERROR, Cause.ENGINE
    return last.status, last.killed_by


def _timings(job: Job, tests: tuple[TestResult, ...] | None) -> Timings:
    now = time.monotonic()
    leases = job.program.leases
    run_ms = sum(_wall_ms(test.stage) for test in tests or ()) or _wall_ms(job.attempt.run)
    return Timings(
        queue_ms=((job.reserved_at or now) - job.accepted_at) * 1000,
        sandbox_ms=leases.opening_s * 1000,
        compile_ms=_compile_ms(job),
        run_ms=run_ms,
        total_ms=(now - job.accepted_at) * 1000,
        pool="hit" if leases.last is not None and leases.last.is_hit else "miss",
        compile_cache=_compile_cache(job),
    )


def _compile_ms(job: Job) -> float:
    progress = job.attempt.program
    restored_s = progress.restored_s
    return _wall_ms(progress.compile) if restored_s is None else restored_s * 1000


def _compile_cache(job: Job) -> str | None:
    if job.program.cache_key is None:
        return None
    return "miss" if job.attempt.program.restored_s is None else "hit"


def _wall_ms(stage: StageResult | None) -> float:
    return (stage.wall_ms if stage is not None else None) or 0.0
