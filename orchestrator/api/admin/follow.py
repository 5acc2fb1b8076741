"""A build's log as it grows, to whoever asks for it. Their going away does nothing to the build."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import structlog
from aiohttp import web

from orchestrator.api.admin.wire import PING, Envelope, event_envelope, pretty, result_envelope
from orchestrator.api.answers.formats import Format, frame
from orchestrator.api.connections.connection import abort, bound_send_buffers, is_closing
from orchestrator.api.errors import Problem, invalid
from orchestrator.api.keys import SETTINGS
from orchestrator.images.build_queue import Build

PING_S = 15.0
TICK_S = 1.0
MAX_DIGITS = 18

log = structlog.get_logger(__name__)


def first_number(request: web.Request) -> int:
    """Where to begin: `?from=N`, or the event after `Last-Event-ID`; 0. Raises ApiError (400)."""
    if "from" in request.query:
        return _number("from", request.query["from"])
    last = request.headers.get("Last-Event-ID", "")
    return _number("Last-Event-ID", last) + 1 if last else 0


def _number(field: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS):
        raise invalid([Problem(field, "must be a whole number")])
    return int(text)


async def follow(
    request: web.Request, build: Build, form: Format, *, start: int = 0, status: int = 200
) -> web.StreamResponse:
    """Send the log from event `start` on, then what comes, then the build as it has ended.

    A reader may be as slow as the build is long; afterwards each piece has ANSWER_TIMEOUT.
    """
    headers = {"Content-Type": f"{form}; charset=utf-8", "Cache-Control": "no-cache"}
    headers["X-Accel-Buffering"] = "no"  # proxies must not wait for more
    headers["Location"] = f"/admin/builds/{build.id}"
    response = web.StreamResponse(status=status, headers=headers)
    bound_send_buffers(request)
    await response.prepare(request)
    try:
        async for envelope in _envelopes(build, start):
            if data := _encode(envelope, form):
                await _write(request, response, build, data)
        await response.write_eof()
    except (TimeoutError, ConnectionError):
        log.info("log_cut", build=build.id)
        abort(request)
    return response


async def _envelopes(build: Build, start: int) -> AsyncIterator[Envelope]:
    events = build.follow(start)
    coming = asyncio.ensure_future(anext(events, None))
    try:
        while True:
            await asyncio.wait({coming}, timeout=PING_S)
            if not coming.done():
                yield PING
                continue
            event = coming.result()
            if event is None:
                break
            yield event_envelope(event)
            coming = asyncio.ensure_future(anext(events, None))
    finally:
        coming.cancel()
        await asyncio.wait({coming})
    yield result_envelope(build)


async def _write(
    request: web.Request, response: web.StreamResponse, build: Build, data: bytes
) -> None:
    """Raises ConnectionError or TimeoutError once it is no use to wait for the reader."""
    writing = asyncio.ensure_future(response.write(data))
    patience_s = request.app[SETTINGS].answer_timeout
    since: float | None = None
    try:
        while not (await asyncio.wait({writing}, timeout=TICK_S))[0]:
            now = time.monotonic()
            since = since or (now if build.state.is_final else None)
            if is_closing(request):
                raise ConnectionResetError
            if since is not None and now - since > patience_s:
                raise TimeoutError
        writing.result()
    finally:
        if not writing.done():
            writing.cancel()
            await asyncio.wait({writing})


def _encode(envelope: Envelope, form: Format) -> bytes:
    """An event on the wire; an event source that comes back says the last `id` it has seen."""
    if form is Format.TEXT:
        return pretty(envelope).encode("utf-8", "replace")
    data = b"".join(frame(envelope, form))
    if form is Format.SSE and "number" in envelope:
        return f"id: {envelope['number']}\n".encode() + data
    return data
