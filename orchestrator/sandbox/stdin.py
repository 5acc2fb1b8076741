"""The stdin of a running program: bytes, their end, and signals that the caller sends it.

No task and no lock: what is written goes out at once where the agent's window has room, and else
when the program has taken something, in the order of the calls.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import Protocol

from orchestrator.sandbox.model import Signal

MAX_SIGNALS = 1000
"""How many signals a stage is sent at most: nothing else bounds what they take on their way."""

ENTRY_BYTES = 256
"""What a write that waits costs beside its data."""


class StdinSink(Protocol):
    """The stage at the other end. It takes everything at once, and tells nobody if it is gone."""

    def stdin(self, data: bytes | memoryview) -> None:
        """Bytes for the program, never more than the credit there is."""
        ...

    def end(self) -> None:
        """There are no more."""
        ...

    def signal(self, signal: Signal) -> None:
        """A signal for the program."""
        ...


@dataclass(slots=True, eq=False)
class _PendingWrite:
    """A write that is not sent yet: the bytes left, and the future of who waits for it."""

    left: memoryview
    done: asyncio.Future[bool] | None
    size: int = field(init=False)

    def __post_init__(self) -> None:
        self.size = len(self.left) + ENTRY_BYTES

    def finish(self, *, sent: bool) -> None:
        if self.done is not None and not self.done.done():
            self.done.set_result(sent)


class StdinStream:
    """The stdin of one run: given to `Sandbox.run_stage`, used once its program has started.

    What comes before that waits for it. A stage that was lost before its program started has not
    had it, so it can be given to another; whoever gives it to none must `close` it.
    """

    def __init__(self) -> None:
        """For one stage, which begins whenever it does."""
        self._outlet: StdinSink | None = None
        self._credit = 0
        self._waiting: deque[_PendingWrite] = deque()
        self._held = 0
        self._signals: list[Signal] = []
        self._signals_left = MAX_SIGNALS
        self._has_ended = False
        self._end_is_sent = False
        self._is_over = False

    @property
    def was_attached(self) -> bool:
        """Whether a program has started with it: what it was told can't be told to another."""
        return self._outlet is not None

    @property
    def held(self) -> int:
        """How much waits for the program to take something, in bytes, its keeping included."""
        return self._held

    async def write(self, data: bytes) -> bool:
        """Pass bytes on, waiting while the window is full; False once nobody can get them.

        That is when the stage is over, or after `end`. Cancelled, it may have passed on a part.
        None at all are through when everything before them is.
        """
        if self._has_ended or self._is_over:
            return False
        if self._send_at_once(data):
            return True
        done = asyncio.get_running_loop().create_future()
        waiting = _PendingWrite(memoryview(data), done)
        self._enqueue(waiting)
        return await self._outcome(waiting, done)

    def put(self, data: bytes) -> None:
        """The same without waiting: what there is no room for is `held`; the caller bounds it."""
        if not self._has_ended and not self._is_over and not self._send_at_once(data):
            self._enqueue(_PendingWrite(memoryview(data), None))

    def _send_at_once(self, data: bytes) -> bool:
        if self._waiting or self._outlet is None or len(data) > self._credit:
            return False
        if data:
            self._credit -= len(data)
            self._outlet.stdin(data)
        return True

    def _enqueue(self, waiting: _PendingWrite) -> None:
        self._waiting.append(waiting)
        self._held += waiting.size
        self._pump()

    async def _outcome(self, waiting: _PendingWrite, done: asyncio.Future[bool]) -> bool:
        try:
            return await done
        except asyncio.CancelledError:
            if waiting in self._waiting:
                self._waiting.remove(waiting)
                self._held -= waiting.size
                self._pump()
            raise

    def end(self) -> None:
        """Close the program's stdin once all that was written is with it; idempotent."""
        if not self._has_ended:
            self._has_ended = True
            self._pump_end()

    def signal(self, signal: Signal) -> None:
        """Send the program a signal at once, or when it starts. KILL is also the stage's end.

        Those beyond `MAX_SIGNALS` are dropped, as are all once the stage is over.
        """
        if self._is_over or not self._signals_left:
            return
        self._signals_left -= 1
        if self._outlet is not None:
            self._outlet.signal(signal)
        elif signal not in self._signals:
            self._signals.append(signal)

    def close(self) -> None:
        """It is over: nothing waits any more, and nothing is passed on. Idempotent."""
        self._is_over = True
        self._credit = 0
        while self._waiting:
            self._pop().finish(sent=False)

    # For the sandbox that it was given to.

    def open(self, outlet: StdinSink, credit: int, stdin: bytes | memoryview = b"") -> None:
        """The program has started; it takes `credit` bytes now, and first of all `stdin`."""
        self._outlet = outlet
        if stdin:
            own = _PendingWrite(memoryview(stdin), None)
            self._waiting.appendleft(own)
            self._held += own.size
        for signal in self._signals:
            outlet.signal(signal)
        self.add_credit(credit)

    def add_credit(self, credit: int) -> None:
        """The program has taken so many bytes: as many more can be sent."""
        if not self._is_over:
            self._credit += credit
            self._pump()

    def _pump(self) -> None:
        """Send what there is room for; an empty write is through when its turn has come."""
        outlet = self._outlet
        while outlet is not None and self._waiting:
            first = self._waiting[0]
            piece, first.left = first.left[: self._credit], first.left[self._credit :]
            if piece:
                self._credit -= len(piece)
                outlet.stdin(piece)
            if first.left:
                return
            self._pop().finish(sent=True)
        self._pump_end()

    def _pop(self) -> _PendingWrite:
        waiting = self._waiting.popleft()
        self._held -= waiting.size
        return waiting

    def _pump_end(self) -> None:
        if self._outlet is None or self._waiting or self._is_over or self._end_is_sent:
            return
        if self._has_ended:
            self._end_is_sent = True
            self._outlet.end()
