"""`/api/v2/connect`: Piston's WebSocket to a program while it runs."""

from __future__ import annotations

import asyncio
import math
import signal
from collections.abc import Iterable, Iterator
from dataclasses import replace
from enum import IntEnum
from typing import Any, cast

from aiohttp import web

from orchestrator.api.answers.events import Envelope, EventWriter
from orchestrator.api.answers.texts import error_text
from orchestrator.api.callers.callers import admit
from orchestrator.api.callers.origins import check_origin
from orchestrator.api.channel import Channel
from orchestrator.api.connections.connection import abort
from orchestrator.api.errors import ApiError
from orchestrator.api.keys import MEMORY_BUDGETS, SERVICE, SETTINGS
from orchestrator.api.piston.access import identify
from orchestrator.api.piston.answer import to_ending
from orchestrator.api.piston.errors import (
    PistonError,
    not_found,
    to_api_error,
    unreadable,
    with_piston_errors,
)
from orchestrator.api.piston.files import to_bytes
from orchestrator.api.piston.handlers import installed_runtimes
from orchestrator.api.piston.runtimes import Runtime
from orchestrator.api.piston.submission import to_request
from orchestrator.api.requests.body import COPIES, parse_json
from orchestrator.api.requests.off_loop import off_loop
from orchestrator.api.streaming import relay
from orchestrator.api.websocket import (
    Session,
    check_protocols,
    offered_protocols,
    session_bytes,
)
from orchestrator.errors import RunnerError
from orchestrator.jobs.events import JobEvent, StageEnded
from orchestrator.jobs.job import Job
from orchestrator.jobs.memory_budget import Allocation
from orchestrator.jobs.model import Cause, JobResult, Verdict
from orchestrator.jobs.queue.admission import Ticket
from orchestrator.sandbox.model import Signal

INIT_S = 1.0
"""How long the submission may be waited for."""
SIGNALS = frozenset(each.name for each in signal.Signals)
Message = dict[str, Any]


class PistonClose(IntEnum):
    """Why we closed."""

    ALREADY_INITIALIZED = 4000
    INITIALIZATION_TIMEOUT = 4001
    NOTIFIED_ERROR = 4002
    NOT_YET_INITIALIZED = 4003
    ONLY_STDIN = 4004
    INVALID_SIGNAL = 4005
    JOB_COMPLETED = 4999


REASONS = {
    PistonClose.ALREADY_INITIALIZED: "Already Initialized",
    PistonClose.INITIALIZATION_TIMEOUT: "Initialization Timeout",
    PistonClose.NOTIFIED_ERROR: "Notified Error",
    PistonClose.NOT_YET_INITIALIZED: "Not yet initialized",
    PistonClose.ONLY_STDIN: "Can only write to stdin",
    PistonClose.INVALID_SIGNAL: "Invalid signal",
    PistonClose.JOB_COMPLETED: "Job Completed",
}


class _OutOfTurnError(RunnerError):
    """A message for which the connection is closed without another word."""

    def __init__(self, code: PistonClose) -> None:
        super().__init__(REASONS[code])
        self.code = code


@with_piston_errors
async def connect(request: web.Request) -> web.StreamResponse:
    """Run the submission in the first message; what comes after it is for the program.

    What can be refused before that is an ordinary HTTP error.
    """
    app = request.app
    check_origin(request.headers, app[SETTINGS].allowed_origins)
    protocols = offered_protocols(request)
    key = identify(request, protocols=protocols)
    if request.headers.get("Upgrade", "").lower() != "websocket":
        raise not_found()
    check_protocols(protocols)
    with (
        admit(request, key) as ticket,
        app[MEMORY_BUDGETS].requests.allocate(ticket.key) as allocation,
    ):
        channel = Channel(request)
        response = await channel.open()
        await _converse(request, channel, ticket, allocation)
    return response


async def _converse(
    request: web.Request, channel: Channel, ticket: Ticket, allocation: Allocation
) -> None:
    """From the first message to the last; nothing is raised any more but a cancellation."""
    try:
        session = await _begin(request, channel, ticket, allocation)
    except ConnectionError:
        abort(request)
    except TimeoutError:
        await _close(channel, PistonClose.INITIALIZATION_TIMEOUT)
    except _OutOfTurnError as err:
        await _close(channel, err.code)
    except Exception as err:  # noqa: BLE001 - what it is is told apart there
        await _refuse(request, channel, err)
    else:
        beside = (session.listen(), session.watch())
        if await relay(request, session.job, session, beside, session.stdin):
            await _close(channel, PistonClose(session.code))


async def _begin(
    request: web.Request, channel: Channel, ticket: Ticket, allocation: Allocation
) -> PistonSession:
    async with asyncio.timeout(INIT_S):
        message, size = await _first(channel)
    allocation.resize(COPIES * size)
    settings = request.app[SETTINGS]
    asked = await off_loop(
        size,
        to_request,
        message,
        installed_runtimes(request.app),
        settings,
        output_bytes=settings.max_output_size,
    )
    # What it reads is what it will be told.
    submission = replace(asked.submission, stdin=b"")
    allocation.resize(session_bytes(submission, settings))
    job = request.app[SERVICE].accept(submission, ticket)
    return PistonSession(request, channel, job, asked.runtime)


