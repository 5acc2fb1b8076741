from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import EngineUnavailableError, ProtocolError, SandboxError
from orchestrator.sandbox.model import Signal, SourceFile, StageReport
from orchestrator.sandbox.protocol.session import AgentSession, StreamEndedError
from orchestrator.sandbox.stdin import StdinStream
from tests.agent_wire import (
    ARTEFACT,
    ARTEFACT_END,
    CREDIT,
    DISMISS,
    ERROR,
    EXIT,
    FILE,
    MEMORY,
    PREPARED,
    STAGE,
    STARTED,
    STDERR,
    STDIN,
    STDIN_END,
    STDOUT,
    cut,
    describe,
    frame_from_agent,
    hexed,
    pack_exit,
    pack_memory,
    pack_ready,
)
from tests.sandbox_support import Collector, make_stage

STARTED_FRAME = frame_from_agent(STARTED, b"\0")
EXIT_FRAME = frame_from_agent(EXIT, pack_exit((7, 0, 0, 0)))


def credit(size: int) -> bytes:
    return frame_from_agent(CREDIT, struct.pack(">I", size))


@dataclass
class Memory:
    """A transport: `incoming` is read piece by piece, None is the end; what is sent is kept."""

    incoming: asyncio.Queue[bytes | None] = field(default_factory=asyncio.Queue)
    sent: bytearray = field(default_factory=bytearray)
    broken: bool = False
    writes: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))

    async def read(self) -> bytes | None:
        return await self.incoming.get()

    async def write(self, data: bytes) -> None:
        self.writes.release()
        if self.broken:
            raise EngineUnavailableError("broken")
        self.sent += data

    def post(self, data: bytes) -> None:
        self.writes.release()
        if not self.broken:
            self.sent += data

    def say(self, *pieces: bytes | None) -> None:
        for piece in pieces:
            self.incoming.put_nowait(piece)


async def greeted(window: int = 1000) -> tuple[AgentSession, Memory]:
    transport = Memory()
    session = AgentSession(transport)
    transport.say(pack_ready(window))
    await session.greet()
    assert not transport.sent
    return session, transport


def kinds(stream: bytes) -> list[int]:
    return [kind for kind, _ in cut(stream)]


def stdin_of(stream: bytes) -> bytes:
    return b"".join(payload for kind, payload in cut(stream) if kind == STDIN)


@pytest.mark.parametrize(
    ("pieces", "error", "message"),
    [
        pytest.param([pack_ready(version=6)], ProtocolError, "version 6.*make images", id="newer"),
        pytest.param([pack_ready(version=1)], ProtocolError, "version 1.*make images", id="older"),
        pytest.param([STARTED_FRAME], ProtocolError, "STARTED before READY", id="out of turn"),
        pytest.param([frame_from_agent(0x81, b"")], ProtocolError, "ready frame", id="empty"),
        pytest.param([b"Segmentation fault\n"], ProtocolError, "agent frame", id="no frame"),
        pytest.param([None], StreamEndedError, "ended", id="nothing"),
        pytest.param([pack_ready()[:-1], None], StreamEndedError, "ended", id="cut short"),
        pytest.param(
            [frame_from_agent(ERROR, b"no \xff uid")], SandboxError, "agent: no \ufffd", id="error"
        ),
    ],
)
async def test_an_invalid_greeting_is_refused(
    pieces: list[bytes | None], error: type[Exception], message: str
) -> None:
    transport = Memory()
    transport.say(*pieces)
    with pytest.raises(error, match=message):
        await AgentSession(transport).greet()


async def test_files_are_sent_in_the_order_given() -> None:
    session, transport = await greeted()
    files = [SourceFile("b", b"1"), SourceFile("a/c", b"")]
    await session.send_files(files, build=True, work=True)
    assert describe(bytes(transport.sent)) == [
        f"file 3 0 {hexed(b'b')} 31",
        f"file 3 0 {hexed(b'a/c')} -",
    ]


async def test_files_for_a_broken_connection_leave_it_to_the_stage_to_tell() -> None:
    session, transport = await greeted()
    transport.broken = True
    await session.send_files([SourceFile("a", b"")], build=False, work=True)
    transport.say(None)
    with pytest.raises(StreamEndedError):
        await session.run_stage(make_stage(), Collector().take)


