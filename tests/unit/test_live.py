from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.sandbox.live import MAX_SIGNALS, LiveInput
from orchestrator.sandbox.model import Signal


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


def opened(credit: int, stdin: bytes = b"") -> tuple[LiveInput, Recorder]:
    live, outlet = LiveInput(), Recorder(credit)
    live.open(outlet, credit, stdin)
    return live, outlet


async def begin(*writes: asyncio.Task[bool]) -> None:
    """Let tasks come as far as they can."""
    for _ in range(3):
        await asyncio.sleep(0)
    assert not any(write.done() for write in writes)


async def test_what_fits_the_window_goes_out_without_waiting() -> None:
    live, outlet = opened(10)
    writing = live.write(b"hello")
    with pytest.raises(StopIteration) as done:
        writing.send(None)  # the loop is not asked
    assert done.value.value is True
    assert outlet.received == b"hello"


class Driver:
    """Does at random what a caller and a sandbox may do."""

    def __init__(self, window: int, stdin: bytes) -> None:
        self.live, self.outlet = LiveInput(), Recorder()
        self.window, self.stdin = window, stdin
        self.writes: list[tuple[bytes, asyncio.Task[bool]]] = []
        self.is_open = self.has_ended = False

    async def do(self, step: bytes | int | str) -> None:
        match step:
            case bytes() if not self.has_ended and step[:1] > b"\x80":
                self.live.put(step)
                self.writes.append((step, asyncio.create_task(asyncio.sleep(0, result=True))))
            case bytes() if not self.has_ended:
                self.writes.append((step, asyncio.create_task(self.live.write(step))))
                await asyncio.sleep(0)  # or its turn would be after the end
            case int() if self.is_open:
                self.give(step)
            case "open" if not self.is_open:
                self.is_open = True
                self.outlet.credit += self.window
                self.live.open(self.outlet, self.window, self.stdin)
            case "end":
                self.has_ended = True
                self.live.end()

    def give(self, credit: int) -> None:
        self.outlet.credit += credit
        self.live.grant(credit)


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
        assert driver.live.held == 0

    asyncio.run(check())


async def test_a_write_waits_for_room_and_goes_out_piece_by_piece() -> None:
    live, outlet = opened(2)
    writing = asyncio.create_task(live.write(b"abcdef"))
    await begin(writing)
    assert outlet.received == b"ab"
    outlet.credit += 3
    live.grant(3)
    await begin(writing)
    assert outlet.received == b"abcde"
    outlet.credit += 3
    live.grant(3)
    assert await writing
    assert outlet.received == b"abcdef"


async def test_an_empty_write_is_through_when_all_before_it_is() -> None:
    live, outlet = opened(1)
    assert await live.write(b"")
    live.put(b"abc")
    assert live.held > 2
    waiting = asyncio.create_task(live.write(b""))
    await begin(waiting)
    outlet.credit += 1
    live.grant(1)
    await begin(waiting)
    live.put(b"d")
    outlet.credit += 1
    live.grant(1)
    assert await waiting
    assert outlet.received == b"abc"
    live.close()
    assert live.held == 0
    live.put(b"x")
    assert live.held == 0


async def test_what_is_kept_has_its_price() -> None:
    live, _ = opened(0)
    for _ in range(100):
        live.put(b"x")
    assert live.held >= 100 * 200


async def test_a_write_that_is_given_up_makes_way_for_the_next() -> None:
    live, outlet = opened(1)
    first = asyncio.create_task(live.write(b"abc"))
    second = asyncio.create_task(live.write(b"xyz"))
    await begin(first, second)
    live.end()
    first.cancel()
    await asyncio.wait([first])
    outlet.credit += 10
    live.grant(10)
    assert await second
    assert (bytes(outlet.received), outlet.ends) == (b"axyz", 1)


async def test_the_end_comes_once_however_often_it_is_said() -> None:
    live, outlet = opened(10)
    live.end()
    live.end()
    live.grant(5)
    assert outlet.ends == 1
    assert await live.write(b"more") is False
    assert not outlet.received


@pytest.mark.parametrize("is_open", [True, False])
async def test_once_it_is_over_nothing_waits_and_nothing_is_passed_on(*, is_open: bool) -> None:
    live, outlet = opened(1) if is_open else (LiveInput(), Recorder())
    waiting = asyncio.create_task(live.write(b"abc"))
    await begin(waiting)
    live.close()
    live.close()
    assert await waiting is False
    assert await live.write(b"x") is False
    assert await live.write(b"") is False
    live.end()
    live.grant(10)
    live.signal(Signal.INT)
    assert (bytes(outlet.received), outlet.ends, outlet.signals) == (b"a" * is_open, 0, [])


async def test_signals_do_not_wait_for_what_is_written() -> None:
    live, outlet = opened(0)
    writing = asyncio.create_task(live.write(b"abc"))
    await begin(writing)
    live.signal(Signal.INT)
    live.signal(Signal.KILL)
    assert outlet.signals == [Signal.INT, Signal.KILL]
    live.close()
    await writing


async def test_signals_that_come_too_early_wait_for_the_program_once_each() -> None:
    live, outlet = LiveInput(), Recorder(10)
    for signal in (Signal.TERM, Signal.INT, Signal.TERM):
        live.signal(signal)
    assert not live.was_given
    live.open(outlet, 10)
    assert live.was_given
    assert outlet.signals == [Signal.TERM, Signal.INT]


async def test_signals_have_a_bound() -> None:
    live, outlet = opened(10)
    for _ in range(MAX_SIGNALS + 5):
        live.signal(Signal.INT)
    assert len(outlet.signals) == MAX_SIGNALS