async def _first(channel: Channel) -> tuple[Message, int]:
    """The first message that means anything, and its bytes: it must be the submission."""
    while True:
        raw = await channel.receive()
        message = await off_loop(len(raw), _parse, raw)
        match message.get("type"):
            case "init":
                return message, len(raw)
            case "data" | "signal":
                raise _OutOfTurnError(PistonClose.NOT_YET_INITIALIZED)


async def _refuse(request: web.Request, channel: Channel, err: Exception) -> None:
    text = str(err if isinstance(err, PistonError) else to_api_error(err, request))
    try:
        async with asyncio.timeout(request.app[SETTINGS].answer_timeout):
            await channel.send({"type": "error", "message": text})
    except (TimeoutError, ConnectionError):
        abort(request)
    else:
        await _close(channel, PistonClose.NOTIFIED_ERROR)


async def _close(channel: Channel, code: PistonClose) -> None:
    await channel.close(code, REASONS[code])


def _parse(raw: bytes) -> Message:
    """A message; what is JSON but no object says nothing. Raises PistonError."""
    try:
        payload = parse_json(raw)
    except ApiError as err:
        raise unreadable(str(err)) from err
    if payload is None:
        raise unreadable("The message is null")
    return cast("Message", payload) if isinstance(payload, dict) else {}


class PistonSession(Session):
    """A job's events out and its client's messages in, in Piston's words."""

    def __init__(self, request: web.Request, channel: Channel, job: Job, runtime: Runtime) -> None:
        """`runtime`: what the job's language is called."""
        super().__init__(request, channel, job)
        self.job = job
        self.code = PistonClose.JOB_COMPLETED
        self._events = _Writer(job, runtime)
        self._idle_s = math.inf  # a run's own time is short enough
        self._error: str | None = None

    def _moved(self) -> list[Envelope]:
        return []

    async def _obey(self, raw: bytes) -> None:
        message = await off_loop(len(raw), _parse, raw)
        match message.get("type"):
            case "init":
                raise _OutOfTurnError(PistonClose.ALREADY_INITIALIZED)
            case "data":
                if message.get("stream") != "stdin":
                    raise _OutOfTurnError(PistonClose.ONLY_STDIN)
                await self._put(_stdin(message.get("data")))
            case "signal":
                self._signal(message.get("signal"))

    def _signal(self, name: object) -> None:
        """Deliver the signal if we can; drop any other that Piston takes, as Piston does."""
        if not isinstance(name, str) or name not in SIGNALS:
            raise _OutOfTurnError(PistonClose.INVALID_SIGNAL)
        short = name.removeprefix("SIG")
        if short in Signal.__members__:
            self.stdin.signal(Signal[short])

    def _fail(self, err: RunnerError) -> None:
        if isinstance(err, _OutOfTurnError):
            self._end(err.code, Cause.CLIENT)
        else:
            self._error = str(err)
            self._end(PistonClose.NOTIFIED_ERROR, Cause.CLIENT)

    async def send_result(self, result: JobResult) -> None:
        """What Piston has no word for is an error."""
        if self.code is PistonClose.JOB_COMPLETED and result.status in _UNTOLD:
            self.code = PistonClose.NOTIFIED_ERROR
            self._error = error_text(result)
        if self._error is not None:
            await self._send([{"type": "error", "message": self._error}])


_UNTOLD = {Verdict.INTERNAL_ERROR, Verdict.CANCELLED}


def _stdin(data: object) -> bytes:
    if not isinstance(data, str):
        raise unreadable("data must be a string")
    return to_bytes(data)


class _Writer(EventWriter):
    """A job's events as Piston's messages."""

    def __init__(self, job: Job, runtime: Runtime) -> None:
        super().__init__(job.submission.encoding)
        self._runtime: Message | None = {
            "type": "runtime",
            "language": runtime.language,
            "version": runtime.version,
        }

    def envelopes(self, events: Iterable[JobEvent]) -> Iterator[Envelope]:
        """What to send for these events."""
        events = tuple(events)
        ended = (event for event in events if isinstance(event, StageEnded))
        for envelope in super().envelopes(events):
            match envelope:
                case {"event": "stage", "name": name}:
                    if self._runtime is not None:
                        yield self._runtime
                        self._runtime = None
                    yield {"type": "stage", "stage": name}
                case {"event": "exit", "name": name}:
                    ending = to_ending(next(ended).result)
                    yield {
                        "type": "exit",
                        "stage": name,
                        "code": ending.code,
                        "signal": ending.signal,
                    }
                case {"event": "stdout" | "stderr" as stream, "data": data}:
                    yield {"type": "data", "stream": stream, "data": data}
