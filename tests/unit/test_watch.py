from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from typing import Any

import pytest
import structlog

from orchestrator.errors import EngineError, EngineUnavailableError
from orchestrator.jobs.watch import EngineWatch, Readiness
from orchestrator.sandbox.probes import START_CHECK, ProbeResult
from tests.components_support import FAIL, PASS
from tests.fakes.backend import FakeBackend

AWAY = EngineUnavailableError("nobody is there")


class Scene:
    """A watch over a fake engine, and a self-test that gives `results`, or raises one."""

    def __init__(self, *results: ProbeResult | Exception) -> None:
        self.backend = FakeBackend()
        self.readiness = Readiness()
        self.results = results or (PASS,)
        self.proofs = 0
        self.watch = EngineWatch(self.backend, self._prove, self.readiness)

    async def _prove(self) -> AsyncIterator[ProbeResult]:
        self.proofs += 1
        for result in self.results:
            if isinstance(result, Exception):
                raise result
            yield result

    async def check(self, *, away: bool = False) -> str | None:
        self.backend.fail_ping = lambda: AWAY if away else None
        is_ready = await self.watch.check()
        assert is_ready is (self.readiness.reason is None)
        return self.readiness.reason


async def test_the_self_test_runs_once_when_it_passes() -> None:
    scene = Scene()
    assert not scene.readiness.settled.is_set()
    assert await scene.check() is None
    assert await scene.check() is None
    assert scene.readiness.settled.is_set()
    assert scene.proofs == 1


async def test_a_limit_that_does_not_hold_is_not_tested_again() -> None:
    scene = Scene(PASS, FAIL)
    for _ in range(2):
        reason = await scene.check()
        assert reason == "self-test: memory failed in image: exit code 0; printed survived"
    assert scene.proofs == 1


async def test_an_engine_that_is_back_is_tested_again() -> None:
    scene = Scene()
    await scene.check()
    assert await scene.check(away=True) == "engine: nobody is there"
    assert await scene.check(away=True) == "engine: nobody is there"
    assert await scene.check() is None
    assert scene.proofs == 2


async def test_after_a_failed_self_test_an_engine_that_is_back_is_tested_again() -> None:
    scene = Scene(FAIL)
    await scene.check()
    await scene.check(away=True)
    scene.results = (PASS,)
    assert await scene.check() is None


async def test_a_sandbox_that_did_not_start_is_tried_again_after_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scene = Scene(ProbeResult("c", START_CHECK, passed=False, detail="not ready in 15 s"))
    assert await scene.check() == "self-test: start failed in c: not ready in 15 s"
    scene.results = (PASS,)
    assert await scene.check() is not None
    assert scene.proofs == 1
    monkeypatch.setattr("orchestrator.jobs.watch.time.monotonic", lambda: math.inf)
    assert await scene.check() is None


async def test_a_check_logs_without_the_context_of_its_caller(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[dict[str, Any]] = []

    async def ping(_: Any) -> None:
        seen.append(structlog.contextvars.get_contextvars())

    monkeypatch.setattr(FakeBackend, "ping", ping)
    with structlog.contextvars.bound_contextvars(request_id="somebody's"):
        await Scene().watch.check()
    assert seen == [{}]


async def test_an_engine_that_is_away_from_the_start_is_the_reason() -> None:
    scene = Scene()
    assert await scene.check(away=True) == "engine: nobody is there"
    assert scene.readiness.settled.is_set()
    assert await scene.check() is None


@pytest.mark.parametrize(
    ("error", "reason"),
    [(AWAY, "engine: nobody is there"), (EngineError("no"), "self-test: no")],
)
async def test_a_self_test_that_could_not_be_made_is_repeated(
    error: Exception, reason: str
) -> None:
    scene = Scene(error)
    assert await scene.check() == reason
    scene.results = (PASS,)
    assert await scene.check() is None
    assert scene.proofs == 2


async def test_leftovers_are_swept_before_jobs_are_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scene = Scene()
    reasons: list[str | None] = []

    async def sweep(_: Any) -> int:
        reasons.append(scene.readiness.reason)
        return 1

    monkeypatch.setattr(FakeBackend, "sweep", sweep)
    await scene.check()
    await scene.check(away=True)
    await scene.check()
    assert reasons == ["the self-test is running", "engine: nobody is there"]


async def test_concurrent_checks_share_one_check() -> None:
    scene = Scene()
    asked = 0

    def count() -> None:
        nonlocal asked
        asked += 1

    scene.backend.fail_ping = count
    assert await asyncio.gather(*(scene.watch.check() for _ in range(3))) == [True] * 3
    assert asked == 1


async def test_waiting_for_the_engine_ends_after_patience_s() -> None:
    scene = Scene()
    scene.backend.fail_ping = lambda: AWAY
    assert await scene.watch.wait_until_back(0.01) is False
    scene.backend.fail_ping = lambda: None
    assert await scene.watch.wait_until_back(0.0) is True


async def test_a_lost_engine_is_checked_more_often(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("orchestrator.jobs.watch.ASK_AGAIN_S", 0)
    scene = Scene()
    looks = iter([AWAY, AWAY, AWAY])
    scene.backend.fail_ping = lambda: next(looks, None)
    running = asyncio.create_task(scene.watch.run(3600))
    async with asyncio.timeout(60):
        while scene.readiness.reason is not None:  # noqa: ASYNC110 - what /health says
            await asyncio.sleep(0)
    assert scene.proofs == 1
    running.cancel()


async def test_closing_cancels_a_check_in_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene()
    asked = asyncio.Event()

    async def never(_: Any) -> None:
        asked.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(FakeBackend, "ping", never)
    await scene.watch.close()
    running = asyncio.create_task(scene.watch.run(60))
    await asked.wait()
    await scene.watch.close()
    with pytest.raises(asyncio.CancelledError):
        await running
