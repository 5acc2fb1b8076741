"""At the wall limit a program gets back what others kept it from running for, and nothing else.

How much that is differs from machine to machine, and from one moment to the next: so each program
says what it has seen of it itself, and is held against that.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
from collections.abc import AsyncIterator

import pytest

from orchestrator.engine.client import EngineClient
from orchestrator.sandbox.docker.backend import DockerBackend
from orchestrator.sandbox.model import StageCause, StageReport
from tests.conftest import Docker
from tests.sandbox_support import (
    DEADLINE_S,
    SOCKET,
    Collector,
    make_spec,
    make_stage,
    make_traits,
)

pytestmark = pytest.mark.docker

LIMIT_MS = 500
MOST_MS = 3 * LIMIT_MS
SLACK_US = 150_000
"""What may come between a program's last word and its end."""
SAY = """
import os, sys, time
def said():
    print(int(open("/proc/self/schedstat").read().split()[1]) // 1000, flush=True)
"""
SPEC = {"memory_bytes": 128 << 20, "processes": 100}


async def run(backend: DockerBackend, code: str, **changes: int) -> tuple[StageReport, bytes]:
    """Run Python code beside nothing of ours, with LIMIT_MS of wall time, and MOST_MS in all."""
    limits = {"wall_ms": LIMIT_MS, "wall_most_ms": MOST_MS, "cpu_ms": 60_000} | changes
    stage = make_stage(argv=("python3", "-Sc", SAY + code), **limits)
    sandbox = await backend.open(make_spec(**SPEC))
    output = Collector()
    report = await sandbox.run_stage(stage, output.take)
    await sandbox.close()
    assert isinstance(report, StageReport), report
    return report, bytes(output.stdout)


def check_times(report: StageReport) -> None:
    """What holds whatever a program does: nothing is given back of the time in which it ran."""
    assert report.given_back_us <= max(report.wall_us - report.cpu_us, 0) + SLACK_US, report
    assert report.given_back_us <= 1000 * (MOST_MS - LIMIT_MS), report
    if report.cause is StageCause.WALL:
        assert report.wall_us >= 1000 * LIMIT_MS + report.given_back_us, report


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("said()\ntime.sleep(60)", id="sleeps"),
        pytest.param("while 1:\n said()\n time.sleep(0.005)", id="works a little now and then"),
        pytest.param("while 1:\n said()\n for i in range(20000): pass", id="works all the time"),
        pytest.param(
            "os.nice(19)\nwhile 1:\n said()\n for i in range(2000): os.sched_yield()",
            id="gives way all the time",
        ),
    ],
)
async def test_of_one_thread_what_it_waited_for_a_cpu(docker: Docker, code: str) -> None:
    report, said = await run(docker.backend, code)
    check_times(report)
    assert report.cause is StageCause.WALL
    assert report.given_back_us <= int(said.split()[-1]) + SLACK_US, report


FORKS = """
for _ in range(63):
    if os.fork() == 0: break
"""


@pytest.mark.parametrize(
    "code",
    [
        pytest.param(FORKS + "while 1: pass", id="63 busy processes"),
        pytest.param(FORKS + "os.sched_setaffinity(0, {0})\nwhile 1: pass", id="on one CPU"),
        pytest.param(
            FORKS + "while 1:\n time.sleep(0.02)\n for i in range(200000): pass", id="in bursts"
        ),
        pytest.param(
            "while 1:\n pid = os.fork()\n if pid == 0: os._exit(0)\n os.waitpid(pid, 0)",
            id="one after the other",
        ),
        pytest.param(
            "while 1:\n for _ in range(50):\n  if os.fork() == 0:\n   for i in range(9999): pass\n"
            "   os._exit(0)\n for _ in range(50): os.wait()",
            id="a storm of forks",
        ),
        pytest.param(
            "import threading\ndef spin():\n while 1: pass\n"
            "for _ in range(40): threading.Thread(target=spin).start()",
            id="threads that wait for one lock",
        ),
    ],
)
async def test_a_program_s_own_processes_earn_it_nothing(docker: Docker, code: str) -> None:
    """While they wait for each other, one of them runs: that time is used, not lost."""
    report, _ = await run(docker.backend, code)
    check_times(report)
    assert report.cause is StageCause.WALL


@pytest.fixture
async def slow_backend() -> AsyncIterator[DockerBackend]:
    """Of sandboxes with a tenth of a CPU."""
    client = EngineClient(SOCKET, timeout_s=30, threads=4)
    backend = DockerBackend(client, make_traits(secrets.token_hex(8), cpus=0.1))
    yield backend
    await backend.shutdown()


TRIES = 10
"""On a machine that has less than that for it, a program does not meet its quota."""
THROTTLED = """
import glob
name = "cpu.stat" if os.path.exists("/sys/fs/cgroup/cpu.stat") else "cpu/cpu.stat"
while 1:
    stat = dict(line.split() for line in open("/sys/fs/cgroup/" + name))
    held = int(stat.get("throttled_usec", 0)) + int(stat.get("throttled_time", 0)) // 1000
    print(held, flush=True)
    for i in range(2000): pass
"""


