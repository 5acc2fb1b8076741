"""Builds on the real engine: their limits, how they end early, and what a failure says."""

from __future__ import annotations

import asyncio
import os
import resource
import secrets
import signal
import threading
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from orchestrator.engine.client import EngineClient
from orchestrator.engine.disk import DataRoot, DiskGuard
from orchestrator.engine.images import BuildRequest, build_image
from orchestrator.engine.tags import untag_image
from orchestrator.errors import (
    ContainerNotFoundError,
    DiskSpaceError,
    EngineError,
    EngineUnavailableError,
)
from orchestrator.images.tags import BASE_IMAGE
from tests.docker.own_engine import OwnEngine, own_engine
from tests.docker.test_image_store import context

pytestmark = [pytest.mark.docker]
NO_SOURCE = "rm -r sources.list* && echo deb http://nowhere.invalid x y > sources.list"
SLACK_S = 5
"""For what must happen within a second."""


@dataclass
class Bench:
    """Builds under a name of its own, and what became of them."""

    engine: EngineClient
    name: str = field(default_factory=lambda: f"codebae-test-{secrets.token_hex(6)}")
    lines: list[str] = field(default_factory=list)
    running: asyncio.Event = field(default_factory=asyncio.Event)

    def build(self, *steps: str, disk: DiskGuard | None = None, **more: Any) -> asyncio.Task[str]:
        """Build from the base image; `# NAME` in a step makes it no other test's."""
        deadline_s = more.pop("deadline_s", 100)
        dockerfile = "\n".join([f"FROM {BASE_IMAGE}", *steps]).replace("NAME", self.name)
        request = BuildRequest(context(dockerfile + "\n"), f"{self.name}:x", **more)
        return asyncio.create_task(
            build_image(self.engine, request, self._heard, deadline_s=deadline_s, disk=disk)
        )

    def _heard(self, line: str) -> None:
        self.lines.append(line)
        if "---> Running in" in line:
            self.running.set()

    async def containers(self) -> list[str]:
        listed = await self.engine.call(lambda api: api.containers(all=True))
        return [each["Id"] for each in listed if self.name in each["Command"]]

    async def is_there(self, image: str) -> bool:
        try:
            await self.engine.inspect_image(image)
        except ContainerNotFoundError:
            return False
        return True


@pytest.fixture
async def bench(engine: EngineClient) -> AsyncIterator[Bench]:
    made = Bench(engine)
    yield made
    await untag_image(engine, f"{made.name}:x")
    assert await made.containers() == []
    for thread in [each for each in threading.enumerate() if each.name == "engine-cancellable"]:
        thread.join(SLACK_S)
        assert not thread.is_alive()


async def eventually(is_so: Callable[[], Any]) -> None:
    deadline_s = time.monotonic() + SLACK_S
    while not await is_so():
        assert time.monotonic() < deadline_s
        await asyncio.sleep(0.05)


async def no_containers(bench: Bench) -> None:
    async def gone() -> bool:
        return await bench.containers() == []

    await eventually(gone)


async def test_a_silent_build_that_nobody_waits_for_ends_at_once(bench: Bench) -> None:
    building = bench.build("RUN sleep 1000 # NAME")
    await bench.running.wait()
    assert len(await bench.containers()) == 1
    begun_s = time.monotonic()
    building.cancel()
    with pytest.raises(asyncio.CancelledError):
        await building
    assert time.monotonic() - begun_s < SLACK_S
    await no_containers(bench)
    assert not await bench.is_there(f"{bench.name}:x")


async def test_the_deadline_ends_a_build(bench: Bench) -> None:
    begun_s = time.monotonic()
    with pytest.raises(EngineError, match=r"^The build did not end in 2 s \(BUILD_TIMEOUT\)$"):
        await bench.build("RUN sleep 1000 # NAME", deadline_s=2)
    assert time.monotonic() - begun_s < 2 + SLACK_S
    await no_containers(bench)


@pytest.mark.thorough
async def test_a_build_that_fills_the_disk_is_ended_and_what_it_made_is_removed(
    bench: Bench,
) -> None:
    kept = await bench.build("RUN echo kept # NAME")
    room = [10 << 20]

    async def free_bytes() -> int:
        return room[0]

    bench.lines.clear()
    disk = DiskGuard(free_bytes, 1 << 20, interval_s=0.2)
    building = bench.build(
        "RUN echo kept # NAME",
        "RUN head -c 5M /dev/zero > /big # NAME",
        "RUN sleep 99 # NAME",
        disk=disk,
    )

    async def is_asleep() -> bool:
        return "Step 4/4" in " ".join(bench.lines) and bool(await bench.containers())

    await eventually(is_asleep)
    made = [line.split()[1] for line in bench.lines if line.startswith("---> ")]
    room[0] = 0
    with pytest.raises(DiskSpaceError, match=r"^0 MB free .* needs 1 \(BUILD_MIN_DISK_MB\)"):
        await building
    await no_containers(bench)
    images = [each for each in made if len(each) == 12]
    left = [each for each in images if await bench.is_there(each)]
    assert left == images[:-1]  # the base's and the step that was there before
    assert await bench.is_there(kept)


