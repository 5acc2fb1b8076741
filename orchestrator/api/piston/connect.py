"""`/api/v2/connect`: Piston's WebSocket to a program while it runs."""

from __future__ import annotations

import asyncio
import math
import signal
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from enum import IntEnum
from itertools import groupby
from typing import Any, cast

from aiohttp import web

from orchestrator.api.answers.events import Envelope, EventWriter
from orchestrator.api.answers.texts import error_text
from orchestrator.api.callers.callers import admit
from orchestrator.api.callers.origins import check_origin
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
from orchestrator.api.requests.messages import Message, Stdin
from orchestrator.api.requests.off_loop import off_loop
from orchestrator.api.sessions.channel import Channel
from orchestrator.api.sessions.conversation import (
    Closing,
    Conversation,
    Refusal,
    check_protocols,
    converse,
    offered_protocols,
    session_bytes,
)
from orchestrator.errors import RunnerError
from orchestrator.jobs.events import JobEvent, Printed, StageEnded, StageStarted
from orchestrator.jobs.job import Job
from orchestrator.jobs.memory_budget import Allocation
from orchestrator.jobs.model import JobResult, StageResult, Verdict
from orchestrator.jobs.queue.admission import Ticket
from orchestrator.sandbox.model import Signal, StageKind

INIT_S = 1.0
"""How long the submission may be waited for."""
SIGNALS = frozenset(each.name for each in signal.Signals)
Json = dict[str, Any]


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

        async def begin() -> Conversation:
            job, runtime = await _begin(request, channel, ticket, allocation)
            return Conversation(request, channel, job, PistonDialect(job, runtime))

        def refuse(err: Exception) -> Refusal:
            if isinstance(err, TimeoutError):
                return Refusal(_close(PistonClose.INITIALIZATION_TIMEOUT))
            told = isinstance(err, PistonError | _OutOfTurnError)
            return _refusal(err if told else to_api_error(err, request))

        await converse(request, channel, begin, refuse)
    return response


async def _begin(
    request: web.Request, channel: Channel, ticket: Ticket, allocation: Allocation
) -> tuple[Job, Runtime]:
    """The submission in the first message, taken on, and what its language is called."""
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
    return request.app[SERVICE].accept(submission, ticket), asked.runtime


async def _first(channel: Channel) -> tuple[Json, int]:
    """The first message that means anything, and its bytes: it must be the submission."""
    while True:
        raw = await channel.receive()
        message = await off_loop(len(raw), _parse, raw)
        match message.get("type"):
            case "init":
                return message, len(raw)
            case "data" | "signal":
                raise _OutOfTurnError(PistonClose.NOT_YET_INITIALIZED)


def _close(code: PistonClose) -> Closing:
    return Closing(code, REASONS[code])


def _refusal(err: Exception) -> Refusal:
    """What Piston says where it says anything."""
    if isinstance(err, _OutOfTurnError):
        return Refusal(_close(err.code))
    return Refusal(_close(PistonClose.NOTIFIED_ERROR), [_error(str(err))])


def _error(text: str) -> Envelope:
    return {"type": "error", "message": text}


def _parse(raw: bytes) -> Json:
    """A message; what is JSON but no object says nothing. Raises PistonError."""
    try:
        payload = parse_json(raw)
    except ApiError as err:
        raise unreadable(str(err)) from err
    if payload is None:
        raise unreadable("The message is null")
    return cast("Json", payload) if isinstance(payload, dict) else {}


_UNTOLD = {Verdict.INTERNAL_ERROR, Verdict.CANCELLED}
"""What Piston has no word for."""


class PistonDialect:
    """A job and its client's messages in Piston's words (a conversation's Dialect)."""

    idle = _close(PistonClose.JOB_COMPLETED)
    idle_s = math.inf  # a run's own time is short enough

    def __init__(self, job: Job, runtime: Runtime) -> None:
        """`runtime`: what the job's language is called."""
        self._text = EventWriter(job.submission.encoding)
        self._runtime = runtime
        self._is_runtime_told = False
        self._has_refused = False

    def of_events(self, events: Sequence[JobEvent]) -> Iterator[Envelope]:
        """Output that comes in a row is told of together."""
        for is_output, group in groupby(events, lambda event: isinstance(event, Printed)):
            if is_output:
                yield from self._output(group)
                continue
            for event in group:
                match event:
                    case StageStarted(kind):
                        yield from self._introduction()
                        yield {"type": "stage", "stage": kind.value}
                    case StageEnded(kind, result):
                        yield from self._output([event])  # what of it was no whole character
                        yield _exit(kind, result)

    def of_position(self, _position: int) -> Iterable[Envelope]:
        """Piston has no word for it."""
        return ()

    def of_result(self, result: JobResult) -> Iterable[Envelope]:
        """What Piston has no word for is an error, once the client has not been told another."""
        return () if self._is_told(result) else (_error(error_text(result) or ""),)

    def weight(self, _result: JobResult) -> int:
        """A few words."""
        return 0

    async def understand(self, raw: bytes) -> Message | None:
        """A client's message. Raises PistonError, or what ends the connection without a word."""
        message = await off_loop(len(raw), _parse, raw)
        match message.get("type"):
            case "init":
                raise _OutOfTurnError(PistonClose.ALREADY_INITIALIZED)
            case "data":
                if message.get("stream") != "stdin":
                    raise _OutOfTurnError(PistonClose.ONLY_STDIN)
                return Stdin(_stdin(message.get("data")))
            case "signal":
                return _signal(message.get("signal"))
        return None

    def refusal(self, err: RunnerError) -> Refusal:
        """What was wrong with a message; nothing is said after it."""
        self._has_refused = True
        return _refusal(err)

    def closing(self, result: JobResult) -> Closing:
        """As it has been told of."""
        is_told = self._is_told(result)
        return _close(PistonClose.JOB_COMPLETED if is_told else PistonClose.NOTIFIED_ERROR)

    def _is_told(self, result: JobResult) -> bool:
        return self._has_refused or result.status not in _UNTOLD

    def _introduction(self) -> Iterator[Envelope]:
        if not self._is_runtime_told:
            self._is_runtime_told = True
            language, version = self._runtime.language, self._runtime.version
            yield {"type": "runtime", "language": language, "version": version}

    def _output(self, events: Iterable[JobEvent]) -> Iterator[Envelope]:
        for envelope in self._text.envelopes(events):
            match envelope:
                case {"event": "stdout" | "stderr" as stream, "data": data}:
                    yield {"type": "data", "stream": stream, "data": data}


def _exit(kind: StageKind, result: StageResult) -> Envelope:
    ending = to_ending(result)
    return {"type": "exit", "stage": kind.value, "code": ending.code, "signal": ending.signal}


def _signal(name: object) -> Signal | None:
    """The signal if we can deliver it; any other that Piston takes is dropped, as Piston does."""
    if not isinstance(name, str) or name not in SIGNALS:
        raise _OutOfTurnError(PistonClose.INVALID_SIGNAL)
    short = name.removeprefix("SIG")
    return Signal[short] if short in Signal.__members__ else None


def _stdin(data: object) -> bytes:
    if not isinstance(data, str):
        raise unreadable("data must be a string")
    return to_bytes(data)
