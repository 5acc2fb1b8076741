"""Watches the engine: decides when jobs can't be run, and when they can again."""

from __future__ import annotations

import asyncio
import contextvars
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import structlog

from orchestrator.errors import EngineUnavailableError
from orchestrator.sandbox.contract import Backend
from orchestrator.sandbox.probes import START_CHECK, ProbeResult

log = structlog.get_logger(__name__)

SelfTestRunner = Callable[[], AsyncIterator[ProbeResult]]
"""Runs the self-test, and yields the results of its probes."""

ASK_AGAIN_S = 0.25
TRY_AGAIN_S = 30.0


async def _no_self_test() -> AsyncIterator[ProbeResult]:
    none: tuple[ProbeResult, ...] = ()
    for result in none:
        yield result


@dataclass(slots=True)
class Readiness:
    """Whether the server can run jobs. `reason`: None when it can, else why not, for `/health`."""

    reason: str | None = "starting"
    settled: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once the first self-test has ended, passed or failed."""

    def settle(self, reason: str | None) -> None:
        """Record how the self-test ended: None when it passed, else what is wrong."""
        self.reason = reason
        self.settled.set()


class EngineWatch:
    """Polls the engine and keeps `readiness` up to date.

    An engine that is back may be another one: before jobs are taken, containers left behind are
    swept and the self-test is run (images that passed it on an unchanged engine are not tested
    again). A limit that did not hold is not tested again on the same engine; a sandbox that did not
    start is, every 30 s.
    """

    def __init__(
        self,
        backend: Backend,
        run_self_test: SelfTestRunner = _no_self_test,
        readiness: Readiness | None = None,
    ) -> None:
        """`readiness`: what to keep up to date; by default one that nobody else reads."""
        self._backend = backend
        self._run_self_test = run_self_test
        self._readiness = readiness or Readiness()
        self._is_tested = False
        self._is_away = False
        self._not_before = 0.0
        self._check: asyncio.Task[bool] | None = None

    async def run(self, interval_s: float) -> None:
        """Check every `interval_s` seconds, more often while the engine is lost. Never returns."""
        while True:
            await self.check()
            await asyncio.sleep(min(interval_s, ASK_AGAIN_S) if self._is_away else interval_s)

    def require_self_test(self) -> None:
        """Run the self-test at the next check, since the set of served images has changed."""
        self._is_tested, self._not_before = False, 0.0

    async def wait_until_back(self, patience_s: float) -> bool:
        """Wait until jobs can be run, for `patience_s` seconds and a last check; False: in vain."""
        until = time.monotonic() + patience_s
        while not await self.check():
            if time.monotonic() >= until:
                return False
            await asyncio.sleep(ASK_AGAIN_S)
        return True

    async def check(self) -> bool:
        """Check the engine now; return whether jobs can be run. Concurrent calls share a check."""
        if self._check is None or self._check.done():
            # An empty context: its log lines are not about the request that happened to ask first.
            self._check = asyncio.create_task(
                self._look(), name="look after the engine", context=contextvars.Context()
            )
        return await asyncio.shield(self._check)

    async def close(self) -> None:
        """Cancel a check in progress."""
        if self._check is not None:
            self._check.cancel()
            await asyncio.wait([self._check])

    async def _look(self) -> bool:
        try:
            await self._backend.ping()
            self._is_away = False
            if not self._is_tested and time.monotonic() >= self._not_before:
                await self._take_it_on()
        except EngineUnavailableError as err:
            self._lose(str(err))
        except Exception as err:  # noqa: BLE001 - whatever it is, /health has to say it
            log.warning("selftest_interrupted", error=repr(err))
            self._readiness.settle(f"self-test: {err}")
        return self._readiness.reason is None

    def _lose(self, why: str) -> None:
        if self._is_tested or not self._readiness.settled.is_set():
            log.error("engine_lost", reason=why)
        self._is_tested, self._is_away, self._not_before = False, True, 0.0
        self._readiness.settle(f"engine: {why}")

    async def _take_it_on(self) -> None:
        """Sweep and self-test an engine that is new, or that is back."""
        if not self._readiness.settled.is_set():
            self._readiness.reason = "the self-test is running"
        swept = await self._backend.sweep()
        failed = [result async for result in self._run_self_test() if not result.passed]
        if not failed:
            self._is_tested = True
            if self._readiness.settled.is_set():
                log.info("engine_back", swept=swept)
            self._readiness.settle(None)
            return
        first = failed[0]
        reason = f"self-test: {first.check} failed in {first.language}: {first.detail}"
        log.error("selftest_failed", reason=reason)
        self._is_tested = first.check != START_CHECK  # a limit that fails is not tested again
        self._not_before = time.monotonic() + TRY_AGAIN_S
        self._readiness.settle(reason)
