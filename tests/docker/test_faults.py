"""The world breaks in the middle of ten jobs: each has one answer, and all is well again."""

from __future__ import annotations

import asyncio
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from orchestrator.engine.client import EngineClient
from tests.docker.own_engine import OwnEngine, own_engine
from tests.docker.server import BEARER, Server, running_server
from tests.sandbox_support import DEADLINE_S, IMAGE, containers_of

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]

SLOTS = 8  # so that two of the ten wait in line
TEN = ("json",) * 4 + ("talkative stream",) * 3 + ("silent stream",) * 3
CODE = """
import sys, time
if sys.argv[1] == "talkative":
    print("begin", flush=True)
time.sleep(float(sys.argv[2]))
print("end")
"""
HELLO = {"language": "python", "code": "print('hello')"}
FREEZE_S = 10.0
DRAIN_S = 3.0


@dataclass
class Scene:
    """A server on an engine of its own, and what ten callers have seen so far."""

    server: Server
    engine: OwnEngine
    state: Path
    answers: list[str] = field(default_factory=list)

    async def call(self, kind: str, seconds: float) -> None:
        """One job, and the one answer it gets."""
        talk = "talkative" if kind.startswith("talkative") else "silent"
        body = {
            "language": "python",
            "code": CODE,
            "args": [talk, str(seconds)],
            "timeout": 40_000,
            "limits": {"memory_mb": 64},
        }
        if kind == "json":
            status, answer = await self.server.post(body)
            said = answer["status"] if status == 200 else answer["code"]
            self.answers.append(f"{kind}: {status} {said}")
        else:
            events = [event async for event in self.server.stream(**body)]
            assert [event["event"] for event in events].count("result") == 1
            assert events[-1]["event"] == "result"
            self.answers.append(f"{kind}: {events[-1]['status']}")

    async def until_running(self, count: int) -> None:
        """Until that many programs run, and the others wait."""
        async with asyncio.timeout(DEADLINE_S):
            while True:
                jobs = (await self.server.get("/stats"))[1]["jobs"]
                phases = Counter(job["phase"] for job in jobs)
                if phases["running"] == count and len(jobs) == phases.total():
                    break
                await asyncio.sleep(0.02)
        await asyncio.sleep(0.3)  # the talkative have talked by then

    async def until_well(self) -> None:
        """Until a program runs again."""
        async with asyncio.timeout(DEADLINE_S):
            while True:
                status, answer = await self.server.post(HELLO)
                if status == 200 and answer["output"] == "hello\n":
                    return
                assert status == 503, answer
                await asyncio.sleep(0.05)

    async def containers(self) -> list[dict[str, Any]]:
        client = EngineClient(self.engine.url, timeout_s=30, threads=1)
        try:
            instance = (self.state / "instance").read_text("ascii").strip()
            return await containers_of(client, instance)
        finally:
            await client.close()

    async def assert_nothing_is_left(self) -> None:
        async with asyncio.timeout(DEADLINE_S):
            while await self.containers():  # noqa: ASYNC110 - the engine's state
                await asyncio.sleep(0.05)

    def seen(self) -> Counter[str]:
        assert len(self.answers) == len(TEN)
        return Counter(self.answers)


@pytest.fixture(scope="module")
def engine() -> Iterator[OwnEngine]:
    with own_engine() as running:
        running.copy_image(IMAGE)
        yield running


@pytest.fixture
async def scene(tmp_path: Path, engine: OwnEngine) -> AsyncIterator[Scene]:
    settings = {
        "DOCKER_HOST": engine.url,
        "LANGUAGES": "python",
        "MAX_JOBS": str(SLOTS),
        "POOL": "0",
    }
    settings |= {"DRAIN_TIMEOUT": str(DRAIN_S), "ENGINE_PATIENCE": str(DEADLINE_S)}
    async with running_server(tmp_path, **settings) as server:
        yield Scene(server, engine, tmp_path)


@asynccontextmanager
async def ten_jobs(scene: Scene, seconds: float) -> AsyncIterator[None]:
    """Ten jobs of so many seconds under way; afterwards all ten have been answered."""
    async with asyncio.timeout(120), asyncio.TaskGroup() as tasks:
        for kind in TEN:
            tasks.create_task(scene.call(kind, seconds))
        await scene.until_running(SLOTS)
        yield


def tell(capsys: pytest.CaptureFixture[str], fault: str, scene: Scene, recovery_s: float) -> None:
    with capsys.disabled():
        seen = ", ".join(f"{count} {what}" for what, count in sorted(scene.seen().items()))
        print(f"\n  | {fault} | {seen} | {recovery_s:.1f} s |", end=" ")  # noqa: T201 - figures