@pytest.mark.parametrize("size", [1, 3, 10_000])
async def test_a_stage_gives_its_output_to_the_sink_in_order_and_then_its_report(size: int) -> None:
    session, transport = await greeted()
    stream = b"".join(
        [
            STARTED_FRAME,
            frame_from_agent(STDOUT, b"one "),
            frame_from_agent(STDERR, b"oops"),
            credit(0),
            frame_from_agent(STDOUT, b"two"),
            EXIT_FRAME,
        ]
    )
    transport.say(*(stream[at : at + size] for at in range(0, len(stream), size)))
    output = Collector()
    report = await session.run_stage(make_stage(stdin=b"in"), output.take)
    assert isinstance(report, StageReport)
    assert report.exit_code == 7
    assert (output.stdout, output.stderr) == (b"one two", b"oops")
    assert kinds(transport.sent) == [2, STDIN, STDIN_END]


async def test_stages_follow_each_other_even_when_their_frames_come_in_one_piece() -> None:
    session, transport = await greeted()
    transport.say(STARTED_FRAME + EXIT_FRAME + STARTED_FRAME + frame_from_agent(STDOUT, b"2"))
    transport.say(frame_from_agent(EXIT, pack_exit()))
    first, second = Collector(), Collector()
    assert (await session.run_stage(make_stage(), first.take)).exit_code == 7
    assert (await session.run_stage(make_stage(), second.take)).exit_code == 0
    assert (first.stdout, second.stdout) == (b"", b"2")


@pytest.mark.parametrize(
    ("pieces", "error", "message"),
    [
        pytest.param([pack_ready()], ProtocolError, "READY in the middle", id="ready again"),
        pytest.param([STARTED_FRAME, None], StreamEndedError, "ended", id="end of stream"),
        pytest.param([None], StreamEndedError, "ended", id="end before it started"),
        pytest.param(
            [frame_from_agent(ERROR, b"bad path")], SandboxError, "agent: bad path", id="error"
        ),
        pytest.param([frame_from_agent(EXIT, b"")], ProtocolError, "exit frame", id="bad exit"),
        pytest.param([frame_from_agent(CREDIT, b"")], ProtocolError, "credit", id="bad credit"),
    ],
)
@pytest.mark.parametrize("stdin", [b"", b"x" * 5000], ids=["no stdin", "much stdin"])
async def test_invalid_frames_end_a_stage_with_an_error(
    pieces: list[bytes | None], error: type[Exception], message: str, stdin: bytes
) -> None:
    session, transport = await greeted()
    transport.say(*pieces)
    with pytest.raises(error, match=message):
        await session.run_stage(make_stage(stdin=stdin), Collector().take)
    assert asyncio.all_tasks() == {asyncio.current_task()}


FILE_PAYLOAD = b"\1\0\0\0\0\1acontent"


async def test_an_artefact_is_what_is_sent_to_put_it_back() -> None:
    session, transport = await greeted()
    transport.say(frame_from_agent(ARTEFACT, FILE_PAYLOAD), frame_from_agent(ARTEFACT, b"x"))
    transport.say(frame_from_agent(ARTEFACT_END, b"\1"))
    artefact = await session.fetch_artefact(1000)
    assert describe(bytes(transport.sent)) == ["pack 1000"]
    assert artefact is not None
    assert list(cut(artefact)) == [(1, FILE_PAYLOAD), (1, b"x")]
    transport.sent.clear()
    transport.say(frame_from_agent(PREPARED, b"\0"))
    await session.send_artefact(artefact)
    assert transport.sent.startswith(artefact)
    assert kinds(transport.sent) == [FILE, FILE, DISMISS]


async def test_an_artefact_that_the_agent_gave_up_is_none() -> None:
    session, transport = await greeted()
    transport.say(frame_from_agent(ARTEFACT, b"x"), frame_from_agent(ARTEFACT_END, b"\0"))
    assert await session.fetch_artefact(1000) is None
    transport.say(EXIT_FRAME)
    assert (await session.run_stage(make_stage(), Collector().take)).exit_code == 7


