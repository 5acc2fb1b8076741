"""What real programs may count on: standards, properties, locales, Java's main class."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.docker.found_programs import JAVA, PROGRAMS
from tests.docker.server import BEARER, Server, running_server
from tests.speeds import one_in, params

pytestmark = [pytest.mark.docker, pytest.mark.asyncio(loop_scope="session")]

PLAIN = {
    "POOL": "0",
    "COMPILE_SERVER": "off",
    "FAST_TOOLCHAIN": "false",
    "COMPILE_CACHE_MB": "0",
    # Piston's own times are short for a busy machine.
    "PISTON_COMPILE_TIMEOUT": "40000",
    "PISTON_RUN_TIMEOUT": "40000",
}
PISTON = "/api/v2/execute"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def plain(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    async with running_server(tmp_path_factory.mktemp("plain"), **PLAIN) as running:
        yield running


def printed(answer: dict[str, Any]) -> str:
    """What it printed, if it is as it should be; else what became of it."""
    return str(answer["output"]) if answer["status"] == "accepted" else str(answer)


def _java(request: str | dict[str, Any]) -> dict[str, Any]:
    return {"language": "java", "code": request} if isinstance(request, str) else request


@pytest.mark.parametrize("name", params(PROGRAMS, one_in(4, PROGRAMS), str))
async def test_programs_find_what_is_promised(server: Server, name: str) -> None:
    language, code, expected = PROGRAMS[name]
    answer = await server.execute(language=language, code=code, input="3", timeout=20_000)
    assert printed(answer) == expected


@pytest.mark.parametrize("name", params(JAVA, one_in(4, JAVA), str))
async def test_java_s_main_class_is_found(server: Server, name: str) -> None:
    request, expected = JAVA[name]
    answer = await server.execute(timeout=20_000, **_java(request))
    assert printed(answer) == expected + "\n"
    again = await server.execute(timeout=20_000, **_java(request))
    assert printed(again) == expected + "\n"
    assert again["timings"]["compile_cache"] == "hit"


@pytest.mark.thorough
@pytest.mark.parametrize("name", JAVA)
async def test_java_s_main_class_is_the_same_without_any_speed_up(plain: Server, name: str) -> None:
    request, expected = JAVA[name]
    assert printed(await plain.execute(timeout=20_000, **_java(request))) == expected + "\n"


async def test_without_a_main_java_says_what_is_missing(server: Server) -> None:
    answer = await server.execute(language="java", code="package a; public class Main { int x; }")
    assert answer["status"] == "runtime_error"
    assert "Main method not found in class a.Main" in answer["run"]["stderr"]


@pytest.mark.parametrize(
    ("language", "file", "expected"),
    [
        ("java", {"content": JAVA["not public"][0]}, "hi\n"),
        ("java", {"name": "A.java", "content": JAVA["package"][0]}, "hi\n"),
        ("java", {"name": "x", "content": JAVA["with a mark"][0]}, "hi\n"),
        ("c++14", {"content": PROGRAMS["c++14"][1]}, "201402"),
        ("gnu11", {"name": "a.c", "content": PROGRAMS["gnu11"][1]}, "201112"),
    ],
)
async def test_piston_s_door_is_the_same(
    plain: Server, language: str, file: dict[str, Any], expected: str
) -> None:
    body = {"language": language, "version": "*", "files": [file]}
    async with plain.session.post(PISTON, json=body, headers=BEARER) as response:
        answer = await response.json()
    assert (response.status, answer["run"]["stdout"]) == (200, expected), answer


async def test_a_checker_s_language_may_be_a_dialect(server: Server) -> None:
    code = "int main() { return __cplusplus == 201402 ? 0 : 1; }"
    checker = {"type": "program", "language": "c++14", "code": code}
    tests = [{"input": "", "expected": ""}]
    answer = await server.execute(language="python", code="pass", tests=tests, checker=checker)
    assert answer["status"] == "accepted", answer
