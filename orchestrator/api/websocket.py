"""`GET /execute/ws`: a program to talk to (docs/reference/websocket.md)."""

from __future__ import annotations

import asyncio

import structlog
from aiohttp import web

from orchestrator.api.answers.events import Envelope, error_envelope
from orchestrator.api.answers.weight import message_bytes, stream_bytes, submission_bytes
from orchestrator.api.callers.callers import KEY_NAME, admit, who
from orchestrator.api.callers.origins import check_origin
from orchestrator.api.channel import PROTOCOL, Channel, Close
from orchestrator.api.connections.connection import abort
from orchestrator.api.errors import ApiError, Problem, from_exception, invalid, unavailable
from orchestrator.api.execute import check_payload
from orchestrator.api.keys import MEMORY_BUDGETS, SERVICE, SETTINGS
from orchestrator.api.requests.body import COPIES, parse_json
from orchestrator.api.requests.messages import Eof, Stdin, parse_message
from orchestrator.api.requests.off_loop import off_loop
from orchestrator.api.streaming import EventSender, relay
from orchestrator.errors import RunnerError
from orchestrator.jobs.job import Job
from orchestrator.jobs.memory_budget import Allocation
from orchestrator.jobs.model import Cause, JobResult, Phase, Submission
from orchestrator.jobs.queue.admission import Ticket
from orchestrator.sandbox.stdin import StdinStream
from orchestrator.settings import Settings

TICK_S = 0.25
MAX_HELD = 262_144
"""Bytes of stdin that may wait here for a program that takes none, before the client has to."""
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
        await _converse(request, channel, ticket, allocation)
    return response


def offered_protocols(request: web.Request) -> str:
    """The first such header, as aiohttp reads it: what it finds no use for there, it logs."""
    return request.headers.get("Sec-WebSocket-Protocol", "")


def check_protocols(protocols: str) -> None:
    """Who offers any must offer ours. Raises ApiError (400)."""
    if protocols and PROTOCOL not in (name.strip() for name in protocols.split(",")):
        raise invalid([Problem("Sec-WebSocket-Protocol", f"must offer {PROTOCOL}")])


async def _converse(
    request: web.Request, channel: Channel, ticket: Ticket, allocation: Allocation
) -> None:
    """From the first message to the last; nothing is raised any more but a cancellation."""
    try:
        job = await _accept(request, channel, ticket, allocation)
    except ConnectionError:
        abort(request)
    except Exception as err:
        refusal = from_exception(err)
        if refusal is None:
            log.exception("request.failed", method=request.method, path=request.path)
            refusal = unavailable("internal_error", "Internal error, try again")
        await _refuse(request, channel, refusal)
    else:
        session = Session(request, channel, job)
        if await relay(request, job, session, (session.listen(), session.watch()), session.stdin):
            await channel.close(session.code)


async def _refuse(request: web.Request, channel: Channel, refusal: ApiError) -> None:
    try:
        async with asyncio.timeout(request.app[SETTINGS].answer_timeout):
            await channel.send(error_envelope(refusal))
    except (TimeoutError, ConnectionError):
        abort(request)
    else:
        await channel.close(Close.REFUSED)


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


def session_bytes(submission: Submission, settings: Settings) -> int:
    """What a session holds: its job, what is on its way out, and what is on its way in."""
    return submission_bytes(submission, settings) + stream_bytes(settings) + COPIES * MAX_HELD


def _check(app: web.Application, raw: bytes) -> Submission:
    payload = parse_json(raw)
    judging = [name for name in JUDGING if isinstance(payload, dict) and payload.get(name)]
    if judging:
        raise invalid([Problem(name, "is not supported over a WebSocket") for name in judging])
    return check_payload(app, payload)


class Session(EventSender):
    """A job's events out, its client's messages in."""

    def __init__(self, request: web.Request, channel: Channel, job: Job) -> None:
        """To be relayed, with `listen` and `watch` beside it; `code` is then how to close."""
        super().__init__(request, job)
        self.stdin = StdinStream()
        self.code: int = Close.DONE
        self._channel = channel
        self._service = request.app[SERVICE]
        self._idle_s = request.app[SETTINGS].ws_idle_timeout
        self._fault: ApiError | None = None
        self._is_reading = True
        self._is_ending = False

    async def listen(self) -> None:
        """Obey the client's messages; the first that makes no sense ends the job.

        While the program takes no stdin and much of it waits, nothing is read, signals included.
        """
        try:
            while True:
                await self._obey(await self._channel.receive())
        except RunnerError as err:
            self._is_reading = False
            self._fail(err)

    async def _obey(self, raw: bytes) -> None:
        match parse_message(raw, self._job.submission.encoding):
            case Stdin(data):
                await self._put(data)
            case Eof():
                self.stdin.end()
            case signal:
                self.stdin.signal(signal)

    def _fail(self, err: RunnerError) -> None:
        self._fault = from_exception(err)
        self._end(Close.REFUSED, Cause.CLIENT)

    async def _put(self, data: bytes) -> None:
        """Held back not before it must be: what is not read might be the client's going away."""
        self.stdin.write_nowait(data)
        if self.stdin.pending_bytes > MAX_HELD:
            self._is_reading = False
            await self.stdin.write(b"")
            self._is_reading = True

    async def watch(self) -> None:
        """Raise ConnectionResetError once the client is gone, whether or not anything is read."""
        while True:
            await asyncio.sleep(TICK_S)
            await self._channel.check(is_read=self._is_reading)
            now = asyncio.get_running_loop().time()
            if self._job.phase is not Phase.RUNNING:
                self._channel.active_at = now  # nobody can speak to it yet, nor it to anybody
            elif now - self._channel.active_at >= self._idle_s:
                self._end(Close.IDLE, Cause.DEADLINE)

    def _end(self, code: int, cause: Cause) -> None:
        """End the job; the first reason counts."""
        if not self._is_ending:
            self._is_ending = True
            self.code = code
            self._service.end(self._job, cause)

    async def _send(self, envelopes: list[Envelope]) -> None:
        for envelope in envelopes:
            await self._channel.send(envelope)

    async def send_result(self, result: JobResult) -> None:
        """Send the last event; before it, what was wrong with a message."""
        if self._fault is not None:
            await self._channel.send(error_envelope(self._fault))
        answers, owner = self._request.app[MEMORY_BUDGETS].answers, self._request.get(KEY_NAME, "")
        async with answers.acquire(message_bytes(result), owner):
            await super().send_result(result)
