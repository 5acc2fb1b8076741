"""How many connections there are, and which of them has to go. No I/O.

Who comes when all places are taken waits at the door: it is told so, and is answered only when it
asks for the server's health. There is room for a few only; the first to come is the first to go.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Generic, TypeVar

C = TypeVar("C")

IDLE_S = 1.0
"""Who has asked nothing for so long makes room for a newcomer, when all places are taken."""


@dataclass(slots=True)
class Crowd(Generic[C]):
    """Connections of any type that is hashable. For one event loop."""

    most: int
    most_per_address: int
    newcomers: int
    _places: dict[C, str] = field(default_factory=dict)
    _addresses: Counter[str] = field(default_factory=Counter)
    _idle: dict[C, float] = field(default_factory=dict)
    _at_the_door: dict[C, None] = field(default_factory=dict)

    def __len__(self) -> int:
        """The number of connections that have a place."""
        return len(self._places)

    def enter(self, connection: C, address: str | None, now: float) -> list[C]:
        """Let a connection in, or have it wait at the door. Returns those to be closed for it.

        `address`: what counts as one client; None: its connections are not counted.
        """
        gone = self._make_room(now)
        is_full = len(self._places) >= self.most
        if is_full or (address and self._addresses[address] >= self.most_per_address):
            self._at_the_door[connection] = None
            if len(self._at_the_door) > self.newcomers:
                gone.append(next(iter(self._at_the_door)))
                del self._at_the_door[gone[-1]]
            return gone
        self._places[connection] = address or ""
        if address:
            self._addresses[address] += 1
        self._idle[connection] = now
        return gone

    def _make_room(self, now: float) -> list[C]:
        """Remove the connection that was idle longest, if all places are taken; it is returned."""
        if len(self._places) < self.most or not self._idle:
            return []
        oldest, since = next(iter(self._idle.items()))
        if now - since < IDLE_S:
            return []
        self.leave(oldest)
        return [oldest]

    def has_place(self, connection: C) -> bool:
        """Whether it was let in."""
        return connection in self._places

    def busy(self, connection: C) -> None:
        """The connection has sent a request."""
        self._idle.pop(connection, None)

    def idle(self, connection: C, now: float) -> None:
        """The connection has no request under way from now on."""
        if connection in self._places:
            self._idle[connection] = now

    def leave(self, connection: C) -> None:
        """The connection has ended. Idempotent."""
        self._at_the_door.pop(connection, None)
        self._idle.pop(connection, None)
        address = self._places.pop(connection, "")
        if address:
            self._addresses[address] -= 1
            if not self._addresses[address]:
                del self._addresses[address]
