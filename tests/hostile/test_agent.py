"""Programs that try to stop, read, signal, re-limit or impersonate the agent (`programs/`).

Each prints a line per try, so that one that did not really try fails its test; and where nothing
protects, the same programs get through.
"""

from __future__ import annotations

import asyncio
import base64
import io
import struct
import tarfile
from dataclasses import dataclass

import docker
import pytest

from tests.docker.server import Server
from tests.hostile.attacks import (
    ENGINE,
    assert_every_try_failed,
    assert_hello_works,
    c_files,
    source,
)

pytestmark = [pytest.mark.docker, pytest.mark.asyncio(loop_scope="session")]

IMAGE = "codebae-runner/c:current"
AGENT_FAILED = 70


@dataclass(frozen=True)
class Attack:
    """A program, how many tries it makes, and one that gets through where nothing protects."""

    program: str
    tries: int
    bites: str | None = None


ATTACKS = (
    Attack("signals", 394, bites="kill(1, 0)"),
    Attack("kill_all", 4),
    Attack("exit_signals", 30),
    Attack("look_inside", 22, bites="PTRACE_ATTACH to one's own child"),
    Attack("proc_files", 53, bites="read /proc/1/mem"),
    Attack("relimit", 45, bites="prlimit(1, 7), set"),
    Attack("become", 166, bites="setresuid: root"),
    Attack("namespaces", 51, bites="clone3, plain"),
    Attack("syscalls", 60, bites="keyctl"),
    Attack("other_abi", 5),
    Attack("ipc", 16, bites="openpty"),
    Attack("sockets", 157),
)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.program)
async def test_an_attack_gets_nowhere(server: Server, attack: Attack) -> None:
    answer = await server.execute(language="c", files=c_files(attack.program), timeout=20_000)
    assert answer["status"] == "accepted", answer
    assert_every_try_failed(answer["output"], attack.tries)
    assert answer["run"]["stderr"] == ""
    await assert_hello_works(server)


@pytest.mark.parametrize(
    "attack", [a for a in ATTACKS if a.bites], ids=lambda attack: attack.program
)
async def test_the_attack_is_a_real_one(attack: Attack) -> None:
    """As root, in a container without our profile and our agent, it gets through."""
    output = await asyncio.to_thread(_run_unprotected, attack.program)
    assert f"BROKEN: {attack.bites}: gave" in output or f"BROKEN: {attack.bites}: E" in output


def _run_unprotected(program: str) -> str:
    client = docker.APIClient(base_url=ENGINE)
    host_config = client.create_host_config(
        security_opt=["seccomp=unconfined"],
        tmpfs={"/tmp": "exec"},
        mem_limit="256m",
        pids_limit=64,
        network_mode="none",
    )
    container = client.create_container(
        IMAGE, ["120"], entrypoint="/bin/sleep", host_config=host_config
    )["Id"]
    command = f"cd / && gcc -o /tmp/attack {program}.c && timeout -s KILL 20 /tmp/attack"
    try:
        client.put_archive(container, "/", _archive(c_files(program)))
        client.start(container)
        attack = client.exec_create(container, ["/bin/sh", "-c", command])
        return client.exec_start(attack).decode()
    finally:
        client.remove_container(container, force=True)
        client.close()


def _archive(files: list[dict[str, str]]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for file in files:
            content = file["content"].encode()
            entry = tarfile.TarInfo(file["name"])
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


async def test_the_machine_s_switches_are_out_of_reach(server: Server) -> None:
    answer = await server.execute(language="python", code=source("python", "machine_files"))
    assert answer["status"] == "accepted", answer
    assert_every_try_failed(answer["output"], at_least=60)
    # Whichever version of cgroups there is, its limits were found and tried.
    assert "memory.limit_in_bytes" in answer["output"] or "memory.max" in answer["output"]
    assert "cgroup.procs" in answer["output"]
    assert "pids.max" in answer["output"]
    await assert_hello_works(server)


async def test_frames_that_a_program_writes_are_its_output(server: Server) -> None:
    answer = await server.execute(
        language="python", code=source("python", "forge"), encoding="base64"
    )
    assert answer["status"] == "accepted", answer
    exit_frame = struct.pack(">IBiiBBHQQQI", 40, 0x86, 0, 0, 0, 0, 0, 1, 1, 1, 0)
    forgeries = (
        exit_frame
        + (b"\0\0\0\x06\x83forged" + b"\0\0\0\x06\x87forged")
        + (b"\xff\xff\xff\xff\x83" + b"\0\0\0\0\0")
    )
    stdout = base64.b64decode(answer["run"]["stdout"])
    assert base64.b64decode(answer["run"]["stderr"]) == forgeries
    assert stdout.endswith(b" tries\n" + forgeries)
    assert_every_try_failed(stdout.removesuffix(forgeries).decode(), at_least=272)
    await assert_hello_works(server)


async def test_a_second_agent_is_a_program_like_any_other(server: Server) -> None:
    answer = await server.execute(
        language="python", code=source("python", "impersonate"), encoding="base64"
    )
    assert answer["run"]["exit_code"] == AGENT_FAILED, answer
    assert answer["status"] == "runtime_error"
    stdout = base64.b64decode(answer["run"]["stdout"])
    told, _, frame = stdout.rpartition(b" tries\n")
    assert_every_try_failed(told.decode() + " tries\n", at_least=10)
    assert b"must be process 1" in frame  # its error frame, as plain output
    await assert_hello_works(server)


async def test_out_of_memory_the_agent_lives_to_tell(server: Server) -> None:
    answer = await server.execute(
        language="python",
        code=source("python", "oom_shield"),
        timeout=10_000,
        limits={"memory_mb": 64},
    )
    assert answer["status"] in ("memory_limit", "time_limit"), answer
    assert answer["output"].startswith("agent "), answer
    # The agent's own report; a sandbox that was lost has none.
    assert answer["run"]["memory_kb"] is not None, answer
    assert answer["run"]["cpu_ms"] is not None
    await assert_hello_works(server)
