"""Slots, queue and hang-ups on a real server: what callers see, and what is left behind."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestrator.engine.client import EngineClient
from tests.docker.server import BEARER, Server, running_server
from tests.sandbox_support import DEADLINE_S, containers_of

pytestmark = pytest.mark.docker

HANG_UP_DEADLINE_S = 5.0  # the feature's deadline is 1 s; five times its slack
SLEEP = {"language": "python", "code": "import time; time.sleep(50)", "timeout": 55_000}
HELLO = {"language": "python", "code": "print('hello')"}


async def until(server: Server, holds: Callable[[dict[str, Any]], bool], deadline_s: float) -> None:
    """Ask `/stats` until it `holds`."""
    async with asyncio.timeout(deadline_s):
        while not holds((await server.get("/stats"))[1]):  # noqa: ASYNC110 - another process's state
            await asyncio.sleep(0.02)


async def hang_up(task: asyncio.Task[Any]) -> None:
    task.cancel()
    await asyncio.wait([task])


async def test_beyond_slots_and_queue_requests_are_refused_and_hang_ups_make_room(
    tmp_path: Path, engine: EngineClient
) -> None:
    async with running_server(tmp_path, POOL="0", MAX_JOBS="1", MAX_QUEUE="1") as server:
        running = asyncio.create_task(server.post(SLEEP))
        await until(server, lambda stats: stats["activeJobs"] == 1, DEADLINE_S)
        waiting = asyncio.create_task(server.post(HELLO))
        await until(server, lambda stats: stats["activeJobs"] == 2, DEADLINE_S)

        async with server.session.post("/execute", json=HELLO, headers=BEARER) as refused:
            answer = await refused.json()
        assert (refused.status, answer["code"]) == (429, "queue_full")
        assert int(refused.headers["Retry-After"]) >= 1

        await hang_up(running)
        async with asyncio.timeout(HANG_UP_DEADLINE_S):
            status, answer = await waiting
        assert (status, answer["output"]) == (200, "hello\n")

        instance = (tmp_path / "instance").read_text().strip()
        async with asyncio.timeout(HANG_UP_DEADLINE_S):
            while await containers_of(engine, instance):  # noqa: ASYNC110 - the engine's state
                await asyncio.sleep(0.02)


async def test_a_caller_that_hangs_up_while_waiting_is_forgotten(tmp_path: Path) -> None:
    async with running_server(tmp_path, POOL="0", MAX_JOBS="1", MAX_QUEUE="1") as server:
        running = asyncio.create_task(server.post(SLEEP))
        await until(server, lambda stats: stats["activeJobs"] == 1, DEADLINE_S)
        waiting = asyncio.create_task(server.post(HELLO))
        await until(server, lambda stats: stats["activeJobs"] == 2, DEADLINE_S)
        await hang_up(waiting)
        await until(server, lambda stats: stats["activeJobs"] == 1, HANG_UP_DEADLINE_S)
        await hang_up(running)


async def test_a_server_that_is_stopped_in_the_middle_of_jobs_leaves_nothing(
    tmp_path: Path, engine: EngineClient
) -> None:
    async with running_server(tmp_path, POOL="0") as server:
        tasks = [asyncio.create_task(server.post(SLEEP)) for _ in range(3)]
        await until(server, lambda stats: stats["activeJobs"] == 3, DEADLINE_S)
    instance = (tmp_path / "instance").read_text().strip()
    assert await containers_of(engine, instance) == []
    await asyncio.gather(*tasks, return_exceptions=True)
