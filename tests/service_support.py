"""The job service over the fake backend, and a listener that keeps what it hears."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from orchestrator.jobs.events import NULL_LISTENER, JobEvent, Listener, Printed, StageEnded
from orchestrator.jobs.model import JobResult, Limits, Submission
from orchestrator.jobs.queue.admission import Admission
from orchestrator.jobs.service import JobService
from orchestrator.languages.catalog import Catalog
from orchestrator.languages.model import InstalledLanguage
from orchestrator.sandbox.model import SourceFile
from orchestrator.sandbox.stdin import StdinStream
from tests.api_support import make_settings
from tests.components_support import sh_language
from tests.fakes.backend import FakeBackend
from tests.sandbox_support import DEADLINE_S


class Bench:
    """A service over the fake backend; `checker_compile`: how the language `checker` compiles."""

    def __init__(
        self,
        compile_script: str | None = None,
        *,
        checker_compile: str | None = None,
        memory_mb: int = 1024,
        **settings: Any,
    ) -> None:
        self.backend = FakeBackend()
        self.admission = Admission(slots=1, queue=4, memory_mb=memory_mb)
        known = [sh_language(compile_script)]
        known.append(replace(sh_language(checker_compile), id="checker", aliases=()))
        self.service = JobService(
            make_settings(**settings),
            self.backend,
            self.admission,
            Catalog(InstalledLanguage(each, "1.2", "sha256:0") for each in known),
        )

    async def run(
        self,
        script: str,
        listener: Listener = NULL_LISTENER,
        stream: StdinStream | None = None,
        **changes: Any,
    ) -> JobResult:
        wall_ms = changes.pop("wall_ms", 5000)
        output_bytes = changes.pop("output_bytes", 100)
        limits = Limits(wall_ms, wall_ms, changes.pop("memory_mb", 64), output_bytes, 16)
        submission = Submission(
            language="sh",
            files=(SourceFile("main.sh", script.encode()),),
            limits=limits,
            **changes,
        )
        with self.admission.ticket("key-1") as ticket:
            return await self.service.run(self.service.accept(submission, ticket), listener, stream)

    async def settled(self) -> None:
        """Everything is given back."""
        await self.service.drain()
        assert not self.backend.live
        assert self.admission.active == 0
        assert self.service.active_jobs() == ()


class Ear:
    """A listener that keeps what it hears; `slow`: it never has passed on what it was sent."""

    def __init__(self, *, slow: bool = False) -> None:
        self.events: list[JobEvent] = []
        self.has_heard = False
        self.deadlines: list[float] = []
        self._slow = slow

    def send(self, event: JobEvent) -> None:
        self.events.append(event)
        self.has_heard = self.has_heard or isinstance(event, Printed | StageEnded)

    async def drain(self, deadline: float) -> None:
        self.deadlines.append(deadline)
        if self._slow:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(deadline):
                    await asyncio.Event().wait()


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not holds():  # noqa: ASYNC110 - nothing in the product is there to be waited for
            await asyncio.sleep(0)


async def started(bench: Bench, script: str) -> asyncio.Task[JobResult]:
    """A job under way, seen in the list of active ones and with a sandbox."""
    task = asyncio.create_task(bench.run(script))
    await until(lambda: bool(bench.backend.live))
    return task


async def cancelled(task: asyncio.Task[Any]) -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
