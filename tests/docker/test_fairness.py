"""One key's sleepers, and another key's hello, on a real server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from orchestrator.cli.key_file import Rights, add_key, remove_key
from tests.docker.server import API_KEYS, BEARER, SECOND_BEARER, Server, running_server
from tests.sandbox_support import DEADLINE_S

pytestmark = pytest.mark.docker

SLOTS, SLEEPERS = 3, 12
SETTINGS = {"LANGUAGES": "python", "POOL": "1", "MAX_JOBS": str(SLOTS)}
SLEEP = {
    "language": "python",
    "code": "import time; time.sleep(50)",
    "timeout": 55_000,
    "limits": {"memory_mb": 64},
}
HELLO = {"language": "python", "code": "print('hello')"}
PISTON = {"language": "python", "version": "*", "files": [{"content": "print('hello')"}]}


async def post(
    server: Server, body: dict[str, Any], headers: dict[str, str], path: str = "/execute"
) -> tuple[int, dict[str, Any]]:
    async with server.session.post(path, json=body, headers=headers) as response:
        return response.status, await response.json()


@asynccontextmanager
async def sleepers(server: Server, headers: dict[str, str]) -> AsyncIterator[list[Any]]:
    """As many as take every slot that they get, the others in the queue behind them."""
    tasks = [asyncio.create_task(post(server, SLEEP, headers)) for _ in range(SLEEPERS)]
    try:
        async with asyncio.timeout(DEADLINE_S):
            while not await has_settled(server):  # noqa: ASYNC110 - another process's state
                await asyncio.sleep(0.05)
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def has_settled(server: Server) -> bool:
    """Whether all are there, and whoever is let in runs."""
    stats = (await server.get("/stats"))[1]
    phases = [job["phase"] for job in stats["jobs"]]
    return (
        len(phases) == SLEEPERS
        and phases.count("running") == stats["slots"]["used"]
        and phases.count("running") >= SLOTS - 1
    )


async def test_another_key_s_hello_runs_while_the_sleepers_sleep(tmp_path: Path) -> None:
    async with (
        running_server(tmp_path, API_KEY=API_KEYS, **SETTINGS) as server,
        sleepers(server, BEARER) as sleeping,
    ):
        for path, body in (("/execute", HELLO), ("/api/v2/execute", PISTON)) * 2:
            status, answer = await post(server, body, SECOND_BEARER, path)
            assert (status, answer.get("output") or answer["run"]["output"]) == (200, "hello\n")
        assert not any(task.done() for task in sleeping)


@pytest.mark.thorough
async def test_another_user_s_hello_runs_while_a_user_s_sleepers_sleep(tmp_path: Path) -> None:
    async with (
        running_server(tmp_path, **SETTINGS) as server,
        sleepers(server, BEARER | {"X-Client-Id": "one"}) as sleeping,
    ):
        status, answer = await post(server, HELLO, BEARER | {"X-Client-Id": "two"})
        assert (status, answer["output"]) == (200, "hello\n")
        assert not any(task.done() for task in sleeping)


@pytest.mark.thorough
async def test_a_key_is_capped_and_a_revoked_one_ends_with_its_jobs(tmp_path: Path) -> None:
    path = tmp_path / "keys.toml"
    course = {"X-Api-Key": add_key(path, "course", Rights(max_jobs=2))}
    async with (
        running_server(tmp_path, KEYS_FILE=str(path), **SETTINGS) as server,
        sleepers(server, course) as sleeping,
    ):
        assert (await server.get("/stats"))[1]["slots"]["used"] == 2
        remove_key(path, "course")
        async with asyncio.timeout(DEADLINE_S):
            answers = await asyncio.gather(*sleeping)
        assert {(status, answer["status"]) for status, answer in answers} == {(200, "cancelled")}
        assert (await post(server, HELLO, course))[0] == 401
        assert (await server.execute(**HELLO))["output"] == "hello\n"
