from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import (
    DrainingError,
    InvalidSubmissionError,
    QueueFullError,
    RevokedKeyError,
)
from orchestrator.jobs.queue.admission import Admission
from orchestrator.jobs.queue.key_queue import FairShare

if TYPE_CHECKING:
    from orchestrator.jobs.queue.admission import Reservation


def make(slots: int = 1, queue: int = 100, memory_mb: int = 1000) -> Admission:
    return Admission(slots=slots, queue=queue, memory_mb=memory_mb)


def reserve(admission: Admission, key: str = "a", memory_mb: int = 10) -> asyncio.Task[Reservation]:
    async def enter() -> Reservation:
        return await admission.enqueue(admission.ticket(key), memory_mb).reservation()

    return asyncio.create_task(enter(), name=key)


async def settle() -> None:
    """Let every task go as far as it can."""
    for _ in range(5):
        await asyncio.sleep(0)


async def let_all_in(tasks: list[asyncio.Task[Reservation]]) -> list[str]:
    """Release whoever is in, again and again; the names in the order they came in."""
    order: list[str] = []
    while len(order) < len(tasks):
        await settle()
        for task in tasks:
            if task.done() and task.get_name() not in order:
                order.append(task.get_name())
                task.result().release()
    return order


def test_tickets_are_slots_and_queue_together() -> None:
    admission = make(slots=1, queue=1)
    first, second = admission.ticket("a"), admission.ticket("b")
    with pytest.raises(QueueFullError) as caught:
        admission.ticket("a")
    assert caught.value.retry_after_s >= 1
    first.release()
    first.release()
    admission.ticket("a")
    with pytest.raises(QueueFullError):
        admission.ticket("a")
    assert second.key == "b"


def test_a_ticket_comes_back_whatever_happens() -> None:
    admission = make(slots=1, queue=0)
    with pytest.raises(ZeroDivisionError), admission.ticket("a"):
        raise ZeroDivisionError
    with admission.ticket("a"), pytest.raises(QueueFullError):
        admission.ticket("a")


async def test_draining_refuses_tickets_and_honours_those_given() -> None:
    admission = make()
    ticket = admission.ticket("a")
    admission.drain()
    admission.drain()
    with pytest.raises(DrainingError):
        admission.ticket("a")
    (await admission.enqueue(ticket, 10).reservation()).release()


async def test_a_pause_ends_and_a_drain_does_not() -> None:
    admission = make()
    admission.pause()
    assert admission.draining
    with pytest.raises(DrainingError, match="at the moment"):
        admission.ticket("a")
    admission.resume()
    admission.resume()
    assert not admission.draining
    admission.ticket("a")
    admission.pause()
    admission.drain()
    with pytest.raises(DrainingError, match="shutting down"):
        admission.resume()
    with pytest.raises(DrainingError, match="shutting down"):
        admission.ticket("a")


@given(st.lists(st.sampled_from("abc"), max_size=12))
async def test_positions_of_several_entries_equal_each_entry_s_own_position(
    owners: list[str],
) -> None:
    admission = make(slots=2, queue=20)
    places = [admission.enqueue(admission.ticket(owner), 1) for owner in owners]
    assert admission.positions(places) == [place.position for place in places]
    assert sorted(admission.positions(places[2:])) == list(range(1, len(places[2:]) + 1))


async def test_slots_are_bounded() -> None:
    admission = make(slots=2)
    tasks = [reserve(admission) for _ in range(3)]
    await settle()
    assert [task.done() for task in tasks] == [True, True, False]
    assert (admission.active, admission.waiting) == (2, 1)
    reservation = tasks[0].result()
    reservation.release()
    reservation.release()
    await settle()
    assert tasks[2].done()
    assert (admission.active, admission.waiting) == (2, 0)


async def test_memory_is_bounded_and_big_jobs_are_not_starved() -> None:
    admission = make(slots=10, memory_mb=100)
    small = reserve(admission, "a", 60)
    big = reserve(admission, "b", 100)
    late = reserve(admission, "c", 10)
    await settle()
    assert [small.done(), big.done(), late.done()] == [True, False, False]
    small.result().release()
    await settle()
    assert [big.done(), late.done()] == [True, False]
    big.result().release()
    await settle()
    assert late.done()


