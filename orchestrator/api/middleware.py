"""What every request gets: an id, an answer in time, and a JSON error when something goes wrong."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
import uuid
from http import HTTPStatus
from typing import TYPE_CHECKING

import structlog
from aiohttp import web

from orchestrator.api.callers.callers import KEY_NAME
from orchestrator.api.callers.client_address import client_of
from orchestrator.api.connections.connection import abort
from orchestrator.api.connections.door import Connection
from orchestrator.api.errors import ApiError, error_body, from_exception, unavailable
from orchestrator.api.keys import SETTINGS

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler

HEADER = "X-Request-Id"
QUIET = ("/health", "/stats")
GUESSED = (401, 429)
"""Answers to wrong keys: they leave a trace wherever they are tried."""
MAX_SHOWN = 100
LINGER_S = 1.0
LINGER_BYTES = 1 << 20
"""What is still read of a body that nobody wants: who is hung up on while it is sending may never
see the answer."""
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_STORED = web.RequestKey("request_id", str)

log = structlog.get_logger(__name__)


def request_id(request: web.BaseRequest) -> str:
    """The client's own id when it is well-formed, else a new one; the same at every call."""
    if _STORED not in request:
        given = request.headers.get(HEADER, "")
        request[_STORED] = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
    return request[_STORED]


async def add_request_id(request: web.BaseRequest, response: web.StreamResponse) -> None:
    """Before any response leaves, errors and streams included: put the id on it.

    And take off which Python and which library made it: nobody needs to know.
    """
    response.headers[HEADER] = request_id(request)
    response.headers.pop("Server", None)


@web.middleware
async def answer_in_time(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Send the answer while somebody takes it; nothing more is read from who was not heard out."""
    connection = request.protocol if isinstance(request.protocol, Connection) else None
    if connection is not None:
        connection.begin(request)
    response = await handler(request)
    if connection is not None and not connection.has_place:
        response.force_close()
    await _send(request, response)
    if connection is not None:
        connection.end()
    return response


async def _send(request: web.Request, response: web.StreamResponse) -> None:
    if response.prepared:
        return
    is_heard_out = request.content.is_eof()
    if not is_heard_out:
        response.force_close()
    try:
        async with asyncio.timeout(request.app[SETTINGS].answer_timeout):
            await response.prepare(request)
            await response.write_eof()
    except (TimeoutError, ConnectionError):
        abort(request)
    if not is_heard_out and "Expect" not in request.headers:
        await _linger(request)


async def _linger(request: web.Request) -> None:
    left = LINGER_BYTES
    with contextlib.suppress(TimeoutError, web.RequestPayloadError, ConnectionError):
        async with asyncio.timeout(LINGER_S):
            while left > 0 and not request.content.is_eof():
                left -= len(await request.content.readany())


@web.middleware
async def log_request(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every line logged on behalf of a request names it; the last one says how it was answered."""
    started = time.monotonic()
    status = 0  # the client went away
    with structlog.contextvars.bound_contextvars(request_id=request_id(request)):
        try:
            response = await handler(request)
            status = response.status
            return response
        finally:
            # Health checks come every few seconds and say nothing; a path may be anything.
            is_quiet = request.path in QUIET and status not in GUESSED
            write = log.debug if is_quiet else log.info
            write(
                "request",
                method=request.method[:MAX_SHOWN],
                path=request.rel_url.raw_path[:MAX_SHOWN],
                status=status,
                duration_ms=round((time.monotonic() - started) * 1000, 1),
                client=client_of(request),
                key=request.get(KEY_NAME),
            )


@web.middleware
async def errors_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every error is `{"error", "code", "details"?}`; the one place where types become answers."""
    try:
        return await handler(request)
    except web.HTTPException as err:
        return _from_http(err)
    except Exception as err:
        refusal = from_exception(err)
        if refusal is None:
            log.exception("request.failed", method=request.method, path=request.path)
            refusal = unavailable("internal_error", "Internal error, try again")
        return error_response(refusal)


def error_response(err: ApiError) -> web.Response:
    """The JSON response of a refusal, with the headers that belong to it."""
    return web.json_response(error_body(err), status=err.status, headers=err.headers)


def _from_http(err: web.HTTPException) -> web.Response:
    """The refusals of aiohttp itself (404, 405, …); `Allow` is kept."""
    phrase = HTTPStatus(err.status).phrase
    response = error_response(ApiError(err.status, phrase.lower().replace(" ", "_"), phrase))
    if "Allow" in err.headers:
        response.headers["Allow"] = err.headers["Allow"]
    return response
