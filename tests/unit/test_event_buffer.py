from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.jobs.event_buffer import (
    BATCH_BYTES,
    CHARACTER_BYTES,
    EVENT_BYTES,
    TEST_BYTES,
    EventBuffer,
)
from orchestrator.jobs.events import JobEvent, Printed, Queued, StageEnded, StageStarted
from orchestrator.jobs.events import TestEnded as Ended
from orchestrator.jobs.events import TestStarted as Started
from orchestrator.jobs.judging.checking import TURN_BYTES
from orchestrator.jobs.model import StageResult, TestResult, Utterance, Verdict
from orchestrator.sandbox.model import StageKind, Stream
from tests.sandbox_support import DEADLINE_S


def printed(size: int) -> Printed:
    return Printed(Stream.STDOUT, b"x" * size)


async def everything(buffer: EventBuffer) -> list[JobEvent]:
    events: list[JobEvent] = []
    while batch := await buffer.take():
        events += batch
    return events


def soon() -> float:
    return asyncio.get_running_loop().time() + DEADLINE_S


@given(st.lists(st.integers(0, 3 * BATCH_BYTES), max_size=20))
def test_events_are_taken_in_the_order_sent_and_then_the_end(sizes: list[int]) -> None:
    async def scenario() -> None:
        buffer = EventBuffer(1000)
        sent = [printed(size) for size in sizes]
        for event in sent:
            buffer.send(event)
        buffer.close()
        assert await everything(buffer) == sent
        assert await buffer.take() == []

    asyncio.run(scenario())


async def test_a_reader_waits_for_the_first_event() -> None:
    buffer = EventBuffer(1000)
    reading = asyncio.create_task(buffer.take())
    await asyncio.sleep(0)
    assert not reading.done()
    buffer.send(Queued(3))
    assert await reading == [Queued(3)]


async def test_a_reader_gets_no_more_at_once_than_a_batch() -> None:
    buffer = EventBuffer(10 * BATCH_BYTES)
    for _ in range(4):
        buffer.send(printed(BATCH_BYTES // 2))
    assert len(await buffer.take()) == 2


async def test_the_writer_waits_while_the_reader_is_behind() -> None:
    buffer = EventBuffer(EVENT_BYTES + 10)
    buffer.send(printed(10))
    await buffer.drain(soon())
    buffer.send(printed(0))
    waiting = asyncio.create_task(buffer.drain(soon()))
    await asyncio.sleep(0)
    assert not waiting.done()
    await buffer.take()
    await waiting


async def test_many_small_events_are_memory_too() -> None:
    buffer = EventBuffer(10 * EVENT_BYTES)
    for _ in range(11):
        buffer.send(printed(1))
    waiting = asyncio.create_task(buffer.drain(soon()))
    await asyncio.sleep(0)
    assert not waiting.done()
    waiting.cancel()


async def test_the_writer_waits_no_longer_than_its_deadline_and_loses_nothing() -> None:
    buffer = EventBuffer(1)
    buffer.send(printed(10))
    await buffer.drain(asyncio.get_running_loop().time() - 1)
    buffer.send(printed(20))
    buffer.close()
    assert await everything(buffer) == [printed(10), printed(20)]


@pytest.mark.parametrize(
    ("event", "heard"),
    [
        (Queued(0), False),
        (StageStarted(StageKind.RUN), False),
        (printed(1), True),
        (StageEnded(StageKind.RUN, StageResult(Verdict.ACCEPTED)), True),
        (Started(0, "1"), False),
        (Ended(0, TestResult("1", StageResult(Verdict.ACCEPTED))), False),
    ],
)
async def test_has_heard_is_set_by_output_and_by_the_end_of_a_stage_only(
    event: JobEvent,
    heard: bool,  # noqa: FBT001 - a table's column
) -> None:
    buffer = EventBuffer(1000)
    buffer.send(event)
    assert buffer.has_heard is heard


async def test_a_test_s_outputs_message_and_transcript_are_memory_too() -> None:
    stage = StageResult(Verdict.WRONG_ANSWER, b"x" * 10, b"y" * 20)
    said = (Utterance(by_interactor=True, data=b"w" * 7),)
    result = TestResult("1", stage, has_output=True, message="z" * 5, transcript=said)
    ended = Ended(0, result)
    size = TEST_BYTES + 30 + 5 * CHARACTER_BYTES + TURN_BYTES + 7
    for limit, fits in ((size, True), (size - 1, False)):
        buffer = EventBuffer(limit)
        buffer.send(ended)
        waiting = asyncio.create_task(buffer.drain(soon()))
        await asyncio.sleep(0)
        assert waiting.done() is fits
        assert await buffer.take() == [ended]
        await waiting