async def test_a_slot_holder_gets_more_memory_before_those_that_wait_for_a_slot() -> None:
    admission = make(slots=3, memory_mb=100)
    first, second = [await reserve(admission, memory_mb=50) for _ in range(2)]
    waiting = reserve(admission, memory_mb=10)
    growing = [asyncio.create_task(each.exchange(90)) for each in (first, second)]
    await settle()
    assert [growing[0].done(), growing[1].done(), waiting.done()] == [True, False, False]
    first.release()
    await settle()
    assert growing[1].done()
    assert waiting.done()
    second.release()
    (await waiting).release()
    assert await reserve(admission, memory_mb=100)


@pytest.mark.parametrize("is_granted", [False, True])
async def test_a_cancelled_wait_for_more_memory_leaves_the_reservation_without_memory(
    *, is_granted: bool
) -> None:
    admission = make(slots=3, memory_mb=100)
    held = await reserve(admission, memory_mb=60)
    grower = await reserve(admission, memory_mb=40)
    growing = asyncio.create_task(grower.exchange(80))
    await settle()
    if is_granted:
        held.release()
    growing.cancel()
    await settle()
    assert growing.cancelled()
    held.release()
    grower.release()
    assert admission.active == 0
    assert await reserve(admission, memory_mb=100)


async def test_a_job_larger_than_the_memory_budget_is_refused_at_once() -> None:
    admission = make(memory_mb=100)
    with pytest.raises(InvalidSubmissionError) as caught:
        admission.enqueue(admission.ticket("a"), 101)
    assert caught.value.field == "limits.memory_mb"
    assert admission.waiting == 0


async def test_keys_take_turns() -> None:
    admission = make()
    running = await reserve(admission)
    greedy = [reserve(admission, "greedy") for _ in range(3)]
    for number, task in enumerate(greedy):
        task.set_name(f"greedy {number}")
    await settle()
    modest = reserve(admission, "modest")
    await settle()
    running.release()
    order = await let_all_in([*greedy, modest])
    assert order == ["greedy 0", "modest", "greedy 1", "greedy 2"]


async def test_a_queue_entry_s_position_is_the_number_of_grants_until_its_own() -> None:
    admission = make()
    running = admission.enqueue(admission.ticket("a"), 10)
    assert running.position == 0
    greedy = [admission.enqueue(admission.ticket("greedy"), 10) for _ in range(3)]
    modest = admission.enqueue(admission.ticket("modest"), 10)
    assert [place.position for place in (*greedy, modest)] == [1, 3, 4, 2]
    (await running.reservation()).release()
    assert [place.position for place in (*greedy, modest)] == [0, 2, 3, 1]


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=12))
def test_positions_are_the_order_in_which_reservations_are_granted(keys: list[str]) -> None:
    async def scenario() -> None:
        admission = make()
        held = await admission.enqueue(admission.ticket("a"), 10).reservation()
        places = [admission.enqueue(admission.ticket(key), 10) for key in keys]
        assert sorted(place.position for place in places) == list(range(1, len(keys) + 1))
        for place in sorted(places, key=lambda each: each.position):
            assert place.position == 1
            held.release()
            assert place.position == 0
            held = await place.reservation()

    asyncio.run(scenario())


async def test_a_waiter_that_leaves_the_queue_holds_neither_slot_nor_memory() -> None:
    admission = make()
    running = await reserve(admission)
    leaving, other = reserve(admission, "a"), reserve(admission, "b")
    await settle()
    leaving.cancel()
    await settle()
    assert leaving.cancelled()
    assert admission.waiting == 1
    running.release()
    await settle()
    assert other.done()
    assert admission.active == 1


async def test_one_of_several_waiters_of_a_key_may_leave_the_queue() -> None:
    admission = make()
    running = await reserve(admission)
    first, second = reserve(admission), reserve(admission)
    await settle()
    first.cancel()
    await settle()
    assert admission.waiting == 1
    running.release()
    await settle()
    assert second.done()


