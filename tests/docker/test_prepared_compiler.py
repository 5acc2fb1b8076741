"""A compiler that is started before the job is known: here a script that shows what it is given.

What the Java one makes of it is in test_compile_server.py.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.errors import SandboxError
from orchestrator.sandbox.model import SourceFile, StageCause, StageKind, StageReport
from tests.conftest import Docker
from tests.sandbox_support import make_spec, run_script

if TYPE_CHECKING:
    from orchestrator.sandbox.contract import Sandbox

pytestmark = pytest.mark.docker

ENV = {"PATH": "/usr/local/bin:/usr/bin:/bin"}
SPEC = {"memory_bytes": 128 << 20}

READ = """
import os, signal, struct, subprocess, sys, time
def ready():
    os.write(1, b".")
def arguments():
    read = sys.stdin.buffer.read
    (count,) = struct.unpack(">I", read(4))
    found = [read(struct.unpack(">I", read(4))[0]).decode() for _ in range(count)]
    assert read() == b""
    return found
"""


def compiler(script: str) -> tuple[str, ...]:
    return ("python3", "-c", READ + script)


async def compiled(
    sandbox: Sandbox, script: str = "echo plain", **changes: Any
) -> tuple[StageReport, bytes, bytes]:
    changes = {"kind": StageKind.COMPILE, "by_prepared": True} | changes
    return await run_script(sandbox, script, **changes)


async def opened(docker: Docker, script: str) -> Sandbox:
    sandbox = await docker.backend.open(make_spec(**SPEC))
    await sandbox.prepare(compiler(script), ENV)
    return sandbox


async def test_a_prepared_compiler_gets_the_arguments_and_becomes_the_stage(docker: Docker) -> None:
    script = """
ready()
print(arguments(), os.getcwd(), open("a").read(), flush=True)
print("oops", file=sys.stderr)
sys.exit(1)
"""
    sandbox = await opened(docker, script)
    await sandbox.send_files([SourceFile("a", b"later")], build=True, work=True)
    report, out, err = await compiled(sandbox, argv=("javac", "", "a b\n", "\u00fc"), stdin=b"in")
    assert out.decode() == f"{['javac', '', 'a b' + chr(10), chr(252)]} /build later\n"
    assert (err, report.exit_code, report.by_prepared) == (b"oops\n", 1, True)
    assert report.cause is StageCause.NONE
    assert (await run_script(sandbox, "echo on"))[1] == b"on\n"


async def test_arguments_of_any_size_get_through(docker: Docker) -> None:
    sandbox = await opened(docker, "ready(); time.sleep(0.2); print(len(arguments()[1]))")
    report, out, _ = await compiled(sandbox, argv=("c", "x" * 200_000))
    assert (report.exit_code, out) == (0, b"200000\n")


@pytest.mark.parametrize(
    ("then", "limits", "cause"),
    [
        ("time.sleep(60)", {"wall_ms": 300}, StageCause.WALL),
        ("while True: pass", {"cpu_ms": 300}, StageCause.CPU),
        ("print('x' * 200, flush=True); time.sleep(60)", {"stdout_limit": 100}, StageCause.OUTPUT),
    ],
)
async def test_limits_are_those_of_the_stage(
    docker: Docker, then: str, limits: dict[str, int], cause: StageCause
) -> None:
    sandbox = await opened(docker, f"ready(); arguments()\n{then}")
    report, out, _ = await compiled(sandbox, **limits)
    assert (report.cause, report.signal, report.by_prepared) == (cause, 9, True)
    assert b"plain" not in out


async def test_what_it_used_before_the_stage_does_not_count(docker: Docker) -> None:
    burn = "while time.process_time() < 1: pass\nready(); arguments(); print('done')"
    sandbox = await opened(docker, burn)
    report, out, _ = await compiled(sandbox, cpu_ms=800)
    assert (report.cause, out, report.exit_code) == (StageCause.NONE, b"done\n", 0)


@pytest.mark.parametrize(
    "ending",
    ["sys.exit(75)", "sys.exit(2)", "os.kill(os.getpid(), signal.SIGKILL)", "os.abort()"],
)
async def test_one_that_ends_badly_without_a_word_has_the_command_executed_plainly(
    docker: Docker, ending: str
) -> None:
    leave = "open('/tmp/left', 'w'); open('/dev/shm/left', 'w'); arguments()"
    children = "[subprocess.Popen(['sleep', '60']) for _ in range(3)]"
    sandbox = await opened(docker, f"ready(); {leave}; {children}; {ending}")
    report, out, err = await compiled(
        sandbox, "ls /tmp /dev/shm; cat; echo plain; echo x >&2; exit 7", stdin=b"not for it"
    )
    assert (report.exit_code, out, err) == (7, b"/dev/shm:\n\n/tmp:\nplain\n", b"x\n")
    assert (report.cause, report.oom_kills, report.by_prepared) == (StageCause.NONE, 0, True)


async def test_a_prepared_compiler_that_has_printed_can_not_decline(docker: Docker) -> None:
    sandbox = await opened(docker, "ready(); arguments(); print('word', flush=True); sys.exit(3)")
    report, out, _ = await compiled(sandbox)
    assert (report.exit_code, out) == (3, b"word\n")


async def test_a_command_that_is_not_there_is_said_so_after_a_decline(docker: Docker) -> None:
    sandbox = await opened(docker, "ready(); arguments(); sys.exit(75)")
    report, out, err = await compiled(sandbox, argv=("no-such-compiler",))
    assert (report.exit_code, out) == (127, b"")
    assert err == b"cannot execute 'no-such-compiler': No such file or directory\n"
    assert (await run_script(sandbox, "echo on"))[1] == b"on\n"


@pytest.mark.parametrize(
    "idle",
    [
        "print('noise', flush=True); arguments()",
        "print('noise', file=sys.stderr); arguments()",
        "sys.exit(0)",
        "os.kill(os.getpid(), signal.SIGKILL)",
        "os.close(1); arguments()",
    ],
)
async def test_a_prepared_compiler_that_spoke_or_ended_early_is_not_used(
    docker: Docker, idle: str
) -> None:
    sandbox = await opened(docker, f"ready(); open('/tmp/left', 'w')\n{idle}")
    watching = asyncio.create_task(sandbox.wait_lost())
    done, _ = await asyncio.wait([watching], timeout=0.3)
    assert not done  # and nobody is told
    watching.cancel()
    report, out, err = await compiled(sandbox, "ls /tmp; echo plain")
    assert (report.by_prepared, report.exit_code) == (False, 0)
    assert (out, err) == (b"plain\n", b"")


async def test_one_that_closes_its_stdout_instead_of_speaking_did_not_start(
    docker: Docker,
) -> None:
    sandbox = await docker.backend.open(make_spec(**SPEC))
    with pytest.raises(SandboxError, match="did not start"):
        await sandbox.prepare(compiler("os.close(1); time.sleep(60)"), ENV)
    assert (await run_script(sandbox, "set -- /proc/[0-9]*; echo $#"))[1] == b"2\n"
