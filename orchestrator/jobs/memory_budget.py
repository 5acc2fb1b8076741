"""Memory budgets: how many bytes the server may hold for requests and for unsent answers."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter, deque
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

from orchestrator.errors import QueueFullError

RETRY_AFTER_S = 1


class Allocation:
    """The bytes of a budget that one request holds."""

    def __init__(self, budget: MemoryBudget, owner: str) -> None:
        """Create an empty allocation; only `MemoryBudget.allocate` does."""
        self._budget = budget
        self._owner = owner
        self.bytes = 0

    def resize(self, size: int) -> None:
        """Grow or shrink to `size` bytes. Raises QueueFullError when the budget has too few."""
        more = size - self.bytes
        if more > 0 and not self._budget.has_room(self._owner, more, besides=self.bytes):
            raise QueueFullError(RETRY_AFTER_S)
        self._budget.charge(self._owner, more)
        self.bytes = size


@dataclass(slots=True, eq=False)
class _BudgetWaiter:
    owner: str
    size: int
    granted: asyncio.Future[None]


class MemoryBudget:
    """A bounded number of bytes, shared by the requests of all keys. For one event loop.

    Where several keys share it (`is_shared`), a key may hold more than three quarters with a single
    request only: its many requests always leave room for another key.
    """

    def __init__(self, max_bytes: int) -> None:
        """Create a budget of `max_bytes`, none of it in use."""
        self.max_bytes = max_bytes
        self.used_bytes = 0
        self.is_shared = False
        self._used_by: Counter[str] = Counter()
        self._waiting: deque[_BudgetWaiter] = deque()

    @contextlib.contextmanager
    def allocate(self, owner: str = "") -> Iterator[Allocation]:
        """Open an allocation for a request of the key named `owner`; freed on leaving the context.

        It begins empty and never waits: see `Allocation.resize`.
        """
        allocation = Allocation(self, owner)
        try:
            yield allocation
        finally:
            allocation.resize(0)

    @contextlib.asynccontextmanager
    async def acquire(self, size: int, owner: str = "") -> AsyncIterator[None]:
        """Wait, first come first served, for `size` bytes; freed on leaving the context.

        A `size` above the whole budget waits for the whole budget.
        """
        granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiter = _BudgetWaiter(owner, min(size, self.max_bytes), granted)
        self._waiting.append(waiter)
        self._admit()
        try:
            await granted
        except asyncio.CancelledError:
            if granted.done() and not granted.cancelled():
                self.charge(owner, -waiter.size)
            self._admit()
            raise
        try:
            yield
        finally:
            self.charge(owner, -waiter.size)

    def has_room(self, owner: str, more: int, *, besides: int = 0) -> bool:
        """Return whether `owner` may take `more` bytes now.

        `besides`: the bytes that the same request already holds.
        """
        return self.used_bytes + more <= self.max_bytes and self._may_take(owner, more, besides)

    def charge(self, owner: str, by: int) -> None:
        """Add `by` bytes to what `owner` holds; a negative number frees them."""
        self.used_bytes += by
        self._used_by[owner] += by
        if not self._used_by[owner]:
            del self._used_by[owner]
        if by < 0:
            self._admit()

    def _may_take(self, owner: str, more: int, besides: int = 0) -> bool:
        used = self._used_by[owner]
        return not self.is_shared or used == besides or used + more <= self.max_bytes * 3 // 4

    def _admit(self) -> None:
        """Grant waiters in order; only one held up by its own key's answers is passed over."""
        for waiter in tuple(self._waiting):
            if not waiter.granted.done():
                if not self._may_take(waiter.owner, waiter.size):
                    continue
                if self.used_bytes + waiter.size > self.max_bytes:
                    return
                self.charge(waiter.owner, waiter.size)
                waiter.granted.set_result(None)
            self._waiting.remove(waiter)


@dataclass(frozen=True, slots=True)
class MemoryBudgets:
    """One half for requests until they have run, the other for answers until they are sent.

    Two budgets, so that waiting requests never block an answer, and unread answers never block a
    request.
    """

    requests: MemoryBudget
    answers: MemoryBudget

    def set_key_count(self, keys: int) -> None:
        """Tell both budgets how many keys share them from now on."""
        self.requests.is_shared = self.answers.is_shared = keys > 1


def make_memory_budgets(total_bytes: int) -> MemoryBudgets:
    """Split `total_bytes` into two equal budgets."""
    return MemoryBudgets(MemoryBudget(total_bytes // 2), MemoryBudget(total_bytes // 2))
