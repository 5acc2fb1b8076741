"""A compiler's memory is its own: what it needs beyond the program's limit it gets, each time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.docker.server import Server, running_server

pytestmark = [pytest.mark.docker, pytest.mark.asyncio(loop_scope="module")]

# On a busy machine a compiler that waits for its turn might not end in time.
PATIENT = {"COMPILE_CPU_MS": "30000", "COMPILE_WALL_MS": "120000", "MAX_JOB_MS": "400000"}

REGEX = """\
#include <bits/stdc++.h>
int main() {
    std::regex r("a+");
    std::cout << std::regex_match("aaa", r);
}
"""
HUNGRY = REGEX.replace(
    "std::regex r", "std::vector<char> v(400 << 20, 1); std::cout << (int)v[1 << 20]; std::regex r"
)
VECTORS = """
int main() {
    if (!__builtin_cpu_supports("avx2")) return std::puts("7"), 0;
    __m256i sum = _mm256_add_epi32(_mm256_set1_epi32(3), _mm256_set1_epi32(4));
    std::printf("%d\\n", _mm256_extract_epi32(sum, 0));
}
"""
TARGET = '#pragma GCC optimize("O3")\n#pragma GCC target("avx2,bmi,bmi2,popcnt,lzcnt")\n'
HEADERS = "#include <immintrin.h>\n#include <bits/stdc++.h>\n"
HELLO = {"language": "python", "code": "print(1)"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    async with running_server(tmp_path_factory.mktemp("state"), **PATIENT) as running:
        yield running


async def compiled(server: Server, code: str, **request: Any) -> dict[str, Any]:
    return await server.execute(language="cpp", code=code, timeout=20_000, **request)


@pytest.mark.thorough
async def test_a_compiler_gets_what_it_needs_and_the_program_its_own_limit(server: Server) -> None:
    answer = await compiled(server, TARGET + HUNGRY)
    assert answer["compile"]["status"] == "accepted", answer
    assert answer["compile"]["memory_kb"] > 256 * 1024  # or it proves nothing
    assert answer["compile"]["stderr"] == ""
    assert (answer["status"], answer["run"]["killed_by"]) == ("memory_limit", "memory"), answer


@pytest.mark.thorough
@pytest.mark.parametrize("code", [TARGET + HEADERS + VECTORS, HEADERS + TARGET + VECTORS])
async def test_vector_instructions_compile(server: Server, code: str) -> None:
    answer = await compiled(server, code)
    assert (answer["status"], answer["output"]) == ("accepted", "7\n"), answer


@pytest.mark.thorough
@pytest.mark.parametrize("number", range(8))
async def test_a_compile_near_the_memory_limit_succeeds_every_time(
    server: Server, number: int
) -> None:
    answer = await compiled(server, f"{REGEX}// {number}", limits={"memory_mb": 64})
    assert (answer["status"], answer["output"]) == ("accepted", "1"), answer


@pytest.mark.thorough
async def test_a_checker_that_needs_it_gets_it_too(server: Server) -> None:
    checker = {"type": "program", "language": "cpp", "code": REGEX + "// a checker\n"}
    tests = [{"name": name, "input": "", "expected": ""} for name in ("1", "2")]
    answer = await server.execute(**HELLO, tests=tests, checker=checker)
    assert answer["status"] == "accepted", answer
    assert [test["status"] for test in answer["tests"]] == ["accepted", "accepted"]
