"""Every verdict and every limit, from real programs (`programs/`), in each language, over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.docker.server import Server

pytestmark = [pytest.mark.docker, pytest.mark.asyncio(loop_scope="session")]

PROGRAMS = Path(__file__).parent / "programs"
LANGUAGES = {"c": ".c", "cpp": ".cpp", "java": ".java", "python": ".py"}


@dataclass(frozen=True)
class Case:
    """What to run, what to ask for, and what must be said of it."""

    program: str
    status: str
    killed_by: str | None = None
    request: Mapping[str, Any] = field(default_factory=dict)
    run: Mapping[str, Any] = field(default_factory=dict)
    limit_hit: str | None = None
    languages: tuple[str, ...] = tuple(LANGUAGES)


CASES = (
    Case("accepted", "accepted", request={"input": "1 2\n39\n"}, run={"stdout": "42\n"}),
    Case("compile_error", "compile_error", languages=("c", "cpp", "java")),
    Case("compile_error", "runtime_error", languages=("python",), run={"exit_code": 1}),
    Case("runtime_error", "runtime_error", run={"exit_code": 1, "stdout": "so far so good\n"}),
    Case("signal", "runtime_error", "signal", run={"exit_code": None}),
    Case(
        "wall", "time_limit", "wall", {"limits": {"wall_ms": 1000}}, {"stdout": "going to sleep\n"}
    ),
    Case("cpu", "time_limit", "cpu", {"limits": {"cpu_ms": 300, "wall_ms": 20_000}}),
    Case("memory", "memory_limit", "memory", {"timeout": 30_000}),
    Case("memory", "memory_limit", "memory", {"timeout": 30_000, "limits": {"memory_mb": 64}}),
    Case("output", "output_limit", "output", run={"stdout_truncated": True}),
    Case("processes", "runtime_error", request={"timeout": 30_000}, limit_hit="processes"),
    Case("disk", "runtime_error", request={"timeout": 30_000}, limit_hit="disk"),
    Case("inodes", "runtime_error", request={"timeout": 30_000}, limit_hit="inodes"),
    Case("files", "runtime_error", request={"timeout": 30_000}, limit_hit="files"),
    Case("file_size", "runtime_error", request={"timeout": 30_000}, limit_hit="file_size"),
)
ROWS = [
    pytest.param(case, language, id=f"{language}-{case.program}-{number}")
    for number, case in enumerate(CASES)
    for language in case.languages
]


def source(language: str, program: str) -> str:
    return (PROGRAMS / language / (program + LANGUAGES[language])).read_text("utf-8")


@pytest.mark.parametrize(("case", "language"), ROWS)
async def test_the_verdict_says_what_happened_and_why(
    server: Server, case: Case, language: str
) -> None:
    answer = await server.execute(
        language=language, code=source(language, case.program), **case.request
    )
    assert answer["status"] == case.status, answer
    stage = answer["run"] or answer["compile"]
    if case.killed_by or case.limit_hit is None:
        assert stage["killed_by"] == case.killed_by, answer
    assert {name: stage[name] for name in case.run} == case.run
    if case.limit_hit is not None:
        assert case.limit_hit in stage["limits_hit"], answer


@pytest.mark.parametrize(
    ("language", "program", "output"),
    [
        ("java", "hundred_threads", "all at once\n"),
        ("python", "multiprocessing_pool", "332833500\nlocked\n"),
    ],
)
async def test_the_defaults_let_ordinary_programs_be(
    server: Server, language: str, program: str, output: str
) -> None:
    answer = await server.execute(language=language, code=source(language, program))
    assert (answer["status"], answer["output"]) == ("accepted", output), answer


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_program_that_stays_within_its_limits_hits_none(
    server: Server, language: str
) -> None:
    answer = await server.execute(language=language, code=source(language, "accepted"))
    assert answer["run"]["limits_hit"] == []
    assert answer["run"]["memory_kb"] > 0
    assert answer["run"]["cpu_ms"] > 0
