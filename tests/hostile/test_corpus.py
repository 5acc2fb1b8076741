"""Every program of the corpus: contained, answered in time, harmless to what runs beside it and
after it (`corpus.py`, `programs/`)."""

from __future__ import annotations

import asyncio
import itertools
import random
import secrets
from collections.abc import Mapping
from typing import Any

import pytest
import pytest_asyncio

from tests.docker.server import Server
from tests.hostile.attacks import (
    COMPILE_WALL_MS,
    EXECUTION_TIMEOUT_MS,
    assert_container_gone,
    assert_every_try_failed,
    assert_hello_works,
    companion,
)
from tests.hostile.corpus import Program, every_third, load

pytestmark = [pytest.mark.docker, pytest.mark.asyncio(loop_scope="session")]

MAX_OUTPUT = 100_000  # the server's default
AGAIN_MS = 1_000  # attacks that take longer are not all repeated: the suite has its bounds
DEFAULT_MEMORY_MB = 256  # of all four languages
GRACE_S = 25.0  # beyond the limits: for the containers, on a machine that is busy with the attack
NEIGHBOUR_WALL_MS = 30_000  # it takes half a second, but an attack may take the processors
PAUSE_S = 1.0
"""Between neighbours: the processors are the attack's, and other tests'."""
NEIGHBOURS = {"python": companion("neighbour.py"), "c": companion("neighbour.c")}
"""The one starts and runs, the other one is compiled each time as well."""
TOLD = ("status", "stdout", "stderr", "exit_code", "signal", "killed_by", "limits_hit")

ALWAYS = {program.name for program in every_third()}
CASES = [
    pytest.param(
        program,
        request,
        id=f"{program.name}{f'-{number}' if number else ''}",
        marks=() if program.name in ALWAYS else pytest.mark.thorough,
    )
    for program in load()
    for number, request in enumerate(program.requests)
]


Told = tuple[str, Mapping[str, Any]]
"""A neighbour's language, and what it was answered."""


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def alone(server: Server) -> Mapping[str, Mapping[str, Any]]:
    """What each neighbour is answered when nothing runs beside it."""
    told = dict([await _neighbour(server, language) for language in NEIGHBOURS])
    for answer in told.values():
        assert answer["run"]["status"] == "accepted", told
        assert answer["run"]["stdout"].endswith("all done\n"), told
    return told


@pytest.mark.parametrize(("program", "request_"), CASES)
async def test_an_attack_is_contained(
    server: Server,
    alone: Mapping[str, Mapping[str, Any]],
    program: Program,
    request_: Mapping[str, Any],
) -> None:
    await server.until_ready(program.language)
    async with asyncio.TaskGroup() as jobs:
        attack = jobs.create_task(_attack(server, program, request_))
        neighbour = jobs.create_task(_neighbours_until(server, attack))
    answer = attack.result()
    _judge(program, answer)
    assert _could_not_wait(request_, answer) or answer["timings"]["pool"] == "hit"
    wall_ms = answer["run"] and answer["run"]["wall_ms"]  # of a sandbox that was lost there is none
    if answer["timings"]["compile_cache"] == "miss" and wall_ms and wall_ms < AGAIN_MS:
        await _again_from_the_cache(server, program, request_)
    for language, told in neighbour.result():
        assert told == alone[language]
    await assert_hello_works(server, program.language)
    await assert_container_gone(server)


def _could_not_wait(request: Mapping[str, Any], answer: Mapping[str, Any]) -> bool:
    """Whether it asks for less memory than sandboxes that wait have, or its compiler for more.

    That is started again then, in another sandbox: the neighbours may have the last that waits.
    """
    if answer["compile"] and answer["compile"]["status"] != "accepted":
        return True
    return int(request.get("limits", {}).get("memory_mb", DEFAULT_MEMORY_MB)) < DEFAULT_MEMORY_MB


async def _again_from_the_cache(
    server: Server, program: Program, request: Mapping[str, Any]
) -> None:
    """What it did the first time has changed nothing of what it is given the second time."""
    answer = await _attack(server, program, request)
    _judge(program, answer)
    assert answer["timings"]["compile_cache"] in {"hit", "miss"}  # miss: it could not be packed


async def _attack(
    server: Server, program: Program, request: Mapping[str, Any]
) -> Mapping[str, Any]:
    limits = request.get("limits", {})
    wall_ms = limits.get("wall_ms", request.get("timeout", EXECUTION_TIMEOUT_MS))
    deadline_s = program.within_s or (COMPILE_WALL_MS + wall_ms) / 1000 + GRACE_S
    body = {"language": program.language, "files": program.files(), **request}
    async with asyncio.timeout(deadline_s):
        return await server.execute(**body)


async def _neighbours_until(server: Server, attack: asyncio.Task[Mapping[str, Any]]) -> list[Told]:
    """A neighbour, and one after the other, with a pause, while the attack is under way."""
    languages = itertools.cycle(random.sample(sorted(NEIGHBOURS), len(NEIGHBOURS)))
    told = [await _neighbour(server, next(languages))]
    while not attack.done():
        await asyncio.wait([attack], timeout=PAUSE_S)
        told.append(await _neighbour(server, next(languages)))
    return told


async def _neighbour(server: Server, language: str) -> Told:
    answer = await server.execute(
        language=language,
        code=f"{NEIGHBOURS[language]}\n{_remark(language)}",
        input="a line of input\n" * 100,
        timeout=NEIGHBOUR_WALL_MS,
    )
    stages = {name: answer[name] for name in ("compile", "run") if answer[name]}
    return language, {
        name: {field: stage[field] for field in TOLD} for name, stage in stages.items()
    }


def _remark(language: str) -> str:
    """Another one each time, so that what was compiled before is not in the cache."""
    return f"{'#' if language == 'python' else '//'} {secrets.token_hex(8)}\n"


def _judge(program: Program, answer: Mapping[str, Any]) -> None:
    """The answer is one that the program's header allows, and whole."""
    decided = answer["run"] or answer["compile"]
    outcome = (answer["status"], decided["killed_by"])
    assert outcome in {(o.verdict, o.cause) for o in program.allowed}, answer
    for stage in filter(None, (answer["compile"], answer["run"])):
        # The agent's own report: a sandbox that was lost has none. One that is out of memory may
        # be: where a killed program is slow to give its memory back, the kernel takes the agent.
        if stage["killed_by"] != "memory":
            assert stage["cpu_ms"] is not None, answer
            assert stage["memory_kb"] is not None, answer
        assert len(stage["stdout"]) <= MAX_OUTPUT
        assert len(stage["stderr"]) <= MAX_OUTPUT
    if answer["status"] == "compile_error":
        assert answer["run"] is None
        assert answer["error"].startswith("Compilation Error:\n")
    if answer["status"] == "output_limit":
        assert decided["stdout_truncated"] or decided["stderr_truncated"], answer
    _judge_output(program, decided)


def _judge_output(program: Program, stage: Mapping[str, Any]) -> None:
    if program.tries is not None:
        assert_every_try_failed(stage["stdout"], program.tries)
        assert stage["stderr"] == ""
    if program.prints is not None:
        assert program.prints.fullmatch(stage["stdout"]), stage
    assert program.says in stage["stderr"], stage
    assert program.hits <= set(stage["limits_hit"]), stage
