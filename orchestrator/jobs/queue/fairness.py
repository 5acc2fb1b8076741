"""Weighted fair queueing of slots and memory: among keys, and within a key among its clients.

Pure: no clock but the one it is given, no waiting, no I/O. The rules, in this order:

- A key never holds more slots than its `max_jobs`.
- The next grant goes to the key with the fewest slots for its weight; equal keys take turns, one of
  weight 3 three times as often (start-time fair queueing, each job counting as one).
- The last place is reserved: a grant that would leave no slot, or less memory than `spare_mb`, is
  refused to a key while an active one holds fewer slots for its weight. A key is active if it holds
  a slot, waits for one, or (an expected one) made a request within `ACTIVE_S`.
- The same holds among a key's clients; a named client never takes its key's last place while it
  holds another.
- A job that needs more memory than is free blocks all others (so no big job starves), unless it
  waits for jobs of its own key (so it is no way to make others wait).
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from heapq import heapify, heappop, heappush
from itertools import count
from typing import Generic

from orchestrator.jobs.queue.key_queue import EQUAL_SHARE, FairShare, KeyQueue, R, grants_before

ACTIVE_S = 300.0
"""How long an expected key counts as active after its last request."""


class FairQueue(Generic[R]):
    """Decides which waiting request is granted a slot and memory next, and tracks what is held."""

    def __init__(
        self,
        *,
        slots: int,
        memory_mb: int,
        spare_mb: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`spare_mb`: memory reserved for active keys that hold less. `clock` returns seconds."""
        self.slots = slots
        self.memory_mb = memory_mb
        self.active = 0
        """The number of slots held."""
        self.reserved_mb = 0
        """The memory held, in MiB."""
        self._spare_mb = spare_mb
        self._clock = clock
        self._key_queues: dict[str, KeyQueue[R]] = {}
        self.waiting = 0
        """The number of requests that wait."""
        self._now = 0
        self._stamps = count(1)

    def expect(self, shares: Mapping[str, FairShare]) -> None:
        """Set the expected keys and their shares. A new one counts as active at first."""
        now = self._clock()
        for name, share in shares.items():
            key_queue = self._key_queues.setdefault(name, KeyQueue(share, now))
            if not key_queue.is_expected:
                key_queue.is_expected, key_queue.last_seen = True, now
            key_queue.share = share
        for name in self._key_queues.keys() - shares.keys():
            self._key_queues[name].is_expected = False
            self._forget(name)

    def push(self, request: R) -> None:
        """Enqueue a request, behind the others of its client."""
        key_queue = self._key_queues.get(request.key)
        if key_queue is None:
            key_queue = self._key_queues[request.key] = KeyQueue(EQUAL_SHARE, 0)
        self.waiting += 1
        key_queue.last_seen = self._clock()
        if not key_queue.clients:
            key_queue.due, key_queue.stamp = max(key_queue.due, self._now), next(self._stamps)
        key_queue.clients.setdefault(request.client, deque()).append(request)
        key_queue.waiting += 1

    def remove(self, request: R) -> bool:
        """Remove a waiting request; return whether it was waiting."""
        key_queue = self._key_queues.get(request.key)
        queue = key_queue.clients.get(request.client) if key_queue else None
        if key_queue is None or queue is None or request not in queue:
            return False
        queue.remove(request)
        self.waiting -= 1
        key_queue.waiting -= 1
        if not queue:
            del key_queue.clients[request.client]
        self._forget(request.key)
        return True

    def pop(self) -> R | None:
        """Grant a slot and memory to the next request and return it; None: none may have them."""
        if not self.waiting or self.active >= self.slots:
            return None
        for key_queue in self._by_turn():
            for client in key_queue.clients_by_turn():
                request = key_queue.clients[client][0]
                if self.reserved_mb + request.memory_mb > self.memory_mb:
                    if not key_queue.held_slots:
                        return None
                    if not key_queue.held_by[client]:
                        break
                elif self._may_have(key_queue, request):
                    return self._take(key_queue, request)
        return None

    def give_back(self, request: R) -> None:
        """Free the slot and the memory that a granted request holds."""
        key_queue = self._key_queues[request.key]
        key_queue.held_slots -= 1
        key_queue.held_by[request.client] -= 1
        if not key_queue.held_by[request.client]:
            del key_queue.held_by[request.client]
        self.active -= 1
        self.reserved_mb -= request.memory_mb
        self._forget(request.key)

    def resize(self, request: R, memory_mb: int) -> bool:
        """Change the memory of a granted request to `memory_mb`; False: there is not enough."""
        reserved_mb = self.reserved_mb + memory_mb - request.memory_mb
        if reserved_mb > self.memory_mb:
            return False
        self.reserved_mb, request.memory_mb = reserved_mb, memory_mb
        return True

    def position(self, request: R) -> int:
        """Return the request's place in the queue, 1 being next; 0: it does not wait.

        Exact where no key holds more slots than another; else its key may be passed over.
        """
        key_queue = self._key_queues.get(request.key)
        if key_queue is None or request not in key_queue.clients.get(request.client, ()):
            return 0
        rank = key_queue.rank(request)
        others = (
            each for each in self._key_queues.values() if each is not key_queue and each.clients
        )
        return 1 + rank + sum(grants_before(other, key_queue, rank) for other in others)

    def in_turn(self) -> Iterator[R]:
        """Yield all waiting requests in the order of their positions."""
        queues = [
            (key_queue.due, key_queue.stamp, key_queue.step, key_queue.in_order())
            for key_queue in self._key_queues.values()
            if key_queue.clients
        ]
        heapify(queues)
        stamps = count(max((stamp for _, stamp, _, _ in queues), default=0) + 1)
        while queues:
            turn, _, step, requests = heappop(queues)
            request = next(requests, None)
            if request is not None:
                yield request
                heappush(queues, (turn + step, next(stamps), step, requests))

    def _by_turn(self) -> list[KeyQueue[R]]:
        """Return the keys that wait and are below their cap, the next one first."""
        waiting = [
            each for each in self._key_queues.values() if each.clients and not each.is_at_cap
        ]
        if len(waiting) > 1:
            waiting.sort(key=lambda each: (each.weighted_slots, each.due, each.stamp))
        return waiting

    def _may_have(self, key_queue: KeyQueue[R], request: R) -> bool:
        """Return whether it may take what is free (which is enough); it may be the last place."""
        free_mb = self.memory_mb - self.reserved_mb - request.memory_mb
        is_last = self.active + 1 >= self.slots or free_mb < self._spare_mb
        if (
            is_last
            and key_queue.held_slots
            and key_queue.weighted_slots > self._least_weighted_slots()
        ):
            return False
        is_key_s_last = is_last or key_queue.held_slots + 1 == key_queue.share.max_jobs
        return not (is_key_s_last and request.client and key_queue.held_by[request.client])

    def _least_weighted_slots(self) -> float:
        """Return the fewest slots for its weight that an active key below its cap holds."""
        soon = self._clock() - ACTIVE_S
        return min(
            key_queue.weighted_slots
            for key_queue in self._key_queues.values()
            if not key_queue.is_at_cap
            and (
                key_queue.held_slots
                or key_queue.clients
                or (key_queue.is_expected and key_queue.last_seen > soon)
            )
        )

    def _take(self, key_queue: KeyQueue[R], request: R) -> R:
        queue = key_queue.clients[request.client]
        queue.popleft()
        self.waiting -= 1
        key_queue.waiting -= 1
        if queue:
            key_queue.clients.move_to_end(request.client)
        else:
            del key_queue.clients[request.client]
        self._now = max(self._now, key_queue.due)
        key_queue.due = self._now + key_queue.step
        key_queue.stamp = next(self._stamps)
        key_queue.held_slots += 1
        key_queue.held_by[request.client] += 1
        self.active += 1
        self.reserved_mb += request.memory_mb
        return request

    def _forget(self, name: str) -> None:
        """Drop an unexpected key that neither waits nor holds anything: memory stays bounded."""
        key_queue = self._key_queues[name]
        if not (key_queue.is_expected or key_queue.clients or key_queue.held_slots):
            del self._key_queues[name]
