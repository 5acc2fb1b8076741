"""Who is let in next: slots and memory, shared fairly among keys, and within a key its clients.

Pure: no clock but the one it is given, no waiting, no I/O. The rules, in this order:

- A key never holds more slots than its `max_jobs`.
- Next is the key that holds fewest slots for its weight; among equals the keys take turns, one of
  weight 3 three times as often (start-time fair queueing, each job counting as one).
- Nobody takes the last place while a key that is active holds fewer slots for its weight: what
  would leave no slot, or less memory than `spare_mb`, is left for that key. Active is a key that
  holds a slot, waits for one, or, if it is an expected one, has come within `ACTIVE_S`.
- Among a key's clients the same; a client that has a name never takes its key's last place while it
  holds another.
- A job that needs more memory than is free holds back all others, unless it is its own key's jobs
  that are in its way. So no big job starves, and none of them is a way to make others wait.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from heapq import heapify, heappop, heappush
from itertools import count
from typing import Generic

from orchestrator.jobs.queue.key_queue import EQUAL_SHARE, FairShare, KeyQueue, R, turns_before

ACTIVE_S = 300.0
"""How long an expected key counts as active after it was there last."""


class FairQueue(Generic[R]):
    """What waits for slots and memory, and what of them is held."""

    def __init__(
        self,
        *,
        slots: int,
        memory_mb: int,
        spare_mb: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`clock` in seconds."""
        self.slots = slots
        self.memory_mb = memory_mb
        self.active = 0
        """Slots held."""
        self.reserved_mb = 0
        """Memory held."""
        self._spare_mb = spare_mb
        self._clock = clock
        self._parties: dict[str, KeyQueue[R]] = {}
        self.waiting = 0
        """How many wait."""
        self._now = 0
        self._stamps = count(1)

    def expect(self, shares: Mapping[str, FairShare]) -> None:
        """These keys there are from now on, and no others. New ones count as active at first."""
        now = self._clock()
        for name, share in shares.items():
            party = self._parties.setdefault(name, KeyQueue(share, now))
            if not party.is_expected:
                party.is_expected, party.seen = True, now
            party.share = share
        for name in self._parties.keys() - shares.keys():
            self._parties[name].is_expected = False
            self._forget(name)

    def push(self, request: R) -> None:
        """Let it wait, behind what its client has waiting already."""
        party = self._parties.get(request.key)
        if party is None:
            party = self._parties[request.key] = KeyQueue(EQUAL_SHARE, 0)
        self.waiting += 1
        party.seen = self._clock()
        if not party.clients:
            party.turn, party.stamp = max(party.turn, self._now), next(self._stamps)
        party.clients.setdefault(request.client, deque()).append(request)
        party.waiting += 1

    def remove(self, request: R) -> bool:
        """Let it wait no more; whether it did."""
        party = self._parties.get(request.key)
        queue = party.clients.get(request.client) if party else None
        if party is None or queue is None or request not in queue:
            return False
        queue.remove(request)
        self.waiting -= 1
        party.waiting -= 1
        if not queue:
            del party.clients[request.client]
        self._forget(request.key)
        return True

    def pop(self) -> R | None:
        """The next one to be let in now, which holds its slot and memory from here; or None."""
        if not self.waiting or self.active >= self.slots:
            return None
        for party in self._by_turn():
            for client in party.clients_by_turn():
                request = party.clients[client][0]
                if self.reserved_mb + request.memory_mb > self.memory_mb:
                    if not party.held:
                        return None
                    if not party.held_by[client]:
                        break
                elif self._may_have(party, request):
                    return self._take(party, request)
        return None

    def give_back(self, request: R) -> None:
        """What it held is free again."""
        party = self._parties[request.key]
        party.held -= 1
        party.held_by[request.client] -= 1
        if not party.held_by[request.client]:
            del party.held_by[request.client]
        self.active -= 1
        self.reserved_mb -= request.memory_mb
        self._forget(request.key)

    def resize(self, request: R, memory_mb: int) -> bool:
        """What holds a slot holds so many MiB from here on; False: there are not so many."""
        reserved_mb = self.reserved_mb + memory_mb - request.memory_mb
        if reserved_mb > self.memory_mb:
            return False
        self.reserved_mb, request.memory_mb = reserved_mb, memory_mb
        return True

    def position(self, request: R) -> int:
        """How many grants until it is its turn, as the turns are now; 0: it does not wait.

        Exact where no key holds more slots than another; else its key may be passed over.
        """
        party = self._parties.get(request.key)
        if party is None or request not in party.clients.get(request.client, ()):
            return 0
        rank = party.rank(request)
        others = (each for each in self._parties.values() if each is not party and each.clients)
        return 1 + rank + sum(turns_before(other, party, rank) for other in others)

    def in_turn(self) -> Iterator[R]:
        """All that wait, in the order of their positions."""
        queues = [
            (party.turn, party.stamp, party.step, party.in_order())
            for party in self._parties.values()
            if party.clients
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
        """Those that wait and may have another slot, who is next first."""
        waiting = [each for each in self._parties.values() if each.clients and not each.is_at_cap]
        if len(waiting) > 1:
            waiting.sort(key=lambda each: (each.served, each.turn, each.stamp))
        return waiting

    def _may_have(self, party: KeyQueue[R], request: R) -> bool:
        """Whether it may take what is free, which is enough for it."""
        free_mb = self.memory_mb - self.reserved_mb - request.memory_mb
        is_last = self.active + 1 >= self.slots or free_mb < self._spare_mb
        if is_last and party.held and party.served > self._least_served():
            return False
        is_key_s_last = is_last or party.held + 1 == party.share.max_jobs
        return not (is_key_s_last and request.client and party.held_by[request.client])

    def _least_served(self) -> float:
        """Of the keys that are active and may have more."""
        soon = self._clock() - ACTIVE_S
        return min(
            party.served
            for party in self._parties.values()
            if not party.is_at_cap
            and (party.held or party.clients or (party.is_expected and party.seen > soon))
        )

    def _take(self, party: KeyQueue[R], request: R) -> R:
        queue = party.clients[request.client]
        queue.popleft()
        self.waiting -= 1
        party.waiting -= 1
        if queue:
            party.clients.move_to_end(request.client)
        else:
            del party.clients[request.client]
        self._now = max(self._now, party.turn)
        party.turn = self._now + party.step
        party.stamp = next(self._stamps)
        party.held += 1
        party.held_by[request.client] += 1
        self.active += 1
        self.reserved_mb += request.memory_mb
        return request

    def _forget(self, name: str) -> None:
        """A key that is not expected is one only as long as it waits or holds something."""
        party = self._parties[name]
        if not (party.is_expected or party.clients or party.held):
            del self._parties[name]
