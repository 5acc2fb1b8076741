"""Admission in two steps: a ticket before the body is read, a reservation after it was checked.

A ticket bounds how many requests are held at all (their bodies are memory); a reservation is a slot
and the job's memory out of the budget. Waiting is fair: one queue per key, the keys in turn.
"""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import zip_longest
from types import TracebackType
from typing import Self

from orchestrator.errors import DrainingError, InvalidSubmissionError, QueueFullError

RETRY_AFTER_S = 1  # a slot is free again within a job's length; most jobs take less than a second


@dataclass(slots=True, eq=False)
class _Waiter:
    memory_mb: int
    granted: asyncio.Future[None]


class Ticket:
    """The right to be read and to wait; a context manager that gives it back."""

    def __init__(self, admission: Admission, key: str) -> None:
        """Made by `Admission.ticket` only."""
        self._admission = admission
        self.key = key
        self._held = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()

    def release(self) -> None:
        """Give it back; idempotent."""
        if self._held:
            self._held = False
            self._admission._tickets[self.key] -= 1  # noqa: SLF001 - a ticket is its admission's other half


class Reservation:
    """A slot and memory, held until `release` (idempotent)."""

    def __init__(self, admission: Admission, memory_mb: int) -> None:
        """Made by `Admission.reserve` only."""
        self._admission = admission
        self.memory_mb = memory_mb
        self._held = True

    async def exchange(self, memory_mb: int) -> None:
        """Give the memory back and wait for `memory_mb` in its place, before all who have no slot.

        Nothing may use it any more; at most all there is. Cancelled, it holds the slot alone.
        """
        self.memory_mb, given_back = 0, self.memory_mb
        await self._admission._exchange(given_back, memory_mb)  # noqa: SLF001 - as above
        self.memory_mb = memory_mb

    def release(self) -> None:
        """Give slot and memory back and let the next ones in; idempotent."""
        if self._held:
            self._held = False
            self._admission._give_back(self.memory_mb)  # noqa: SLF001 - as above


class Place:
    """A job's place in the queue. Whoever has it waits for the `reservation`, or leaves."""

    def __init__(self, admission: Admission, key: str, waiter: _Waiter) -> None:
        """Made by `Admission.enqueue` only."""
        self._admission = admission
        self._key = key
        self._waiter = waiter

    @property
    def position(self) -> int:
        """How many grants until it is this one's turn, were nobody else to come; 0: it has been."""
        return self._admission._position(self._key, self._waiter)  # noqa: SLF001 - as above

    async def reservation(self) -> Reservation:
        """Wait for slot and memory. Cancelling it leaves the queue."""
        try:
            await self._waiter.granted
        except asyncio.CancelledError:
            self._admission._abandon(self._key, self._waiter)  # noqa: SLF001 - as above
            raise
        return Reservation(self._admission, self._waiter.memory_mb)


