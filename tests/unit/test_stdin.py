from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.sandbox.model import Signal
from orchestrator.sandbox.stdin import MAX_SIGNALS, StdinStream


@dataclass
class Recorder:
    """An outlet that holds the input to its credit, and to the order of its end."""

    credit: int = 0
    received: bytearray = field(default_factory=bytearray)
    signals: list[Signal] = field(default_factory=list)
    ends: int = 0

    def stdin(self, data: bytes | memoryview) -> None:
        assert 0 < len(data) <= self.credit
        assert not self.ends
        self.credit -= len(data)
        self.received += data

    def end(self) -> None:
        self.ends += 1

    def signal(self, signal: Signal) -> None:
        self.signals.append(signal)


def opened(credit: int, stdin: bytes = b"") -> tuple[StdinStream, Recorder]:
    stream, outlet = StdinStream(), Recorder(credit)
    stream.attach(outlet, credit, stdin)
    return stream, outlet


async def begin(*writes: asyncio.Task[bool]) -> None:
    """Let tasks come as far as they can."""
    for _ in range(3):
        await asyncio.sleep(0)
    assert not any(write.done() for write in writes)


async def test_bytes_within_the_credit_are_sent_without_waiting() -> None:
    stream, outlet = opened(10)
    writing = stream.write(b"hello")
    with pytest.raises(StopIteration) as done:
        writing.send(None)  # the loop is not asked
    assert done.value.value is True
    assert outlet.received == b"hello"


class Driver:
    """Does at random what a caller and a sandbox may do."""

    def __init__(self, window: int, stdin: bytes) -> None:
        self.stream, self.outlet = StdinStream(), Recorder()
        self.window, self.stdin = window, stdin
        self.writes: list[tuple[bytes, asyncio.Task[bool]]] = []
        self.is_open = self.has_ended = False

    async def do(self, step: bytes | int | str) -> None:
        match step:
            case bytes() if not self.has_ended and step[:1] > b"\x80":
                self.stream.write_nowait(step)
                self.writes.append((step, asyncio.create_task(asyncio.sleep(0, result=True))))
            case bytes() if not self.has_ended:
                self.writes.append((step, asyncio.create_task(self.stream.write(step))))
                await asyncio.sleep(0)  # or its turn would be after the end
            case int() if self.is_open:
                self.give(step)
            case "open" if not self.is_open:
                self.is_open = True
                self.outlet.credit += self.window
                self.stream.attach(self.outlet, self.window, self.stdin)
            case "end":
                self.has_ended = True
                self.stream.end()

    def give(self, credit: int) -> None:
        self.outlet.credit += credit
        self.stream.add_credit(credit)


operations = st.lists(
    st.one_of(st.binary(max_size=30), st.integers(1, 40), st.sampled_from(["open", "end"])),
    max_size=30,
)


@given(operations, st.integers(0, 40), st.binary(max_size=60))
def test_every_byte_comes_once_and_in_order_and_never_more_than_there_is_credit(
    steps: list[bytes | int | str], window: int, stdin: bytes
) -> None:
    async def check() -> None:
        driver = Driver(window, stdin)
        for step in [*steps, "open", 10_000]:
            await driver.do(step)
        assert all(await asyncio.gather(*(task for _, task in driver.writes)))
        assert driver.outlet.received == stdin + b"".join(data for data, _ in driver.writes)
        assert driver.outlet.ends == int(driver.has_ended)
        assert driver.stream.pending_bytes == 0

    asyncio.run(check())


async def test_a_write_beyond_the_credit_waits_and_is_sent_in_pieces() -> None:
    stream, outlet = opened(2)
    writing = asyncio.create_task(stream.write(b"abcdef"))
    await begin(writing)
    assert outlet.received == b"ab"
    outlet.credit += 3
    stream.add_credit(3)
    await begin(writing)
    assert outlet.received == b"abcde"
    outlet.credit += 3
    stream.add_credit(3)
    assert await writing
    assert outlet.received == b"abcdef"


async def test_an_empty_write_completes_when_all_before_it_is_sent() -> None:
    stream, outlet = opened(1)
    assert await stream.write(b"")
    stream.write_nowait(b"abc")
    assert stream.pending_bytes > 2
    waiting = asyncio.create_task(stream.write(b""))
    await begin(waiting)
    outlet.credit += 1
    stream.add_credit(1)
    await begin(waiting)
    stream.write_nowait(b"d")
    outlet.credit += 1
    stream.add_credit(1)
    assert await waiting
    assert outlet.received == b"abc"
    stream.close()
    assert stream.pending_bytes == 0
    stream.write_nowait(b"x")
    assert stream.pending_bytes == 0


async def test_each_pending_write_counts_a_fixed_cost() -> None:
    stream, _ = opened(0)
    for _ in range(100):
        stream.write_nowait(b"x")
    assert stream.pending_bytes >= 100 * 200


async def test_a_cancelled_write_makes_way_for_the_next() -> None:
    stream, outlet = opened(1)
    first = asyncio.create_task(stream.write(b"abc"))
    second = asyncio.create_task(stream.write(b"xyz"))
    await begin(first, second)
    stream.end()
    first.cancel()
    await asyncio.wait([first])
    outlet.credit += 10
    stream.add_credit(10)
    assert await second
    assert (bytes(outlet.received), outlet.ends) == (b"axyz", 1)


async def test_the_end_of_stdin_is_sent_once_however_often_it_is_called() -> None:
    stream, outlet = opened(10)
    stream.end()
    stream.end()
    stream.add_credit(5)
    assert outlet.ends == 1
    assert await stream.write(b"more") is False
    assert not outlet.received


@pytest.mark.parametrize("is_open", [True, False])
async def test_a_closed_stream_releases_writers_and_passes_nothing_on(*, is_open: bool) -> None:
    stream, outlet = opened(1) if is_open else (StdinStream(), Recorder())
    waiting = asyncio.create_task(stream.write(b"abc"))
    await begin(waiting)
    stream.close()
    stream.close()
    assert await waiting is False
    assert await stream.write(b"x") is False
    assert await stream.write(b"") is False
    stream.end()
    stream.add_credit(10)
    stream.signal(Signal.INT)
    assert (bytes(outlet.received), outlet.ends, outlet.signals) == (b"a" * is_open, 0, [])


async def test_signals_do_not_wait_for_pending_writes() -> None:
    stream, outlet = opened(0)
    writing = asyncio.create_task(stream.write(b"abc"))
    await begin(writing)
    stream.signal(Signal.INT)
    stream.signal(Signal.KILL)
    assert outlet.signals == [Signal.INT, Signal.KILL]
    stream.close()
    await writing


async def test_signals_sent_before_the_start_are_delivered_once_each() -> None:
    stream, outlet = StdinStream(), Recorder(10)
    for signal in (Signal.TERM, Signal.INT, Signal.TERM):
        stream.signal(signal)
    assert not stream.was_attached
    stream.attach(outlet, 10)
    assert stream.was_attached
    assert outlet.signals == [Signal.TERM, Signal.INT]


async def test_signals_beyond_max_signals_are_dropped() -> None:
    stream, outlet = opened(10)
    for _ in range(MAX_SIGNALS + 5):
        stream.signal(Signal.INT)
    assert len(outlet.signals) == MAX_SIGNALS
