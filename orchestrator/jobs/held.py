"""What the server holds in memory for its callers, in bytes: counted, and bounded."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

from orchestrator.errors import QueueFullError

RETRY_AFTER_S = 1


class Share:
    """What is held for one request."""

    def __init__(self, room: Room) -> None:
        """Made by `Room.share` only."""
        self._room = room
        self.bytes = 0

    def hold(self, size: int) -> None:
        """From now on it is so many bytes. Raises QueueFullError when there is no room for more."""
        if size > self.bytes and self._room.used + size - self.bytes > self._room.most:
            raise QueueFullError(RETRY_AFTER_S)
        self._room.change(size - self.bytes)
        self.bytes = size


class Room:
    """So many bytes. For one event loop."""

    def __init__(self, most: int) -> None:
        """`most` at once."""
        self.most = most
        self.used = 0
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @contextlib.contextmanager
    def share(self) -> Iterator[Share]:
        """For one request; given back in the end."""
        share = Share(self)
        try:
            yield share
        finally:
            share.hold(0)

    @contextlib.asynccontextmanager
    async def wait_for(self, size: int) -> AsyncIterator[None]:
        """So much, once it is there, in turn. What is larger than all there is takes all."""
        size = min(size, self.most)
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((size, turn))
        self._let_in()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.change(-size)
            self._let_in()
            raise
        try:
            yield
        finally:
            self.change(-size)

    def change(self, by: int) -> None:
        """Hold so many bytes more, or fewer."""
        self.used += by
        if by < 0:
            self._let_in()

    def _let_in(self) -> None:
        while self._waiting:
            size, turn = self._waiting[0]
            if not turn.done():
                if self.used + size > self.most:
                    return
                self.used += size
                turn.set_result(None)
            self._waiting.popleft()


@dataclass(frozen=True, slots=True)
class Held:
    """Half of what may be held is for requests until they are run, half for answers on their way.

    So requests that wait keep no answer from being sent, and an unread answer keeps out no request.
    """

    requests: Room
    answers: Room


def make_held(most: int) -> Held:
    """So many bytes in all."""
    return Held(Room(most // 2), Room(most // 2))
