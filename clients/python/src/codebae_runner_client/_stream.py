"""A stream of events that ends in a result, for asyncio and for threads."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from types import TracebackType
from typing import Generic, Self, TypeVar, cast

from codebae_runner_client._loop import Cancellation, Loop
from codebae_runner_client._wire import Json
from codebae_runner_client.errors import DeadlineError

EventT = TypeVar("EventT")
ResultT = TypeVar("ResultT")


class AsyncEvents(Generic[EventT, ResultT]):
    """Events as they come; `result` once the last has come.

    In `async with`, or closed, it hangs up when it is left before its end.
    """

    def __init__(
        self, url: str, events: AsyncGenerator[Json, None], deadline: float | None
    ) -> None:
        """Nothing is sent before the first event is asked for; from then on there are `deadline` s.

        `url` is for the message of DeadlineError.
        """
        self.result: ResultT | None = None
        self._url = url
        self._events = events
        self._deadline = deadline
        self._until: float | None = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> EventT:
        """The next event. Raises RunnerError; DeadlineError when the whole has taken too long."""
        if self._until is None and self._deadline is not None:
            self._until = asyncio.get_running_loop().time() + self._deadline
        try:
            async with asyncio.timeout_at(self._until):
                event = await anext(self._events)
        except TimeoutError as err:
            await self.aclose()
            raise DeadlineError(f"{self._url}: not done within {self._deadline} s") from err
        if event["event"] == "result":
            self.result = cast("ResultT", event)
        return cast("EventT", event)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        err: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Hang up, where the stream is not at its end."""
        await self._events.aclose()


class Events(Generic[EventT, ResultT]):
    """Events as they come; `result` once the last has come.

    In `with`, or closed, it hangs up when it is left before its end.
    """

    def __init__(
        self, loop: Loop, inner: AsyncEvents[EventT, ResultT], cancellation: Cancellation
    ) -> None:
        """Nothing is sent before the first event is asked for."""
        self._loop = loop
        self._inner = inner
        self._cancellation = cancellation

    @property
    def result(self) -> ResultT | None:
        """What the stream has ended in, once it is there."""
        return self._inner.result

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> EventT:
        """The next event. Raises RunnerError."""
        event = self._loop.run(self._take(), self._cancellation)
        if event is None:
            raise StopIteration
        return event

    async def _take(self) -> EventT | None:
        return await anext(self._inner, None)

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
        """Hang up, where the stream is not at its end. For the thread that reads it."""
        self._loop.run(self._inner.aclose(), Cancellation())