async def run_throttled(backend: DockerBackend) -> tuple[StageReport, int]:
    """With how long the quota held it, in us."""
    report, said = await run(backend, THROTTLED)
    return report, int(said.split()[-1]) if said else 0


async def test_a_program_s_own_quota_earns_it_nothing(slow_backend: DockerBackend) -> None:
    report, held_us = await run_throttled(slow_backend)
    for _ in range(TRIES):
        if held_us:
            break
        report, held_us = await run_throttled(slow_backend)
    check_times(report)
    assert report.cause is StageCause.WALL
    assert held_us
    assert report.given_back_us <= report.wall_us - held_us + SLACK_US, report


@pytest.fixture
async def busy_neighbours(docker: Docker) -> AsyncIterator[None]:
    """Two sandboxes that are busy on every CPU."""
    script = f"for i in $(seq {os.cpu_count()}); do while :; do :; done & done; echo; wait"
    stage = make_stage(script, wall_ms=60_000, cpu_ms=600_000)
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(2):
            sandbox = await docker.backend.open(make_spec(**SPEC))
            stack.push_async_callback(sandbox.close)
            output = Collector()
            running = asyncio.create_task(sandbox.run_stage(stage, output.take))
            stack.callback(running.cancel)
            async with asyncio.timeout(DEADLINE_S):
                await output.first.wait()
        yield


NEEDS_NEARLY_ALL = f"while time.process_time() < 0.8 * {LIMIT_MS} / 1000: pass\nprint('done')"


@pytest.mark.usefixtures("busy_neighbours")
async def test_what_neighbours_take_is_given_back(docker: Docker) -> None:
    # On an engine that has run no Python yet it waits for the disk, which is not given back.
    await run(docker.backend, "pass", wall_ms=30_000, wall_most_ms=0)
    report, said = await run(docker.backend, NEEDS_NEARLY_ALL)
    check_times(report)
    assert report.given_back_us > 0
    if report.cause is StageCause.WALL:  # on a machine that had still less for it
        assert report.given_back_us == 1000 * (MOST_MS - LIMIT_MS), report
    else:
        assert (report.exit_code, said) == (0, b"done\n"), report


async def test_no_time_is_given_back_where_the_limit_may_not_move(docker: Docker) -> None:
    report, _ = await run(docker.backend, "while 1: pass", wall_most_ms=0)
    assert (report.cause, report.given_back_us) == (StageCause.WALL, 0)


FULL_MS = 2_500
FULL = """
import mmap
begun = time.monotonic()
def number(name):
    return int(open("/sys/fs/cgroup/" + name).read())
def taken():
    if os.path.exists("/sys/fs/cgroup/memory.max"):
        folder, current, most = "memory.", "current", "max"
    else:
        folder, current, most = "memory/memory.", "usage_in_bytes", "limit_in_bytes"
    stat = dict(line.split() for line in open("/sys/fs/cgroup/" + folder + "stat"))
    files = int(stat.get("file") or stat["cache"]) - int(stat["shmem"])
    return (number(folder + current) - files) / number(folder + most)
def fill():
    memory = mmap.mmap(-1, 1 << 30, mmap.MAP_PRIVATE)
    while taken() < 0.96:
        memory.write(bytes(1 << 20))
    return memory
FILL
print(int(1_000_000 * (time.monotonic() - begun)), flush=True)
while 1:
    for i in range(100_000): pass
    said()
"""
FILL_IN_ANOTHER = """
full, to_full = os.pipe()
if os.fork() == 0:
    memory = fill()
    os.write(to_full, b".")
    time.sleep(60)
os.read(full, 1)
"""


async def run_full(docker: Docker, fill: str) -> tuple[int, int, int]:
    """What was given back, how long it took until memory was full, and what was waited: in us."""
    code = FULL.replace("FILL", fill)
    report, said = await run(docker.backend, code, wall_ms=FULL_MS, wall_most_ms=3 * FULL_MS)
    assert report.cause is StageCause.WALL, said
    until_full, *waited = map(int, said.split())
    return report.given_back_us, until_full, waited[-1]


@pytest.mark.thorough
@pytest.mark.usefixtures("busy_neighbours")
async def test_a_full_sandbox_is_looked_at_if_that_needs_no_memory(docker: Docker) -> None:
    """The file of a program of one thread has been opened while there was some."""
    given_us, _, waited_us = await run_full(docker, "memory = fill()")
    assert given_us > min(waited_us, 2000 * FULL_MS) / 2


@pytest.mark.thorough
@pytest.mark.usefixtures("busy_neighbours")
async def test_no_file_is_opened_to_look_at_a_full_sandbox(docker: Docker) -> None:
    """There would be no memory for it: the kernel kills somebody then, and while the program is
    dying of that, the next one it kills is the agent."""
    given_us, until_full_us, _ = await run_full(docker, FILL_IN_ANOTHER)
    assert given_us <= until_full_us + SLACK_US
