"""What the tests with hostile programs share."""

from __future__ import annotations

import asyncio
import re
import time
from pathlib import Path

import docker

from orchestrator.sandbox.spec import LABEL_INSTANCE
from tests.docker.server import Server
from tests.hostile.corpus import EXTENSIONS, PROGRAMS, WITH, Program, parse
from tests.sandbox_support import SOCKET

GONE_S = 60.0  # a container is removed in tenths of a second, another made, its compiler started
# Of the server that is attacked. The CPU limit is enough for an honest compile, and the others end
# sooner; the wall limits are for a machine that is busy with other things, too.
COMPILE_CPU_MS = 4000
COMPILE_WALL_MS = 20_000
EXECUTION_TIMEOUT_MS = 15_000

_SAMPLES = Path(__file__).parents[2] / "images"
_LINE = re.compile(r"(?:refused: E[A-Z0-9]+|works:) \S.*")


def source(language: str, program: str) -> str:
    return (PROGRAMS / language / f"{program}{EXTENSIONS[language]}").read_text("utf-8")


def companion(name: str) -> str:
    return (PROGRAMS / WITH / name).read_text("utf-8")


def of_corpus(language: str, program: str) -> Program:
    return parse(PROGRAMS / language / f"{program}{EXTENSIONS[language]}", language)


def assert_every_try_failed(stdout: str, at_least: int) -> None:
    """Exactly what an attack prints that got nowhere: one line per try, and the end."""
    *lines, end = stdout.splitlines() or [""]
    through = [line for line in lines if not _LINE.fullmatch(line)]
    assert not through, through
    assert end == f"the end, {len(lines)} tries", stdout
    assert len(lines) >= at_least, stdout


async def assert_hello_works(server: Server, language: str = "python") -> None:
    """The service is as it was."""
    sample = _SAMPLES / language / "samples" / f"hello{EXTENSIONS[language]}"
    answer = await server.execute(language=language, code=sample.read_text("utf-8"))
    assert (answer["status"], answer["output"]) == ("accepted", "Hello, World!\n"), answer


async def assert_container_gone(server: Server) -> None:
    """Nothing is left of a job a moment after its answer: there is what waits, and no more."""
    client = docker.APIClient(base_url=SOCKET)
    label = {"label": f"{LABEL_INSTANCE}={server.instance}"}
    try:
        deadline = time.monotonic() + GONE_S
        while True:
            pool = (await server.get("/stats"))[1]["pool"].values()
            found = await asyncio.to_thread(client.containers, all=True, filters=label)
            if len(found) == sum(each["ready"] for each in pool):
                return
            assert time.monotonic() < deadline, (found, pool)
            await asyncio.sleep(0.05)
    finally:
        client.close()
