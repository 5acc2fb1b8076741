"""The events of streams, of a job's and of a build's log."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, RootModel
from pydantic.json_schema import SkipJsonSchema

from orchestrator.api.answers.models.admin import Build
from orchestrator.api.answers.models.answer import Answer
from orchestrator.api.answers.models.base import Count, Shown
from orchestrator.api.answers.models.stage import Stage, Test
from orchestrator.images.build_queue import BuildState
from orchestrator.sandbox.model import StageKind


class QueuedEvent(Shown):
    """First of all; and again when the place in the queue has changed.

    That is looked up once a second; 0 is sent when it is this job's turn.
    """

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
    """Output, as it comes; a test's is in its `test` event alone.

    All of a stage's `data` together is its `stdout` or `stderr`.
    """

    event: Literal["stdout", "stderr"]
    data: str
    """What was printed, in the request's `encoding`; as text, a character is never split."""


class _Exit(Shown):
    event: Literal["exit"]
    name: StageKind
    """The stage: `compile` or `run`."""


class ExitEvent(Stage, _Exit):
    """A stage is over. One that was cut short (cancelled, or lost with its sandbox) has none."""


class _Test(Shown):
    event: Literal["test"]
    number: Count
    """The test's number, from 1."""


class TestEvent(Test, _Test):
    """[A test has its result](judging.md#as-a-stream)."""


class PingEvent(Shown):
    """Nothing is wrong: it comes every 15 s, in a build's log when nothing else has come."""

    event: Literal["ping"]


class _Result(Shown):
    event: Literal["result"]


class ResultEvent(Answer, _Result):
    """The last event, always, once: the whole answer."""


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
    """The new state."""


class BuildTextEvent(_Numbered):
    """Something of an image, as a line for people.

    `started`: it is begun; `skipped`: it is up to date; `line`: a line of the engine's log;
    `finished`: it is built, and a language's is in use; `failed`: it could not be built, or did not
    pass.
    """

    event: Literal["started", "skipped", "line", "finished", "failed"]
    image: str
    """The language's, or one that all have in common (`_agent`, `_base`)."""
    text: str
    """The line."""


class BuildCheckEvent(_Numbered):
    """A limit or a sample was tried."""

    event: Literal["check"]
    image: str
    """The language's image."""
    name: str
    """The limit or sample that was tried."""
    passed: bool
    """Whether the check passed."""
    detail: str
    """What the check saw, or why it failed."""
    first_try: str
    """What came of a first try that failed; empty where one was enough."""


class BuildResultEvent(Build, _Result):
    """The last event, always, once: the build as it has ended."""


class BuildEvent(
    RootModel[
        Annotated[
            BuildStateEvent | BuildTextEvent | BuildCheckEvent | PingEvent | BuildResultEvent,
            Field(discriminator="event"),
        ]
    ]
):
    """One event of a build's log."""
