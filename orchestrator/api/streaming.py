"""`POST /execute` as a stream: a job's events as they happen, its whole answer last."""

from __future__ import annotations

import asyncio

import structlog
from aiohttp import web

from orchestrator.api.connection import abort, bound_send_buffers, is_closing
from orchestrator.api.events import PING, Envelope, EventWriter, queued_envelope, result_envelope
from orchestrator.api.formats import Format, frame
from orchestrator.api.keys import SERVICE, SETTINGS
from orchestrator.jobs.feed import Feed
from orchestrator.jobs.job import Job
from orchestrator.jobs.model import JobResult

PING_S = 15.0
TICK_S = 1.0

log = structlog.get_logger(__name__)


async def stream(request: web.Request, job: Job, form: Format) -> web.StreamResponse:
    """Run an accepted job and send its events. Is cancelled when the client goes away."""
    writer = _StreamWriter(request, job, form)
    try:
        async with asyncio.TaskGroup() as tasks:
            # The reader's tasks are the children, so that the job is begun before anything fails.
            sending = tasks.create_task(writer.send_events(), name=f"stream {job.id}")
            watching = tasks.create_task(_notice_hang_up(request), name=f"watch {job.id}")
            result = await request.app[SERVICE].run(job, writer.feed)
            writer.feed.close()
            async with asyncio.timeout(request.app[SETTINGS].answer_timeout):
                await sending
                await writer.send_result(result)
            watching.cancel()
    except* (TimeoutError, ConnectionError):
        log.info("stream_cut", job_id=job.id)
        abort(request)
    except* Exception:
        # The head is sent already: an error's own would come as a part of the stream.
        log.exception("stream_failed", job_id=job.id)
        abort(request)
    _raise_if_cancelled()
    return writer.response


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


class _StreamWriter:
    """One stream's way out."""

    def __init__(self, request: web.Request, job: Job, form: Format) -> None:
        headers = {"Content-Type": f"{form}; charset=utf-8", "Cache-Control": "no-cache"}
        headers["X-Accel-Buffering"] = "no"  # proxies must not wait for more
        self.response = web.StreamResponse(headers=headers)
        self.feed = Feed(request.app[SETTINGS].stream_buffer)
        self._request = request
        self._job = job
        self._form = form
        self._events = EventWriter(job.submission.encoding)
        self._position = job.place.position
        self._now = asyncio.get_running_loop().time

    async def send_events(self) -> None:
        """Send the job's events until the feed is closed, and a ping now and then."""
        bound_send_buffers(self._request)
        await self.response.prepare(self._request)
        next_ping = self._now() + PING_S
        while True:
            envelopes = await self._next_envelopes()
            if envelopes is None:
                return
            if self._now() >= next_ping:
                envelopes.append(PING)
                next_ping = self._now() + PING_S
            await self._send(envelopes)

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
        position = self._job.place.position
        if position in {0, self._position}:
            return []
        self._position = position
        return [queued_envelope(position)]

    async def send_result(self, result: JobResult) -> None:
        """Send the last event and the end."""
        await self._send([result_envelope(result)])
        await self.response.write_eof()

    async def _send(self, envelopes: list[Envelope]) -> None:
        if envelopes:
            await self.response.write(b"".join(frame(each, self._form) for each in envelopes))
