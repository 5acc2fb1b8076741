"""Sandboxes made ahead of time: each waits, is leased once, and never comes back.

A lease takes the one that has waited longest, in constant time. Whatever is missing is made again
in the background, as far as `allowance` lets it: running jobs come first. One that died while it
waited is noticed by the end of its stream; in the moment before that, the job that leased it begins
anew.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog

from orchestrator.errors import EngineError, NotPreparedError
from orchestrator.sandbox.backend import Backend, Sandbox
from orchestrator.sandbox.model import SandboxSpec
from orchestrator.sandbox.stock import Kind, ShelfState, serves

log = structlog.get_logger(__name__)

LOOK_AGAIN_S = 1.0  # after a job has ended the pool looks at once; this is for age and the engine
PAUSE_S = 5.0  # after a sandbox that could not be made
FAILURES = 3


@dataclass(frozen=True, slots=True)
class Lease:
    """A sandbox for one job. `is_hit`: it was waiting; `is_prepared`: and its compiler with it."""

    sandbox: Sandbox
    is_hit: bool = False
    is_prepared: bool = False


@dataclass(slots=True, eq=False)
class _Waiting:
    sandbox: Sandbox
    is_prepared: bool
    watch: asyncio.Task[None]
    since: float


@dataclass(slots=True)
class _Shelf:
    name: str
    kind: Kind
    ready: deque[_Waiting] = field(default_factory=deque)
    creating: int = 0
    hits: int = 0
    misses: int = 0
    failures: int = 0
    """Of its compile server to start, one after the other; it is given up at FAILURES."""
    asked_at: float = float("-inf")

    @property
    def stock(self) -> int:
        return len(self.ready) + self.creating


class Pool:
    """One per server; `open` is the way to every sandbox of a job."""

    def __init__(
        self,
        backend: Backend,
        kinds: Mapping[str, Kind],
        *,
        allowance: Callable[[], int] = lambda: 1,
        memory_mb: int = 0,
        max_age_s: float = 600.0,
    ) -> None:
        """`kinds` by language; `allowance`: how many may be in the making right now.

        `memory_mb` bounds what waits for languages of size 0 (those with a size have been made to
        fit). Nothing waits until `run` does its work.
        """
        self._backend = backend
        self._shelves = {name: _Shelf(name, kind) for name, kind in kinds.items()}
        self._allowance = allowance
        self._memory_mb = memory_mb
        self._max_age_s = max_age_s
        self._making: set[asyncio.Task[None]] = set()
        self._leaving: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._not_before = 0.0

    def keep(self, kinds: Mapping[str, Kind]) -> None:
        """Another stock from now on; what waits of a kind that has changed, or is gone, leaves."""
        for name in self._shelves.keys() - kinds.keys():
            self._clear(self._shelves.pop(name))
        for name, kind in kinds.items():
            shelf = self._shelves.setdefault(name, _Shelf(name, kind))
            if shelf.kind != kind:
                if not shelf.kind.is_made_as(kind):
                    self._clear(shelf)
                    shelf.failures = 0
                shelf.kind = kind
        self._wake.set()

    def _clear(self, shelf: _Shelf) -> None:
        while shelf.ready:
            self._discard(shelf.ready.popleft())

    def state(self) -> Mapping[str, ShelfState]:
        """By language."""
        return {
            shelf.name: ShelfState(
                len(shelf.ready), shelf.creating, self._wanted(shelf), shelf.hits, shelf.misses
            )
            for shelf in self._shelves.values()
        }

    def open(
        self, language: str, spec: SandboxSpec, *, fresh: bool = False
    ) -> asyncio.Future[Lease]:
        """A waiting sandbox that serves, unless `fresh`; else a new one. Raises as `Backend.open`.

        One that waits and needs no change is there at once. On any error, cancellation included,
        nothing is left behind.
        """
        shelf = self._shelves.get(language)
        waiting = None
        if shelf is not None and not fresh:
            shelf.asked_at = time.monotonic()
            waiting = self._take(shelf, spec)
            shelf.hits += waiting is not None
            shelf.misses += waiting is None
            self.poke()
        if shelf is None or waiting is None:
            return asyncio.create_task(self._make_one(spec), name=f"open {spec.job_id}")
        lease = Lease(waiting.sandbox, is_hit=True, is_prepared=waiting.is_prepared)
        if not _has_other_limits(shelf.kind.spec, spec):
            ready = asyncio.get_running_loop().create_future()
            ready.set_result(lease)
            return ready
        return asyncio.create_task(self._set_limits(lease, spec), name=f"open {spec.job_id}")

    def _take(self, shelf: _Shelf, spec: SandboxSpec) -> _Waiting | None:
        if not serves(shelf.kind.spec, spec):
            return None
        while shelf.ready:
            waiting = shelf.ready.popleft()
            if not waiting.watch.done():
                # Whoever reads next waits until the watch is out of the way.
                waiting.watch.cancel()
                return waiting
            self._discard(waiting)
        return None

    async def _make_one(self, spec: SandboxSpec) -> Lease:
        return Lease(await self._backend.open(spec))

    async def _set_limits(self, lease: Lease, spec: SandboxSpec) -> Lease:
        try:
            await lease.sandbox.set_limits(spec.memory_bytes, spec.processes)
        except BaseException:
            self._spawn(_close(lease.sandbox))
            raise
        return lease

    def poke(self) -> None:
        """Something has changed that `allowance` may heed."""
        if self._allowance() > len(self._making):
            self._wake.set()

    async def run(self) -> None:
        """Keep the shelves full; until cancelled."""
        while True:
            self._wake.clear()
            self._retire_the_old()
            while len(self._making) < self._allowance() and (shelf := self._neediest()):
                shelf.creating += 1
                task = asyncio.create_task(self._make(shelf), name=f"pool {shelf.name}")
                self._making.add(task)
                task.add_done_callback(self._making.discard)
            try:
                async with asyncio.timeout(LOOK_AGAIN_S):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def close(self) -> None:
        """Remove whatever waits or is in the making. After `run` was cancelled."""
        for task in self._making:
            task.cancel()
        for shelf in self._shelves.values():
            self._clear(shelf)
        while waits := self._making | self._leaving:
            await asyncio.wait(waits)

    def _wanted(self, shelf: _Shelf) -> int:
        is_asked_for = time.monotonic() - shelf.asked_at < self._max_age_s
        return shelf.kind.size or int(is_asked_for)

    def _neediest(self) -> _Shelf | None:
        """The shelf that is emptiest for its size, of those that lack something and have room."""
        if time.monotonic() < self._not_before:
            return None
        room = self._memory_mb - sum(s.stock * s.kind.memory_mb for s in self._shelves.values())
        wanted = [(shelf, self._wanted(shelf)) for shelf in self._shelves.values()]
        lacking = [
            (shelf.stock / size, shelf)
            for shelf, size in wanted
            if shelf.stock < size and (shelf.kind.size or shelf.kind.memory_mb <= room)
        ]
        return min(lacking, key=lambda pair: pair[0], default=(0, None))[1]

    async def _make(self, shelf: _Shelf) -> None:
        kind = shelf.kind
        try:
            sandbox = await self._backend.open(kind.spec)
            try:
                is_prepared = await _prepare(sandbox, shelf, kind)
            except BaseException:
                self._spawn(_close(sandbox))
                raise
            if self._shelves.get(shelf.name) is not shelf or not kind.is_made_as(shelf.kind):
                self._spawn(_close(sandbox))  # another is wanted by now
                return
            watch = asyncio.create_task(sandbox.wait_lost(), name=f"watch {sandbox.name}")
            waiting = _Waiting(sandbox, is_prepared, watch, time.monotonic())
            shelf.ready.append(waiting)
            watch.add_done_callback(lambda _: self._lose(shelf, waiting))
        except Exception as err:  # noqa: BLE001 - the next one must be made whatever this one met
            log.warning("pool_refill_failed", language=shelf.name, error=repr(err))
            self._not_before = time.monotonic() + PAUSE_S
        finally:
            shelf.creating -= 1
            self._wake.set()

    def _lose(self, shelf: _Shelf, waiting: _Waiting) -> None:
        """It is dead; one that is leased, or leaves, is on no shelf any more."""
        if waiting in shelf.ready:
            log.warning("pool_lost", language=shelf.name, container=waiting.sandbox.name)
            shelf.ready.remove(waiting)
            self._discard(waiting)
            self._wake.set()

    def _retire_the_old(self) -> None:
        """One from each shelf at a time, so that what was made at once is not missing at once."""
        oldest = time.monotonic() - self._max_age_s
        for shelf in self._shelves.values():
            is_over = shelf.ready and len(shelf.ready) > self._wanted(shelf)
            if is_over or (shelf.ready and shelf.ready[0].since < oldest):
                self._discard(shelf.ready.popleft())

    def _discard(self, waiting: _Waiting) -> None:
        waiting.watch.cancel()
        self._spawn(_close(waiting.sandbox))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name="leave the pool")
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)


def _has_other_limits(made: SandboxSpec, spec: SandboxSpec) -> bool:
    return (made.memory_bytes, made.processes) != (spec.memory_bytes, spec.processes)


async def _prepare(sandbox: Sandbox, shelf: _Shelf, kind: Kind) -> bool:
    """Whether its compiler is started. One that fails again and again is done without."""
    if not kind.server or shelf.failures >= FAILURES:
        return False
    try:
        await sandbox.prepare(kind.server, kind.server_env)
    except NotPreparedError:
        shelf.failures += kind.is_made_as(shelf.kind)
        if shelf.failures == FAILURES:
            log.error("compile_server_given_up", language=shelf.name)
        raise
    shelf.failures = 0
    return True


async def _close(sandbox: Sandbox) -> None:
    try:
        await sandbox.close()
    except EngineError as err:
        log.warning("left_to_the_sweep", container=sandbox.name, error=str(err))
