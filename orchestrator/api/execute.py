"""`POST /execute`: one program in, one answer out; or its events, where a stream is asked for."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from aiohttp import web

from orchestrator.api.answers.answer import to_answer
from orchestrator.api.answers.formats import Format, choose_format
from orchestrator.api.answers.json_pieces import PIECE, json_pieces
from orchestrator.api.answers.weight import (
    answer_bytes,
    result_bytes,
    stream_bytes,
    submission_bytes,
)
from orchestrator.api.callers.callers import KEY_NAME, admit, who
from orchestrator.api.connections.connection import abort, bound_send_buffers
from orchestrator.api.errors import unavailable
from orchestrator.api.keys import MEMORY_BUDGETS, SERVICE, SETTINGS
from orchestrator.api.requests.body import read_json
from orchestrator.api.requests.submission import to_submission
from orchestrator.api.streaming import stream
from orchestrator.errors import QueueFullError
from orchestrator.jobs.memory_budget import RETRY_AFTER_S, Allocation
from orchestrator.jobs.model import Failure, JobResult, Submission, Verdict

JSON = {"Content-Type": "application/json; charset=utf-8"}
_FAILURES = {
    Failure.ENGINE_UNAVAILABLE: "The engine is not available, try again",
    Failure.INTERNAL_ERROR: "Internal error, try again",
}


async def execute(request: web.Request) -> web.StreamResponse:
    """Run the submission in the body; 200 whatever the program does.

    In this order: who asks, may they, is the server fit to run anything, is there room to hold the
    request; only then is the body read. Raises ApiError, InvalidSubmissionError, QueueFullError and
    DrainingError for the middleware; is cancelled when the client goes away.
    """
    app = request.app
    form = choose_format(",".join(request.headers.getall("Accept", ())))
    with (
        admit(request, who(request)) as ticket,
        app[MEMORY_BUDGETS].requests.allocate(ticket.key) as allocation,
    ):
        beside = 0 if form is Format.JSON else stream_bytes(app[SETTINGS])
        job = app[SERVICE].accept(await _receive(request, allocation, beside), ticket)
        if form is not Format.JSON:
            return await stream(request, job, form)
        result = await app[SERVICE].run(job)
        raise_failure(result)
        return await send_answer(request, result, lambda: to_answer(result))


async def send_answer(
    request: web.Request, result: JobResult, to_wire: Callable[[], object]
) -> web.StreamResponse:
    """Send a result as JSON while the ticket is still held: unread answers are memory too.

    `to_wire`: what it looks like. Raises QueueFullError when others' answers leave no room for it.
    """
    timeout_s = request.app[SETTINGS].answer_timeout
    async with contextlib.AsyncExitStack() as stack:
        try:
            async with asyncio.timeout(timeout_s):
                answers = request.app[MEMORY_BUDGETS].answers
                room = answers.acquire(answer_bytes(result), request.get(KEY_NAME, ""))
                await stack.enter_async_context(room)
        except TimeoutError as err:
            raise QueueFullError(RETRY_AFTER_S) from err
        bound_send_buffers(request)
        is_short = result_bytes(result) <= PIECE
        response = web.json_response(to_wire()) if is_short else web.StreamResponse(headers=JSON)
        try:
            async with asyncio.timeout(timeout_s):
                await response.prepare(request)
                if not is_short:
                    for piece in json_pieces(to_wire()):
                        await response.write(piece)
                await response.write_eof()
        except (TimeoutError, ConnectionError):
            abort(request)
        return response


async def _receive(request: web.Request, allocation: Allocation, beside: int) -> Submission:
    """The body, read and checked; what it was read into is gone once this returns.

    There is room for it from then on, and for what its answer takes `beside`, in bytes.
    """
    app = request.app
    settings = app[SETTINGS]
    submission = await read_json(
        request,
        lambda payload: check_payload(app, payload),
        max_bytes=settings.max_body_size,
        timeout_s=settings.body_timeout,
        hold=allocation.resize,
    )
    allocation.resize(submission_bytes(submission, settings) + beside)
    return submission


def check_payload(app: web.Application, payload: object) -> Submission:
    """A request's JSON value as this server would run it. Raises as `to_submission` does."""
    return to_submission(payload, catalog=app[SERVICE].catalog, settings=app[SETTINGS])


def raise_failure(result: JobResult) -> None:
    """Trouble of ours is a 503 that says to come back, never a 200."""
    if result.status is Verdict.INTERNAL_ERROR:
        failure = result.failure or Failure.INTERNAL_ERROR
        raise unavailable(failure.value, _FAILURES[failure])
