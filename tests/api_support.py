"""A whole HTTP side over a job service that runs nothing: what handlers see of the rest."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient

from orchestrator.access.model import Key, unnamed_key
from orchestrator.access.ring import KeyRing
from orchestrator.api.callers.callers import set_up_callers
from orchestrator.api.connections.door import HANDLER_ARGS
from orchestrator.api.keys import ADMISSION, MEMORY_BUDGETS, READINESS, SERVICE, SETTINGS, STARTED
from orchestrator.api.routes import add_routes, middlewares
from orchestrator.jobs.compile_cache import CompileCache
from orchestrator.jobs.events import NULL_LISTENER, Listener, Queued
from orchestrator.jobs.job import ActiveJob
from orchestrator.jobs.memory_budget import make_memory_budgets
from orchestrator.jobs.model import (
    Cause,
    JobResult,
    Phase,
    StageResult,
    Submission,
    Timings,
    Verdict,
)
from orchestrator.jobs.queue.admission import Admission, Ticket
from orchestrator.jobs.statistics import Statistics
from orchestrator.jobs.watch import Readiness
from orchestrator.languages.catalog import Catalog
from orchestrator.languages.model import (
    CommandRule,
    InstalledLanguage,
    Language,
    LimitDefaults,
    MemoryErrorRule,
    SourceRule,
)
from orchestrator.sandbox.pool import Pool
from orchestrator.sandbox.pool_profile import PoolProfile
from orchestrator.sandbox.stdin import StdinStream
from orchestrator.settings import Settings
from tests.fakes.backend import FakeBackend
from tests.sandbox_support import make_spec

Client = TestClient[Any, Any]
Serve = Callable[..., Awaitable[Client]]
"""`make_app`'s arguments to a client of that app: the fixture `serve`."""

KEY = "first-key-of-tests"
SECOND_KEY = "second-key-of-tests"
NAME, SECOND_NAME = unnamed_key(KEY).name, unnamed_key(SECOND_KEY).name
"""What these keys are called."""
BEARER = {"Authorization": f"Bearer {KEY}"}
JSON = BEARER | {"Content-Type": "application/json"}
PRINT = {"language": "python", "code": "print(1)"}


def make_language(name: str, *aliases: str, compiled: bool = True) -> Language:
    command = CommandRule(("/bin/true",))
    return Language(
        id=name,
        name=name.upper(),
        folder=Path("images") / name,
        image_owner=name,
        aliases=aliases,
        version_command=("true",),
        source=SourceRule(name=f"main.{name}", extensions=(f".{name}",)),
        compile=command if compiled else None,
        run=command,
        limits=LimitDefaults(memory_mb=256, processes=64),
        memory_error=MemoryErrorRule(),
    )


LANGUAGES = (
    make_language("c"),
    make_language("cpp", "c++"),
    make_language("java"),
    make_language("python", "python3", compiled=False),
)


INSTALLED = {each.id: InstalledLanguage(each, "17.0.15+6", "sha256:0") for each in LANGUAGES}


def make_catalog() -> Catalog:
    """Those; `lisp` has been switched off."""
    lisp = InstalledLanguage(make_language("lisp"), "1", "sha256:1")
    return Catalog(INSTALLED.values(), [lisp])


def make_result(submission: Submission | None = None, **changes: Any) -> JobResult:
    """An accepted job, unless `changes` (fields of JobResult) say otherwise."""
    fields: dict[str, Any] = {
        "id": "job-1",
        "language": submission.language if submission else "python",
        "version": "17.0.15+6",
        "status": Verdict.ACCEPTED,
        "killed_by": None,
        "compile": None,
        "run": StageResult(Verdict.ACCEPTED, exit_code=0),
        "timings": Timings(0.1, 20.0, 0.0, 13.0, 42.4),
        "warnings": submission.warnings if submission else (),
    }
    if submission:
        fields["encoding"] = submission.encoding
    return JobResult(**(fields | changes))


@dataclass
class StubPlace:
    """A place in the queue that a test moves."""

    position: int = 0


