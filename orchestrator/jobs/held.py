"""What the server holds in memory for its callers, in bytes: counted, and bounded."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter, deque
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

from orchestrator.errors import QueueFullError

RETRY_AFTER_S = 1


class Share:
    """What is held for one request."""

    def __init__(self, room: Room, owner: str) -> None:
        """Made by `Room.share` only."""
        self._room = room
        self._owner = owner
        self.bytes = 0

    def hold(self, size: int) -> None:
        """From now on it is so many bytes. Raises QueueFullError when there is no room for more."""
        more = size - self.bytes
        if more > 0 and not self._room.has(self._owner, more, besides=self.bytes):
            raise QueueFullError(RETRY_AFTER_S)
        self._room.change(self._owner, more)
        self.bytes = size


@dataclass(slots=True, eq=False)
class _Waiter:
    owner: str
    size: int
    turn: asyncio.Future[None]


class Room:
    """So many bytes. For one event loop.

    Where several keys share it none takes the last quarter beside what it has already: there is
    always room for somebody else.
    """

    def __init__(self, most: int) -> None:
        """`most` at once."""
        self.most = most
        self.used = 0
        self.is_shared = False
        self._used_by: Counter[str] = Counter()
        self._waiting: deque[_Waiter] = deque()

    @contextlib.contextmanager
    def share(self, owner: str = "") -> Iterator[Share]:
        """For one request of the key of that name; given back in the end."""
        share = Share(self, owner)
        try:
            yield share
        finally:
            share.hold(0)

    @contextlib.asynccontextmanager
    async def wait_for(self, size: int, owner: str = "") -> AsyncIterator[None]:
        """So much, once it is there, in turn. What is larger than all there is takes all."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiter = _Waiter(owner, min(size, self.most), turn)
        self._waiting.append(waiter)
        self._let_in()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.change(owner, -waiter.size)
            self._let_in()
            raise
        try:
            yield
        finally:
            self.change(owner, -waiter.size)

    def has(self, owner: str, more: int, *, besides: int = 0) -> bool:
        """Whether there are `more` bytes for it; `besides`: what the same request holds already."""
        return self.used + more <= self.most and self._is_due(owner, more, besides)

    def change(self, owner: str, by: int) -> None:
        """Hold so many bytes more of that key's, or fewer."""
        self.used += by
        self._used_by[owner] += by
        if not self._used_by[owner]:
            del self._used_by[owner]
        if by < 0:
            self._let_in()

    def _is_due(self, owner: str, more: int, besides: int = 0) -> bool:
        used = self._used_by[owner]
        return not self.is_shared or used == besides or used + more <= self.most * 3 // 4

    def _let_in(self) -> None:
        """In turn; only who waits for answers of its own key is passed by."""
        for waiter in tuple(self._waiting):
            if not waiter.turn.done():
                if not self._is_due(waiter.owner, waiter.size):
                    continue
                if self.used + waiter.size > self.most:
                    return
                self.change(waiter.owner, waiter.size)
                waiter.turn.set_result(None)
            self._waiting.remove(waiter)


@dataclass(frozen=True, slots=True)
class Held:
    """Half of what may be held is for requests until they are run, half for answers on their way.

    So requests that wait keep no answer from being sent, and an unread answer keeps out no request.
    """

    requests: Room
    answers: Room

    def share_among(self, keys: int) -> None:
        """So many keys there are from now on."""
        self.requests.is_shared = self.answers.is_shared = keys > 1


def make_held(most: int) -> Held:
    """So many bytes in all."""
    return Held(Room(most // 2), Room(most // 2))
