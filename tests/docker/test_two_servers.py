"""Two servers on one engine, and one of them killed in the middle of its work."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import docker
import pytest
import pytest_asyncio

from orchestrator.sandbox.spec import LABEL_INSTANCE
from tests.docker.server import API_KEY, BEARER, Server, away_from_env, running_server
from tests.sandbox_support import SOCKET

pytestmark = [pytest.mark.docker, pytest.mark.asyncio(loop_scope="function")]

FIRSTS_JOBS = 10
OTHERS_JOBS = 3
DEADLINE_S = 30.0  # for what takes a second or two
START_TIMEOUT_S = 60.0

FOREVER = "import time\nprint('busy', flush=True)\ntime.sleep(300)"
# Says when it began and ended (seconds since boot), so that a job can be seen to have lived through
# what happened in between.
UNTIL_TOLD = """
import time
print(time.clock_gettime(time.CLOCK_BOOTTIME), flush=True)
input()
print(time.clock_gettime(time.CLOCK_BOOTTIME))
"""


class Engine:
    """What the engine says of an instance's containers."""

    def __init__(self) -> None:
        self.client = docker.APIClient(base_url=SOCKET)

    async def states(self, state_dir: Path) -> dict[str, str]:
        """By id: created, running, exited, …"""
        known = state_dir / "instance"
        if not known.exists():
            return {}
        instance = known.read_text("ascii").strip()
        label = {"label": f"{LABEL_INSTANCE}={instance}"}
        found = await asyncio.to_thread(self.client.containers, all=True, filters=label)
        return {container["Id"]: container["State"] for container in found}


@pytest_asyncio.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Engine]:
    opened = Engine()
    yield opened
    for state_dir in (tmp_path / "first", tmp_path / "second"):
        for container in await opened.states(state_dir):  # only a test that failed leaves any
            opened.client.remove_container(container, force=True)
    opened.client.close()


async def _until(holds: Callable[[], Awaitable[bool]], what: str) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not await holds():
        assert time.monotonic() < deadline, what
        await asyncio.sleep(0.1)


def _clock() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


async def _job(server: Server, code: str) -> dict[str, Any]:
    return await server.execute(
        language="python", code=code, timeout=60_000, limits={"memory_mb": 64}
    )


async def _job_until(
    server: Server, told: asyncio.Event, begun: asyncio.Semaphore
) -> dict[str, Any]:
    submission = {"language": "python", "code": UNTIL_TOLD, "timeout": 60_000}
    async with server.session.ws_connect("/execute/ws", headers=BEARER) as ws:
        await ws.send_json(submission | {"limits": {"memory_mb": 64}})
        event: dict[str, Any] = {"event": None}
        while event["event"] != "stdout":
            event = await ws.receive_json()
        begun.release()
        await told.wait()
        await ws.send_json({"type": "stdin", "data": "\n"})
        while event["event"] != "result":
            event = await ws.receive_json()
        return event


async def test_a_killed_server_s_containers_end_and_are_swept_and_the_other_s_live_on(
    tmp_path: Path, engine: Engine
) -> None:
    mine, theirs = tmp_path / "first", tmp_path / "second"
    many = {"MAX_JOBS": str(FIRSTS_JOBS), "POOL": "0"}  # jobs' containers alone
    async with (
        running_server(theirs, **many) as second,
        running_server(mine, **many) as first,
        asyncio.TaskGroup() as tasks,
    ):
        told, begun = asyncio.Event(), asyncio.Semaphore(0)
        others = [tasks.create_task(_job_until(second, told, begun)) for _ in range(OTHERS_JOBS)]
        lost = [asyncio.ensure_future(_job(first, FOREVER)) for _ in range(FIRSTS_JOBS)]

        async def all_are_running() -> bool:
            here, there = await engine.states(mine), await engine.states(theirs)
            counts = [list(states.values()).count("running") for states in (here, there)]
            return counts == [FIRSTS_JOBS, OTHERS_JOBS]

        await _until(all_are_running, "the jobs never ran all at once")
        for _ in others:
            await begun.acquire()
        their_containers = set(await engine.states(theirs))
        killed_at = _clock()
        first.process.kill()
        await first.process.wait()
        for answer in await asyncio.gather(*lost, return_exceptions=True):
            assert isinstance(answer, aiohttp.ClientError | ConnectionError), answer

        async def all_have_ended() -> bool:
            # Nobody is there to remove them: they are all to be seen.
            states = await engine.states(mine)
            return len(states) == FIRSTS_JOBS and set(states.values()) == {"exited"}

        await _until(all_have_ended, "containers outlive their server")

        async with running_server(mine, **many) as again:

            async def all_are_swept() -> bool:
                return await engine.states(mine) == {}

            await _until(all_are_swept, "leftovers were not swept")
            swept_at = _clock()
            assert set(await engine.states(theirs)) == their_containers
            assert (await _job(again, "print(42)"))["output"] == "42\n"

        told.set()
        for answer in await asyncio.gather(*others):
            assert answer["status"] == "accepted", answer
            began, ended = map(float, answer["output"].splitlines())
            assert began < killed_at < swept_at < ended

    async def nothing_is_left() -> bool:
        return not await engine.states(theirs)

    await _until(nothing_is_left, "the second server left containers behind")


async def test_a_state_folder_in_use_is_refused(tmp_path: Path) -> None:
    async with running_server(tmp_path, LANGUAGES="python", POOL="0") as server:
        own = away_from_env(tmp_path, API_KEY=API_KEY, PORT="0", STATE_DIR=str(tmp_path))
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "orchestrator", "serve"),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            **own,
        )
        out, err = await asyncio.wait_for(process.communicate(), START_TIMEOUT_S)
        assert process.returncode == 1
        assert out == b""
        assert err.decode() == (
            f"error: setting STATE_DIR: {tmp_path} is in use by another server; "
            "give each one its own\n"
        )
        assert (await _job(server, "print(42)"))["output"] == "42\n"
