"""What is held is bounded: requests are refused, answers wait in turn."""

import asyncio

import pytest

from orchestrator.errors import QueueFullError
from orchestrator.jobs.held import Room, make_held
from tests.service_support import until


def test_a_share_grows_and_shrinks_and_is_given_back() -> None:
    room = Room(100)
    with room.share() as one, room.share() as other:
        one.hold(60)
        with pytest.raises(QueueFullError):
            other.hold(41)
        other.hold(40)
        one.hold(10)
        other.hold(90)
        assert room.used == 100
        with pytest.raises(QueueFullError):
            one.hold(11)
        assert one.bytes == 10
    assert room.used == 0


def test_requests_and_answers_do_not_keep_each_other_out() -> None:
    held = make_held(100)
    with held.requests.share() as share:
        share.hold(50)
        assert held.answers.used == 0


async def test_answers_wait_in_turn() -> None:
    room = Room(100)
    order: list[str] = []
    go_on = asyncio.Event()

    async def send(name: str, size: int) -> None:
        async with room.wait_for(size):
            order.append(name)
            await go_on.wait()

    tasks = [asyncio.create_task(send(*each)) for each in (("a", 60), ("b", 60), ("c", 10))]
    await until(lambda: bool(order))
    await asyncio.sleep(0)
    assert order == ["a"]  # c would fit, but b was there before
    go_on.set()
    await asyncio.gather(*tasks)
    assert order == ["a", "b", "c"]
    assert room.used == 0


async def test_who_stops_waiting_holds_nothing_and_lets_others_in() -> None:
    room = Room(100)
    async with room.wait_for(100):
        first = asyncio.create_task(_hold(room, 80))
        second = asyncio.create_task(_hold(room, 20))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.sleep(0)
    await second
    assert room.used == 0


async def test_who_is_let_in_and_cancelled_at_once_gives_it_back() -> None:
    room = Room(100)
    waiting = asyncio.create_task(_hold(room, 50))
    async with room.wait_for(100):
        await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    assert room.used == 0


async def test_what_is_larger_than_all_takes_all() -> None:
    room = Room(100)
    async with room.wait_for(1000):
        assert room.used == 100
    assert room.used == 0


async def _hold(room: Room, size: int) -> None:
    async with room.wait_for(size):
        await asyncio.sleep(0)


def test_of_several_keys_none_holds_all_there_is() -> None:
    room = Room(100)
    room.is_shared = True
    with room.share("a") as one, room.share("a") as two, room.share("b") as other:
        one.hold(60)
        two.hold(15)
        for share, size in ((two, 16), (one, 61)):
            with pytest.raises(QueueFullError):
                share.hold(size)
        other.hold(25)
        two.hold(0)
        other.hold(40)
        one.hold(10)
    with room.share("a") as alone:
        alone.hold(100)  # a request that is large is none too many
    assert (room.used, len(room._used_by)) == (0, 0)  # noqa: SLF001 - what is not kept shows nowhere
    room.is_shared = False
    with room.share("a") as one, room.share("a") as two:
        one.hold(60)
        two.hold(40)


async def test_answers_that_nobody_reads_keep_no_other_key_s_from_being_sent() -> None:
    room = Room(100)
    room.is_shared = True
    go_on = asyncio.Event()
    sent: list[str] = []

    async def send(name: str, size: int) -> None:
        async with room.wait_for(size, name):
            sent.append(name)
            await go_on.wait()

    unread = [asyncio.create_task(send("a", 30)) for _ in range(6)]
    await until(lambda: len(sent) == 2)
    other = asyncio.create_task(send("b", 30))
    await until(lambda: "b" in sent)
    assert sent == ["a", "a", "b"]
    go_on.set()
    await asyncio.gather(other, *unread)
    assert (room.used, sent.count("a")) == (0, 6)
