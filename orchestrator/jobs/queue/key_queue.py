"""Who shares slots: a key, what it holds, and what of it waits, a queue for each of its clients."""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

_TURN = 1 << 20
"""A turn of weight 1, in units of virtual time: whole numbers, so that equal ones are equal."""


class Request(Protocol):
    """What waits: whose it is, and what it needs."""

    memory_mb: int
    """MiB."""

    @property
    def key(self) -> str:
        """The key's name."""
        ...

    @property
    def client(self) -> str:
        """Who asks with that key; empty where nobody says."""
        ...


R = TypeVar("R", bound=Request)


@dataclass(frozen=True, slots=True)
class FairShare:
    """What a key may have: slots in proportion to `weight`, at most `max_jobs` (0: all)."""

    weight: int = 1
    max_jobs: int = 0


EQUAL_SHARE = FairShare()


@dataclass(slots=True)
class KeyQueue(Generic[R]):
    """A key, what it holds, and what of it waits: a queue per client, the clients in turn."""

    share: FairShare
    seen: float
    is_expected: bool = False
    held: int = 0
    turn: int = 0
    """The virtual time at which it is due."""
    stamp: int = 0
    """Among those due at the same time the lowest is first."""
    clients: OrderedDict[str, deque[R]] = field(default_factory=OrderedDict)
    held_by: Counter[str] = field(default_factory=Counter)
    waiting: int = 0
    """How many of its own wait."""

    @property
    def step(self) -> int:
        """How far each turn moves it."""
        return _TURN // self.share.weight

    @property
    def served(self) -> float:
        """Slots held, for its weight."""
        return self.held / self.share.weight

    @property
    def is_at_cap(self) -> bool:
        """Whether it holds all it may."""
        return 0 < self.share.max_jobs <= self.held

    def clients_by_turn(self) -> Iterable[str]:
        """Those that wait: who holds fewest is first, among equals they take turns."""
        if len(self.clients) == 1:
            return tuple(self.clients)
        return sorted(self.clients, key=self.held_by.__getitem__)

    def in_order(self) -> Iterator[R]:
        """What waits, the clients in turn."""
        queues = deque(iter(queue) for queue in self.clients.values())
        while queues:
            queue = queues.popleft()
            request = next(queue, None)
            if request is not None:
                yield request
                queues.append(queue)

    def rank(self, request: R) -> int:
        """How many of its own come before."""
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


def turns_before(other: KeyQueue[R], party: KeyQueue[R], rank: int) -> int:
    """How many of `other`'s come before the one of that rank of `party`'s."""
    due = party.turn + rank * party.step - other.turn
    if due < 0:
        return 0
    turns, rest = divmod(due, other.step)
    if rest or _is_first(other, turns, party, rank):
        turns += 1
    return min(turns, other.waiting)


def _is_first(other: KeyQueue[R], turns: int, party: KeyQueue[R], rank: int) -> bool:
    """Of two that are due at the same time: who has had a turn later is later."""
    if other.step != party.step and turns and rank:
        return other.step > party.step
    if turns == rank:
        return other.stamp < party.stamp
    return turns < rank if other.step == party.step else not turns
