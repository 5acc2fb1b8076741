"""The agent under ASan and UBSan (the image's `test` stage): fuzzed, and put through its paces.

A finding ends the agent, so every test here also fails on one.
"""

from __future__ import annotations

import asyncio
import struct

import pytest

from orchestrator.errors import SandboxError
from orchestrator.sandbox.model import (
    Signal,
    SourceFile,
    StageCause,
    StageKind,
    StageLoss,
    StageReport,
)
from orchestrator.sandbox.stdin import StdinStream
from tests.conftest import Docker
from tests.sandbox_support import Collector, make_spec, make_stage, run_script
from tests.speeds import params

pytestmark = pytest.mark.docker

SANITIZED = "codebae-runner/agent-test:current"
SPEC = {"image": SANITIZED, "memory_bytes": 256 << 20}
FUZZ_ITERATIONS = (2_000_000, 10_000_000)
"""The first each time, the second with everything else."""


@pytest.mark.parametrize("iterations", params(FUZZ_ITERATIONS, FUZZ_ITERATIONS[:1], str))
async def test_no_frame_stream_makes_the_decoder_misbehave(docker: Docker, iterations: int) -> None:
    sandbox = await docker.backend.open(make_spec(**SPEC, lifetime_s=300))
    output = Collector()
    env = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "ASAN_OPTIONS": "detect_leaks=0:quarantine_size_mb=8",
    }
    stage = make_stage(
        f"fuzz_proto {iterations} {iterations}", wall_ms=180_000, cpu_ms=180_000, env=env
    )
    report = await sandbox.run_stage(stage, output.take)
    await sandbox.close()
    assert isinstance(report, StageReport)
    assert (report.exit_code, report.cause) == (0, StageCause.NONE), bytes(output.stderr)


async def test_the_agent_s_paths_are_clean_one_after_the_other_in_one_sandbox(
    docker: Docker,
) -> None:
    sandbox = await docker.backend.open(make_spec(**SPEC))
    await sandbox.send_files(
        [SourceFile("a/b/c.txt", b"x" * 300_000), SourceFile("d", b"")], build=True, work=True
    )
    assert (await run_script(sandbox, "wc -c < a/b/c.txt"))[1] == b"300000\n"
    report, out, _ = await run_script(sandbox, "yes", stdout_limit=70_000)
    assert (report.cause, len(out), report.stdout_truncated) == (StageCause.OUTPUT, 70_000, True)
    report, _, _ = await run_script(sandbox, "sleep 60 & kill -STOP $$", wall_ms=300)
    assert (report.cause, report.signal) == (StageCause.WALL, 9)
    script = "(while :; do /bin/true; done) & (while :; do :; done) & sleep 60"
    report, _, _ = await run_script(sandbox, script, wall_ms=300, wall_most_ms=900, stack_kb=9000)
    assert (report.cause, report.signal) == (StageCause.WALL, 9)
    assert report.given_back_us <= 600_000
    report, _, _ = await run_script(sandbox, "while :; do :; done", cpu_ms=100)
    assert report.cause is StageCause.CPU
    _, out, _ = await run_script(sandbox, "wc -c", stdin=b"y" * 1_000_000)
    assert out == b"1000000\n"
    report, out, _ = await run_script(sandbox, "exec <&-; echo done", stdin=b"y" * 1_000_000)
    assert (report.exit_code, out) == (0, b"done\n")
    report, _, _ = await run_script(sandbox, "", argv=("no-such-program",))
    assert report.exit_code == 127
    script = "cd /tmp; i=0; while [ $i -lt 500 ]; do mkdir d; cd d; i=$((i+1)); done; echo deep"
    assert (await run_script(sandbox, script))[1] == b"deep\n"
    assert (await run_script(sandbox, "find /tmp /dev/shm /work -mindepth 1"))[1] == b""
    await sandbox.close()


