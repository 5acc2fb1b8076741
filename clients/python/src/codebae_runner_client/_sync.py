"""The client for threads: the same one, on an event loop in a thread of its own.

So that deadlines are exact and every call can be cancelled, at whatever it waits.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar, Unpack

from codebae_runner_client._async import DEADLINE_S, AsyncRunner, AsyncStream
from codebae_runner_client._events import Event
from codebae_runner_client._requests import Submission
from codebae_runner_client._retry import Retries
from codebae_runner_client._service import Health, Language
from codebae_runner_client._types import Answer, Judgement
from codebae_runner_client.errors import CallCancelledError

T = TypeVar("T")


class Cancellation:
    """Cancels the calls it was given to, and those that it will be; from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_cancelled = False
        self._under_way: set[Callable[[], object]] = set()

    def cancel(self) -> None:
        """End the calls: they raise CallCancelledError, their jobs are hung up on."""
        with self._lock:
            self._is_cancelled = True
            under_way = tuple(self._under_way)
        for each in under_way:
            each()

    @property
    def is_cancelled(self) -> bool:
        """Whether `cancel` has been called."""
        return self._is_cancelled

    def _add(self, cancel: Callable[[], object]) -> None:
        with self._lock:
            self._under_way.add(cancel)
            is_late = self._is_cancelled
        if is_late:
            cancel()

    def _discard(self, cancel: Callable[[], object]) -> None:
        with self._lock:
            self._under_way.discard(cancel)


class _Loop:
    """An event loop in a thread, from the first call on."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def run(self, work: Coroutine[Any, Any, T], cancellation: Cancellation) -> T:
        """Its result. Raises CallCancelledError; whatever interrupts the wait cancels it, too."""
        if cancellation.is_cancelled:
            work.close()
            raise CallCancelledError("The call was cancelled before it began")
        future = asyncio.run_coroutine_threadsafe(work, self._started())
        cancellation._add(future.cancel)  # noqa: SLF001 - the two belong together
        try:
            return future.result()
        except concurrent.futures.CancelledError as err:
            raise CallCancelledError("The call was cancelled") from err
        finally:
            future.cancel()
            cancellation._discard(future.cancel)  # noqa: SLF001

    def stop(self) -> None:
        with self._lock:
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
        if loop is not None and thread is not None:
            asyncio.run_coroutine_threadsafe(_finish(), loop).result()
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()

    def _started(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(
                    target=self._loop.run_forever, name="codebae-runner-client", daemon=True
                )
                self._thread.start()
            return self._loop


async def _finish() -> None:
    """Nothing is left behind: neither calls that were cancelled, nor streams nobody closed."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for each in others:
        each.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await asyncio.get_running_loop().shutdown_asyncgens()


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
        self._loop = _Loop()

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


class Stream:
    """A job's events; its `result` once the last has come.

    In `with`, or closed, it hangs up when it is left before its end, which ends the job.
    """

    def __init__(self, loop: _Loop, inner: AsyncStream, cancellation: Cancellation) -> None:
        """Nothing is sent before the first event is asked for."""
        self._loop = loop
        self._inner = inner
        self._cancellation = cancellation

    @property
    def result(self) -> Answer | None:
        """The whole answer, once it is there."""
        return self._inner.result

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Event:
        """The next event. Raises RunnerError."""
        event = self._loop.run(self._take(), self._cancellation)
        if event is None:
            raise StopIteration
        return event

    async def _take(self) -> Event | None:
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
