"""With every speed-up on and off, and found in the cache: what a program observes is the same."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.docker.sample_requests import sample_requests
from tests.docker.server import Server, running_server
from tests.docker.speedup_programs import Case, cases

pytestmark = [
    pytest.mark.docker,
    pytest.mark.asyncio(loop_scope="module"),
]

# On a busy machine a compiler that waits for its turn might not end in time.
PATIENT = {"COMPILE_CPU_MS": "30000", "COMPILE_WALL_MS": "60000"}
ON = {"POOL": "2", "COMPILE_SERVER": "on", "POOL_MEMORY_MB": "1000", **PATIENT}
OFF = {
    "RUNTIME": "runc",
    "POOL": "0",
    "COMPILE_CACHE_MB": "0",
    "COMPILE_SERVER": "off",
    "FAST_TOOLCHAIN": "false",
    **PATIENT,
}
OBSERVED = ("status", "stdout", "stderr", "exit_code", "signal", "killed_by", "stdout_truncated")


def _samples() -> dict[str, Case]:
    requests = {
        name: each
        for name, each in sample_requests().items()
        if not name.endswith(("_limit", "big_output"))  # speed-ups have no part in these
    }
    return {name: (each.pop("language"), each.pop("code"), each) for name, each in requests.items()}


CASES = _samples() | cases()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def fast(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    async with running_server(tmp_path_factory.mktemp("fast"), **ON) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def plain(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    async with running_server(tmp_path_factory.mktemp("plain"), **OFF) as running:
        yield running


# What differs from one plain run to the next: gcc's temporary names, the stack's addresses.
RANDOM = re.compile(r"/build/cc\w{6}(?=\.o)|0x7ff\w{9}")


def observed(answer: dict[str, Any]) -> dict[str, Any]:
    stages = {
        stage: answer[stage] and {name: _fixed(answer[stage][name]) for name in OBSERVED}
        for stage in ("compile", "run")
    }
    for stage in filter(None, stages.values()):
        if stage["killed_by"] == "output":  # the closed pipe's signal or the agent's, as it happens
            stage["signal"] = None
    whole = ("status", "success", "output", "error")
    return {name: _fixed(answer[name]) for name in whole} | stages


def _fixed(value: Any) -> Any:
    return RANDOM.sub("random", value) if isinstance(value, str) else value


async def test_there_are_forty_programs_beside_the_samples() -> None:
    assert len(cases()) >= 40


@pytest.mark.thorough
@pytest.mark.parametrize("name", CASES)
async def test_speed_ups_do_not_change_the_answer(fast: Server, plain: Server, name: str) -> None:
    language, code, request = CASES[name]
    job = {"language": language, "code": code, "timeout": 20_000, **request}
    await fast.until_ready(language)
    slow, first = await asyncio.gather(plain.execute(**job), fast.execute(**job))
    assert first["timings"]["pool"] == "hit"
    expected = observed(slow)
    assert observed(first) == expected
    second = await fast.execute(**job)
    assert observed(second) == expected
    if first["compile"] and first["compile"]["status"] == "accepted":
        assert second["timings"]["compile_cache"] == "hit"
