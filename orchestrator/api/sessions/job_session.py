"""A job's events to one client as they happen, its result last, in any protocol's words."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine, Iterable, Sequence
from typing import Protocol

from aiohttp import web

from orchestrator.api.answers.events import Envelope
from orchestrator.api.callers.callers import KEY_NAME
from orchestrator.api.keys import MEMORY_BUDGETS, SERVICE, SETTINGS
from orchestrator.api.sessions.attended import attended
from orchestrator.jobs.event_buffer import EventBuffer
from orchestrator.jobs.events import JobEvent
from orchestrator.jobs.job import Job
from orchestrator.jobs.model import JobResult
from orchestrator.sandbox.stdin import StdinStream

TICK_S = 1.0


class JobWords(Protocol):
    """What a protocol says of a job: envelopes, each of them JSON data."""

    def of_events(self, events: Sequence[JobEvent]) -> Iterable[Envelope]:
        """Of what has happened; every event is told of once, in order."""
        ...

    def of_position(self, position: int) -> Iterable[Envelope]:
        """Of another place in the queue."""
        ...

    def of_result(self, result: JobResult) -> Iterable[Envelope]:
        """Of the end."""
        ...

    def weight(self, result: JobResult) -> int:
        """The bytes that telling of the end takes of our memory, until it is sent."""
        ...


class Outlet(Protocol):
    """Where envelopes are sent: an HttpStream or a Channel."""

    async def send(self, envelopes: Iterable[Envelope]) -> None:
        """Send these, waiting while the client is behind. Raises ConnectionError."""
        ...

    async def keep_alive(self) -> None:
        """Say that the connection still stands, where it is time; called now and then."""
        ...

    async def finish(self) -> None:
        """Say that there is no more, where that is said within what is sent."""
        ...


class JobSession:
    """One job's events on their way out; `feed` takes them."""

    def __init__(self, request: web.Request, job: Job, words: JobWords, outlet: Outlet) -> None:
        """Nothing is sent before `send_events`."""
        self.feed = EventBuffer(request.app[SETTINGS].stream_buffer)
        self.job = job
        self.before_result: Sequence[Envelope] = ()
        """What is to be said before the result."""
        self._request = request
        self._words = words
        self._outlet = outlet
        self._position = job.queue_entry.position

    async def send_events(self) -> None:
        """Send the job's events until the feed is closed."""
        await self._outlet.send(())
        while (envelopes := await self._next_envelopes()) is not None:
            await self._outlet.send(envelopes)
            await self._outlet.keep_alive()

    async def send_result(self, result: JobResult) -> None:
        """Send the last of it, once there is room for it."""
        await self._outlet.send(self.before_result)
        async with contextlib.AsyncExitStack() as stack:
            if weight := self._words.weight(result):
                answers = self._request.app[MEMORY_BUDGETS].answers
                owner = self._request.get(KEY_NAME, "")
                await stack.enter_async_context(answers.acquire(weight, owner))
            await self._outlet.send(self._words.of_result(result))
            await self._outlet.finish()

    async def _next_envelopes(self) -> list[Envelope] | None:
        """What has happened, or nothing for a while: then it may be another place in the queue."""
        try:
            async with asyncio.timeout(TICK_S):
                events = await self.feed.take()
        except TimeoutError:
            return self._moved()
        return list(self._words.of_events(events)) if events else None

    def _moved(self) -> list[Envelope]:
        """A new place in the queue, if there is one; that its turn has come is the job's to say."""
        position = self.job.queue_entry.position
        if position in {0, self._position}:
            return []
        self._position = position
        return list(self._words.of_position(position))


async def relay(
    request: web.Request,
    session: JobSession,
    beside: Sequence[Coroutine[None, None, None]],
    stdin: StdinStream | None = None,
) -> JobResult | None:
    """Run an accepted job and tell of it; its result, or None where not all of it could be told.

    `beside`: what goes on meanwhile; a ConnectionError there is the client's going away, and ends
    the job. The connection is then cut, as it is after a fault of ours.
    """
    is_told = False
    job = session.job
    async with attended(request, beside, "stream", job_id=job.id) as tasks:
        # The reader's task is a child, so that the job is begun before anything fails.
        sending = tasks.create_task(session.send_events(), name=f"stream {job.id}")
        result = await request.app[SERVICE].run(job, session.feed, stdin)
        session.feed.close()
        async with asyncio.timeout(request.app[SETTINGS].answer_timeout):
            await sending
            await session.send_result(result)
        is_told = True
    return result if is_told else None