@pytest.mark.parametrize(
    ("pieces", "error", "message"),
    [
        pytest.param([frame_from_agent(ARTEFACT, bytes(9))], ProtocolError, "more than 10", id="L"),
        pytest.param([STARTED_FRAME], ProtocolError, "STARTED instead", id="other"),
        pytest.param([frame_from_agent(ARTEFACT_END, b"")], ProtocolError, "artefact_end", id="e"),
        pytest.param([frame_from_agent(ERROR, b"no")], SandboxError, "agent: no", id="error"),
        pytest.param([None], StreamEndedError, "ended", id="end"),
    ],
)
async def test_an_artefact_that_makes_no_sense_comes_back_with_the_next_stage(
    pieces: list[bytes | None], error: type[Exception], message: str
) -> None:
    session, transport = await greeted()
    transport.say(*pieces, None)
    with pytest.raises(error, match=message):
        await session.fetch_artefact(10)
    with pytest.raises(SandboxError):
        await session.run_stage(make_stage(), Collector().take)


async def test_a_compiler_is_prepared_when_the_agent_says_so() -> None:
    session, transport = await greeted()
    transport.say(frame_from_agent(PREPARED, b"\1"))
    await session.prepare(("javac", "x"), {"A": "b"})
    assert describe(bytes(transport.sent)) == [
        f"prepare 2 {hexed(b'javac')} {hexed(b'x')} 1 {hexed(b'A=b')}"
    ]
    transport.say(frame_from_agent(STARTED, b"\1") + EXIT_FRAME)
    report = await session.run_stage(make_stage(by_prepared=True), Collector().take)
    assert report.by_prepared


@pytest.mark.parametrize("frame", [frame_from_agent(PREPARED, b"\0"), EXIT_FRAME, None])
async def test_a_compiler_that_is_not_prepared_is_an_error(frame: bytes | None) -> None:
    session, transport = await greeted()
    transport.say(frame)
    with pytest.raises(SandboxError):
        await session.prepare(("javac",), {})


async def test_the_agent_is_asked_what_memory_is_held() -> None:
    session, transport = await greeted()
    transport.say(pack_memory(123_456_789_012))
    assert await session.measure() == 123_456_789_012
    assert describe(bytes(transport.sent)) == ["measure"]


@pytest.mark.parametrize("frame", [frame_from_agent(MEMORY, b"\0"), EXIT_FRAME, None])
async def test_an_agent_that_does_not_say_what_is_held_is_of_no_more_use(
    frame: bytes | None,
) -> None:
    session, transport = await greeted()
    transport.say(frame)
    with pytest.raises(SandboxError):
        await session.measure()


async def test_an_artefact_that_can_not_be_put_back_is_said_at_once() -> None:
    session, transport = await greeted()
    transport.say(frame_from_agent(ERROR, b"stuck"), None)
    with pytest.raises(SandboxError, match="stuck"):
        await session.send_artefact(encode_artefact())


def encode_artefact() -> bytes:
    return frame_from_agent(FILE, FILE_PAYLOAD)


@pytest.mark.parametrize(
    "news", [None, frame_from_agent(ERROR, b"x"), b"Segmentation fault\n", EXIT_FRAME]
)
async def test_an_idle_sandbox_is_lost_with_its_stream_and_when_it_speaks(
    news: bytes | None,
) -> None:
    session, transport = await greeted()
    watching = asyncio.create_task(session.wait_lost())
    await asyncio.sleep(0)
    assert not watching.done()
    transport.say(news)
    await watching
    await session.wait_lost()


async def test_a_cancelled_wait_lost_takes_no_byte_from_the_next_stage() -> None:
    session, transport = await greeted()
    watching = asyncio.create_task(session.wait_lost())
    await asyncio.sleep(0)
    watching.cancel()
    transport.say(STARTED_FRAME + EXIT_FRAME)
    assert (await session.run_stage(make_stage(), Collector().take)).exit_code == 7
    assert watching.cancelled()


