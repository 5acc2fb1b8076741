"""A stream's events: JSON objects as they are, typed."""

from __future__ import annotations

from typing import Literal, TypedDict

from codebae_runner_client._types import Answer, StageName, StageResult, TestResult


class QueuedEvent(TypedDict):
    """The first event, and again when the place in the queue has changed."""

    event: Literal["queued"]
    position: int


class _StageBegins(TypedDict):
    event: Literal["stage"]
    name: StageName


class StageEvent(_StageBegins, total=False):
    """A stage begins; `test` and `number` where it is a test's."""

    test: str
    number: int


class OutputEvent(TypedDict):
    """Output, as it comes."""

    event: Literal["stdout", "stderr"]
    data: str


class ExitEvent(StageResult):
    """A stage is over."""

    event: Literal["exit"]
    name: StageName


class TestEvent(TestResult):
    """A test has its result."""

    event: Literal["test"]
    number: int


class PingEvent(TypedDict):
    """Nothing happened for a while."""

    event: Literal["ping"]


class ResultEvent(Answer):
    """The last event: the whole answer."""

    event: Literal["result"]


Event = QueuedEvent | StageEvent | OutputEvent | ExitEvent | TestEvent | PingEvent | ResultEvent
