"""Admission in two steps: a ticket before the body is read, a reservation after it was checked.

A ticket bounds how many requests are held at all (their bodies are memory); a reservation is a slot
and the job's memory out of the budget. Who gets the next one is `fairness.py`'s to say.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self, TypeVar

from orchestrator.errors import (
    DrainingError,
    InvalidSubmissionError,
    QueueFullError,
    RevokedKeyError,
)
from orchestrator.jobs.queue.fairness import FairQueue
from orchestrator.jobs.queue.key_queue import FairShare

T = TypeVar("T")

RETRY_AFTER_S = 1  # a slot is free again within a job's length; most jobs take less than a second


@dataclass(slots=True, eq=False)
class _Waiter:
    key: str
    client: str
    memory_mb: int
    granted: asyncio.Future[None]


@dataclass(slots=True, eq=False)
class _Growing:
    """Who has a slot and waits for memory."""

    waiter: _Waiter
    memory_mb: int
    granted: asyncio.Future[None]


class Ticket:
    """The right to be read and to wait; a context manager that gives it back."""

    def __init__(self, admission: Admission, key: str, client: str) -> None:
        """Made by `Admission.ticket` only."""
        self._admission = admission
        self.key = key
        self.client = client
        self.was_expected = admission.expects(key)
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
            self._admission._take_back(self)  # noqa: SLF001 - a ticket is its admission's other half


class Reservation:
    """A slot and memory, held until `release` (idempotent)."""

    def __init__(self, admission: Admission, waiter: _Waiter) -> None:
        """Made by `QueueEntry.reservation` only."""
        self._admission = admission
        self._waiter = waiter
        self._held = True

    async def exchange(self, memory_mb: int) -> None:
        """Give the memory back and wait for `memory_mb` in its place, before all who have no slot.

        Nothing may use it any more. Cancelled, it holds the slot alone.
        """
        await self._admission._exchange(self._waiter, memory_mb)  # noqa: SLF001 - as above

    def release(self) -> None:
        """Give slot and memory back and let the next ones in; idempotent."""
        if self._held:
            self._held = False
            self._admission._give_back(self._waiter)  # noqa: SLF001 - as above


class QueueEntry:
    """A job's place in the queue. Whoever has it waits for the `reservation`, or leaves."""

    def __init__(self, admission: Admission, waiter: _Waiter) -> None:
        """Made by `Admission.enqueue` only."""
        self._admission = admission
        self._waiter = waiter

    @property
    def position(self) -> int:
        """How many grants until it is this one's turn, were nobody else to come; 0: it has been."""
        return self._admission._queue.position(self._waiter)  # noqa: SLF001 - as above

    async def reservation(self) -> Reservation:
        """Wait for slot and memory. Cancelling it leaves the queue."""
        try:
            await self._waiter.granted
        except asyncio.CancelledError:
            self._admission._abandon(self._waiter)  # noqa: SLF001 - as above
            raise
        return Reservation(self._admission, self._waiter)