@dataclass
class Consumer:
    """An agent whose program takes what `appetites` say, over and over."""

    appetites: list[int]
    sent: bytearray = field(default_factory=bytearray)
    under_way: int = 0
    most: int = 0
    turn: int = 0
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    has_started: bool = False

    async def write(self, data: bytes) -> None:
        self.post(data)

    def post(self, data: bytes) -> None:
        self.sent += data
        self.under_way += len(stdin_of(data))
        self.most = max(self.most, self.under_way)
        self.arrived.set()

    async def read(self) -> bytes:
        if not self.has_started:
            self.has_started = True
            return STARTED_FRAME
        while self.under_way == 0:
            if self.sent.endswith(bytes((0, 0, 0, 0, STDIN_END))):
                return EXIT_FRAME
            self.arrived.clear()
            await self.arrived.wait()
        taken = min(self.appetites[self.turn % len(self.appetites)], self.under_way)
        self.turn += 1
        self.under_way -= taken
        return credit(taken)


@given(
    st.integers(1, 700),
    st.lists(st.integers(1, 900), min_size=1, max_size=5),
    st.binary(max_size=200),
    st.integers(0, 40),
)
async def test_all_of_stdin_is_sent_and_never_more_than_the_credit_is_in_transit(
    window: int, appetites: list[int], pattern: bytes, times: int
) -> None:
    transport = Consumer(appetites)
    session = AgentSession(transport)
    session._window = window  # noqa: SLF001 - what `ready` would have said
    stdin = pattern * times
    await session.run_stage(make_stage(stdin=stdin), Collector().take)
    assert transport.most <= window
    assert stdin_of(transport.sent) == stdin
    assert kinds(transport.sent)[-1] == STDIN_END
    assert kinds(transport.sent).count(STDIN_END) == 1


async def test_stdin_longer_than_a_frame_is_sent_in_frames_that_fit() -> None:
    session, transport = await greeted(window=1 << 20)
    transport.say(EXIT_FRAME)
    stdin = bytes(range(256)) * 2048
    await session.run_stage(make_stage(stdin=stdin), Collector().take)
    assert stdin_of(transport.sent) == stdin


async def test_a_program_that_ends_without_reading_ends_the_feeding_too() -> None:
    session, transport = await greeted(window=10)
    transport.say(STARTED_FRAME, credit(5), EXIT_FRAME)
    await session.run_stage(make_stage(stdin=b"x" * 100), Collector().take)
    assert len(stdin_of(transport.sent)) <= 15
    assert STDIN_END not in kinds(transport.sent)


async def test_a_connection_that_breaks_while_feeding_is_told_by_the_reader() -> None:
    session, transport = await greeted(window=10)
    running = asyncio.create_task(session.run_stage(make_stage(stdin=b"x" * 100), Collector().take))
    await transport.writes.acquire()  # the stage and what fits the window
    transport.broken = True
    transport.say(STARTED_FRAME, credit(10))
    await transport.writes.acquire()
    transport.say(None)
    with pytest.raises(StreamEndedError):
        await running


async def test_a_connection_that_is_broken_from_the_start_is_told_by_the_reader() -> None:
    session, transport = await greeted(window=10)
    transport.broken = True
    transport.say(frame_from_agent(STDOUT, b"last words"), None)
    output = Collector()
    with pytest.raises(StreamEndedError):
        await session.run_stage(make_stage(stdin=b"x" * 100), output.take)
    assert output.stdout == b"last words"


@pytest.mark.parametrize("stdin", [b"", b"x" * 100], ids=["no stdin", "much stdin"])
async def test_cancelling_a_stage_leaves_no_task_behind(stdin: bytes) -> None:
    session, transport = await greeted(window=10)
    output = Collector()
    running = asyncio.create_task(session.run_stage(make_stage(stdin=stdin), output.take))
    transport.say(frame_from_agent(STDOUT, b"x"))
    await output.first.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_while_the_sink_waits_nothing_is_read() -> None:
    session, transport = await greeted()
    gate, entered = asyncio.Event(), asyncio.Event()

    async def sink(gate: asyncio.Event, *_: object) -> None:
        entered.set()
        await gate.wait()

    transport.say(frame_from_agent(STDOUT, b"1"), EXIT_FRAME)
    slow: Callable[..., object] = partial(sink, gate)
    running = asyncio.create_task(session.run_stage(make_stage(), slow))  # type: ignore[arg-type]
    await entered.wait()
    assert transport.incoming.qsize() == 1
    gate.set()
    assert (await running).exit_code == 7