@dataclass
class StubJob:
    """What handlers use of a job."""

    submission: Submission
    id: str = "job-1"
    queue_entry: StubPlace = field(default_factory=StubPlace)
    phase: Phase = Phase.RUNNING


@dataclass
class StubService:
    """Answers with `outcome`, once `gate` is open, and remembers what it was asked.

    `script`: what a job does beforehand, with its listener.
    """

    outcome: Callable[[Submission], JobResult] = make_result
    catalog: Catalog = field(default_factory=make_catalog)
    active: tuple[ActiveJob, ...] = ()
    submissions: list[Submission] = field(default_factory=list)
    jobs: list[StubJob] = field(default_factory=list)
    tickets: list[Ticket] = field(default_factory=list)
    gate: asyncio.Event | None = None
    entered: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))
    refusal: Exception | None = None
    script: Callable[[Listener], Awaitable[None]] | None = None
    place: StubPlace = field(default_factory=StubPlace)
    statistics: Statistics = field(default_factory=Statistics)
    pool: Pool = field(
        default_factory=lambda: Pool(
            FakeBackend(), {"c": PoolProfile(make_spec(), size=2, memory_mb=12)}
        )
    )
    cache: CompileCache = field(default_factory=lambda: CompileCache(1 << 20))
    cancelled: int = 0
    stdin: StdinStream | None = None
    ended: list[Cause] = field(default_factory=list)

    def accept(self, submission: Submission, ticket: Ticket) -> StubJob:
        self.submissions.append(submission)
        self.tickets.append(ticket)
        if self.refusal is not None:
            raise self.refusal
        self.jobs.append(StubJob(submission, queue_entry=self.place))
        return self.jobs[-1]

    async def run(
        self, job: StubJob, listener: Listener = NULL_LISTENER, stdin: StdinStream | None = None
    ) -> JobResult:
        self.stdin = stdin
        listener.send(Queued(job.queue_entry.position))
        self.entered.release()
        try:
            if self.script is not None:
                await self.script(listener)
            if self.gate is not None:
                await self.gate.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return self.outcome(job.submission)

    def end(self, job: StubJob, cause: Cause) -> None:  # noqa: ARG002 - a service's
        self.ended.append(cause)
        if self.gate is not None:
            self.gate.set()

    def active_jobs(self) -> tuple[ActiveJob, ...]:
        return self.active


def make_settings(**overrides: Any) -> Settings:
    return Settings(**({"_env_file": None, "api_key": f"{KEY}, {SECOND_KEY}"} | overrides))


def make_app(
    service: StubService | None = None,
    *,
    settings: Settings | None = None,
    admission: Admission | None = None,
    reason: str | None = None,
    keys: Sequence[Key] = (),
) -> web.Application:
    app = web.Application(middlewares=middlewares, handler_args=HANDLER_ARGS)
    app[SETTINGS] = settings or make_settings()
    app[ADMISSION] = admission or Admission(slots=4, queue=4, memory_mb=4096)
    app[MEMORY_BUDGETS] = make_memory_budgets(app[SETTINGS].held_bytes)
    app[SERVICE] = service or StubService()  # type: ignore[misc]
    app[READINESS] = Readiness(reason)
    app[STARTED] = time.monotonic()
    set_up_callers(app, KeyRing(app[SETTINGS].api_keys, app[SETTINGS].admin_keys, keys))
    add_routes(app)
    return app


async def post(client: Client, payload: object = PRINT, **kwargs: Any) -> tuple[int, Any, Any]:
    async with client.post("/execute", json=payload, headers=BEARER, **kwargs) as response:
        return response.status, await response.json(), response.headers


async def post_raw(client: Client, body: Any, **headers: str) -> tuple[int, Any]:
    async with client.post("/execute", data=body, headers=JSON | headers) as response:
        return response.status, await response.json()


async def exchange(client: Client, *requests: bytes) -> bytes:
    """Send bytes as they are, piece by piece; the first line the server answers."""
    reader, writer = await asyncio.open_connection(client.host, client.port)
    for request in requests:
        writer.write(request)
        await asyncio.sleep(0.05)  # the server has read it by then
    try:
        return await reader.readline()
    finally:
        writer.close()
