"""`run FILE`: one program through the same path as a request, without HTTP."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from orchestrator.cli.exit_codes import NOBODY_READS, OWN_FAULT, SIGNAL_BASE
from orchestrator.cli.file_language import no_language
from orchestrator.components import open_components_beside
from orchestrator.errors import InvalidSubmissionError
from orchestrator.jobs.event_buffer import EventBuffer
from orchestrator.jobs.events import Printed
from orchestrator.jobs.job import Job
from orchestrator.jobs.judging.scoring import exceeded_ms
from orchestrator.jobs.model import JobResult, Limits, Submission
from orchestrator.jobs.queue.admission import Admission
from orchestrator.jobs.service import JobService
from orchestrator.languages.catalog import Catalog
from orchestrator.languages.model import Language
from orchestrator.sandbox.model import SourceFile, Stream
from orchestrator.settings import Settings


async def run_file(
    settings: Settings, file: Path, stdin: bytes, name: str | None, err: Console
) -> int:
    """Run `file`, print what it prints, and return what this process should exit with."""
    async with open_components_beside(settings) as components:
        language = _find_language(components.catalog, file, name, settings.images_dir)
        admission = Admission(slots=1, queue=0, memory_mb=settings.memory_budget)
        service = JobService(settings, components.backend, admission, components.catalog)
        submission = _submission(settings, language, file, stdin)
        try:
            with admission.ticket("cli") as ticket:
                result = await _run_and_print(service, service.accept(submission, ticket))
        except* BrokenPipeError:
            result = None
        finally:
            await service.drain()
    return NOBODY_READS if result is None else _report(result, err)


async def _run_and_print(service: JobService, job: Job) -> JobResult:
    """Raises a group with BrokenPipeError when nobody reads any more; the job has ended then."""
    # The output limit bounds it; a pager must not hold the program up.
    buffer = EventBuffer(sys.maxsize)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_print(buffer))
        result = await service.run(job, buffer)
        buffer.close()
    return result


def _find_language(catalog: Catalog, file: Path, name: str | None, images_dir: Path) -> Language:
    if name is not None:
        found = catalog.find(name)
        if found is None:
            raise InvalidSubmissionError(
                f"--language {name}: unknown; there is {', '.join(catalog.ids)}"
            )
        return found.language
    for each in catalog:
        if file.suffix in each.language.source.extensions:
            return each.language
    raise InvalidSubmissionError(no_language(file, images_dir))


def _submission(settings: Settings, language: Language, file: Path, stdin: bytes) -> Submission:
    return Submission(
        language=language.id,
        files=(SourceFile(file.name, file.read_bytes()),),
        stdin=stdin,
        limits=Limits(
            wall_ms=settings.execution_timeout,
            cpu_ms=settings.execution_timeout,
            memory_mb=language.limits.memory_mb,
            output_bytes=settings.max_output_size,
            processes=language.limits.processes,
        ),
    )


async def _print(buffer: EventBuffer) -> None:
    """Print what the program prints, as it does; a terminal that is slow holds nobody else up."""
    while events := await buffer.take():
        await asyncio.to_thread(_write, [event for event in events if isinstance(event, Printed)])


def _write(events: Sequence[Printed]) -> None:
    for event in events:
        file = sys.stdout if event.stream is Stream.STDOUT else sys.stderr
        file.buffer.write(event.data)
        file.buffer.flush()


def _report(result: JobResult, err: Console) -> int:
    cause = f" ({result.killed_by.value})" if result.killed_by else ""
    times, exceeded = result.timings, exceeded_ms(result)
    met = f" at {exceeded:.0f} ms" if exceeded is not None else ""
    err.print(
        f"{result.status.value}{cause}{met}: sandbox {times.sandbox_ms:.0f} ms, "
        f"compile {times.compile_ms:.0f} ms, run {times.run_ms:.0f} ms",
        style="dim",
        highlight=False,
    )
    last = result.run or result.compile
    if last is None:
        return OWN_FAULT
    if last.signal is not None:
        return SIGNAL_BASE + last.signal
    return last.exit_code if last.exit_code is not None else OWN_FAULT
