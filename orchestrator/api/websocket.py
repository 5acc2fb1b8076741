"""`GET /execute/ws`: a program to talk to (docs/reference/websocket.md)."""

from __future__ import annotations

import asyncio

import structlog
from aiohttp import web

from orchestrator.api.answers.events import error_envelope
from orchestrator.api.answers.weight import message_bytes
from orchestrator.api.callers.callers import admit, who
from orchestrator.api.callers.origins import check_origin
from orchestrator.api.errors import ApiError, Problem, from_exception, invalid, unavailable
from orchestrator.api.execute import check_payload
from orchestrator.api.keys import MEMORY_BUDGETS, SERVICE, SETTINGS
from orchestrator.api.requests.body import COPIES, parse_json
from orchestrator.api.requests.messages import Message, parse_message
from orchestrator.api.requests.off_loop import off_loop
from orchestrator.api.sessions.channel import Channel, Close
from orchestrator.api.sessions.conversation import (
    Closing,
    Conversation,
    Refusal,
    check_protocols,
    converse,
    offered_protocols,
    session_bytes,
)
from orchestrator.api.streaming import StreamWords
from orchestrator.errors import RunnerError
from orchestrator.jobs.job import Job
from orchestrator.jobs.memory_budget import Allocation
from orchestrator.jobs.model import JobResult, Submission
from orchestrator.jobs.queue.admission import Ticket

JUDGING = ("tests", "checker", "interactor")

log = structlog.get_logger(__name__)


async def execute_ws(request: web.Request) -> web.StreamResponse:
    """Run the submission in the first message; what comes after it is for the program.

    What can be refused before that is an ordinary HTTP error: who asks, may they, is the server
    fit to run anything, is there room to hold the request. Is cancelled when the client goes away.
    """
    app = request.app
    check_origin(request.headers, app[SETTINGS].allowed_origins)
    protocols = offered_protocols(request)
    key = who(request, protocols=protocols)
    check_protocols(protocols)
    with (
        admit(request, key) as ticket,
        app[MEMORY_BUDGETS].requests.allocate(ticket.key) as allocation,
    ):
        channel = Channel(request)
        response = await channel.open()

        async def begin() -> Conversation:
            job = await _accept(request, channel, ticket, allocation)
            dialect = RunnerDialect(job, app[SETTINGS].ws_idle_timeout)
            return Conversation(request, channel, job, dialect)

        def refuse(err: Exception) -> Refusal:
            found = from_exception(err)
            if found is None:
                log.error("request.failed", exc_info=err, method=request.method, path=request.path)
                found = unavailable("internal_error", "Internal error, try again")
            return _refusal(found)

        await converse(request, channel, begin, refuse)
    return response


async def _accept(
    request: web.Request, channel: Channel, ticket: Ticket, allocation: Allocation
) -> Job:
    """The submission in the first message, taken on. Raises as POST's handler does."""
    timeout_s = request.app[SETTINGS].body_timeout
    try:
        async with asyncio.timeout(timeout_s):
            raw = await channel.receive()
    except TimeoutError as err:
        text = f"The submission did not arrive within {timeout_s:g} s"
        raise ApiError(408, "timeout", text) from err
    allocation.resize(COPIES * len(raw))
    submission = await off_loop(len(raw), _check, request.app, raw)
    allocation.resize(session_bytes(submission, request.app[SETTINGS]))
    return request.app[SERVICE].accept(submission, ticket)


def _check(app: web.Application, raw: bytes) -> Submission:
    payload = parse_json(raw)
    judging = [name for name in JUDGING if isinstance(payload, dict) and payload.get(name)]
    if judging:
        raise invalid([Problem(name, "is not supported over a WebSocket") for name in judging])
    return check_payload(app, payload)


def _refusal(err: ApiError | None) -> Refusal:
    said = () if err is None else (error_envelope(err),)
    return Refusal(Closing(Close.REFUSED), said)


class RunnerDialect(StreamWords):
    """What is said over such a WebSocket (a conversation's Dialect)."""

    idle = Closing(Close.IDLE)

    def __init__(self, job: Job, idle_s: float) -> None:
        """`idle_s`: after so long without a word from either side the job is ended."""
        super().__init__(job.submission.encoding)
        self.idle_s = idle_s
        self._encoding = job.submission.encoding

    async def understand(self, raw: bytes) -> Message:
        """A client's message. Raises ApiError."""
        return parse_message(raw, self._encoding)

    def refusal(self, err: RunnerError) -> Refusal:
        """What was wrong with a message; the result still follows."""
        return _refusal(from_exception(err))

    def closing(self, _result: JobResult) -> Closing:
        """The same, however the job has ended."""
        return Closing(Close.DONE)

    def weight(self, result: JobResult) -> int:
        """What is sent as one message."""
        return message_bytes(result)
