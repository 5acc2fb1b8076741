"""The languages' `fast` arguments change nothing that anybody can see."""

from __future__ import annotations

import asyncio
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.docker.fast_programs import jobs
from tests.docker.server import Server, running_server

if TYPE_CHECKING:
    from pathlib import Path

    from tests.docker.fast_programs import Job

pytestmark = [
    pytest.mark.docker,
    pytest.mark.timeout(900),
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.thorough,
]

AT_ONCE = 3
OBSERVED = ("success", "output", "error", "status", "version", "warnings")
STAGE = ("status", "stdout", "stderr", "exit_code", "signal", "killed_by", "limits_hit")
# A temporary file of the compiler's, in what the linker and the assembler say.
TEMPORARY = re.compile(r"\bcc[A-Za-z0-9]{6}\b")


def observed(answer: dict[str, Any]) -> str:
    seen: dict[str, Any] = {key: answer[key] for key in OBSERVED}
    for stage in ("compile", "run"):
        got = answer[stage]
        seen[stage] = got and {key: got[key] for key in STAGE}
    return TEMPORARY.sub("cc", json.dumps(seen, indent=1))


async def answers(server: Server, rows: list[Job]) -> list[str]:
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(row: Job) -> str:
        async with slots:
            return observed(await server.execute(timeout=20_000, **row))

    return list(await asyncio.gather(*(one(row) for row in rows)))


async def test_answers_are_the_same_with_and_without(server: Server, tmp_path: Path) -> None:
    rows = list(jobs())  # the samples are test_speedups.py's
    fast = await answers(server, rows)
    # On a busy machine the plain compiler alone might not end in time.
    patient = {"COMPILE_CPU_MS": "30000", "COMPILE_WALL_MS": "60000"}
    async with running_server(
        tmp_path / "state", FAST_TOOLCHAIN="false", **patient
    ) as plain_server:
        plain = await answers(plain_server, rows)
    differing = [
        f"{row}\n--- fast\n{one}\n--- plain\n{other}"
        for row, one, other in zip(rows, fast, plain, strict=True)
        if one != other
    ]
    assert not differing, "\n\n".join(differing)