async def test_an_exception_of_the_sink_ends_the_stage() -> None:
    session, transport = await greeted(window=1)

    async def sink(*_: object) -> None:
        raise OSError("the disk is full")

    transport.say(frame_from_agent(STDOUT, b"1"))
    with pytest.raises(OSError, match="disk is full"):
        await session.run_stage(make_stage(stdin=b"long"), sink)
    assert asyncio.all_tasks() == {asyncio.current_task()}


# Live input


async def started(
    window: int = 10, stdin: bytes = b""
) -> tuple[StdinStream, Memory, asyncio.Task[StageReport]]:
    session, transport = await greeted(window)
    stream = StdinStream()
    running = asyncio.create_task(
        session.run_stage(make_stage(stdin=stdin), Collector().take, stream)
    )
    await transport.writes.acquire()  # the stage and what fits the window
    transport.say(STARTED_FRAME)
    for _ in range(5):  # until it has been read
        await asyncio.sleep(0)
    assert stream.was_attached
    return stream, transport, running


async def test_the_stream_follows_the_stage_s_own_stdin_until_it_is_ended() -> None:
    stream, transport, running = await started(10, b"0123456789abc")
    writing = asyncio.create_task(stream.write(b"xyz"))
    stream.signal(Signal.INT)
    transport.say(credit(5))
    for _ in range(3):  # the signal, and what is left of two inputs
        await transport.writes.acquire()
    assert not writing.done()
    transport.say(credit(9))
    assert await writing
    stream.end()
    transport.say(EXIT_FRAME)
    assert (await running).exit_code == 7
    assert stdin_of(transport.sent) == b"0123456789abcxyz"
    assert describe(bytes(transport.sent))[-5:] == [
        "signal 2",
        f"stdin {hexed(b'abc')}",
        f"stdin {hexed(b'xy')}",
        f"stdin {hexed(b'z')}",
        "stdin_end",
    ]


async def test_a_stage_without_stdin_of_its_own_waits_for_its_stream() -> None:
    stream, transport, running = await started()
    assert kinds(transport.sent) == [STAGE]
    assert await stream.write(b"abc")
    transport.say(EXIT_FRAME)
    await running
    assert await stream.write(b"abc") is False
    stream.end()
    stream.signal(Signal.KILL)
    assert kinds(transport.sent) == [STAGE, STDIN]


async def test_a_signal_has_its_frame_and_kill_is_the_stage_s_end() -> None:
    stream, transport, running = await started()
    for signal in Signal:
        stream.signal(signal)
    transport.say(EXIT_FRAME)
    await running
    assert describe(bytes(transport.sent))[1:] == ["signal 2", "kill", "signal 15"]


@pytest.mark.parametrize("ending", [None, EXIT_FRAME, "cancelled"])
async def test_a_stdin_writer_is_released_however_the_stage_ends(
    ending: bytes | str | None,
) -> None:
    stream, transport, running = await started(window=1)
    writing = asyncio.create_task(stream.write(b"more than fits"))
    await asyncio.sleep(0)
    if ending == "cancelled":
        running.cancel()
    else:
        transport.say(ending)  # type: ignore[arg-type]
    await asyncio.wait([running])
    assert await writing is False


async def test_a_program_that_can_not_be_executed_closes_its_stream() -> None:
    session, transport = await greeted()
    stream = StdinStream()
    writing = asyncio.create_task(stream.write(b"x"))
    transport.say(EXIT_FRAME)
    await session.run_stage(make_stage(), Collector().take, stream)
    assert await writing is False
    assert not stream.was_attached


async def test_the_stream_of_a_stage_lost_before_its_start_can_go_to_the_next() -> None:
    session, transport = await greeted()
    stream = StdinStream()
    writing = asyncio.create_task(stream.write(b"x"))
    await asyncio.sleep(0)
    transport.say(None)
    with pytest.raises(StreamEndedError):
        await session.run_stage(make_stage(), Collector().take, stream)
    assert not stream.was_attached
    session, transport = await greeted()
    transport.say(STARTED_FRAME, EXIT_FRAME)
    await session.run_stage(make_stage(), Collector().take, stream)
    assert await writing is True
    assert stdin_of(transport.sent) == b"x"
