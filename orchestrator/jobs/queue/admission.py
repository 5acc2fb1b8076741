"""Admission control in two steps: a ticket before the body is read, then a reservation.

Tickets bound the number of requests held at all (their bodies are memory). A reservation is a slot
and the sandboxes' memory out of the budget; `fairness.py` decides who gets the next one.
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

RETRY_AFTER_S = 1  # most jobs take less than a second, and free a slot then


@dataclass(slots=True, eq=False)
class _Waiter:
    key: str
    client: str
    memory_mb: int
    granted: asyncio.Future[None]


@dataclass(slots=True, eq=False)
class _Growing:
    """A holder of a slot that waits for memory."""

    waiter: _Waiter
    memory_mb: int
    granted: asyncio.Future[None]


class Ticket:
    """The right to have a body read and to wait; a context manager that returns it on exit."""

    def __init__(self, admission: Admission, key: str, client: str) -> None:
        """Only `Admission.ticket` makes one."""
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
        """Return the ticket. Idempotent."""
        if self._held:
            self._held = False
            self._admission._take_back(self)  # noqa: SLF001 - a ticket is its admission's other half


class Reservation:
    """A slot and memory, held until `release`."""

    def __init__(self, admission: Admission, waiter: _Waiter) -> None:
        """Only `QueueEntry.reservation` makes one."""
        self._admission = admission
        self._waiter = waiter
        self._held = True

    async def exchange(self, memory_mb: int) -> None:
        """Free the memory, which must be unused, and wait for `memory_mb` MiB in its place.

        Goes before all who have no slot yet. When cancelled, the reservation keeps its slot alone.
        """
        await self._admission._exchange(self._waiter, memory_mb)  # noqa: SLF001 - as above

    def release(self) -> None:
        """Free slot and memory, and grant them to whoever is next. Idempotent."""
        if self._held:
            self._held = False
            self._admission._give_back(self._waiter)  # noqa: SLF001 - as above


class QueueEntry:
    """A job's entry in the queue: wait for its `reservation`, or cancel that to leave."""

    def __init__(self, admission: Admission, waiter: _Waiter) -> None:
        """Only `Admission.enqueue` makes one."""
        self._admission = admission
        self._waiter = waiter

    @property
    def position(self) -> int:
        """The place in the queue if nobody else came: 1 is next; 0: it has been granted."""
        return self._admission._queue.position(self._waiter)  # noqa: SLF001 - as above

    async def reservation(self) -> Reservation:
        """Wait for a slot and the memory. Cancelling this leaves the queue."""
        try:
            await self._waiter.granted
        except asyncio.CancelledError:
            self._admission._abandon(self._waiter)  # noqa: SLF001 - as above
            raise
        return Reservation(self._admission, self._waiter)


class Admission:
    """Issues tickets and grants slots and memory. For one event loop; nothing here blocks."""

    def __init__(self, *, slots: int, queue: int, memory_mb: int, spare_mb: int = 0) -> None:
        """At most `slots` jobs at once, `queue` more requests held, `memory_mb` MiB reserved.

        `spare_mb`: this much memory and one slot are reserved for keys without any (`fairness.py`).
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
        """Set the expected keys, by name, and their shares.

        With several keys, none of them may hold the last quarter of the tickets: there is always
        room for another key.
        """
        self._queue.expect(shares)
        self._expected = frozenset(shares)
        self._most_per_key = self._most if len(shares) <= 1 else _most_of_several(self._most)
        self._admit()

    def expects(self, key: str) -> bool:
        """Return whether `key` is one of the expected keys."""
        return key in self._expected

    @property
    def memory_mb(self) -> int:
        """The most memory reserved at once, in MiB."""
        return self._queue.memory_mb

    @property
    def slots(self) -> int:
        """The most reservations at once."""
        return self._queue.slots

    @property
    def active(self) -> int:
        """The number of reservations held."""
        return self._queue.active

    @property
    def draining(self) -> bool:
        """Whether new tickets are refused, for good or until `resume`."""
        return self._stops or self._pauses

    @property
    def waiting(self) -> int:
        """The number of jobs that wait for a reservation."""
        return self._queue.waiting

    def drain(self) -> None:
        """Refuse new tickets for good; those issued stay valid. Idempotent."""
        self._stops = True

    def pause(self) -> None:
        """Refuse new tickets until `resume`. Idempotent."""
        self._pauses = True

    def resume(self) -> None:
        """Issue tickets again. Idempotent. Raises DrainingError after a `drain`."""
        if self._stops:
            raise DrainingError
        self._pauses = False

    def ticket(self, key: str, client: str = "") -> Ticket:
        """Issue a ticket for `key`, or raise QueueFullError or DrainingError at once.

        `client`: the key's user, where known; none of them may hold the last quarter of the key's
        tickets.
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
        """Enqueue for a slot and `memory_mb` MiB; granted at once where there is room.

        Raises InvalidSubmissionError if that can never fit, RevokedKeyError if the key has been
        revoked since the ticket was issued.
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
        """Return the `position` of each entry, all in one walk through the queue."""
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
        """Grant to whoever is next, as long as there is room."""
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
    """Decrement, and drop a name at zero: there is no bound on the number of names."""
    if counter[name] == 1:
        del counter[name]
    else:
        counter[name] -= 1
