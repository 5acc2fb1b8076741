"""The client for threads: the one for asyncio, on an event loop in a thread of its own."""

from __future__ import annotations

from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar, Unpack

from codebae_runner_client._async import DEADLINE_S, AsyncRunner
from codebae_runner_client._events import Event
from codebae_runner_client._loop import Cancellation, Loop
from codebae_runner_client._requests import Submission
from codebae_runner_client._retry import Retries
from codebae_runner_client._service import Health, Language
from codebae_runner_client._stream import Events
from codebae_runner_client._types import Answer, Judgement

T = TypeVar("T")


class Stream(Events[Event, Answer]):
    """A job's events, and its answer as `result`; left early, it ends the job."""


class Runner:
    """One server. To be used in `with`, or closed with `close()`; threads may share it."""

    def __init__(
        self,
        url: str | None = None,
        api_key: str | None = None,
        *,
        deadline: float | None = DEADLINE_S,
        retries: Retries | None = None,
    ) -> None:
        """As `AsyncRunner`. Raises ConfigurationError."""
        self._inner = AsyncRunner(url, api_key, deadline=deadline, retries=retries)
        self._loop = Loop()

    @property
    def url(self) -> str:
        """The server's root."""
        return self._inner.url

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.url!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        err: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._loop.run(self._inner.aclose(), Cancellation())
        self._loop.stop()

    def execute(
        self, *, cancellation: Cancellation | None = None, **submission: Unpack[Submission]
    ) -> Answer:
        """Run a program; its answer, whatever it did. Raises RunnerError."""
        return self._run(self._inner.execute(**submission), cancellation)

    def judge(
        self, *, cancellation: Cancellation | None = None, **submission: Unpack[Submission]
    ) -> Judgement:
        """Run a program once for each of its `tests`. Raises RunnerError, and TypeError."""
        return self._run(self._inner.judge(**submission), cancellation)

    def stream(
        self, *, cancellation: Cancellation | None = None, **submission: Unpack[Submission]
    ) -> Stream:
        """Run a program, and see what happens when it does; `for event in ...`."""
        inner = self._inner.stream(**submission)
        return Stream(self._loop, inner, cancellation or Cancellation())

    def languages(self) -> list[Language]:
        """The languages a program may be in. Raises RunnerError."""
        return self._run(self._inner.languages())

    def health(self) -> Health:
        """Whether programs can be run; it is asked once. Raises RunnerError."""
        return self._run(self._inner.health())

    def _run(self, work: Coroutine[Any, Any, T], cancellation: Cancellation | None = None) -> T:
        return self._loop.run(work, cancellation or Cancellation())