async def test_an_engine_killed_and_started_again(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    async with ten_jobs(scene, 3):
        started = time.monotonic()
        await scene.engine.kill()
        await asyncio.to_thread(scene.engine.start)
        await scene.until_well()
        recovery_s = time.monotonic() - started
    seen = scene.seen()
    # All begun anew, but for those whose readers had seen output already.
    lost = seen.pop("talkative stream: internal_error")
    assert 1 <= lost <= TEN.count("talkative stream")
    assert sum(count for what, count in seen.items() if "accepted" in what) == len(TEN) - lost
    tell(capsys, "engine killed and started again", scene, recovery_s)
    await scene.assert_nothing_is_left()


@pytest.mark.thorough
async def test_an_engine_frozen_for_ten_seconds(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    refused = 0
    async with ten_jobs(scene, 3):
        scene.engine.signal(signal.SIGSTOP)
        frozen_until = time.monotonic() + FREEZE_S
        while time.monotonic() < frozen_until:
            status, health = await scene.server.get("/health")
            if status == 503:
                assert health["reason"] == "engine: The engine did not answer in 5 s"
                async with scene.server.session.post(
                    "/execute", json=HELLO, headers=BEARER
                ) as answer:
                    assert (answer.status, "Retry-After" in answer.headers) == (503, True)
                    refused += 1
            await asyncio.sleep(0.2)  # as often as a load balancer might ask
        scene.engine.signal(signal.SIGCONT)
        started = time.monotonic()
        await scene.until_well()
        recovery_s = time.monotonic() - started
    assert refused > 0
    assert scene.seen() == {
        "json: 200 accepted": 4,
        "talkative stream: accepted": 3,
        "silent stream: accepted": 3,
    }
    tell(capsys, "engine frozen for 10 s", scene, recovery_s)
    await scene.assert_nothing_is_left()


@pytest.mark.parametrize(
    "victim", ["json", pytest.param("talkative stream", marks=pytest.mark.thorough)]
)
async def test_a_container_removed_from_outside(
    scene: Scene, capsys: pytest.CaptureFixture[str], victim: str
) -> None:
    client = EngineClient(scene.engine.url, timeout_s=30, threads=1)
    jobs = asyncio.create_task(scene.call(victim, 3))
    await scene.until_running(1)
    (container,) = await scene.containers()
    async with asyncio.timeout(120), asyncio.TaskGroup() as tasks:
        for kind in TEN[:-1]:
            tasks.create_task(scene.call(kind, 3))
        await scene.until_running(SLOTS)
        started = time.monotonic()
        await client.remove_container(container["Names"][0].lstrip("/"))
        await scene.until_well()
        recovery_s = time.monotonic() - started
    await jobs
    await client.close()
    lost = scene.seen()["talkative stream: internal_error"]
    assert lost == (0 if victim == "json" else 1)
    assert sum(count for what, count in scene.seen().items() if "accepted" in what) == 10 - lost
    tell(capsys, f"a {victim} job's container removed", scene, recovery_s)
    await scene.assert_nothing_is_left()


async def test_a_server_told_to_stop(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    async with ten_jobs(scene, 30):
        started = time.monotonic()
        scene.server.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(DEADLINE_S):
            while (await scene.server.get("/health"))[0] == 200:  # noqa: ASYNC110 - its state
                await asyncio.sleep(0.02)
            status, answer = await scene.server.post(HELLO)
        assert (status, answer["code"]) == (503, "draining")
    assert await asyncio.wait_for(scene.server.process.wait(), DEADLINE_S) == 0
    seconds = time.monotonic() - started
    assert scene.seen() == {
        "json: 200 cancelled": 4,
        "talkative stream: cancelled": 3,
        "silent stream: cancelled": 3,
    }
    tell(capsys, f"server told to stop, {DRAIN_S:g} s to drain", scene, seconds)
    assert await scene.containers() == []


@pytest.mark.thorough
async def test_a_server_told_to_stop_lets_jobs_finish_that_can(
    tmp_path: Path, engine: OwnEngine
) -> None:
    settings = {
        "DOCKER_HOST": engine.url,
        "LANGUAGES": "python",
        "MAX_JOBS": str(SLOTS),
        "POOL": "0",
    }
    async with running_server(tmp_path, **settings, DRAIN_TIMEOUT="60") as server:
        scene = Scene(server, engine, tmp_path)
        async with ten_jobs(scene, 1):
            server.process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(server.process.wait(), DEADLINE_S) == 0
    assert sum(count for what, count in scene.seen().items() if "accepted" in what) == len(TEN)
    assert await scene.containers() == []


@pytest.mark.thorough
async def test_a_server_told_twice_to_stop_does_not_wait(tmp_path: Path, engine: OwnEngine) -> None:
    settings = {
        "DOCKER_HOST": engine.url,
        "LANGUAGES": "python",
        "DRAIN_TIMEOUT": "3600",
        "POOL": "0",
    }
    async with running_server(tmp_path, **settings) as server:
        scene = Scene(server, engine, tmp_path)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(scene.call("json", 30))
            await scene.until_running(1)
            server.process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(DEADLINE_S):
                while (await server.get("/health"))[0] == 200:  # noqa: ASYNC110 - its state
                    await asyncio.sleep(0.02)
            server.process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(server.process.wait(), DEADLINE_S) == 0
    assert scene.answers == ["json: 200 cancelled"]
    assert await scene.containers() == []
