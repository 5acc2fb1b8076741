"""A stream's events, as models (`api/events.py` and `api/admin/wire.py` make them)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, RootModel
from pydantic.json_schema import SkipJsonSchema

from orchestrator.api.openapi.admin import Build
from orchestrator.api.openapi.answers import Answer, Stage, Test
from orchestrator.api.openapi.base import Count, Shown
from orchestrator.images.build_queue import BuildState
from orchestrator.sandbox.model import StageKind


class QueuedEvent(Shown):
    """The first event, and again when the place in the queue has changed."""

    event: Literal["queued"]
    position: Count
    """How many jobs come first; 0: it is this one's turn."""


class StageEvent(Shown):
    """A stage begins."""

    event: Literal["stage"]
    name: StageKind
    """The stage: `compile` or `run`."""
    test: str | SkipJsonSchema[None] = None
    """The test's name, where it is a test's."""
    number: Count | SkipJsonSchema[None] = None
    """The test's number, from 1, where it is a test's."""


class OutputEvent(Shown):
    """Output, as it comes."""

    event: Literal["stdout", "stderr"]
    data: str
    """In the request's `encoding`; a character is never split."""


class ExitEvent(Stage):
    """A stage is over."""

    event: Literal["exit"]
    name: StageKind
    """The stage: `compile` or `run`."""


class TestEvent(Test):
    """A test has its result."""

    event: Literal["test"]
    number: Count
    """The number of the test, from 1."""


class PingEvent(Shown):
    """Nothing happened for a while; nothing is wrong."""

    event: Literal["ping"]


class ResultEvent(Answer):
    """The last event, always, once: the whole answer."""

    event: Literal["result"]


class Event(
    RootModel[
        Annotated[
            QueuedEvent
            | StageEvent
            | OutputEvent
            | ExitEvent
            | TestEvent
            | PingEvent
            | ResultEvent,
            Field(discriminator="event"),
        ]
    ]
):
    """One event of a job's stream."""


class _Numbered(Shown):
    number: Count
    """Counts from 0; a server-sent event has it as its `id`."""


class BuildStateEvent(_Numbered):
    """The build enters a state."""

    event: Literal["state"]
    state: BuildState
    """The new one."""


class BuildTextEvent(_Numbered):
    """An image is begun, up to date, built, or could not be; or a line of the engine's log."""

    event: Literal["started", "skipped", "line", "finished", "failed"]
    image: str
    """The language's, or one that all have in common."""
    text: str
    """A line for people."""


class BuildCheckEvent(_Numbered):
    """A limit or a sample was tried."""

    event: Literal["check"]
    image: str
    """The language's."""
    name: str
    """What was tried."""
    passed: bool
    """Whether the check passed."""
    detail: str
    """What the check saw, or why it failed."""
    first_try: str
    """What came of a first try that failed; empty where one was enough."""


class BuildResultEvent(Build):
    """The last event, always, once: the build as it has ended."""

    event: Literal["result"]


class BuildEvent(
    RootModel[
        Annotated[
            BuildStateEvent | BuildTextEvent | BuildCheckEvent | PingEvent | BuildResultEvent,
            Field(discriminator="event"),
        ]
    ]
):
    """One event of a build's log."""
