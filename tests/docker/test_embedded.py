"""A server with an engine of its own, for real: it starts it, keeps it up, and takes it along."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from orchestrator.embedded.layout import EngineLayout
from orchestrator.embedded.leftovers import is_running
from orchestrator.images.tags import BASE_IMAGE, CURRENT, MARK_IMAGE, image_name
from tests.docker.own_engine import own_engine
from tests.docker.server import Server, running_server

pytestmark = [pytest.mark.docker]

IMAGES = ("debian:bookworm-slim", MARK_IMAGE, BASE_IMAGE, image_name("python", CURRENT))
BACK_S = 30


@pytest.fixture(scope="module")
def layout() -> Iterator[EngineLayout]:
    """An engine's files, with images in its data that another server of this one's has made."""
    with own_engine() as engine:
        for tag in IMAGES:
            engine.copy_image(tag)
        engine.stop()
        socket = Path(engine.url.removeprefix("unix://"))
        yield EngineLayout(socket, socket.with_suffix(".data"))


@pytest.fixture
async def server(layout: EngineLayout, tmp_path: Path) -> AsyncIterator[Server]:
    settings = {
        "ENGINE": "embedded",
        "DOCKER_HOST": f"unix://{layout.socket}",
        "ENGINE_DATA_ROOT": str(layout.data_root),
        "LANGUAGES": "python",
        "POOL": "0",
    }
    async with running_server(tmp_path, **settings) as running:
        yield running
    assert not dockerd_runs(layout)


def dockerd_pid(layout: EngineLayout) -> int:
    return int(layout.pid_file.read_text())


def dockerd_runs(layout: EngineLayout) -> bool:
    with suppress(OSError):
        return is_running(dockerd_pid(layout), "dockerd")
    return False


async def healthy(server: Server) -> None:
    async with asyncio.timeout(BACK_S):
        while (await server.get("/health"))[0] != 200:  # noqa: ASYNC110 - another process's state
            await asyncio.sleep(0.05)


async def hello(server: Server) -> None:
    answer = await server.execute(language="python", code="print('hello')")
    assert answer["output"] == "hello\n", answer


def listening_processes() -> set[int]:
    """Of TCP sockets, whoever has them: their inodes."""
    inodes = set()
    for name in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A":
                inodes.add(int(fields[9]))
    return inodes


def environment_of(pid: int) -> str:
    return Path(f"/proc/{pid}/environ").read_text()


def sockets_of(pid: int) -> set[int]:
    found = set()
    for each in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):
            target = str(each.readlink())
            if target.startswith("socket:["):
                found.add(int(target[8:-1]))
    return found


@pytest.mark.thorough
async def test_the_embedded_engine_runs_programs_and_has_no_tcp_port(
    server: Server, layout: EngineLayout
) -> None:
    await hello(server)
    containerd = int((layout.containerd / "containerd.pid").read_text())
    for pid in (dockerd_pid(layout), containerd):
        assert not sockets_of(pid) & listening_processes()
        assert "first-key-of-tests" not in environment_of(pid)


@pytest.mark.thorough
async def test_a_killed_engine_is_back_and_its_jobs_are_answered(
    server: Server, layout: EngineLayout
) -> None:
    killed = dockerd_pid(layout)
    sleep = {"language": "python", "code": "import time; time.sleep(2); print('slept')"}
    jobs = [asyncio.create_task(server.post(sleep)) for _ in range(2)]
    await asyncio.sleep(1)  # into the two seconds that they run
    os.kill(killed, signal.SIGKILL)
    async with asyncio.timeout(60):
        answers: list[tuple[int, dict[str, Any]]] = await asyncio.gather(*jobs)
    for status, answer in answers:
        assert (status, answer.get("output")) in {(200, "slept\n"), (503, None)}, answer
    await healthy(server)
    assert dockerd_pid(layout) != killed
    await hello(server)


@pytest.mark.thorough
async def test_what_a_killed_server_left_is_no_obstacle_to_the_next(
    layout: EngineLayout, tmp_path: Path
) -> None:
    settings = {
        "ENGINE": "embedded",
        "DOCKER_HOST": f"unix://{layout.socket}",
        "ENGINE_DATA_ROOT": str(layout.data_root),
        "LANGUAGES": "python",
        "POOL": "0",
    }
    async with running_server(tmp_path, **settings) as first:
        first.process.kill()
        await first.process.wait()
    deadline = time.monotonic() + BACK_S
    while dockerd_runs(layout):  # it gets a SIGTERM from the kernel
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)
    layout.pid_file.write_text(str(os.getpid()))
    async with running_server(tmp_path, **settings) as second:
        await hello(second)
    assert not dockerd_runs(layout)
