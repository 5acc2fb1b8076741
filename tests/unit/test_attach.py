from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.engine.attach import AttachOutput, AttachStream, Demultiplexer, attach
from orchestrator.errors import (
    ContainerNotFoundError,
    EngineError,
    EngineUnavailableError,
    ProtocolError,
)
from tests.fake_engine import Answer, FakeEngine, Raw, fake_engine, hang, refuse, say, wrap
from tests.sandbox_support import DEADLINE_S

VERSION = "1.41"
ATTACH = "POST /containers/*/attach"

writes = st.lists(st.tuples(st.booleans(), st.binary(max_size=50)), max_size=8)


@pytest.fixture
async def fake() -> AsyncIterator[FakeEngine]:
    async with fake_engine() as engine:
        engine.containers["box"] = {}
        yield engine


async def open_stream(fake: FakeEngine, agent: Raw) -> AttachStream:
    fake.agent = agent
    return await attach(str(fake.socket), "box", version=VERSION, timeout_s=DEADLINE_S)


async def hang_up(stream: AttachStream) -> None:
    await stream.abort()


def join(outputs: list[AttachOutput], *, is_stderr: bool) -> bytes:
    return b"".join(output.data for output in outputs if output.is_stderr is is_stderr)


@given(writes, st.data())
def test_output_is_the_same_however_the_engine_chunks_it(
    written: list[tuple[bool, bytes]], data: st.DataObject
) -> None:
    stream = b"".join(wrap(piece, 2 if is_stderr else 1) for is_stderr, piece in written)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=12)))
    demultiplexer = Demultiplexer()
    found = []
    for start, end in itertools.pairwise([0, *cuts, len(stream)]):
        found += demultiplexer.feed(stream[start:end])
    for is_stderr in (False, True):
        expected = b"".join(piece for flag, piece in written if flag is is_stderr)
        assert join(found, is_stderr=is_stderr) == expected


def test_output_is_passed_on_before_its_frame_is_whole() -> None:
    head = wrap(b"12345")[:10]
    assert list(Demultiplexer().feed(head)) == [AttachOutput(is_stderr=False, data=b"12")]


@pytest.mark.parametrize("stream", [0, 3, 255])
def test_a_stream_that_is_neither_stdout_nor_stderr_is_refused(stream: int) -> None:
    with pytest.raises(ProtocolError, match=f"kind {stream}"):
        list(Demultiplexer().feed(wrap(b"x", stream)))


@pytest.mark.parametrize(
    ("answer", "error", "message"),
    [
        pytest.param(refuse(404, "no"), ContainerNotFoundError, "such container: box", id="404"),
        pytest.param(refuse(409, "no"), EngineError, "refused to attach to box: .* 409", id="409"),
        pytest.param(refuse(500, "no"), EngineError, "500", id="500"),
        pytest.param(say(b"garbage\r\n\r\n"), EngineError, "garbage", id="not HTTP"),
        pytest.param(say(b"\r\n\r\n"), EngineError, "refused to attach", id="no status line"),
        pytest.param(say(b""), EngineUnavailableError, "reached", id="hung up"),
        pytest.param(say(b"HTTP/1.1 101 UPG"), EngineUnavailableError, "reached", id="cut off"),
        pytest.param(say(b"x" * 200_000), EngineUnavailableError, "reached", id="endless head"),
        pytest.param(hang, EngineUnavailableError, r"did not answer in 0\.2 s", id="hangs"),
    ],
)
async def test_a_failed_attach_raises_the_error_of_its_cause(
    fake: FakeEngine, answer: Answer | Raw, error: type[Exception], message: str
) -> None:
    fake.answers[ATTACH] = answer
    with pytest.raises(EngineError, match=message) as caught:
        await attach(
            str(fake.socket),
            "box",
            version=VERSION,
            timeout_s=0.2 if answer is hang else DEADLINE_S,
        )
    assert type(caught.value) is error


async def test_an_engine_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailableError, match="can't be reached"):
        await attach(str(tmp_path / "none"), "box", version=VERSION, timeout_s=DEADLINE_S)


