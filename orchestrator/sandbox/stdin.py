"""The stdin of a running program: a stream with credit-based flow control, and signals.

No task and no lock: bytes go out at once as far as the agent's credit allows, the rest when the
program has read something and the agent grants more; always in the order of the calls.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import Protocol

from orchestrator.sandbox.model import Signal

MAX_SIGNALS = 1000
"""The most signals sent to a stage: nothing else bounds the bytes that they take in transit."""

ENTRY_BYTES = 256
"""What a pending write counts beside its data, in bytes."""


class StdinSink(Protocol):
    """The stage at the other end. Takes everything without blocking; silently drops it if gone."""

    def stdin(self, data: bytes | memoryview) -> None:
        """Send bytes to the program; the caller never exceeds the credit."""
        ...

    def end(self) -> None:
        """Close the program's stdin."""
        ...

    def signal(self, signal: Signal) -> None:
        """Send the program a signal."""
        ...


@dataclass(slots=True, eq=False)
class _PendingWrite:
    """A write that is not fully sent: the bytes left, and the future its writer awaits, if any."""

    left: memoryview
    done: asyncio.Future[bool] | None
    size: int = field(init=False)

    def __post_init__(self) -> None:
        self.size = len(self.left) + ENTRY_BYTES

    def finish(self, *, sent: bool) -> None:
        if self.done is not None and not self.done.done():
            self.done.set_result(sent)


class StdinStream:
    """The stdin of one run: passed to `Sandbox.run_stage`, attached when its program starts.

    What is written earlier waits. If a stage is lost before its program starts, the stream can be
    passed to the next stage; a caller that has no next stage must `close` it.
    """

    def __init__(self) -> None:
        """Create a stream that is not attached to a program yet."""
        self._sink: StdinSink | None = None
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
        """Whether a program has been attached: what it has read can't be replayed to another."""
        return self._sink is not None

    @property
    def pending_bytes(self) -> int:
        """The bytes that wait for credit, ENTRY_BYTES per write included."""
        return self._held

    async def write(self, data: bytes) -> bool:
        """Send bytes, waiting for credit; False when the stage is over, or after `end`.

        When cancelled, a part may have been sent. An empty write returns once everything before it
        has been sent.
        """
        if self._has_ended or self._is_over:
            return False
        if self._send_at_once(data):
            return True
        done = asyncio.get_running_loop().create_future()
        waiting = _PendingWrite(memoryview(data), done)
        self._enqueue(waiting)
        return await self._outcome(waiting, done)

    def write_nowait(self, data: bytes) -> None:
        """Send bytes without waiting; what exceeds the credit is queued, unbounded.

        The caller bounds the queue by `pending_bytes`.
        """
        if not self._has_ended and not self._is_over and not self._send_at_once(data):
            self._enqueue(_PendingWrite(memoryview(data), None))

    def _send_at_once(self, data: bytes) -> bool:
        if self._waiting or self._sink is None or len(data) > self._credit:
            return False
        if data:
            self._credit -= len(data)
            self._sink.stdin(data)
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
        """Close the program's stdin once all pending writes are sent. Idempotent."""
        if not self._has_ended:
            self._has_ended = True
            self._pump_end()

    def signal(self, signal: Signal) -> None:
        """Send the program a signal at once, or when it starts. KILL also ends the stage.

        Signals beyond MAX_SIGNALS are dropped, as are all once the stage is over.
        """
        if self._is_over or not self._signals_left:
            return
        self._signals_left -= 1
        if self._sink is not None:
            self._sink.signal(signal)
        elif signal not in self._signals:
            self._signals.append(signal)

    def close(self) -> None:
        """Mark the stage as over: drop pending writes and release their writers. Idempotent."""
        self._is_over = True
        self._credit = 0
        while self._waiting:
            self._pop().finish(sent=False)

    # Called by the sandbox that runs the stage.

    def attach(self, sink: StdinSink, credit: int, stdin: bytes | memoryview = b"") -> None:
        """Attach the started program: send `stdin` first, then what waits, up to `credit` bytes."""
        self._sink = sink
        if stdin:
            own = _PendingWrite(memoryview(stdin), None)
            self._waiting.appendleft(own)
            self._held += own.size
        for signal in self._signals:
            sink.signal(signal)
        self.add_credit(credit)

    def add_credit(self, credit: int) -> None:
        """Allow `credit` more bytes: the program has read as many."""
        if not self._is_over:
            self._credit += credit
            self._pump()

    def _pump(self) -> None:
        """Send pending writes as far as the credit allows; an empty one completes in its turn."""
        sink = self._sink
        while sink is not None and self._waiting:
            first = self._waiting[0]
            piece, first.left = first.left[: self._credit], first.left[self._credit :]
            if piece:
                self._credit -= len(piece)
                sink.stdin(piece)
            if first.left:
                return
            self._pop().finish(sent=True)
        self._pump_end()

    def _pop(self) -> _PendingWrite:
        waiting = self._waiting.popleft()
        self._held -= waiting.size
        return waiting

    def _pump_end(self) -> None:
        if self._sink is None or self._waiting or self._is_over or self._end_is_sent:
            return
        if self._has_ended:
            self._end_is_sent = True
            self._sink.end()
