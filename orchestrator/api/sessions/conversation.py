"""A job that is talked with over a WebSocket, in the words of any protocol."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple, Protocol

from aiohttp import web

from orchestrator.api.answers.events import Envelope
from orchestrator.api.answers.weight import stream_bytes, submission_bytes
from orchestrator.api.connections.connection import abort
from orchestrator.api.errors import Problem, invalid
from orchestrator.api.keys import SERVICE, SETTINGS
from orchestrator.api.requests.body import COPIES
from orchestrator.api.requests.messages import Eof, Message, Stdin
from orchestrator.api.sessions.channel import PROTOCOL, Channel
from orchestrator.api.sessions.job_session import JobSession, JobWords, relay
from orchestrator.errors import RunnerError
from orchestrator.jobs.job import Job
from orchestrator.jobs.model import Cause, JobResult, Phase, Submission
from orchestrator.sandbox.stdin import StdinStream
from orchestrator.settings import Settings

TICK_S = 0.25
MAX_HELD = 262_144
"""Bytes of stdin that may wait here for a program that takes none, before the client has to."""


class Closing(NamedTuple):
    """How a WebSocket is closed."""

    code: int
    reason: str = ""


class Refusal(NamedTuple):
    """What is said to a client that can't be obeyed, and how it is hung up on."""

    closing: Closing
    envelopes: Sequence[Envelope] = ()


class Dialect(JobWords, Protocol):
    """What a protocol says of a job and how, and what its clients say."""

    idle: Closing
    idle_s: float
    """After so long without a word from either side the job is ended."""

    async def understand(self, raw: bytes) -> Message | None:
        """A client's message; None: it says nothing. Raises RunnerError."""
        ...

    def refusal(self, err: RunnerError) -> Refusal:
        """What to say to a message that makes no sense: it ends the job."""
        ...

    def closing(self, result: JobResult) -> Closing:
        """How to close once a job has ended by itself."""
        ...


def offered_protocols(request: web.Request) -> str:
    """The first such header, as aiohttp reads it: what it finds no use for there, it logs."""
    return request.headers.get("Sec-WebSocket-Protocol", "")


def check_protocols(protocols: str) -> None:
    """Who offers any must offer ours. Raises ApiError (400)."""
    if protocols and PROTOCOL not in (name.strip() for name in protocols.split(",")):
        raise invalid([Problem("Sec-WebSocket-Protocol", f"must offer {PROTOCOL}")])


def session_bytes(submission: Submission, settings: Settings) -> int:
    """What a session holds: its job, what is on its way out, and what is on its way in."""
    return submission_bytes(submission, settings) + stream_bytes(settings) + COPIES * MAX_HELD


async def converse(
    request: web.Request,
    channel: Channel,
    begin: Callable[[], Awaitable[Conversation]],
    refuse: Callable[[Exception], Refusal],
) -> None:
    """From the first message to the last; nothing is raised any more but a cancellation.

    `begin` takes the submission; what it raises is told as `refuse` says.
    """
    try:
        conversation = await begin()
    except ConnectionError:
        abort(request)
    except Exception as err:  # noqa: BLE001 - what it is is told apart there
        await _send_off(request, channel, refuse(err))
    else:
        await conversation.hold()


async def _send_off(request: web.Request, channel: Channel, refusal: Refusal) -> None:
    try:
        async with asyncio.timeout(request.app[SETTINGS].answer_timeout):
            await channel.send(refusal.envelopes)
    except (TimeoutError, ConnectionError):
        abort(request)
    else:
        await channel.close(*refusal.closing)


class Conversation:
    """A job's events out, its client's messages in."""

    def __init__(self, request: web.Request, channel: Channel, job: Job, dialect: Dialect) -> None:
        """To be held: nothing has been said yet but the submission."""
        self._request = request
        self._channel = channel
        self._job = job
        self._dialect = dialect
        self._session = JobSession(request, job, dialect, channel)
        self._stdin = StdinStream()
        self._closing: Closing | None = None
        """How to close; the first reason to end the job counts."""
        self._is_reading = True

    async def hold(self) -> None:
        """Run the job and tell of it, do as its client says meanwhile, and close."""
        beside = (self._listen(), self._watch())
        result = await relay(self._request, self._session, beside, self._stdin)
        if result is not None:
            await self._channel.close(*(self._closing or self._dialect.closing(result)))

    async def _listen(self) -> None:
        """Obey the client's messages; the first that makes no sense ends the job.

        While the program takes no stdin and much of it waits, nothing is read, signals included.
        """
        try:
            while True:
                raw = await self._channel.receive()
                await self._obey(await self._dialect.understand(raw))
        except RunnerError as err:
            self._is_reading = False
            refusal = self._dialect.refusal(err)
            self._session.before_result = refusal.envelopes
            self._end(refusal.closing, Cause.CLIENT)

    async def _obey(self, message: Message | None) -> None:
        match message:
            case None:
                pass
            case Stdin(data):
                await self._put(data)
            case Eof():
                self._stdin.end()
            case signal:
                self._stdin.signal(signal)

    async def _put(self, data: bytes) -> None:
        """Held back not before it must be: what is not read might be the client's going away."""
        self._stdin.write_nowait(data)
        if self._stdin.pending_bytes > MAX_HELD:
            self._is_reading = False
            await self._stdin.write(b"")
            self._is_reading = True

    async def _watch(self) -> None:
        """Raise ConnectionResetError once the client is gone, whether or not anything is read."""
        while True:
            await asyncio.sleep(TICK_S)
            await self._channel.check(is_read=self._is_reading)
            now = asyncio.get_running_loop().time()
            if self._job.phase is not Phase.RUNNING:
                self._channel.active_at = now  # nobody can speak to it yet, nor it to anybody
            elif now - self._channel.active_at >= self._dialect.idle_s:
                self._end(self._dialect.idle, Cause.DEADLINE)

    def _end(self, closing: Closing, cause: Cause) -> None:
        if self._closing is None:
            self._closing = closing
            self._request.app[SERVICE].end(self._job, cause)