class Admission:
    """Counts tickets, slots and memory. For one event loop; nothing here blocks."""

    def __init__(self, *, slots: int, queue: int, memory_mb: int, keys: int = 1) -> None:
        """`slots` jobs at once, `queue` more requests held, `memory_mb` MiB reserved at most.

        With several `keys`, none of them may hold the last quarter of the tickets: there is always
        room for somebody else.
        """
        self._slots = slots
        self._budget_mb = memory_mb
        self._most = slots + queue
        self._most_per_key = self._most if keys <= 1 else -(-self._most * 3 // 4)
        self._tickets: Counter[str] = Counter()
        self._active = 0
        self._reserved_mb = 0
        self._waiting: OrderedDict[str, deque[_Waiter]] = OrderedDict()
        self._growing: deque[_Waiter] = deque()
        """Who has a slot and waits for memory."""
        self._stops = False
        self._pauses = False

    @property
    def memory_mb(self) -> int:
        """Most memory that is reserved at once, in MiB."""
        return self._budget_mb

    @property
    def slots(self) -> int:
        """Most reservations at once."""
        return self._slots

    @property
    def active(self) -> int:
        """Reservations held."""
        return self._active

    @property
    def draining(self) -> bool:
        """Whether further tickets are refused, for good or until `resume`."""
        return self._stops or self._pauses

    @property
    def waiting(self) -> int:
        """Jobs waiting for a reservation."""
        return sum(len(queue) for queue in self._waiting.values())

    def drain(self) -> None:
        """Refuse further tickets, for good; those given out stay good. Idempotent."""
        self._stops = True

    def pause(self) -> None:
        """The same until `resume`. Idempotent."""
        self._pauses = True

    def resume(self) -> None:
        """Give tickets again. Idempotent. Raises DrainingError after a `drain`."""
        if self._stops:
            raise DrainingError
        self._pauses = False

    def ticket(self, key: str) -> Ticket:
        """A ticket for `key`, at once. Raises QueueFullError or DrainingError."""
        if self.draining:
            raise DrainingError(for_good=self._stops)
        if self._tickets.total() >= self._most or self._tickets[key] >= self._most_per_key:
            raise QueueFullError(RETRY_AFTER_S)
        self._tickets[key] += 1
        return Ticket(self, key)

    def enqueue(self, ticket: Ticket, memory_mb: int) -> Place:
        """A place in the queue for a slot and `memory_mb`; granted at once where there is room.

        Raises InvalidSubmissionError if it could never fit.
        """
        if memory_mb > self._budget_mb:
            raise InvalidSubmissionError(
                f"limits.memory_mb: {memory_mb} MB is more than this server has for all jobs "
                f"({self._budget_mb} MB)",
                field="limits.memory_mb",
            )
        waiter = _Waiter(memory_mb, asyncio.get_running_loop().create_future())
        self._waiting.setdefault(ticket.key, deque()).append(waiter)
        self._admit()
        return Place(self, ticket.key, waiter)

    def positions(self, places: Iterable[Place]) -> list[int]:
        """The `position` of each, worked out for all at once: it is a walk through the queue."""
        turns: dict[int, int] = {}
        queues = [list(queue) for queue in self._waiting.values()]
        for waiters in zip_longest(*queues):
            for waiter in filter(None, waiters):
                turns[id(waiter)] = len(turns) + 1
        return [turns.get(id(place._waiter), 0) for place in places]  # noqa: SLF001 - as above

    def _position(self, key: str, waiter: _Waiter) -> int:
        """Keys take turns: before the n-th of one key at most n of each other key get in."""
        mine = self._waiting.get(key, ())
        if waiter not in mine:
            return 0
        rank = mine.index(waiter)
        ahead, is_before_mine = rank, 1
        for other, queue in self._waiting.items():
            if other == key:
                is_before_mine = 0
            else:
                ahead += min(len(queue), rank + is_before_mine)
        return ahead + 1

    def _abandon(self, key: str, waiter: _Waiter) -> None:
        if waiter.granted.done() and not waiter.granted.cancelled():
            self._give_back(waiter.memory_mb)
            return
        queue = self._waiting.get(key)
        if queue is not None and waiter in queue:
            queue.remove(waiter)
            if not queue:
                del self._waiting[key]
        self._admit()

    async def _exchange(self, old_mb: int, new_mb: int) -> None:
        waiter = _Waiter(new_mb, asyncio.get_running_loop().create_future())
        self._growing.append(waiter)
        self._reserved_mb -= old_mb
        self._admit()
        try:
            await waiter.granted
        except asyncio.CancelledError:
            if waiter in self._growing:
                self._growing.remove(waiter)
            else:
                self._reserved_mb -= new_mb
            self._admit()
            raise

    def _give_back(self, memory_mb: int) -> None:
        self._active -= 1
        self._reserved_mb -= memory_mb
        self._admit()

    def _admit(self) -> None:
        """Let in whoever is next, for as long as the next one fits.

        A job that does not fit yet holds back the others: passing it by would starve big ones.
        """
        while self._growing:
            if self._reserved_mb + self._growing[0].memory_mb > self._budget_mb:
                return
            grown = self._growing.popleft()
            self._reserved_mb += grown.memory_mb
            if not grown.granted.cancelled():
                grown.granted.set_result(None)
        while self._waiting and self._active < self._slots:
            key, queue = next(iter(self._waiting.items()))
            if self._reserved_mb + queue[0].memory_mb > self._budget_mb:
                return
            waiter = queue.popleft()
            if queue:
                self._waiting.move_to_end(key)
            else:
                del self._waiting[key]
            if waiter.granted.cancelled():
                continue
            self._active += 1
            self._reserved_mb += waiter.memory_mb
            waiter.granted.set_result(None)
