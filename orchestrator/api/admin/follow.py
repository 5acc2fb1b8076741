"""A build's log as it grows, to whoever asks for it. Their going away does nothing to the build."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from aiohttp import web

from orchestrator.api.admin.wire import Envelope, event_envelope, pretty, result_envelope
from orchestrator.api.answers.formats import Format, frame
from orchestrator.api.errors import Problem, invalid
from orchestrator.api.sessions.attended import attended
from orchestrator.api.sessions.http_stream import HttpStream
from orchestrator.images.build_queue import Build

MAX_DIGITS = 18


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
    stream = HttpStream(
        request,
        form,
        encode=encode,
        status=status,
        headers={"Location": f"/admin/builds/{build.id}"},
        pings_only_silence=True,
        is_over=lambda: build.state.is_final,
    )
    async with attended(request, [stream.watch()], "log", build=build.id):
        await _send(stream, build, start)
        await stream.finish()
    return stream.response


async def _send(stream: HttpStream, build: Build, start: int) -> None:
    await stream.send(())
    events = build.follow(start)
    coming = asyncio.ensure_future(anext(events, None))
    try:
        while True:
            await asyncio.wait({coming}, timeout=stream.until_ping())
            if not coming.done():
                await stream.keep_alive()
                continue
            event = coming.result()
            if event is None:
                break
            await stream.send([event_envelope(event)])
            coming = asyncio.ensure_future(anext(events, None))
    finally:
        coming.cancel()
        await asyncio.wait({coming})
    await stream.send([result_envelope(build)])


def encode(envelope: Envelope, form: Format) -> Iterable[bytes]:
    """An event on the wire; an event source that comes back says the last `id` it has seen."""
    if form is Format.TEXT:
        return [pretty(envelope).encode("utf-8", "replace")]
    head = f"id: {envelope['number']}\n" if form is Format.SSE and "number" in envelope else ""
    return [head.encode(), *frame(envelope, form)]
