"""The events of a job, and the listeners that take them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from orchestrator.jobs.model import StageResult, TestResult
from orchestrator.sandbox.model import StageKind, Stream


@dataclass(frozen=True, slots=True)
class Queued:
    """The job waits for a slot. `position`: 1 when it is next; 0: it has its slot."""

    position: int


@dataclass(frozen=True, slots=True)
class StageStarted:
    """A stage begins; its sandbox is ready."""

    kind: StageKind


@dataclass(frozen=True, slots=True)
class Printed:
    """A piece of a stage's output; in all never more than the stage's result has."""

    stream: Stream
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class StageEnded:
    """A stage has ended, with this result."""

    kind: StageKind
    result: StageResult


@dataclass(frozen=True, slots=True)
class TestStarted:
    """A test begins. `number`: its index in the submission, from 0."""

    number: int
    name: str


@dataclass(frozen=True, slots=True)
class TestEnded:
    """A test has its result. For a skipped test there was no `TestStarted`."""

    number: int
    result: TestResult


JobEvent = Queued | StageStarted | Printed | StageEnded | TestStarted | TestEnded
"""In this order: `Queued` (once or twice); per stage `StageStarted`, any number of `Printed`, and
`StageEnded`; with tests, in place of the run stage, `TestStarted` and `TestEnded` for each."""


class Listener(Protocol):
    """A consumer of one job's events."""

    @property
    def has_heard(self) -> bool:
        """Whether it was sent output, or the end of a stage: these must not be sent twice."""
        ...

    def send(self, event: JobEvent) -> None:
        """Take an event. Never blocks."""
        ...

    async def drain(self, deadline: float) -> None:
        """Wait while the listener holds too much (backpressure); until `deadline` at most.

        `deadline`: in the event loop's time, in seconds.
        """
        ...


class NullListener:
    """A listener that drops every event."""

    has_heard = False

    def send(self, event: JobEvent) -> None:
        """Drop the event."""

    async def drain(self, deadline: float) -> None:
        """Return at once: nothing is ever held."""


NULL_LISTENER = NullListener()


class DeduplicatingListener:
    """Passes a job's events on, but the start of each stage or test only once over all attempts."""

    def __init__(self, listener: Listener) -> None:
        """`listener`: takes the events; the wrapper serves one job."""
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
