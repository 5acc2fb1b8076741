"""`POST /execute`: one program in, one answer out; or its events, where a stream is asked for."""

from __future__ import annotations

import asyncio

from aiohttp import web

from orchestrator.api.answer import to_answer
from orchestrator.api.auth import authenticate
from orchestrator.api.body import read_json
from orchestrator.api.connection import abort, bound_send_buffers
from orchestrator.api.errors import unavailable
from orchestrator.api.formats import Format, choose_format
from orchestrator.api.keys import ADMISSION, READINESS, SERVICE, SETTINGS
from orchestrator.api.streaming import stream
from orchestrator.api.submission import to_submission
from orchestrator.jobs.model import Failure, JobResult, Submission, Verdict

_FAILURES = {
    Failure.ENGINE_UNAVAILABLE: "The engine is not available, try again",
    Failure.INTERNAL_ERROR: "Internal error, try again",
}


async def execute(request: web.Request) -> web.StreamResponse:
    """Run the submission in the body; 200 whatever the program does.

    In this order: who asks, is the server fit to run anything, is there room to hold the request;
    only then is the body read. Raises ApiError, InvalidSubmissionError, QueueFullError and
    DrainingError for the middleware; is cancelled when the client goes away.
    """
    app = request.app
    form = choose_format(",".join(request.headers.getall("Accept", ())))
    key = authenticate(request.headers, app[SETTINGS].api_keys)
    check_ready(app)
    with app[ADMISSION].ticket(key) as ticket:
        job = app[SERVICE].accept(await _receive(request), ticket)
        if form is not Format.JSON:
            return await stream(request, job, form)
        result = await app[SERVICE].run(job)
        raise_failure(result)
        return await send_answer(request, to_answer(result))


def check_ready(app: web.Application) -> None:
    """Raise ApiError (503) while no program can be run."""
    reason = app[READINESS].reason
    if reason is not None:
        raise unavailable("engine_unavailable", f"Not ready to run programs: {reason}")


async def send_answer(request: web.Request, answer: object) -> web.Response:
    """Send it, as JSON, while the ticket is still held: unread answers are memory too."""
    response = web.json_response(answer)
    bound_send_buffers(request)
    try:
        async with asyncio.timeout(request.app[SETTINGS].answer_timeout):
            await response.prepare(request)
            await response.write_eof()
    except (TimeoutError, ConnectionError):
        abort(request)
    return response


async def _receive(request: web.Request) -> Submission:
    """The body, read and checked; what it was read into is gone once this returns."""
    app = request.app
    settings = app[SETTINGS]
    return await read_json(
        request,
        lambda payload: check_payload(app, payload),
        max_bytes=settings.max_body_size,
        timeout_s=settings.body_timeout,
    )


def check_payload(app: web.Application, payload: object) -> Submission:
    """A request's JSON value as this server would run it. Raises as `to_submission` does."""
    return to_submission(payload, catalog=app[SERVICE].catalog, settings=app[SETTINGS])


def raise_failure(result: JobResult) -> None:
    """Trouble of ours is a 503 that says to come back, never a 200."""
    if result.status is Verdict.INTERNAL_ERROR:
        failure = result.failure or Failure.INTERNAL_ERROR
        raise unavailable(failure.value, _FAILURES[failure])
