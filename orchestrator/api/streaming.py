"""A job's events as they happen, its whole answer last: `POST /execute` as a stream.

What a stream has in common with a WebSocket is here, too (websocket.py).
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Coroutine, Sequence

import structlog
from aiohttp import web

from orchestrator.api.answers.events import (
    PING,
    Envelope,
    EventWriter,
    queued_envelope,
    result_envelope,
)
from orchestrator.api.answers.formats import Format, frame
from orchestrator.api.answers.json_pieces import PIECE
from orchestrator.api.answers.weight import answer_bytes
from orchestrator.api.callers.callers import KEY_NAME
from orchestrator.api.connections.connection import abort, bound_send_buffers, is_closing
from orchestrator.api.keys import MEMORY_BUDGETS, SERVICE, SETTINGS
from orchestrator.jobs.event_buffer import EventBuffer
from orchestrator.jobs.job import Job
from orchestrator.jobs.model import JobResult
from orchestrator.sandbox.stdin import StdinStream

PING_S = 15.0
TICK_S = 1.0

log = structlog.get_logger(__name__)


async def stream(request: web.Request, job: Job, form: Format) -> web.StreamResponse:
    """Run an accepted job and send its events. Is cancelled when the client goes away."""
    sender = _StreamSender(request, job, form)
    await relay(request, job, sender, [_notice_hang_up(request)])
    return sender.response


async def relay(
    request: web.Request,
    job: Job,
    sender: EventSender,
    beside: Sequence[Coroutine[None, None, None]],
    stdin: StdinStream | None = None,
) -> bool:
    """Run an accepted job and send its events; whether all of them were, the last one included.

    `beside`: what goes on meanwhile; a ConnectionError there is the client's going away, and ends
    the job. The connection is then cut, as it is after a fault of ours.
    """
    is_sent = False
    try:
        async with asyncio.TaskGroup() as tasks:
            # The reader's tasks are the children, so that the job is begun before anything fails.
            sending = tasks.create_task(sender.send_events(), name=f"stream {job.id}")
            others = [tasks.create_task(each, name=f"beside {job.id}") for each in beside]
            result = await request.app[SERVICE].run(job, sender.feed, stdin)
            sender.feed.close()
            async with asyncio.timeout(request.app[SETTINGS].answer_timeout):
                await sending
                await sender.send_result(result)
            for other in others:
                other.cancel()
            is_sent = True
    except* (TimeoutError, ConnectionError):
        log.info("stream_cut", job_id=job.id)
        abort(request)
    except* Exception:
        # The head is sent already: an error's own would come as a part of the stream.
        log.exception("stream_failed", job_id=job.id)
        abort(request)
    _raise_if_cancelled()
    return is_sent


async def _notice_hang_up(request: web.Request) -> None:
    """Raise when the client has hung up while a writer that waits for it would not notice."""
    while not is_closing(request):  # noqa: ASYNC110 - the transport tells nobody
        await asyncio.sleep(TICK_S)
    raise ConnectionResetError


def _raise_if_cancelled() -> None:
    """Where a hang-up broke the writer as well, the group has told of that alone."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


class EventSender(ABC):
    """One job's events on their way out."""

    def __init__(self, request: web.Request, job: Job) -> None:
        """Nothing is sent before `send_events`."""
        self.feed = EventBuffer(request.app[SETTINGS].stream_buffer)
        self._request = request
        self._job = job
        self._events = EventWriter(job.submission.encoding)
        self._position = job.queue_entry.position

    async def send_events(self) -> None:
        """Send the job's events until the feed is closed."""
        while (envelopes := await self._next_envelopes()) is not None:
            envelopes += self._besides()
            if envelopes:
                await self._send(envelopes)

    async def send_result(self, result: JobResult) -> None:
        """Send the last event."""
        await self._send([result_envelope(result)])

    async def _next_envelopes(self) -> list[Envelope] | None:
        """What has happened, or nothing for a while: then it may be another place in the queue."""
        try:
            async with asyncio.timeout(TICK_S):
                events = await self.feed.take()
        except TimeoutError:
            return self._moved()
        return list(self._events.envelopes(events)) if events else None

    def _moved(self) -> list[Envelope]:
        """A new place in the queue, if there is one; that its turn has come is the job's to say."""
        position = self._job.queue_entry.position
        if position in {0, self._position}:
            return []
        self._position = position
        return [queued_envelope(position)]

    def _besides(self) -> list[Envelope]:
        """Envelopes that are due now beside the events of the job, as a ping is."""
        return []

    @abstractmethod
    async def _send(self, envelopes: list[Envelope]) -> None:
        """Send these, waiting while the client is behind."""


class _StreamSender(EventSender):
    """A stream's events, with a ping now and then."""

    def __init__(self, request: web.Request, job: Job, form: Format) -> None:
        super().__init__(request, job)
        headers = {"Content-Type": f"{form}; charset=utf-8", "Cache-Control": "no-cache"}
        headers["X-Accel-Buffering"] = "no"  # proxies must not wait for more
        self.response = web.StreamResponse(headers=headers)
        self._form = form
        self._now = asyncio.get_running_loop().time
        self._next_ping = self._now() + PING_S

    async def send_events(self) -> None:
        bound_send_buffers(self._request)
        await self.response.prepare(self._request)
        await super().send_events()

    def _besides(self) -> list[Envelope]:
        if self._now() < self._next_ping:
            return []
        self._next_ping = self._now() + PING_S
        return [PING]

    async def send_result(self, result: JobResult) -> None:
        answers, owner = self._request.app[MEMORY_BUDGETS].answers, self._request.get(KEY_NAME, "")
        async with answers.acquire(answer_bytes(result), owner):
            await super().send_result(result)
            await self.response.write_eof()

    async def _send(self, envelopes: list[Envelope]) -> None:
        waiting = bytearray()
        for envelope in envelopes:
            for piece in frame(envelope, self._form):
                waiting += piece
                if len(waiting) >= PIECE:
                    await self.response.write(bytes(waiting))
                    waiting.clear()
        if waiting:
            await self.response.write(bytes(waiting))
