"""The state of one API key in the fair queue: the slots it holds, and a queue per client."""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

_TURN = 1 << 20
"""The virtual time that a grant costs a key of weight 1; an integer, so that ties are exact."""


class SlotRequest(Protocol):
    """A request for a slot and memory: whose it is, and what it needs."""

    memory_mb: int
    """The memory it needs, in MiB."""

    @property
    def key(self) -> str:
        """The name of the API key."""
        ...

    @property
    def client(self) -> str:
        """The client that uses the key (`X-Client-Id`); empty when it does not say."""
        ...


R = TypeVar("R", bound=SlotRequest)


@dataclass(frozen=True, slots=True)
class FairShare:
    """A key's share of the slots: in proportion to `weight`, at most `max_jobs` (0: no cap)."""

    weight: int = 1
    max_jobs: int = 0


EQUAL_SHARE = FairShare()


@dataclass(slots=True)
class KeyQueue(Generic[R]):
    """The slots that one key holds, and its waiting requests: a queue per client, round robin."""

    share: FairShare
    last_seen: float
    """When the key made its last request, by the fair queue's clock, in seconds."""
    is_expected: bool = False
    """Whether it is one of the configured keys, which are kept while they hold nothing."""
    held_slots: int = 0
    due: int = 0
    """The virtual time of its next turn."""
    stamp: int = 0
    """Breaks ties between keys that are due at the same time: the lowest goes first."""
    clients: OrderedDict[str, deque[R]] = field(default_factory=OrderedDict)
    held_by: Counter[str] = field(default_factory=Counter)
    """The slots held, by client."""
    waiting: int = 0
    """The number of its requests that wait."""

    @property
    def step(self) -> int:
        """The virtual time that each grant costs this key."""
        return _TURN // self.share.weight

    @property
    def weighted_slots(self) -> float:
        """The slots held, divided by the weight."""
        return self.held_slots / self.share.weight

    @property
    def is_at_cap(self) -> bool:
        """Whether the key holds its `max_jobs` slots."""
        return 0 < self.share.max_jobs <= self.held_slots

    def clients_by_turn(self) -> Iterable[str]:
        """Return the waiting clients, fewest held slots first; equal ones take turns."""
        if len(self.clients) == 1:
            return tuple(self.clients)
        return sorted(self.clients, key=self.held_by.__getitem__)

    def in_order(self) -> Iterator[R]:
        """Yield the waiting requests, one client after the other."""
        queues = deque(iter(queue) for queue in self.clients.values())
        while queues:
            queue = queues.popleft()
            request = next(queue, None)
            if request is not None:
                yield request
                queues.append(queue)

    def rank(self, request: R) -> int:
        """Return how many requests of the same key come before this one."""
        mine = self.clients[request.client]
        rank = ahead = mine.index(request)
        if not rank:  # each client's first has its turn in their order: they may be many
            return list(self.clients).index(request.client)
        is_before_mine = 1
        for client, queue in self.clients.items():
            if client == request.client:
                is_before_mine = 0
            else:
                ahead += min(len(queue), rank + is_before_mine)
        return ahead


def grants_before(other: KeyQueue[R], key_queue: KeyQueue[R], rank: int) -> int:
    """Return how many requests of `other` are granted before `key_queue`'s one of that rank."""
    due = key_queue.due + rank * key_queue.step - other.due
    if due < 0:
        return 0
    turns, rest = divmod(due, other.step)
    if rest or _is_first(other, turns, key_queue, rank):
        turns += 1
    return min(turns, other.waiting)


def _is_first(other: KeyQueue[R], turns: int, key_queue: KeyQueue[R], rank: int) -> bool:
    """Break a tie in virtual time: whoever had its last turn later, comes later."""
    if other.step != key_queue.step and turns and rank:
        return other.step > key_queue.step
    if turns == rank:
        return other.stamp < key_queue.stamp
    return turns < rank if other.step == key_queue.step else not turns