async def test_packing_and_preparing_are_clean_too(docker: Docker) -> None:
    sandbox = await docker.backend.open(make_spec(**SPEC))
    decline = ("/bin/sh", "-c", "printf .; cat > /dev/null; exit 75")
    env = {"PATH": "/usr/bin:/bin"}
    await sandbox.prepare(decline, env)
    await sandbox.send_files([SourceFile("a/b/c", b"x" * 300_000)], build=True, work=False)
    for taken in (True, False):
        report, out, _ = await run_script(
            sandbox, "wc -c < a/b/c", kind=StageKind.COMPILE, by_prepared=True
        )
        assert (report.by_prepared, out) == (taken, b"300000\n")
    artefact = await sandbox.fetch_artefact(1 << 20)
    assert artefact is not None
    await run_script(sandbox, "ln -s /etc l; mkdir -p d/d/d", kind=StageKind.COMPILE)
    assert await sandbox.fetch_artefact(1 << 20) is None
    await sandbox.close()

    other = await docker.backend.open(make_spec(**SPEC))
    await other.prepare(("/bin/sh", "-c", "printf .; sleep 60 & sleep 60"), env)
    await other.send_artefact(artefact)
    assert await other.fetch_artefact(1 << 20) == artefact
    with pytest.raises(SandboxError, match="did not start"):
        await other.prepare(("/bin/sh", "-c", "exit 3"), env)
    await other.prepare(("/bin/sh", "-c", "printf .; exit 3"), env)
    assert (await run_script(other, "wc -c < /build/a/b/c"))[1] == b"300000\n"
    await other.close()


async def test_signals_at_any_time_are_clean_too(docker: Docker) -> None:
    sandbox = await docker.backend.open(make_spec(**SPEC))
    signals = b"".join(struct.pack(">IBB", 1, 9, number) for number in (2, 15, 9))
    await sandbox.write(signals)
    assert (await run_script(sandbox, "echo 1"))[1] == b"1\n"
    stdin, output = StdinStream(), Collector()
    script = "trap 'echo $((n+=1))' INT; echo; while :; do sleep 0.01; done"
    running = asyncio.create_task(sandbox.run_stage(make_stage(script), output.take, stdin))
    await output.first.wait()
    for said in (b"\n", b"\n1\n", b"\n1\n2\n"):
        while output.stdout != said:  # noqa: ASYNC110 - what came, not that it did
            await asyncio.sleep(0.002)
        stdin.signal(Signal.INT)
    await sandbox.write(struct.pack(">IBB", 1, 9, 9))
    report = await running
    assert isinstance(report, StageReport)
    assert (report.signal, report.cause) == (9, StageCause.NONE)
    await sandbox.write(signals)
    await sandbox.prepare(("/bin/sh", "-c", "printf .; cat"), {"PATH": "/usr/bin:/bin"})
    await sandbox.write(signals)
    compile_it = make_stage("echo never", kind=StageKind.COMPILE, by_prepared=True)
    running = asyncio.create_task(sandbox.run_stage(compile_it, Collector().take))
    await asyncio.sleep(0)
    await sandbox.write(signals)
    report = await running
    assert isinstance(report, StageReport)
    assert (report.exit_code, report.by_prepared) == (0, True)
    await sandbox.close()


@pytest.mark.parametrize(
    "junk",
    [
        b"\xff" * 64,
        b"\x00\x00\x00\x00\x7f",
        b"\x00\x04\x00\x01\x01",
        b"\x00\x00\x00\x02\x02\x01\x00",
        b"\x00\x00\x00\x0c\x01\x02\x00\x00\x00\x00\x05../..",
        b"\x00\x00\x00\x03\x06\x00\x00\x00",
        b"\x00\x00\x00\x01\x09\x13",
        b"\x00\x00\x00\x04\x07\x00\x00\x00\x00",
        b"\x00\x00\x00\x04\x06\xff\xff\xff\xff\x00\x00\x00\x04\x06\xff\xff\xff\xff\x00\x00\x00\x00\x7f",
    ],
)
async def test_what_is_no_frame_ends_the_sandbox_and_says_so(docker: Docker, junk: bytes) -> None:
    sandbox = await docker.backend.open(make_spec(**SPEC))
    await sandbox.write(junk)
    loss = await sandbox.run_stage(make_stage("echo never"), Collector().take)
    await sandbox.close()
    assert isinstance(loss, StageLoss)
    assert "the agent: " in loss.detail
    assert "Sanitizer" not in loss.detail
    assert SandboxError.__name__ not in loss.detail
