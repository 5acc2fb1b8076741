"""What the tests with hostile programs share."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import docker

from orchestrator.sandbox.spec import LABEL_JOB
from tests.docker.server import Server

PROGRAMS = Path(__file__).parent / "programs"
ENGINE = "unix:///var/run/docker.sock"
GONE_S = 15.0  # a container is removed in tenths of a second; this is a deadline with slack

_LINE = re.compile(r"(?:refused: E[A-Z0-9]+|works:) \S.*")


def source(language: str, program: str) -> str:
    extension = {"c": "c", "cpp": "cpp", "java": "java", "python": "py"}[language]
    return (PROGRAMS / language / f"{program}.{extension}").read_text("utf-8")


def c_files(program: str) -> list[dict[str, str]]:
    """A C program and the header it is written with."""
    names = (f"{program}.c", "attack.h")
    return [{"name": n, "content": (PROGRAMS / "c" / n).read_text("utf-8")} for n in names]


def assert_every_try_failed(stdout: str, at_least: int) -> None:
    """Exactly what an attack prints that got nowhere: one line per try, and the end."""
    *lines, end = stdout.splitlines()
    through = [line for line in lines if not _LINE.fullmatch(line)]
    assert not through, through
    assert end == f"the end, {len(lines)} tries"
    assert len(lines) >= at_least, stdout


async def assert_hello_works(server: Server) -> None:
    """The service is as it was."""
    answer = await server.execute(language="python", code="print('Hello, World!')")
    assert (answer["status"], answer["output"]) == ("accepted", "Hello, World!\n"), answer


async def assert_container_gone(job: Mapping[str, Any]) -> None:
    """Nothing is left of a job a moment after its answer."""
    client = docker.APIClient(base_url=ENGINE)
    try:
        label = {"label": f"{LABEL_JOB}={job['id']}"}
        deadline = time.monotonic() + GONE_S
        while found := await asyncio.to_thread(client.containers, all=True, filters=label):
            assert time.monotonic() < deadline, found
            await asyncio.sleep(0.05)
    finally:
        client.close()
