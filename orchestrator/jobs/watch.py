"""Watches the engine: the one who says when jobs can't be run, and when they can again."""

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

RunSelfTest = Callable[[], AsyncIterator[ProbeResult]]

ASK_AGAIN_S = 0.25
TRY_AGAIN_S = 30.0


async def _nothing_to_prove() -> AsyncIterator[ProbeResult]:
    none: tuple[ProbeResult, ...] = ()
    for result in none:
        yield result


@dataclass(slots=True)
class Readiness:
    """`reason` is None when ready, otherwise what `/health` says."""

    reason: str | None = "starting"
    settled: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once the self-test is over, well or badly."""

    def settle(self, reason: str | None) -> None:
        """The self-test is over: None when it passed, else what is wrong."""
        self.reason = reason
        self.settled.set()


class EngineWatch:
    """Keeps `readiness` true to the engine.

    An engine that is back may be another one: what its predecessor left is swept, and the limits
    are proved again (which is remembered, where nothing has changed) before jobs are taken. A limit
    that did not hold is not tried again on the same engine; a sandbox that did not start is, every
    30 s.
    """

    def __init__(
        self,
        backend: Backend,
        prove: RunSelfTest = _nothing_to_prove,
        readiness: Readiness | None = None,
    ) -> None:
        """`prove`: the self-test."""
        self._backend = backend
        self._prove = prove
        self._readiness = readiness or Readiness()
        self._is_proved = False
        self._is_away = False
        self._not_before = 0.0
        self._check: asyncio.Task[bool] | None = None

    async def run(self, interval_s: float) -> None:
        """Look every `interval_s` seconds, more often while the engine is away; until cancelled."""
        while True:
            await self.check()
            await asyncio.sleep(min(interval_s, ASK_AGAIN_S) if self._is_away else interval_s)

    def require_self_test(self) -> None:
        """At the next look: what is served has changed, and may be what did not hold."""
        self._is_proved, self._not_before = False, 0.0

    async def wait_until_back(self, patience_s: float) -> bool:
        """Whether jobs can be run, now or within `patience_s` seconds (and the last look)."""
        until = time.monotonic() + patience_s
        while not await self.check():
            if time.monotonic() >= until:
                return False
            await asyncio.sleep(ASK_AGAIN_S)
        return True

    async def check(self) -> bool:
        """Look now; whether jobs can be run. Several at once share one look."""
        if self._check is None or self._check.done():
            # On nobody's behalf: whoever asked first is not whom its log lines are about.
            self._check = asyncio.create_task(
                self._look(), name="look after the engine", context=contextvars.Context()
            )
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
            if not self._is_proved and time.monotonic() >= self._not_before:
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
        self._is_proved, self._is_away, self._not_before = False, True, 0.0
        self._readiness.settle(f"engine: {why}")

    async def _take_it_on(self) -> None:
        """An engine we don't know yet, or don't know again."""
        if not self._readiness.settled.is_set():
            self._readiness.reason = "the self-test is running"
        swept = await self._backend.sweep()
        failed = [result async for result in self._prove() if not result.passed]
        if not failed:
            self._is_proved = True
            if self._readiness.settled.is_set():
                log.info("engine_back", swept=swept)
            self._readiness.settle(None)
            return
        first = failed[0]
        reason = f"self-test: {first.check} failed in {first.language}: {first.detail}"
        log.error("selftest_failed", reason=reason)
        self._is_proved = first.check != START_CHECK  # as far as it will be
        self._not_before = time.monotonic() + TRY_AGAIN_S
        self._readiness.settle(reason)
