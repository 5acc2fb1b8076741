"""The pool on a real engine: what waits is used once; what breaks it is not a job's concern."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from orchestrator.engine.client import EngineClient
from orchestrator.sandbox.spec import LABEL_JOB
from tests.docker.own_engine import own_engine
from tests.docker.server import Server, running_server
from tests.sandbox_support import DEADLINE_S, IMAGE, containers_of

pytestmark = [
    pytest.mark.docker,
    pytest.mark.asyncio(loop_scope="module"),
]

SIZE = 3
WHOAMI = "import os; print(os.stat('/work').st_uid)"  # a uid is drawn for each sandbox anew
JOB = {"language": "python", "code": WHOAMI}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    settings = {"LANGUAGES": "c,python", "POOL": str(SIZE), "MAX_JOBS": str(2 * SIZE)}
    async with running_server(tmp_path_factory.mktemp("state"), **settings) as running:
        yield running


async def waiting(engine: EngineClient, server: Server) -> list[str]:
    found = await containers_of(engine, server.instance)
    assert {each["Labels"][LABEL_JOB] for each in found} <= {"pool"}
    return [each["Names"][0].lstrip("/") for each in found]


async def test_what_waits_is_used_once_and_made_again(server: Server, engine: EngineClient) -> None:
    before = await server.until_full()
    answers = [await server.execute(**JOB) for _ in range(5) if await server.until_full()]
    assert [answer["timings"]["pool"] for answer in answers] == ["hit"] * 5
    assert len({answer["output"] for answer in answers}) == 5
    after = await server.until_full()
    assert after["python"] == before["python"] | {"hits": before["python"]["hits"] + 5}
    assert len(await waiting(engine, server)) == 2 * SIZE


async def test_a_burst_as_large_as_the_pool_has_no_miss(server: Server) -> None:
    await server.until_full()
    answers = await asyncio.gather(*(server.execute(**JOB) for _ in range(SIZE)))
    assert [answer["timings"]["pool"] for answer in answers] == ["hit"] * SIZE
    assert len({answer["output"] for answer in answers}) == SIZE


async def test_a_burst_beyond_it_is_answered_all_the_same(server: Server) -> None:
    await server.until_full()
    answers = await asyncio.gather(*(server.execute(**JOB) for _ in range(4 * SIZE)))
    assert all(answer["success"] for answer in answers)
    assert len({answer["output"] for answer in answers}) == 4 * SIZE
    assert {answer["timings"]["pool"] for answer in answers} == {"hit", "miss"}


LIMITS = """
import os, resource
def read(*paths):
    for path in paths:
        if os.path.exists(path):
            return open(path).read().strip()
print(read("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory.max"))
print(read("/sys/fs/cgroup/pids/pids.max", "/sys/fs/cgroup/pids.max"))
for folder in ("/work", "/tmp", "/dev/shm"):
    stat = os.statvfs(folder)
    print(folder, stat.f_blocks * stat.f_frsize, stat.f_files)
print(resource.getrlimit(resource.RLIMIT_FSIZE), os.path.exists("/build"), sorted(os.listdir(".")))
"""


@pytest.mark.parametrize(
    ("limits", "pool"),
    [
        pytest.param({}, "hit", id="none"),
        pytest.param({"memory_mb": 512}, "hit", id="more memory", marks=pytest.mark.thorough),
        pytest.param({"processes": 20}, "hit", id="fewer processes", marks=pytest.mark.thorough),
        pytest.param({"processes": 200, "memory_mb": 300}, "hit", id="more of both"),
        pytest.param({"memory_mb": 64}, "miss", id="less memory"),
    ],
)
async def test_a_program_can_not_tell_a_sandbox_that_waited_from_its_own(
    server: Server, own: Server, limits: dict[str, int], pool: str
) -> None:
    await server.until_full()
    answers = [
        await each.execute(language="python", code=LIMITS, limits=limits) for each in (server, own)
    ]
    assert [answer["timings"]["pool"] for answer in answers] == [pool, "miss"]
    assert answers[0]["output"] == answers[1]["output"] != ""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def own(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    """A server where each job makes its own sandbox."""
    state = tmp_path_factory.mktemp("own")
    async with running_server(state, LANGUAGES="c,python", POOL="0") as running:
        yield running


async def test_one_that_dies_while_it_waits_is_replaced(
    server: Server, engine: EngineClient
) -> None:
    await server.until_full()
    victims = await waiting(engine, server)
    await engine.kill_container(victims[0])
    await engine.remove_container(victims[1])
    async with asyncio.timeout(DEADLINE_S):
        while set(await waiting(engine, server)) & set(victims[:2]):  # noqa: ASYNC110 - the engine's
            await asyncio.sleep(0.02)
    await server.until_full()
    async with asyncio.timeout(DEADLINE_S):  # the dead one's removal may take longer
        while len(await waiting(engine, server)) != 2 * SIZE:  # noqa: ASYNC110 - the engine's
            await asyncio.sleep(0.02)


async def test_jobs_that_lease_the_dead_move_on_to_others(
    server: Server, engine: EngineClient
) -> None:
    await server.until_full()
    victims = await waiting(engine, server)
    kills = [asyncio.create_task(engine.kill_container(victim)) for victim in victims]
    answers: list[dict[str, Any]] = []
    while not all(kill.done() for kill in kills):
        answers += await asyncio.gather(*(server.execute(**JOB) for _ in range(2)))
    await asyncio.gather(*kills)
    assert all(answer["success"] for answer in answers), answers
    await server.until_full()


async def test_a_stopped_server_leaves_none(tmp_path: Path, engine: EngineClient) -> None:
    async with running_server(tmp_path, LANGUAGES="python", POOL="2") as server:
        await server.until_full()
        instance = server.instance
        assert len(await containers_of(engine, instance)) == 2
    assert await containers_of(engine, instance) == []


@pytest.mark.thorough
async def test_an_engine_that_is_killed_takes_what_waits_with_it_and_it_is_made_again(
    tmp_path: Path,
) -> None:
    with own_engine() as engine:
        engine.copy_image(IMAGE)
        settings = {"DOCKER_HOST": engine.url, "LANGUAGES": "python", "POOL": "2"}
        async with running_server(tmp_path, **settings) as server:
            await server.until_full()
            await engine.kill()
            await asyncio.to_thread(engine.start)
            async with asyncio.timeout(DEADLINE_S):
                while (await server.post(JOB))[0] != 200:  # noqa: ASYNC110 - the engine's state
                    await asyncio.sleep(0.05)
            await server.until_full()
            assert (await server.execute(**JOB))["timings"]["pool"] == "hit"
