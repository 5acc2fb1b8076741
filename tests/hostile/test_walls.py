"""What the corpus can't express of attacks on the walls: what is seen from outside the sandbox."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker as docker_sdk
import pytest

from orchestrator.engine.block_device import images_disk
from orchestrator.engine.client import EngineClient
from orchestrator.sandbox.docker.backend import DockerBackend
from orchestrator.sandbox.model import StageCause, StageLoss, StageReport
from orchestrator.sandbox.spec import ReadLimit
from tests.conftest import Docker
from tests.docker.server import API_KEY, Server
from tests.sandbox_support import SOCKET, Collector, make_spec, make_stage, make_traits, run_script

pytestmark = pytest.mark.docker

PTRACE_SEIZE = 0x4206
MIB = 1 << 20
SLOW = 4 * MIB
"""What may be read in a second, in the test of it; the file read is several times that."""
GCH = "/usr/local/lib/codebae/headers/streams.hpp.gch"


@contextlib.contextmanager
def held(pid: int) -> Iterator[None]:
    """Traced from outside, a killed process stays, as one does that is deep in the kernel."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    if libc.ptrace(PTRACE_SEIZE, pid, None, None) != 0:
        pytest.skip(f"no process can be held here: {os.strerror(ctypes.get_errno())}")
    try:
        yield
    finally:
        os.waitpid(pid, 0)


def _program(name: str) -> int:
    """The pid here of the sandbox's `sleep`."""
    client = docker_sdk.APIClient(base_url=SOCKET)
    try:
        told = client.top(name, ps_args="-eo pid,args")
    finally:
        client.close()
    return next(int(pid) for pid, command in told["Processes"] if command.startswith("sleep"))


async def test_a_failed_kill_keeps_the_cause_that_led_to_it(docker: Docker) -> None:
    sandbox = await docker.backend.open(make_spec())
    output = Collector()
    stage = make_stage("echo begun; exec sleep 60", wall_ms=1500)
    running = asyncio.create_task(sandbox.run_stage(stage, output.take))
    await output.first.wait()
    with held(await asyncio.to_thread(_program, sandbox.name)):
        report = await running
    after = await sandbox.run_stage(make_stage("echo never"), Collector().take)
    await sandbox.close()
    assert isinstance(report, StageReport), report
    assert (report.cause, report.signal, report.exit_code) == (StageCause.WALL, 9, None)
    assert report.wall_us >= 1_500_000
    assert bytes(output.stdout) == b"begun\n"
    assert isinstance(after, StageLoss)
    assert after.before_stage
    assert "can't be killed" in after.detail


def _layer_file(image: str, path: str) -> Path | None:
    """Where a file of an image lies on this machine."""
    client = docker_sdk.APIClient(base_url=SOCKET)
    try:
        data: dict[str, Any] = client.inspect_image(image)["GraphDriver"]["Data"] or {}
    finally:
        client.close()
    layers = [data.get("UpperDir", ""), *data.get("LowerDir", "").split(":")]
    found = (Path(layer + path) for layer in layers if layer)
    with contextlib.suppress(OSError):
        return next((file for file in found if file.is_file()), None)
    return None


async def test_reads_from_the_disk_have_a_rate(engine: EngineClient) -> None:
    device = await images_disk(engine)
    file = _layer_file("codebae-runner/cpp:current", GCH)
    if not device or file is None:
        pytest.skip("the engine's disk can't be told from here")
    traits = make_traits(secrets.token_hex(8), reads=ReadLimit(device, SLOW))
    backend = DockerBackend(EngineClient(SOCKET, timeout_s=30, threads=4), traits)
    try:
        sandbox = await backend.open(make_spec(image="codebae-runner/cpp:current"))
        with file.open("rb") as opened:  # nobody is to have it in memory
            os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        size = file.stat().st_size
        report, out, _ = await run_script(
            sandbox, f"cat {GCH} | wc -c", wall_ms=60_000, cpu_ms=60_000
        )
    finally:
        await backend.shutdown()
    assert int(out) == size
    assert report.wall_us / 1e6 > size / SLOW / 2  # without a rate: tenths of a second


READER = r"""
import os, re
found = set()
folders = ["/proc/1", "/proc/self", "/proc/sys", "/etc", "/sys/fs/cgroup", "/work"]
for folder, _, names in (step for begin in folders for step in os.walk(begin)):
    for name in names if "/fd" not in folder else ():  # reading one's own stdout waits
        try:
            with open(os.path.join(folder, name), "rb") as file:
                text = file.read(20000).decode("latin-1")
        except OSError:
            continue
        found |= set(re.findall(r"\b[0-9a-f]{16}\b|codebae[.-][0-9a-z]+", text))
        found |= {name for name in (SECRETS) if name in text}
print(os.uname().nodename, sorted(os.environ), sorted(found))
"""


@pytest.mark.asyncio(loop_scope="session")
async def test_nothing_names_the_job_the_key_or_the_sandbox(server: Server) -> None:
    """In all that a program can read of itself and its machine."""
    halves = [(each[:8], each[8:]) for each in (API_KEY, server.instance)]
    secrets_ = ", ".join(f"{begin!r} + {end!r}" for begin, end in halves)
    code = READER.replace("SECRETS", f"{secrets_},")
    answer = await server.execute(language="python", code=code, timeout=30_000)
    assert (answer["status"], answer["run"]["stderr"]) == ("accepted", ""), answer
    told = answer["output"]
    names = ["HOME", "LANG", "LOGNAME", "ONLINE_JUDGE", "PATH", "TMPDIR", "USER"]
    assert told.startswith(f"sandbox {sorted([*names, 'PYTHONINTMAXSTRDIGITS'])} [")
    assert not {answer["id"], API_KEY, server.instance} & set(told.split("'"))
    assert re.findall(r"'codebae(?!-runner)[.-][^']*'", told) == []
