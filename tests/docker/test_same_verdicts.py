"""A verdict is the program's own: the same alone and with every slot busy.

Every fifth program of the two hundred; a quarter of an hour has all of them:
`EACH_PROGRAM=1 make test ARGS=tests/docker/test_same_verdicts.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.docker.server import Server, running_server
from tests.docker.two_hundred import Named, Seen, look, look_alone, two_hundred

pytestmark = [
    pytest.mark.docker,
    pytest.mark.thorough,
    pytest.mark.alone,
    pytest.mark.timeout(3600),
]

EVERY = 5
SLOTS = 4
BUSY = """#include <thread>
int main() {
    auto spin = [] { for (volatile unsigned long n = 0;; n = n + 1) {} };
    std::thread other(spin);
    spin();
}"""
DEADLINE_S = 300.0
"""Of one answer: much more than any should take."""


async def test_programs_come_to_the_same_alone_and_on_a_full_machine(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    programs = two_hundred()[:: 1 if os.environ.get("EACH_PROGRAM") else EVERY]
    settings = {"MAX_JOBS": str(SLOTS), "MEMORY_BUDGET_MB": "4096", "COMPILE_CACHE_MB": "0"}
    async with running_server(tmp_path, **settings) as server:
        began = time.monotonic()
        alone = [look_alone(each, await _ask(server, each)) for each in programs]
        alone_s = time.monotonic() - began
        async with _every_other_slot_busy(server):
            began = time.monotonic()
            beside = [look(await _ask(server, each)) for each in programs]
            beside_s = time.monotonic() - began
    different = [
        (each, one, other)
        for each, one, other in zip(programs, alone, beside, strict=True)
        if one.verdicts != other.verdicts
    ]
    lines = [f"{len(programs)} programs: {alone_s:.0f} s alone, {beside_s:.0f} s beside others"]
    lines += [_line(*found) for found in different]
    with capsys.disabled():
        print("", *lines, sep="\n")  # noqa: T201 - figures to look at
    assert [each.name for each, one, _ in different if not one.is_near] == []


def _line(each: Named, one: Seen, other: Seen) -> str:
    near = f"near its limit: {one.share:.0%} of it" if one.is_near else "NOT THE SAME"
    return f"  {each.name}: {' '.join(one.verdicts)} | {' '.join(other.verdicts)} ({near})"


async def _ask(server: Server, each: Named) -> dict[str, Any]:
    async with asyncio.timeout(DEADLINE_S):
        status, answer = await server.post(each.body)
    assert status == 200, (each.name, answer)
    return answer


@contextlib.asynccontextmanager
async def _every_other_slot_busy(server: Server) -> AsyncIterator[None]:
    """Jobs of two busy threads each, one after the other, in all slots but one."""

    async def keep_busy() -> None:
        limits = {"wall_ms": 20_000, "cpu_ms": 60_000, "memory_mb": 64}
        while True:
            await server.post({"language": "cpp", "code": BUSY, "limits": limits})

    tasks = [asyncio.create_task(keep_busy()) for _ in range(SLOTS - 1)]
    try:
        async with asyncio.timeout(DEADLINE_S):
            while (await server.get("/stats"))[1]["slots"]["used"] < SLOTS - 1:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
