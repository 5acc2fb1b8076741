"""A session with one agent over any byte transport: sends files, runs stages, reads frames."""

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
    """The agent's stream ended while a frame was expected."""


class Transport(Protocol):
    """The byte connection that a session needs."""

    async def read(self) -> bytes | None:
        """Return the agent's next bytes; None at the end of the stream."""
        ...

    async def write(self, data: bytes) -> None:
        """Send, waiting while buffers are full. Raises EngineError when the connection is gone."""
        ...

    def post(self, data: bytes) -> None:
        """Send without waiting what the caller bounds; dropped when the connection is gone."""
        ...


class AgentSession:
    """The session with one sandbox's agent, for one task at a time.

    Every method may raise SandboxError: a ProtocolError, a StreamEndedError, or the agent's error.
    """

    def __init__(self, transport: Transport) -> None:
        """Nothing is sent or read before `greet`."""
        self._transport = transport
        self._decoder = FrameDecoder()
        self._frames: deque[Frame] = deque()
        self._reading = asyncio.Lock()
        self._fault: SandboxError | None = None
        self._window = 0
        self.has_started = False
        """Whether, as far as the agent has reported, anything of any stage was executed."""
        self.stage_has_started = False
        """The same of the last stage alone."""

    async def greet(self) -> None:
        """Wait for the agent's `ready`, and check that it speaks our protocol version."""
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
        """Send files; a refused file or a broken connection is reported by the next stage."""
        frames = [
            frame
            for file in files
            for frame in encode_file(file.path, file.content, build=build, work=work)
        ]
        await self._send_if_open(b"".join(frames))

    async def fetch_artefact(self, max_bytes: int) -> bytes | None:
        """Return `/build` as frames for `send_artefact`; None when it can't be packed.

        An error is raised again by the next stage.
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
        """Restore what `fetch_artefact` returned, and end the prepared compiler, no longer needed.

        The agent answers the dismissal, compiler or not, once everything before it is done.
        """
        await self._ask_about_prepared(artefact + encode(ToAgent.DISMISS))

    async def prepare(self, argv: Sequence[str], env: Mapping[str, str]) -> None:
        """Start the prepared compiler. Raises NotPreparedError when it does not report ready."""
        if not await self._ask_about_prepared(encode_prepare(argv, env)):
            raise NotPreparedError(f"the prepared compiler '{argv[0]}' did not start")

    async def _ask_about_prepared(self, question: bytes) -> bool:
        await self._send_if_open(question)
        frame = await self._next()
        if frame.type is not FromAgent.PREPARED:
            raise self._spoilt(ProtocolError(f"{frame.type.name} instead of PREPARED"))
        return parse_answer(frame)

    async def measure(self) -> int:
        """Ask the agent for the memory in use, in bytes, that the kernel can't reclaim."""
        await self._send_if_open(encode(ToAgent.MEASURE))
        frame = await self._next()
        if frame.type is not FromAgent.MEMORY:
            raise self._spoilt(ProtocolError(f"{frame.type.name} instead of MEMORY"))
        return parse_memory(frame.payload)

    async def wait_lost(self) -> None:
        """Wait until the stream ends, or the agent sends a frame unasked.

        No byte is lost when this is cancelled; the next reader waits until it has let go.
        """
        with contextlib.suppress(SandboxError):
            while not self._frames:
                await self._receive()

    async def run_stage(
        self, stage: Stage, sink: OutputSink, stdin: StdinStream | None = None
    ) -> StageReport:
        """Run one stage: its output goes to `sink` as it comes, `stdin` feeds its program."""
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
            if stdin.was_attached:  # else the next stage may still use it
                stdin.close()
        stdin.close()
        return report

    async def _send_if_open(self, data: bytes) -> None:
        """Send; a broken connection is left to the reader, which finds out the reason."""
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
        """Read once. A failure is kept and raised by every later call: the stream is unusable."""
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
        """Keep the first fault, which every later call raises."""
        if self._fault is None:
            self._fault = fault
            self._frames.clear()
        return fault


class _StdinPump:
    """The `StdinSink` of a stage: sends the rest of its own stdin, then what the stream brings."""

    def __init__(
        self, transport: Transport, stream: StdinStream, credit: int, rest: memoryview
    ) -> None:
        self.stream = stream
        self._transport = transport
        self._credit = credit
        self._rest = rest

    def begin(self) -> None:
        self.stream.attach(self, self._credit, self._rest)

    def stdin(self, data: bytes | memoryview) -> None:
        self._transport.post(encode_stdin(data))

    def end(self) -> None:
        self._transport.post(encode(ToAgent.STDIN_END))

    def signal(self, signal: Signal) -> None:
        self._transport.post(encode_signal(signal))
