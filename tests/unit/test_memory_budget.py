"""What is held is bounded: requests are refused, answers wait in turn."""

import asyncio

import pytest

from orchestrator.errors import QueueFullError
from orchestrator.jobs.memory_budget import MemoryBudget, make_memory_budgets
from tests.service_support import until


def test_an_allocation_grows_and_shrinks_and_is_freed_at_the_end() -> None:
    room = MemoryBudget(100)
    with room.allocate() as one, room.allocate() as other:
        one.resize(60)
        with pytest.raises(QueueFullError):
            other.resize(41)
        other.resize(40)
        one.resize(10)
        other.resize(90)
        assert room.used_bytes == 100
        with pytest.raises(QueueFullError):
            one.resize(11)
        assert one.bytes == 10
    assert room.used_bytes == 0


def test_requests_and_answers_do_not_keep_each_other_out() -> None:
    held = make_memory_budgets(100)
    with held.requests.allocate() as share:
        share.resize(50)
        assert held.answers.used_bytes == 0


async def test_answers_acquire_memory_first_come_first_served() -> None:
    room = MemoryBudget(100)
    order: list[str] = []
    go_on = asyncio.Event()

    async def send(name: str, size: int) -> None:
        async with room.acquire(size):
            order.append(name)
            await go_on.wait()

    tasks = [asyncio.create_task(send(*each)) for each in (("a", 60), ("b", 60), ("c", 10))]
    await until(lambda: bool(order))
    await asyncio.sleep(0)
    assert order == ["a"]  # c would fit, but b was there before
    go_on.set()
    await asyncio.gather(*tasks)
    assert order == ["a", "b", "c"]
    assert room.used_bytes == 0


async def test_a_cancelled_acquire_holds_nothing_and_admits_the_next() -> None:
    room = MemoryBudget(100)
    async with room.acquire(100):
        first = asyncio.create_task(_hold(room, 80))
        second = asyncio.create_task(_hold(room, 20))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.sleep(0)
    await second
    assert room.used_bytes == 0


async def test_an_acquire_cancelled_just_after_its_grant_frees_it() -> None:
    room = MemoryBudget(100)
    waiting = asyncio.create_task(_hold(room, 50))
    async with room.acquire(100):
        await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    assert room.used_bytes == 0


async def test_an_acquire_above_the_whole_budget_takes_the_whole_budget() -> None:
    room = MemoryBudget(100)
    async with room.acquire(1000):
        assert room.used_bytes == 100
    assert room.used_bytes == 0


async def _hold(room: MemoryBudget, size: int) -> None:
    async with room.acquire(size):
        await asyncio.sleep(0)


def test_of_several_keys_none_can_take_the_last_quarter() -> None:
    room = MemoryBudget(100)
    room.is_shared = True
    with room.allocate("a") as one, room.allocate("a") as two, room.allocate("b") as other:
        one.resize(60)
        two.resize(15)
        for share, size in ((two, 16), (one, 61)):
            with pytest.raises(QueueFullError):
                share.resize(size)
        other.resize(25)
        two.resize(0)
        other.resize(40)
        one.resize(10)
    with room.allocate("a") as alone:
        alone.resize(100)  # a request that is large is none too many
    assert (room.used_bytes, len(room._used_by)) == (0, 0)  # noqa: SLF001 - what is not kept shows nowhere
    room.is_shared = False
    with room.allocate("a") as one, room.allocate("a") as two:
        one.resize(60)
        two.resize(40)


async def test_unread_answers_of_one_key_do_not_block_another_key_s() -> None:
    room = MemoryBudget(100)
    room.is_shared = True
    go_on = asyncio.Event()
    sent: list[str] = []

    async def send(name: str, size: int) -> None:
        async with room.acquire(size, name):
            sent.append(name)
            await go_on.wait()

    unread = [asyncio.create_task(send("a", 30)) for _ in range(6)]
    await until(lambda: len(sent) == 2)
    other = asyncio.create_task(send("b", 30))
    await until(lambda: "b" in sent)
    assert sent == ["a", "a", "b"]
    go_on.set()
    await asyncio.gather(other, *unread)
    assert (room.used_bytes, sent.count("a")) == (0, 6)
