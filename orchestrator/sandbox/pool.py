"""The pool: sandboxes made ahead of time; each is leased once and never returned.

A lease takes the oldest one, in constant time. Refills run in the background, as many at once as
`allowance` permits: running jobs come first. A sandbox that dies while it waits is noticed by the
end of its stream; a job that leases it in the moment before that is retried.
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
from orchestrator.sandbox.contract import Backend, Sandbox
from orchestrator.sandbox.model import SandboxSpec
from orchestrator.sandbox.pool_profile import PoolProfile, PoolStatus, can_serve

log = structlog.get_logger(__name__)

LOOK_AGAIN_S = 1.0  # a job's end wakes the pool at once; this is for ageing, and for the engine
PAUSE_S = 5.0  # after a sandbox that could not be made
FAILURES = 3  # of a language's compile server in a row, before it is given up


@dataclass(frozen=True, slots=True)
class Lease:
    """A sandbox leased to one job. `is_hit`: from the pool; `is_prepared`: its compiler waits."""

    sandbox: Sandbox
    is_hit: bool = False
    is_prepared: bool = False


@dataclass(slots=True, eq=False)
class _ReadySandbox:
    """A sandbox that waits to be leased. `watch` ends when the sandbox dies; `since`: monotonic."""

    sandbox: Sandbox
    is_prepared: bool
    watch: asyncio.Task[None]
    since: float


@dataclass(slots=True)
class LanguagePool:
    """The pooled sandboxes of one language, and the counters of the pool for it."""

    name: str
    profile: PoolProfile
    ready: deque[_ReadySandbox] = field(default_factory=deque)
    creating: int = 0
    hits: int = 0
    misses: int = 0
    failures: int = 0
    """Failed starts of the compile server in a row; at FAILURES it is given up."""
    asked_at: float = float("-inf")
    """When a job last asked for this language, by the monotonic clock, in seconds."""

    @property
    def count(self) -> int:
        """The number of sandboxes that wait or are being made."""
        return len(self.ready) + self.creating


class Pool:
    """Keeps sandboxes ready per language; every sandbox of a job comes from `open`. One per server.

    Nothing waits until `run` does its work.
    """

    def __init__(
        self,
        backend: Backend,
        profiles: Mapping[str, PoolProfile],
        *,
        allowance: Callable[[], int] = lambda: 1,
        memory_mb: int = 0,
        max_age_s: float = 600.0,
    ) -> None:
        """`profiles`: by language. `allowance`: returns how many may be in the making right now.

        `memory_mb`: the pool's memory budget in MiB; it bounds what is kept on demand (size 0), as
        fixed sizes already fit it. `max_age_s`: the age at which a waiting sandbox is replaced.
        """
        self._backend = backend
        self._pools = {name: LanguagePool(name, profile) for name, profile in profiles.items()}
        self._allowance = allowance
        self._memory_mb = memory_mb
        self._max_age_s = max_age_s
        self._making: set[asyncio.Task[None]] = set()
        self._leaving: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._not_before = 0.0

    def set_profiles(self, profiles: Mapping[str, PoolProfile]) -> None:
        """Replace the profiles, and remove sandboxes whose profile has changed or is gone."""
        for name in self._pools.keys() - profiles.keys():
            self._clear(self._pools.pop(name))
        for name, profile in profiles.items():
            pool = self._pools.setdefault(name, LanguagePool(name, profile))
            if pool.profile != profile:
                if not pool.profile.makes_same_sandbox(profile):
                    self._clear(pool)
                    pool.failures = 0
                pool.profile = profile
        self._wake.set()

    def _clear(self, pool: LanguagePool) -> None:
        while pool.ready:
            self._discard(pool.ready.popleft())

    def status(self) -> Mapping[str, PoolStatus]:
        """Return the pool's counts, by language."""
        return {
            pool.name: PoolStatus(
                len(pool.ready), pool.creating, self._wanted(pool), pool.hits, pool.misses
            )
            for pool in self._pools.values()
        }

    def open(
        self, language: str, spec: SandboxSpec, *, fresh: bool = False
    ) -> asyncio.Future[Lease]:
        """Lease a waiting sandbox that fits `spec`, or a new one; with `fresh` always a new one.

        The future of a waiting sandbox whose limits need no change is already done. Raises as
        `Backend.open`; on any error, cancellation included, nothing is left behind.
        """
        pool = self._pools.get(language)
        waiting = None
        if pool is not None and not fresh:
            pool.asked_at = time.monotonic()
            waiting = self._take(pool, spec)
            pool.hits += waiting is not None
            pool.misses += waiting is None
            self.wake()
        if pool is None or waiting is None:
            return asyncio.create_task(self._make_one(spec), name=f"open {spec.job_id}")
        lease = Lease(waiting.sandbox, is_hit=True, is_prepared=waiting.is_prepared)
        if not _has_other_limits(pool.profile.spec, spec):
            ready = asyncio.get_running_loop().create_future()
            ready.set_result(lease)
            return ready
        return asyncio.create_task(self._set_limits(lease, spec), name=f"open {spec.job_id}")

    def _take(self, pool: LanguagePool, spec: SandboxSpec) -> _ReadySandbox | None:
        if not can_serve(pool.profile.spec, spec):
            return None
        while pool.ready:
            waiting = pool.ready.popleft()
            if not waiting.watch.done():
                # The next reader of the stream waits until the cancelled watch has let go of it.
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

    def wake(self) -> None:
        """Check for refills now, since something that `allowance` depends on may have changed."""
        if self._allowance() > len(self._making):
            self._wake.set()

    async def run(self) -> None:
        """Refill and replace waiting sandboxes, until cancelled."""
        while True:
            self._wake.clear()
            self._retire_the_old()
            while len(self._making) < self._allowance() and (pool := self._neediest()):
                pool.creating += 1
                task = asyncio.create_task(self._make(pool), name=f"pool {pool.name}")
                self._making.add(task)
                task.add_done_callback(self._making.discard)
            try:
                async with asyncio.timeout(LOOK_AGAIN_S):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def close(self) -> None:
        """Remove all that wait or are in the making; to be called after `run` was cancelled."""
        for task in self._making:
            task.cancel()
        for pool in self._pools.values():
            self._clear(pool)
        while waits := self._making | self._leaving:
            await asyncio.wait(waits)

    def _wanted(self, pool: LanguagePool) -> int:
        is_asked_for = time.monotonic() - pool.asked_at < self._max_age_s
        return pool.profile.size or int(is_asked_for)

    def _neediest(self) -> LanguagePool | None:
        """Return the pool that is emptiest for its size, of those with room for one more."""
        if time.monotonic() < self._not_before:
            return None
        room = self._memory_mb - sum(p.count * p.profile.memory_mb for p in self._pools.values())
        wanted = [(pool, self._wanted(pool)) for pool in self._pools.values()]
        lacking = [
            (pool.count / size, pool)
            for pool, size in wanted
            if pool.count < size and (pool.profile.size or pool.profile.memory_mb <= room)
        ]
        return min(lacking, key=lambda pair: pair[0], default=(0, None))[1]

    async def _make(self, pool: LanguagePool) -> None:
        profile = pool.profile
        try:
            sandbox = await self._backend.open(profile.spec)
            try:
                is_prepared = await _prepare(sandbox, pool, profile)
            except BaseException:
                self._spawn(_close(sandbox))
                raise
            if self._pools.get(pool.name) is not pool or not profile.makes_same_sandbox(
                pool.profile
            ):
                self._spawn(_close(sandbox))  # the profile has changed meanwhile
                return
            watch = asyncio.create_task(sandbox.wait_lost(), name=f"watch {sandbox.name}")
            waiting = _ReadySandbox(sandbox, is_prepared, watch, time.monotonic())
            pool.ready.append(waiting)
            watch.add_done_callback(lambda _: self._lose(pool, waiting))
        except Exception as err:  # noqa: BLE001 - the next one must be made whatever this one met
            log.warning("pool_refill_failed", language=pool.name, error=repr(err))
            self._not_before = time.monotonic() + PAUSE_S
        finally:
            pool.creating -= 1
            self._wake.set()

    def _lose(self, pool: LanguagePool, waiting: _ReadySandbox) -> None:
        """Remove a waiting sandbox that has died; a leased one is in no pool any more."""
        if waiting in pool.ready:
            log.warning("pool_lost", language=pool.name, container=waiting.sandbox.name)
            pool.ready.remove(waiting)
            self._discard(waiting)
            self._wake.set()

    def _retire_the_old(self) -> None:
        """Remove at most one old or surplus sandbox per language, so that not all go at once."""
        oldest = time.monotonic() - self._max_age_s
        for pool in self._pools.values():
            is_over = pool.ready and len(pool.ready) > self._wanted(pool)
            if is_over or (pool.ready and pool.ready[0].since < oldest):
                self._discard(pool.ready.popleft())

    def _discard(self, waiting: _ReadySandbox) -> None:
        waiting.watch.cancel()
        self._spawn(_close(waiting.sandbox))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name="leave the pool")
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)


def _has_other_limits(made: SandboxSpec, spec: SandboxSpec) -> bool:
    return (made.memory_bytes, made.processes) != (spec.memory_bytes, spec.processes)


async def _prepare(sandbox: Sandbox, pool: LanguagePool, profile: PoolProfile) -> bool:
    """Start the compile server; False when the language has none, or it has failed too often."""
    if not profile.server or pool.failures >= FAILURES:
        return False
    try:
        await sandbox.prepare(profile.server, profile.server_env)
    except NotPreparedError:
        pool.failures += profile.makes_same_sandbox(pool.profile)
        if pool.failures == FAILURES:
            log.error("compile_server_given_up", language=pool.name)
        raise
    pool.failures = 0
    return True


async def _close(sandbox: Sandbox) -> None:
    try:
        await sandbox.close()
    except EngineError as err:
        log.warning("left_to_the_sweep", container=sandbox.name, error=str(err))
