"""A bounded buffer between a job and the one reader of its events, with backpressure."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque

from orchestrator.jobs.events import JobEvent, Printed, StageEnded, TestEnded
from orchestrator.jobs.judging.checking import kept_bytes

EVENT_BYTES = 256
"""What an event counts beside its data, in bytes: many small ones are memory, too."""
TEST_BYTES = 1024
CHARACTER_BYTES = 4
BATCH_BYTES = 65_536


class EventBuffer:
    """A `Listener` that queues events for a reader. One writer, one reader.

    No event is ever dropped. `drain` blocks the job while more than `limit` bytes are queued; what
    is sent beyond that is bounded by the stages' output limits, and is no copy: the job's result
    holds the same bytes.
    """

    def __init__(self, limit: int) -> None:
        """`limit`: the queued bytes above which `drain` blocks."""
        self._limit = limit
        self._events: deque[JobEvent] = deque()
        self._held = 0
        self._closed = False
        self._filled = asyncio.Event()
        self._has_room = asyncio.Event()
        self._has_room.set()
        self.has_heard = False

    def send(self, event: JobEvent) -> None:
        """See `Listener.send`."""
        self.has_heard = self.has_heard or isinstance(event, Printed | StageEnded)
        self._events.append(event)
        self._held += _size(event)
        self._filled.set()
        if self._held > self._limit:
            self._has_room.clear()

    async def drain(self, deadline: float) -> None:
        """See `Listener.drain`."""
        if self._has_room.is_set():
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(deadline):
                await self._has_room.wait()

    def close(self) -> None:
        """Mark the end: no more events will be sent. Idempotent."""
        self._closed = True
        self._filled.set()

    async def take(self) -> list[JobEvent]:
        """Wait for an event; take the oldest ones, about `BATCH_BYTES`. Empty at the end."""
        await self._filled.wait()
        batch: list[JobEvent] = []
        taken = 0
        while self._events and taken < BATCH_BYTES:
            event = self._events.popleft()
            batch.append(event)
            taken += _size(event)
        self._held -= taken
        if self._held <= self._limit:
            self._has_room.set()
        if not self._events and not self._closed:
            self._filled.clear()
        return batch


def _size(event: JobEvent) -> int:
    if isinstance(event, Printed):
        return EVENT_BYTES + len(event.data)
    if isinstance(event, TestEnded):
        message = event.result.message or ""
        return TEST_BYTES + kept_bytes(event.result) + CHARACTER_BYTES * len(message)
    return EVENT_BYTES