class Admission:
    """Counts tickets, slots and memory. For one event loop; nothing here blocks."""

    def __init__(self, *, slots: int, queue: int, memory_mb: int, spare_mb: int = 0) -> None:
        """`slots` jobs at once, `queue` more requests held, `memory_mb` MiB reserved at most.

        `spare_mb`: so much memory, and a slot, are left for whoever has none (`fairness.py`).
        """
        self._queue: FairQueue[_Waiter] = FairQueue(
            slots=slots, memory_mb=memory_mb, spare_mb=spare_mb
        )
        self._most = slots + queue
        self._growing: deque[_Growing] = deque()
        self._expected: frozenset[str] = frozenset()
        self._most_per_key = self._most
        self._given = 0
        self._tickets: Counter[str] = Counter()
        self._tickets_of_clients: Counter[tuple[str, str]] = Counter()
        self._stops = False
        self._pauses = False

    def expect(self, shares: Mapping[str, FairShare]) -> None:
        """These keys there are from now on, by name.

        With several of them none may hold the last quarter of the tickets: there is always room for
        somebody else.
        """
        self._queue.expect(shares)
        self._expected = frozenset(shares)
        self._most_per_key = self._most if len(shares) <= 1 else _most_of_several(self._most)
        self._admit()

    def expects(self, key: str) -> bool:
        """Whether it is one of those."""
        return key in self._expected

    @property
    def memory_mb(self) -> int:
        """Most memory that is reserved at once, in MiB."""
        return self._queue.memory_mb

    @property
    def slots(self) -> int:
        """Most reservations at once."""
        return self._queue.slots

    @property
    def active(self) -> int:
        """Reservations held."""
        return self._queue.active

    @property
    def draining(self) -> bool:
        """Whether further tickets are refused, for good or until `resume`."""
        return self._stops or self._pauses

    @property
    def waiting(self) -> int:
        """Jobs waiting for a reservation."""
        return self._queue.waiting

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

    def ticket(self, key: str, client: str = "") -> Ticket:
        """A ticket for `key`, at once. Raises QueueFullError or DrainingError.

        `client`: who asks with that key, where that is known; none of them may hold the last
        quarter of the key's tickets.
        """
        if self.draining:
            raise DrainingError(for_good=self._stops)
        held_by_client = self._tickets_of_clients[key, client] if client else 0
        if (
            self._given >= self._most
            or self._tickets[key] >= self._most_per_key
            or held_by_client >= _most_of_several(self._most_per_key)
        ):
            raise QueueFullError(RETRY_AFTER_S)
        self._given += 1
        self._tickets[key] += 1
        if client:
            self._tickets_of_clients[key, client] += 1
        return Ticket(self, key, client)

    def enqueue(self, ticket: Ticket, memory_mb: int) -> QueueEntry:
        """A place in the queue for a slot and `memory_mb`; granted at once where there is room.

        Raises InvalidSubmissionError if it could never fit, and RevokedKeyError when its key was
        expected and is no more.
        """
        if ticket.was_expected and not self.expects(ticket.key):
            raise RevokedKeyError
        if memory_mb > self.memory_mb:
            raise InvalidSubmissionError(
                f"limits.memory_mb: {memory_mb} MB is more than this server has for all jobs "
                f"({self.memory_mb} MB)",
                field="limits.memory_mb",
            )
        granted = asyncio.get_running_loop().create_future()
        waiter = _Waiter(ticket.key, ticket.client, memory_mb, granted)
        self._queue.push(waiter)
        self._admit()
        return QueueEntry(self, waiter)

    def positions(self, entries: Iterable[QueueEntry]) -> list[int]:
        """The `position` of each, worked out for all at once: it is a walk through the queue."""
        turns = {id(waiter): turn for turn, waiter in enumerate(self._queue.in_turn(), start=1)}
        return [turns.get(id(entry._waiter), 0) for entry in entries]  # noqa: SLF001 - as above

    def _take_back(self, ticket: Ticket) -> None:
        self._given -= 1
        _count_down(self._tickets, ticket.key)
        if ticket.client:
            _count_down(self._tickets_of_clients, (ticket.key, ticket.client))

    def _abandon(self, waiter: _Waiter) -> None:
        if waiter.granted.done() and not waiter.granted.cancelled():
            self._give_back(waiter)
            return
        self._queue.remove(waiter)
        self._admit()

    async def _exchange(self, waiter: _Waiter, memory_mb: int) -> None:
        growing = _Growing(waiter, memory_mb, asyncio.get_running_loop().create_future())
        self._growing.append(growing)
        self._queue.resize(waiter, 0)
        self._admit()
        try:
            await growing.granted
        except asyncio.CancelledError:
            if growing in self._growing:
                self._growing.remove(growing)
            else:
                self._queue.resize(waiter, 0)
            self._admit()
            raise

    def _give_back(self, waiter: _Waiter) -> None:
        self._queue.give_back(waiter)
        self._admit()

    def _admit(self) -> None:
        """Let in whoever is next, for as long as there is room for one."""
        while self._growing:
            first = self._growing[0]
            if not self._queue.resize(first.waiter, first.memory_mb):
                return
            self._growing.popleft()
            if not first.granted.cancelled():
                first.granted.set_result(None)
        while (waiter := self._queue.pop()) is not None:
            if waiter.granted.cancelled():
                self._queue.give_back(waiter)
            else:
                waiter.granted.set_result(None)


def _most_of_several(tickets: int) -> int:  # all but the last quarter
    return -(-tickets * 3 // 4)


def _count_down(counter: Counter[T], name: T) -> None:
    """Names that hold nothing are not kept: they are any number."""
    if counter[name] == 1:
        del counter[name]
    else:
        counter[name] -= 1
