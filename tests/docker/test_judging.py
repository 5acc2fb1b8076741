"""Judging on the real engine: one compile for all tests, and a sandbox that is lost among them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from orchestrator.engine.client import EngineClient
from tests.docker.server import Server, running_server
from tests.sandbox_support import SOCKET, containers_of

pytestmark = [pytest.mark.docker, pytest.mark.asyncio(loop_scope="session")]

SUMS = {
    "python": "a, b = map(int, input().split())\nprint(a + b)\n",
    "cpp": "#include <iostream>\nint main() { long a, b; std::cin >> a >> b; std::cout << a + b; }",
}
USES = """
import time
megabytes, milliseconds = map(int, input().split())
hoard = b"x" * (megabytes << 20)
while time.process_time() * 1000 < milliseconds:
    pass
"""
COUNTS = "import time\ntime.sleep(0.2)\nprint(int(input()) + 1)\n"


@pytest.mark.parametrize("language", list(SUMS))
async def test_a_hundred_tests_are_compiled_once_and_told_one_by_one(
    server: Server, language: str
) -> None:
    wrong = 70
    tests = [
        {"input": f"{n} {n * n}", "expected": str(n + n * n + (n == wrong))} for n in range(100)
    ]
    body: dict[str, Any] = {"language": language, "code": SUMS[language], "tests": tests}
    events = [event async for event in server.stream(**body)]
    told = [event["event"] for event in events]
    compilations = [event for event in events if event["event"] == "exit"]
    assert [event["name"] for event in compilations] == ["compile"] * (language == "cpp")
    assert told.count("stage") == 100 + len(compilations)
    assert [event["number"] for event in events if event["event"] == "test"] == [*range(1, 101)]
    result = events[-1]
    assert (result["event"], result["status"]) == ("result", "wrong_answer")
    assert (result["summary"]["passed"], result["summary"]["failed"]) == (99, 1)
    failed = result["tests"][wrong]
    assert failed["difference"]["expected"] == str(wrong + wrong * wrong + 1)
    assert failed["stdout"].strip() == str(wrong + wrong * wrong)
    assert {test["stdout"] for test in result["tests"] if test is not failed} == {None}


async def test_what_a_test_used_is_not_counted_to_the_next(server: Server) -> None:
    tests = [{"input": "100 1500"}, {"input": "0 0"}]
    answer = await server.execute(
        language="python", code=USES, tests=tests, limits={"cpu_ms": 20_000}
    )
    assert answer["status"] == "accepted", answer
    much, little = answer["tests"]
    assert little["memory_kb"] < 50 << 10 < much["memory_kb"], answer
    assert little["cpu_ms"] < 1500 <= much["cpu_ms"], answer


@pytest.mark.thorough
async def test_a_container_that_is_removed_between_tests_costs_no_result(tmp_path: Path) -> None:
    tests = [{"input": str(n), "expected": str(n + 1)} for n in range(6)]
    body: dict[str, Any] = {"language": "python", "code": COUNTS, "tests": tests}
    engine = EngineClient(SOCKET, timeout_s=30, threads=1)
    numbers = []
    async with running_server(tmp_path / "state", POOL="0") as server:
        async for event in server.stream(**body):
            if event["event"] == "test":
                numbers.append(event["number"])
            if numbers == [1, 2]:
                numbers.append(0)
                (container,) = await containers_of(engine, server.instance)
                await engine.remove_container(container["Id"])
    await engine.close()
    assert numbers == [1, 2, 0, 3, 4, 5, 6]
    assert (event["event"], event["status"]) == ("result", "accepted")
    assert event["summary"]["passed"] == len(tests)


async def test_a_checker_is_compiled_once_and_remembered(server: Server) -> None:
    checker = {
        "type": "program",
        "language": "cpp",
        "code": """
            #include <fstream>
            #include <iostream>
            int main(int, char **argv)
            {
                std::ifstream output(argv[2]), answer(argv[3]);
                int got = -1, wanted = -2;
                output >> got;
                answer >> wanted;
                std::cerr << "off by " << got - wanted;
                return got != wanted;
            }""",
    }
    tests = [{"input": "1", "expected": "2"}, {"input": "1", "expected": "1"}]
    body: dict[str, Any] = {"language": "python", "code": COUNTS, "tests": tests}
    first = await server.execute(**body, checker=checker)
    again = await server.execute(**body, checker=checker)
    for answer in (first, again):
        assert [test["message"] for test in answer["tests"]] == ["off by 0", "off by 1"]
        assert answer["status"] == "wrong_answer"
        assert answer["error"] == "Test 2 (2): wrong answer"
        assert answer["checker"]["status"] == "accepted"
    # What is kept is given as it was, its times included.
    assert again["checker"] == first["checker"]
