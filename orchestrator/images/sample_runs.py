"""A language's samples, run as anybody's jobs are, and whether each came out as it should."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, replace

import structlog

from orchestrator.errors import InvalidSubmissionError, QueueFullError
from orchestrator.jobs.judging.checkers import Exact, compare
from orchestrator.jobs.model import Cause, JobResult, Limits, StageResult, Submission
from orchestrator.jobs.queue.admission import Admission
from orchestrator.jobs.service import JobService
from orchestrator.languages.model import LimitDefaults, Sample, SampleLimits
from orchestrator.sandbox.model import SourceFile

KEY = "samples"
"""Whose the jobs are, as the queue sees it."""
CPU_MS = 10_000
WALL_MS = 4 * CPU_MS
"""With slack, as a compile has: a sample does not fail because the machine is busy."""
OUTPUT_KB = 128
_SHOWN_LINES = 8
_SHOWN_BYTES = 2000

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SampleResult:
    """How a sample came out; `detail`, of one that failed, is for an admin.

    `wall_ms`: from the sandbox's lease to the answer, without the time in the queue. `first_try`:
    the detail of a first try that failed; empty where one try was enough.
    """

    language: str
    sample: str
    passed: bool
    detail: str
    wall_ms: float
    first_try: str = ""


@dataclass(frozen=True, slots=True)
class Budgets:
    """The CPU time that each stage may use, in ms."""

    compile: int
    run: int


async def run_samples(
    service: JobService, admission: Admission, samples: Iterable[Sample]
) -> AsyncIterator[SampleResult]:
    """Run the samples one after the other, each result as it is known.

    `service.catalog` has each sample's language. Where the queue is full, a sample waits until it
    is not. Raises DrainingError when the server takes no more jobs.
    """
    for sample in samples:
        yield await run_sample(service, admission, sample)


async def run_sample(service: JobService, admission: Admission, sample: Sample) -> SampleResult:
    """Run one sample, and once more if it fails. Raises as `run_samples` does."""
    try:
        first = await _try(service, admission, sample)
        if first.passed:
            return first
        trial = f"{sample.language}/{sample.name}"
        log.info("tried_again", language=sample.language, trial=trial, detail=first.detail)
        return replace(await _try(service, admission, sample), first_try=first.detail)
    except InvalidSubmissionError as err:  # the same whenever it is tried
        return SampleResult(
            sample.language, sample.name, passed=False, detail=str(err), wall_ms=0.0
        )


async def _try(service: JobService, admission: Admission, sample: Sample) -> SampleResult:
    defaults = service.catalog[sample.language].language.limits
    submission = Submission(
        language=sample.language,
        files=tuple(SourceFile(file.path, file.content) for file in sample.files),
        limits=resolve(sample.limits, defaults),
        stdin=sample.input.encode(),
    )
    result = await _run(service, admission, submission)
    budgets = Budgets(service.settings.compile_cpu_ms, submission.limits.cpu_ms)
    problem = judge(sample, result, budgets)
    wall_ms = result.timings.total_ms - result.timings.queue_ms
    return SampleResult(
        sample.language,
        sample.name,
        passed=problem is None,
        detail=problem or "",
        wall_ms=wall_ms,
    )


async def _run(service: JobService, admission: Admission, submission: Submission) -> JobResult:
    while True:
        try:
            with admission.ticket(KEY) as ticket:
                return await service.run(service.accept(submission, ticket))
        except QueueFullError as err:
            await asyncio.sleep(err.retry_after_s)


def resolve(asked: SampleLimits, defaults: LimitDefaults) -> Limits:
    """What a sample is run with: what it asks for, else what is ample, or the language's own."""
    return Limits(
        wall_ms=asked.wall_ms or WALL_MS,
        cpu_ms=asked.cpu_ms or min(CPU_MS, asked.wall_ms or CPU_MS),
        memory_mb=asked.memory_mb or defaults.memory_mb,
        output_bytes=(asked.output_kb or OUTPUT_KB) * 1024,
        processes=asked.processes or defaults.processes,
    )


def judge(sample: Sample, result: JobResult, budgets: Budgets) -> str | None:
    """What is wrong with a result, for an admin: a line, then what the program said; None: nothing.

    Pure.
    """
    run = result.run
    if result.status.value != sample.status:
        outcome = f"{_outcome(result)}{_times(result, budgets)}"
        return _with_words(f"expected {sample.status}, but it came to {outcome}", result)
    if run is None:
        return None
    if sample.exit_code is not None and run.exit_code != sample.exit_code:
        return _with_words(f"expected exit code {sample.exit_code}, got {_exit(run)}", result)
    if sample.stdout is not None:
        difference = compare(Exact(), sample.stdout.encode(), run.stdout)
        if difference is not None:
            place = f"line {difference.line}, column {difference.column}"
            expected, got = (repr(_text(each)) for each in (difference.expected, difference.got))
            return _with_words(f"stdout: {place}: expected {expected}, got {got}", result)
    return None


def _outcome(result: JobResult) -> str:
    cause = f" ({result.killed_by.value})" if result.killed_by else ""
    run = result.run
    ending = f", {_exit(run)}" if run is not None and run.killed_by is None else ""
    return f"{result.status.value}{cause}{ending}"


def _times(result: JobResult, budgets: Budgets) -> str:
    """Of a stage that took too long: whether it was at work, or waited for a busy machine."""
    stage = result.run or result.compile
    if stage is None or stage.killed_by not in {Cause.WALL, Cause.CPU}:
        return ""
    name, budget = ("run", budgets.run) if result.run else ("compile", budgets.compile)
    if stage.cpu_ms is None or stage.wall_ms is None:
        return ""
    return (
        f"; the {name} used {stage.cpu_ms:.0f} of its {budget} ms of CPU in {stage.wall_ms:.0f} ms"
    )


def _exit(run: StageResult) -> str:
    return f"signal {run.signal}" if run.signal is not None else f"exit code {run.exit_code}"


def _with_words(problem: str, result: JobResult) -> str:
    """The problem, and below it the end of what the program, or its compiler, had to say."""
    last = result.run or result.compile
    if last is None:
        return problem
    name = "stderr" if result.run is not None else "compiler"
    said = last.stderr if last.stderr.strip() or result.run is not None else last.stdout
    lines = _text(said[-_SHOWN_BYTES:]).strip().splitlines()[-_SHOWN_LINES:]
    return "\n".join([problem, *(f"{name}: {line}" for line in lines)])


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
