"""The builds of a server: each a task of its own, with a log that can be followed from anywhere."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import structlog

from orchestrator.errors import BusyLanguageError, RunnerError
from orchestrator.images.check_results import CheckResult
from orchestrator.images.rebuild import Outcome, Rebuilder

MOST_BUILDS = 50
MOST_EVENTS = 2000
WHOLE_LOGS = 5
"""Builds whose log is kept as it is; of older ones its end."""
KEPT_EVENTS = 100

log = structlog.get_logger(__name__)


class BuildState(StrEnum):
    """Where a build is; the last four are for good."""

    QUEUED = "queued"
    BUILDING = "building"
    PROVING = "proving"
    SUCCEEDED = "succeeded"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Whether nothing more will come."""
        return self not in {BuildState.QUEUED, BuildState.BUILDING, BuildState.PROVING}


@dataclass(frozen=True, slots=True)
class BuildEvent:
    """Something that happened in a build; `number` grows by one with each.

    `kind` is `state` (`text` is the new one); or it is of the image `image`: `started`, `line` (one
    of the log), `check` (something was tried), `finished`, `failed`, or `skipped`.
    """

    number: int
    kind: str
    image: str = ""
    text: str = ""
    check: CheckResult | None = None


@dataclass(eq=False)
class Build:
    """One rebuild of a language. Hears what the builder does (a BuildProgress)."""

    language: str
    requested_by: str
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    state: BuildState = BuildState.QUEUED
    created_at: float = field(default_factory=time.time)
    """Seconds since the epoch, as the other two."""
    started_at: float | None = None
    ended_at: float | None = None
    error: str | None = None
    version: str | None = None
    checks: list[CheckResult] = field(default_factory=list)
    is_proved: bool = False
    """Its image is in use: from then on it can't be cancelled any more."""

    def __post_init__(self) -> None:
        self._events: deque[BuildEvent] = deque(maxlen=MOST_EVENTS)
        self._next = 0
        self._changed = asyncio.Event()
        self.task: asyncio.Task[None] | None = None

    def enter(self, state: BuildState, error: str | None = None) -> None:
        """Change state; a final one is the last event of the build."""
        self.state, self.error = state, error
        if state is BuildState.BUILDING:
            self.started_at = time.time()
        if state.is_final:
            self.ended_at = time.time()
        self._add(kind="state", text=state.value)

    def _add(self, **event: Any) -> None:
        self._events.append(BuildEvent(self._next, **event))
        self._next += 1
        self._changed.set()
        self._changed = asyncio.Event()

    def shorten(self) -> None:
        """Forget all of the log but its end."""
        self._events = deque(list(self._events)[-KEPT_EVENTS:], maxlen=MOST_EVENTS)

    async def follow(self, start: int = 0) -> AsyncIterator[BuildEvent]:
        """Every event from number `start` on that is kept, then those that come, to the last.

        Who is so slow that events are gone meanwhile sees their numbers jump.
        """
        while True:
            changed = self._changed
            for event in [each for each in self._events if each.number >= start]:
                start = event.number + 1
                yield event
            if changed is self._changed:
                if self.state.is_final:
                    return
                await changed.wait()

    def started(self, name: str) -> None:
        """See BuildProgress."""
        self._add(kind="started", image=name, text="building")

    def line(self, name: str, text: str) -> None:
        """See BuildProgress."""
        self._add(kind="line", image=name, text=text)

    def skipped(self, name: str) -> None:
        """See BuildProgress."""
        self._add(kind="skipped", image=name, text="up to date")

    def checked(self, name: str, result: CheckResult) -> None:
        """See BuildProgress."""
        if self.state is BuildState.BUILDING:
            self.enter(BuildState.PROVING)
        self.checks.append(result)
        self._add(kind="check", image=name, check=result)

    def finished(self, name: str, version: str) -> None:
        """See BuildProgress."""
        self.version = version or self.version
        self.is_proved = self.is_proved or name == self.language
        self._add(kind="finished", image=name, text=f"built {version}".rstrip())

    def failed(self, name: str, message: str) -> None:
        """See BuildProgress."""
        self._add(kind="failed", image=name, text=f"failed: {message}")


_FINAL = {
    Outcome.PROMOTED: BuildState.SUCCEEDED,
    Outcome.UNCHANGED: BuildState.UNCHANGED,
    Outcome.SKIPPED: BuildState.UNCHANGED,
}


class Builds:
    """Starts, remembers and ends builds. One of them is at work at a time: jobs come first."""

    def __init__(self, rebuilder: Rebuilder, on_proved: Callable[[str], Awaitable[None]]) -> None:
        """`on_proved` is told the language's id before its build counts as succeeded.

        So it is where the image in use has been proved again: it may not have been served.
        """
        self._rebuilder = rebuilder
        self._on_proved = on_proved
        self._builds: list[Build] = []
        self._turn = asyncio.Lock()

    def all(self) -> tuple[Build, ...]:
        """The latest builds, newest first."""
        return tuple(reversed(self._builds))

    def find(self, build_id: str) -> Build | None:
        """The build of that id, as long as it is remembered."""
        return next((build for build in self._builds if build.id == build_id), None)

    def start(self, language_id: str, *, requested_by: str, no_cache: bool = False) -> Build:
        """Begin a rebuild, or queue it behind another language's.

        Raises BusyLanguageError when there is one of that language, or when too many wait.
        """
        under_way = [build for build in self._builds if not build.state.is_final]
        if any(build.language == language_id for build in under_way):
            raise BusyLanguageError(language_id)
        if len(under_way) >= MOST_BUILDS:  # none may be forgotten while it is under way
            raise BusyLanguageError(under_way[0].language)
        if len(self._builds) >= MOST_BUILDS:
            self._builds.remove(next(each for each in self._builds if each.state.is_final))
        build = Build(language_id, requested_by)
        self._builds.append(build)
        for old in self.all()[WHOLE_LOGS:]:
            if old.state.is_final:
                old.shorten()
        task = asyncio.create_task(self._run(build, no_cache=no_cache), name=f"build {build.id}")
        task.add_done_callback(lambda _: _close(build))
        build.task = task
        return build

    def cancel(self, build: Build) -> bool:
        """End a build under way, as cancelled; whether there was anything left to end."""
        if build.task is None or build.state.is_final or build.is_proved:
            return False
        return build.task.cancel()

    async def close(self) -> None:
        """End every build under way, and wait until each has."""
        tasks = [build.task for build in self._builds if build.task is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _run(self, build: Build, *, no_cache: bool) -> None:
        try:
            async with self._turn:
                build.enter(BuildState.BUILDING)
                outcome = await self._rebuilder.rebuild(build.language, build, no_cache=no_cache)
                await self._serve(build)
            build.enter(_FINAL[outcome])
        except RunnerError as err:
            build.enter(BuildState.FAILED, str(err))
        except Exception as err:
            log.exception("build_failed", build=build.id)
            build.enter(BuildState.FAILED, f"internal error: {err!r}")

    async def _serve(self, build: Build) -> None:
        """It is promoted: should it not be served at once, it is at the next look at the tags."""
        try:
            await self._on_proved(build.language)
        except RunnerError as err:
            build.line(build.language, f"not served yet: {err}")
            log.warning("build_not_served", build=build.id, error=str(err))


def _close(build: Build) -> None:
    """The build's task is over, and may have been cancelled before it had begun."""
    if not build.state.is_final:
        build.enter(BuildState.SUCCEEDED if build.is_proved else BuildState.CANCELLED)
    log.info(
        "build",
        build=build.id,
        language=build.language,
        state=build.state.value,
        version=build.version,
        error=build.error,
    )
