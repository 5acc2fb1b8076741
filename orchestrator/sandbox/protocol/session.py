"""A conversation with one agent over any byte transport: files in, stages run, frames read."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from orchestrator.errors import EngineError, NotPreparedError, ProtocolError, SandboxError
from orchestrator.sandbox.contract import OutputSink
from orchestrator.sandbox.model import Signal, SourceFile, Stage, StageReport, Stream
from orchestrator.sandbox.protocol.frames import (
    PROTOCOL_VERSION,
    Frame,
    FrameDecoder,
    FromAgent,
    ToAgent,
    encode,
    encode_file,
    encode_pack,
    encode_prepare,
    encode_signal,
    encode_stage,
    encode_stdin,
    parse_answer,
    parse_credit,
    parse_exit,
    parse_memory,
    parse_ready,
)
from orchestrator.sandbox.stdin import StdinStream

_STREAMS = {FromAgent.STDOUT: Stream.STDOUT, FromAgent.STDERR: Stream.STDERR}


class StreamEndedError(SandboxError):
    """The agent's stream ended where more was due."""


class Transport(Protocol):
    """What a session needs of a connection."""

    async def read(self) -> bytes | None:
        """The agent's next bytes; None at the end."""
        ...

    async def write(self, data: bytes) -> None:
        """Send; waits while buffers are full. Raises EngineError when the connection is gone."""
        ...

    def post(self, data: bytes) -> None:
        """Send what has a bound of its own, at once; dropped when the connection is gone."""
        ...


