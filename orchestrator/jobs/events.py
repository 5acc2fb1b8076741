"""What a job tells while it is under way, and who listens."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from orchestrator.jobs.model import StageResult, TestResult
from orchestrator.sandbox.model import StageKind, Stream


@dataclass(frozen=True, slots=True)
class Queued:
    """Accepted. `position`: how many jobs are let in until it is this one's turn; 0: it is."""

    position: int


@dataclass(frozen=True, slots=True)
class StageStarted:
    """The sandbox is there, and a stage begins in it."""

    kind: StageKind


@dataclass(frozen=True, slots=True)
class Printed:
    """A stage's output, as it comes; never more of it in all than the stage's result has."""

    stream: Stream
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class StageEnded:
    """A stage is over."""

    kind: StageKind
    result: StageResult


@dataclass(frozen=True, slots=True)
class TestStarted:
    """A test begins. `number` counts from 0, as in the submission."""

    number: int
    name: str


@dataclass(frozen=True, slots=True)
class TestEnded:
    """A test has its result; one that is skipped was never started."""

    number: int
    result: TestResult


JobEvent = Queued | StageStarted | Printed | StageEnded | TestStarted | TestEnded
"""In this order: `Queued`, then per stage `StageStarted`, `Printed` (any number), `StageEnded`; per
test, instead of a run, `TestStarted` and `TestEnded`."""


class Listener(Protocol):
    """Takes a job's events."""

    @property
    def has_heard(self) -> bool:
        """Whether it was sent any output or end of a stage: these can't be told again."""
        ...

    def send(self, event: JobEvent) -> None:
        """Take an event, at once."""
        ...

    async def drain(self, deadline: float) -> None:
        """Wait while too much was taken and not passed on, until `deadline` (the loop's time)."""
        ...


class NullListener:
    """Nobody listens."""

    has_heard = False

    def send(self, event: JobEvent) -> None:
        """Drop it."""

    async def drain(self, deadline: float) -> None:
        """Nothing is ever kept."""


NULL_LISTENER = NullListener()


class DeduplicatingListener:
    """Passes events on to a listener; that a stage or test begins it says once, however often."""

    def __init__(self, listener: Listener) -> None:
        """For one job, which may be attempted several times."""
        self._listener = listener
        self._stages: set[StageKind] = set()
        self._tests = 0

    @property
    def has_heard(self) -> bool:
        """See `Listener.has_heard`."""
        return self._listener.has_heard

    def send(self, event: JobEvent) -> None:
        """See `Listener.send`."""
        if isinstance(event, StageStarted):
            if event.kind in self._stages:
                return
            self._stages.add(event.kind)
        elif isinstance(event, TestStarted):
            if event.number < self._tests:
                return
            self._tests = event.number + 1
        self._listener.send(event)

    async def drain(self, deadline: float) -> None:
        """See `Listener.drain`."""
        await self._listener.drain(deadline)