async def test_the_room_on_the_engine_s_disk(engine: EngineClient) -> None:
    root = Path((await engine.info())["DockerRootDir"])
    here = DataRoot(engine, BASE_IMAGE)
    figures = os.statvfs(root)
    free = figures.f_bavail * figures.f_frsize
    assert await here.free_bytes() == pytest.approx(free, rel=0.2)
    assert here._folder == (root if os.access(root / "image", os.R_OK) else None)  # noqa: SLF001
    elsewhere = DataRoot(engine, BASE_IMAGE)
    elsewhere._was_sought = True  # noqa: SLF001 - as where the folder is not here
    assert await elsewhere.free_bytes() == pytest.approx(free, rel=0.2)


async def test_the_limits_hold_in_every_step(bench: Bench) -> None:
    memory = "/sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max"
    swap = "/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes /sys/fs/cgroup/memory.swap.max"
    cpu = "/sys/fs/cgroup/cpu/cpu.shares /sys/fs/cgroup/cpu.weight"
    steps = [f"RUN cat {each} 2> /dev/null || true # NAME" for each in (memory, swap, cpu)]
    await bench.build(*steps, memory_bytes=256 << 20, cpu_shares=128, no_cache=True)
    numbers = [line for line in bench.lines if line.isdigit()]
    assert numbers[0] == str(256 << 20)
    assert numbers[1] in {"0", str(256 << 20)}  # the second version counts swap alone
    assert int(numbers[2]) in {128, 5}


async def test_no_cache_builds_anew(bench: Bench) -> None:
    step = "RUN cat /proc/sys/kernel/random/uuid > /x # NAME"
    first = await bench.build(step)
    assert await bench.build(step) == first
    assert await bench.build(step, no_cache=True) != first


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("RUN exit 1 # NAME", "step 2/2, RUN exit 1 # "),
        ("RUN tail /dev/zero # NAME", "exit status 137; a build may use 64 MB (BUILD_MEMORY_MB)"),
        ("RUN nonsense # NAME", "nonsense: not found (step 2/2"),
        ("COPY nothing /", "nothing: file does not exist (step 2/2, COPY nothing /)"),
        ("RUM true", "unknown instruction: RUM"),
        ("FROM nowhere.invalid/x:1", "(step 2/2, FROM nowhere.invalid/x:1)"),
        (
            f"RUN cd /etc/apt && {NO_SOURCE} && apt-get update && apt-get install nonesuch",
            "'nowhere.invalid' (step 2/2",
        ),
    ],
)
async def test_a_failure_is_the_line_that_matters(bench: Bench, step: str, expected: str) -> None:
    with pytest.raises(EngineError) as caught:
        await bench.build(step, memory_bytes=64 << 20)
    assert expected in str(caught.value)
    assert len(str(caught.value)) < 600


@pytest.mark.thorough
@pytest.mark.parametrize(
    "command", ["yes | head -c 20M", r"head -c 20M /dev/zero | tr '\0' x"], ids=["lines", "line"]
)
async def test_a_flood_takes_little_memory_and_leaves_the_loop_alone(
    bench: Bench, command: str
) -> None:
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    late_s = [0.0]

    async def tick() -> None:
        while True:
            begun_s = time.monotonic()
            await asyncio.sleep(0.01)
            late_s.append(time.monotonic() - begun_s - 0.01)

    ticking = asyncio.create_task(tick())
    await bench.build(f"RUN {command} # NAME", "RUN echo the end # NAME", no_cache=True)
    ticking.cancel()
    grown_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb
    figures = f"{len(bench.lines)} lines, {grown_kb} kB more, loop late {max(late_s):.3f} s"
    print(figures)  # noqa: T201 - a figure to look at
    assert grown_kb < 16 << 10
    assert len(bench.lines) < 200_000
    assert "the end" in bench.lines


@pytest.fixture(scope="module")
def another() -> Any:
    with own_engine() as made:
        made.copy_image(BASE_IMAGE)
        yield made


@pytest.mark.thorough
@pytest.mark.parametrize("how", ["killed", "stopped", "hung"])
async def test_an_engine_that_goes_away_in_the_middle(another: OwnEngine, how: str) -> None:
    another.start()
    client = EngineClient(another.url, timeout_s=5, threads=1)
    bench = Bench(client)
    building = bench.build("RUN sleep 100 # NAME", deadline_s=4 if how == "hung" else 60)
    await asyncio.wait_for(bench.running.wait(), 30)
    if how == "killed":
        await another.kill()
    elif how == "stopped":
        stopping = asyncio.create_task(asyncio.to_thread(another.stop))
    else:
        another.signal(signal.SIGSTOP)
    expected = "did not end in 4 s" if how == "hung" else "The engine went away in the middle"
    with pytest.raises(EngineError, match=expected) as caught:
        await asyncio.wait_for(building, 30)
    assert isinstance(caught.value, EngineUnavailableError) == (how != "hung")
    if how == "stopped":
        await stopping
    if how == "hung":
        another.signal(signal.SIGCONT)
    await client.close()