class AgentSession:
    """One agent, one user. Raises ProtocolError, StreamEndedError or SandboxError throughout."""

    def __init__(self, transport: Transport) -> None:
        """Nothing is sent or read before `greet`."""
        self._transport = transport
        self._decoder = FrameDecoder()
        self._frames: deque[Frame] = deque()
        self._reading = asyncio.Lock()
        self._fault: SandboxError | None = None
        self._window = 0
        self.has_started = False
        """Whether anything of any stage was executed, as far as the agent has said."""
        self.stage_has_started = False
        """Whether anything of the last stage was."""

    async def greet(self) -> None:
        """Wait for `ready` and check the version."""
        frame = await self._next()
        if frame.type is not FromAgent.READY:
            raise ProtocolError(f"{frame.type.name} before READY")
        ready = parse_ready(frame.payload)
        if ready.version != PROTOCOL_VERSION:
            raise ProtocolError(
                f"the image's agent speaks version {ready.version}, this server "
                f"{PROTOCOL_VERSION}: rebuild the images (make images)"
            )
        self._window = ready.stdin_window

    async def send_files(self, files: Sequence[SourceFile], *, build: bool, work: bool) -> None:
        """Write files; a refusal, or a broken connection, comes back with the next stage."""
        frames = [
            frame
            for file in files
            for frame in encode_file(file.path, file.content, build=build, work=work)
        ]
        await self._send_if_open(b"".join(frames))

    async def fetch_artefact(self, max_bytes: int) -> bytes | None:
        """What is in `/build`, as frames for `send_artefact`; None when it can't be packed.

        Whatever goes wrong here comes back with the next stage as well.
        """
        await self._send_if_open(encode_pack(max_bytes))
        artefact = bytearray()
        while True:
            frame = await self._next()
            if frame.type is FromAgent.ARTEFACT_END:
                return bytes(artefact) if parse_answer(frame) else None
            if frame.type is not FromAgent.ARTEFACT:
                raise self._spoilt(ProtocolError(f"{frame.type.name} instead of an artefact"))
            artefact += encode(ToAgent.FILE, frame.payload)
            if len(artefact) > max_bytes:
                raise self._spoilt(ProtocolError(f"an artefact of more than {max_bytes} bytes"))

    async def send_artefact(self, artefact: bytes) -> None:
        """Put back what `fetch_artefact` gave; the prepared compiler, not needed now, is gone then.

        The answer to its dismissal, whether or not there is one, is the agent's that all is done.
        """
        await self._ask_about_prepared(artefact + encode(ToAgent.DISMISS))

    async def prepare(self, argv: Sequence[str], env: Mapping[str, str]) -> None:
        """Start a compiler ahead of time. SandboxError also when it ends without a word."""
        if not await self._ask_about_prepared(encode_prepare(argv, env)):
            raise NotPreparedError(f"the prepared compiler '{argv[0]}' did not start")

    async def _ask_about_prepared(self, question: bytes) -> bool:
        await self._send_if_open(question)
        frame = await self._next()
        if frame.type is not FromAgent.PREPARED:
            raise self._spoilt(ProtocolError(f"{frame.type.name} instead of PREPARED"))
        return parse_answer(frame)

    async def measure(self) -> int:
        """How much memory the sandbox holds, in bytes, that the kernel could not take back."""
        await self._send_if_open(encode(ToAgent.MEASURE))
        frame = await self._next()
        if frame.type is not FromAgent.MEMORY:
            raise self._spoilt(ProtocolError(f"{frame.type.name} instead of MEMORY"))
        return parse_memory(frame.payload)

    async def wait_lost(self) -> None:
        """Wait until the stream ends, or until the agent speaks without being asked.

        Cancelled, it has lost no byte; the next reader waits until it is out of the way.
        """
        with contextlib.suppress(SandboxError):
            while not self._frames:
                await self._receive()

    async def run_stage(
        self, stage: Stage, sink: OutputSink, stdin: StdinStream | None = None
    ) -> StageReport:
        """Run one stage. Its output goes to `sink` as it comes, `stdin` to its program."""
        self.stage_has_started = False
        first, rest = stage.stdin[: self._window], memoryview(stage.stdin)[self._window :]
        start = encode_stage(stage) + encode_stdin(first)
        if stdin is None and not rest:
            await self._send_if_open(start + encode(ToAgent.STDIN_END))
            return await self._read_stage(sink, None)
        await self._send_if_open(start)
        if stdin is None:
            stdin = StdinStream()
            stdin.end()
        pump = _StdinPump(self._transport, stdin, self._window - len(first), rest)
        try:
            report = await self._read_stage(sink, pump)
        finally:
            if stdin.was_attached:  # else it may still be another stage's
                stdin.close()
        stdin.close()
        return report

    async def _send_if_open(self, data: bytes) -> None:
        """Send; a broken connection is left to the reader, who finds out what became of it."""
        with contextlib.suppress(EngineError):
            await self._transport.write(data)

    async def _read_stage(self, sink: OutputSink, pump: _StdinPump | None) -> StageReport:
        by_prepared = False
        while True:
            frame = await self._next()
            stream = _STREAMS.get(frame.type)
            if stream is not None:
                await sink(stream, frame.payload)
            elif frame.type is FromAgent.EXIT:
                return replace(parse_exit(frame.payload), by_prepared=by_prepared)
            elif frame.type is FromAgent.STDIN_CREDIT:
                credit = parse_credit(frame.payload)
                if pump is not None:
                    pump.stream.add_credit(credit)
            elif frame.type is FromAgent.STARTED:
                self.has_started = self.stage_has_started = True
                by_prepared = parse_answer(frame)
                if pump is not None:
                    pump.begin()
            else:
                raise ProtocolError(f"{frame.type.name} in the middle of a stage")

    async def _next(self) -> Frame:
        while not self._frames:
            await self._receive()
        frame = self._frames.popleft()
        if frame.type is FromAgent.ERROR:
            said = frame.payload.decode("utf-8", "replace")
            raise self._spoilt(SandboxError(f"the agent: {said}"))
        return frame

    async def _receive(self) -> None:
        """Read once. What fails here, fails again each time: nothing after it makes sense."""
        async with self._reading:
            if self._fault is not None:
                raise self._fault
            try:
                data = await self._transport.read()
                if data is None:
                    raise StreamEndedError("the agent's stream ended")
                self._frames.extend(self._decoder.feed(data))
            except SandboxError as err:
                self._spoilt(err)
                raise

    def _spoilt(self, fault: SandboxError) -> SandboxError:
        """Keep the first fault: each later call raises it."""
        if self._fault is None:
            self._fault = fault
            self._frames.clear()
        return fault


class _StdinPump:
    """Sends the agent the rest of a stage's own stdin, then what its stream brings."""

    def __init__(
        self, transport: Transport, stream: StdinStream, credit: int, rest: memoryview
    ) -> None:
        self.stream = stream
        self._transport = transport
        self._credit = credit
        self._rest = rest

    def begin(self) -> None:
        self.stream.open(self, self._credit, self._rest)

    def stdin(self, data: bytes | memoryview) -> None:
        self._transport.post(encode_stdin(data))

    def end(self) -> None:
        self._transport.post(encode(ToAgent.STDIN_END))

    def signal(self, signal: Signal) -> None:
        self._transport.post(encode_signal(signal))
