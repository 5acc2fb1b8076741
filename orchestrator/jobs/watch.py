"""Watches the engine: the one who says when jobs can't be run, and when they can again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import structlog

from orchestrator.errors import EngineUnavailableError
from orchestrator.jobs.readiness import Readiness
from orchestrator.sandbox.backend import Backend
from orchestrator.sandbox.selftest import CheckResult

log = structlog.get_logger(__name__)

Prove = Callable[[], AsyncIterator[CheckResult]]

ASK_AGAIN_S = 0.25


async def _nothing_to_prove() -> AsyncIterator[CheckResult]:
    none: tuple[CheckResult, ...] = ()
    for result in none:
        yield result


class EngineWatch:
    """Keeps `readiness` true to the engine.

    An engine that is back may be another one: what its predecessor left is swept, and the limits
    are proved again (a matter of milliseconds where nothing has changed) before jobs are taken.
    """

    def __init__(
        self, backend: Backend, prove: Prove = _nothing_to_prove, readiness: Readiness | None = None
    ) -> None:
        """`prove`: the self-test."""
        self._backend = backend
        self._prove = prove
        self._readiness = readiness or Readiness()
        self._is_proved = False
        self._is_away = False
        self._check: asyncio.Task[bool] | None = None

    async def run(self, interval_s: float) -> None:
        """Look every `interval_s` seconds, more often while the engine is away; until cancelled."""
        while True:
            await self.check()
            await asyncio.sleep(min(interval_s, ASK_AGAIN_S) if self._is_away else interval_s)

    async def wait_until_back(self, patience_s: float) -> bool:
        """Whether the engine answers, now or within `patience_s` seconds."""
        try:
            async with asyncio.timeout(patience_s):
                while not await self.check():  # noqa: ASYNC110 - it is the engine's own state
                    await asyncio.sleep(ASK_AGAIN_S)
        except TimeoutError:
            return False
        return True

    async def check(self) -> bool:
        """Look now; whether jobs can be run. Several at once share one look."""
        if self._check is None or self._check.done():
            self._check = asyncio.create_task(self._look(), name="look after the engine")
        return await asyncio.shield(self._check)

    async def close(self) -> None:
        """Give up a look under way."""
        if self._check is not None:
            self._check.cancel()
            await asyncio.wait([self._check])

    async def _look(self) -> bool:
        try:
            await self._backend.ping()
            self._is_away = False
            if not self._is_proved:
                await self._take_it_on()
        except EngineUnavailableError as err:
            self._lose(str(err))
        except Exception as err:  # noqa: BLE001 - whatever it is, /health has to say it
            log.warning("selftest_interrupted", error=repr(err))
            self._readiness.settle(f"self-test: {err}")
        return self._readiness.reason is None

    def _lose(self, why: str) -> None:
        if self._is_proved or not self._readiness.settled.is_set():
            log.error("engine_lost", reason=why)
        self._is_proved, self._is_away = False, True
        self._readiness.settle(f"engine: {why}")

    async def _take_it_on(self) -> None:
        """An engine we don't know yet, or don't know again."""
        if not self._readiness.settled.is_set():
            self._readiness.reason = "the self-test is running"
        swept = await self._backend.sweep()
        failure = await self._first_failure()
        self._is_proved = True  # or not: but what failed is not tried again until a restart
        if failure is not None:
            log.error("selftest_failed", reason=failure)
        elif self._readiness.settled.is_set():
            log.info("engine_back", swept=swept)
        self._readiness.settle(failure)

    async def _first_failure(self) -> str | None:
        async for result in self._prove():
            if not result.passed:
                return f"self-test: {result.check} failed in {result.language}: {result.detail}"
        return None