@pytest.mark.parametrize("status", [b"101 UPGRADED", b"200 OK"])
async def test_attach_accepts_status_101_and_status_200(fake: FakeEngine, status: bytes) -> None:
    fake.answers[ATTACH] = say(b"HTTP/1.1 " + status + b"\r\n\r\n" + wrap(b"early"))
    stream = await attach(str(fake.socket), "box", version=VERSION, timeout_s=DEADLINE_S)
    assert await stream.read() == [AttachOutput(is_stderr=False, data=b"early")]
    assert await stream.read() is None
    await hang_up(stream)


async def test_the_request_asks_for_all_three_streams_of_that_container_only(
    fake: FakeEngine,
) -> None:
    with pytest.raises(ContainerNotFoundError):
        await attach(str(fake.socket), "../a b?logs=1", version=VERSION, timeout_s=DEADLINE_S)
    request = await fake.seen("POST *")
    assert str(request) == "POST /containers/../a b?logs=1/attach"
    assert request.query == {"stream": "1", "stdin": "1", "stdout": "1", "stderr": "1"}


async def test_written_bytes_reach_the_container_and_abort_ends_its_stdin(fake: FakeEngine) -> None:
    arrived: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def agent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        arrived.set_result(await reader.read())

    stream = await open_stream(fake, agent)
    await stream.write(b"one ")
    await stream.write(b"two")
    await hang_up(stream)
    await hang_up(stream)
    assert await arrived == b"one two"
    assert await stream.read() is None
    with pytest.raises(EngineUnavailableError, match="broke"):
        await stream.write(b"three")


async def test_posted_bytes_are_sent_in_order_with_writes_and_dropped_after_abort(
    fake: FakeEngine,
) -> None:
    arrived: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def agent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        arrived.set_result(await reader.read())

    stream = await open_stream(fake, agent)
    await stream.write(b"one ")
    stream.post(b"two ")
    await stream.write(b"three")
    await hang_up(stream)
    for _ in range(10):
        stream.post(b"four")
    assert await arrived == b"one two three"


async def test_a_connection_that_is_reset_reads_as_its_end(fake: FakeEngine) -> None:
    async def agent(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await written.wait()  # unread bytes make the kernel reset, where it would else just end
        writer.transport.abort()

    written = asyncio.Event()
    stream = await open_stream(fake, agent)
    await stream.write(b"nobody reads this")
    written.set()
    assert await stream.read() is None
    with pytest.raises(EngineUnavailableError, match="broke"):
        await stream.write(b"x")
    await hang_up(stream)


async def test_backpressure_stops_the_engine_while_nobody_reads(fake: FakeEngine) -> None:
    written, endless = 0, 1 << 30
    stuck = asyncio.Event()

    async def agent(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        writer.transport.set_write_buffer_limits(high=0)
        while written < endless:
            writer.write(wrap(bytes(65_536)))
            try:
                await asyncio.wait_for(writer.drain(), 0.5)
            except TimeoutError:
                stuck.set()
                return
            written += 65_536

    stream = await open_stream(fake, agent)
    await stuck.wait()
    assert written < 16 << 20
    await hang_up(stream)


async def test_abort_does_not_wait_for_a_peer_that_does_not_read(fake: FakeEngine) -> None:
    stream = await open_stream(fake, hang)
    writing = asyncio.create_task(stream.write(bytes(64 << 20)))
    await asyncio.sleep(0)
    assert not writing.done()
    async with asyncio.timeout(DEADLINE_S):
        await stream.abort()
        await writing


async def test_a_cancelled_attach_hangs_up(fake: FakeEngine) -> None:
    hung_up = asyncio.Event()

    async def wait_for_end(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()
        hung_up.set()

    fake.answers[ATTACH] = wait_for_end
    attaching = asyncio.create_task(
        attach(str(fake.socket), "box", version=VERSION, timeout_s=DEADLINE_S)
    )
    await fake.seen(ATTACH)
    attaching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await attaching
    async with asyncio.timeout(DEADLINE_S):
        await hung_up.wait()
