"""An event loop in a thread of its own, on which the clients for threads call those for asyncio.

So that deadlines are exact and every call can be cancelled, at whatever it waits.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

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


class Loop:
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