async def test_small_jobs_are_admitted_when_a_big_waiter_leaves_the_queue() -> None:
    admission = make(slots=3, memory_mb=100)
    await reserve(admission, "a", 60)
    big, small = reserve(admission, "b", 100), reserve(admission, "c", 10)
    await settle()
    assert not small.done()
    big.cancel()
    await settle()
    assert small.done()


async def test_a_wait_cancelled_just_after_its_grant_returns_the_slot() -> None:
    admission = make()
    running = await reserve(admission)
    leaving, other = reserve(admission, "a"), reserve(admission, "b")
    await settle()
    running.release()
    leaving.cancel()
    await settle()
    assert leaving.cancelled()
    assert other.done()
    other.result().release()
    assert (admission.active, admission.waiting) == (0, 0)


async def test_a_grant_just_after_a_cancelled_wait_returns_the_slot() -> None:
    admission = make()
    running = await reserve(admission)
    leaving, other = reserve(admission, "a"), reserve(admission, "b")
    await settle()
    leaving.cancel()
    running.release()
    await settle()
    assert leaving.cancelled()
    assert other.done()
    other.result().release()
    assert (admission.active, admission.waiting) == (0, 0)


steps = st.lists(
    st.tuples(st.sampled_from(["reserve", "release", "cancel"]), st.integers(0, 9)), max_size=60
)


@given(steps)
def test_slots_and_memory_stay_bounded_and_are_all_returned_in_any_order_of_calls(
    plan: list[tuple[str, int]],
) -> None:
    asyncio.run(_play(plan))


async def _play(plan: list[tuple[str, int]]) -> None:
    admission = make(slots=3, queue=1000, memory_mb=100)
    tasks: list[asyncio.Task[Reservation]] = []
    for action, number in plan:
        if action == "reserve":
            tasks.append(reserve(admission, f"key {number % 3}", 10 * (number + 1)))
        elif tasks and action == "cancel":
            tasks[number % len(tasks)].cancel()
        elif tasks:
            release(tasks[number % len(tasks)])
        if number % 2:
            await settle()
            assert admission.active <= 3
            assert admission._queue.reserved_mb <= 100  # noqa: SLF001 - the bound itself
    while not all(task.done() for task in tasks):
        await settle()
        for task in tasks:
            release(task)
    for task in tasks:
        release(task)
    assert (admission.active, admission.waiting) == (0, 0)
    assert admission._queue.reserved_mb == 0  # noqa: SLF001 - nothing else shows it


def release(task: asyncio.Task[Reservation]) -> None:
    if task.done() and not task.cancelled():
        task.result().release()


def test_among_several_keys_none_can_hold_every_ticket() -> None:
    admission = Admission(slots=2, queue=6, memory_mb=100)
    admission.expect({"greedy": FairShare(), "other": FairShare()})
    for _ in range(6):
        admission.ticket("greedy")
    with pytest.raises(QueueFullError):
        admission.ticket("greedy")
    for _ in range(2):
        admission.ticket("other")
    with pytest.raises(QueueFullError):
        admission.ticket("other")


def test_no_client_of_a_key_can_hold_all_of_its_tickets() -> None:
    admission = Admission(slots=2, queue=6, memory_mb=100)
    held = [admission.ticket("a", "greedy") for _ in range(6)]
    with pytest.raises(QueueFullError):
        admission.ticket("a", "greedy")
    for _ in range(2):
        admission.ticket("a", "other")
    held[0].release()
    admission.ticket("a", "greedy")


def test_clients_without_a_ticket_are_forgotten() -> None:
    admission = Admission(slots=1, queue=0, memory_mb=100)
    for number in range(100):
        admission.ticket("a", f"client {number}").release()
    assert not admission._tickets  # noqa: SLF001 - what is not kept shows nowhere
    assert not admission._tickets_of_clients  # noqa: SLF001


async def test_a_key_that_is_revoked_gets_no_place_with_an_earlier_ticket() -> None:
    admission = Admission(slots=2, queue=2, memory_mb=100)
    admission.expect({"a": FairShare(), "b": FairShare()})
    ticket, other = admission.ticket("a"), admission.ticket("b")
    admission.expect({"b": FairShare()})
    with pytest.raises(RevokedKeyError):
        admission.enqueue(ticket, 10)
    assert admission.enqueue(other, 10).position == 0
    assert admission.waiting == 0
