"""The engine goes away, falls silent, comes back: callers get a 503, and nothing is left."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from orchestrator.engine.client import EngineClient
from tests.docker.engine_proxy import EngineProxy, engine_proxy
from tests.docker.server import BEARER, Server, running_server
from tests.sandbox_support import DEADLINE_S, containers_of

pytestmark = pytest.mark.docker

HELLO = {"language": "python", "code": "print('hello')"}
SLOW = {"language": "python", "code": "import time; time.sleep(50)", "timeout": 55_000}


@dataclass
class Stage:
    """A server whose engine can be made to fail, and a look at the real one."""

    server: Server
    proxy: EngineProxy
    engine: EngineClient
    instance: str

    async def post(self, body: dict[str, Any]) -> tuple[int, dict[str, Any], str | None]:
        post = self.server.session.post("/execute", json=body, headers=BEARER)
        async with post as response:
            answer = await response.json()
            return response.status, answer, response.headers.get("Retry-After")

    async def assert_unavailable(self) -> None:
        status, answer, retry_after = await self.post(HELLO)
        assert (status, answer["code"]) == (503, "engine_unavailable")
        assert retry_after is not None

    async def assert_back(self) -> None:
        """Within a moment: whoever asks before the engine's return was noticed is told so."""
        async with asyncio.timeout(DEADLINE_S):
            while True:
                status, answer, _ = await self.post(HELLO)
                if status == 200:
                    break
                assert (status, answer["code"]) == (503, "engine_unavailable"), answer
                await asyncio.sleep(0.05)
        assert answer["output"] == "hello\n"

    async def assert_nothing_left(self) -> None:
        async with asyncio.timeout(DEADLINE_S):
            while await containers_of(self.engine, self.instance):  # noqa: ASYNC110 - the engine's
                await asyncio.sleep(0.05)


@pytest.fixture
async def stage(tmp_path: Path, engine: EngineClient) -> AsyncIterator[Stage]:
    settings = {"ENGINE_TIMEOUT": "2", "ENGINE_PATIENCE": "1", "SWEEP_INTERVAL": "0.5"} | {
        "POOL": "0"
    }
    async with (
        engine_proxy(tmp_path) as proxy,
        running_server(tmp_path / "state", DOCKER_HOST=proxy.url, **settings) as server,
    ):
        instance = (tmp_path / "state" / "instance").read_text().strip()
        yield Stage(server, proxy, engine, instance)


@pytest.mark.thorough
async def test_an_engine_that_is_away_is_a_503_until_it_is_back(stage: Stage) -> None:
    await stage.assert_back()
    await stage.proxy.go()
    await stage.assert_unavailable()
    await stage.proxy.come()
    await stage.assert_back()
    await stage.assert_nothing_left()


async def test_an_engine_that_says_nothing_is_a_503_within_its_deadline(stage: Stage) -> None:
    stage.proxy.freeze()
    async with asyncio.timeout(DEADLINE_S):
        await stage.assert_unavailable()
    stage.proxy.thaw()
    await stage.assert_back()
    await stage.assert_nothing_left()


async def test_a_job_whose_engine_is_killed_is_answered_once_and_its_container_ends(
    stage: Stage,
) -> None:
    job = asyncio.create_task(stage.post(SLOW))
    async with asyncio.timeout(DEADLINE_S):
        while not await containers_of(stage.engine, stage.instance):  # noqa: ASYNC110 - the engine's
            await asyncio.sleep(0.05)
    await stage.proxy.go()
    async with asyncio.timeout(DEADLINE_S):
        status, answer, _ = await job
    assert status == 503, answer
    await stage.proxy.come()
    await stage.assert_nothing_left()
    await stage.assert_back()
