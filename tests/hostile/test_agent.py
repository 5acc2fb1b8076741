"""What the corpus can't express of attacks on the agent: that they are real ones, and every byte of
what a forger gets."""

from __future__ import annotations

import asyncio
import base64
import io
import struct
import tarfile

import docker
import pytest

from tests.docker.server import Server
from tests.hostile.attacks import assert_every_try_failed, source
from tests.hostile.corpus import Program, load
from tests.sandbox_support import SOCKET

pytestmark = [pytest.mark.docker, pytest.mark.asyncio(loop_scope="session")]

AGENT_FAILED = 70
REAL_ONES = [program for program in load() if program.bites]


@pytest.mark.parametrize("attack", REAL_ONES, ids=lambda attack: attack.name)
async def test_the_attack_is_a_real_one(attack: Program) -> None:
    """As root, in a container without our profile and our agent, it gets through."""
    output = await asyncio.to_thread(_run_unprotected, attack)
    assert f"BROKEN: {attack.bites}: gave" in output or f"BROKEN: {attack.bites}: E" in output


def _run_unprotected(attack: Program) -> str:
    client = docker.APIClient(base_url=SOCKET)
    host_config = client.create_host_config(
        security_opt=["seccomp=unconfined"],
        tmpfs={"/tmp": "exec"},
        mem_limit="256m",
        pids_limit=64,
        network_mode="none",
    )
    container = client.create_container(
        f"codebae-runner/{attack.language}:current",
        ["120"],
        entrypoint="/bin/sleep",
        host_config=host_config,
    )["Id"]
    compiler = {"c": "gcc", "cpp": "g++"}[attack.language]
    build = f"cd / && {compiler} -o /tmp/attack {attack.path.name}"
    command = f"{build} && timeout -s KILL 20 /tmp/attack"
    try:
        client.put_archive(container, "/", _archive(attack.files()))
        client.start(container)
        started = client.exec_create(container, ["/bin/sh", "-c", command])
        return client.exec_start(started).decode()
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


async def test_frames_that_a_program_writes_are_its_output(server: Server) -> None:
    answer = await server.execute(
        language="python", code=source("python", "forge"), encoding="base64"
    )
    assert answer["status"] == "accepted", answer
    exit_frame = struct.pack(">IBiiBBHQQQQI", 48, 0x86, 0, 0, 0, 0, 0, 1, 1, 0, 1, 0)
    forgeries = (
        exit_frame
        + (b"\0\0\0\x06\x83forged" + b"\0\0\0\x06\x87forged")
        + (b"\xff\xff\xff\xff\x83" + b"\0\0\0\0\0")
    )
    stdout = base64.b64decode(answer["run"]["stdout"])
    assert base64.b64decode(answer["run"]["stderr"]) == forgeries
    assert stdout.endswith(b" tries\n" + forgeries)
    assert_every_try_failed(stdout.removesuffix(forgeries).decode(), at_least=272)


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
