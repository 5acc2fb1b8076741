"""The compile cache on a real server: the second answer is the first one, only sooner."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from tests.docker.server import API_KEYS, Server, running_server

pytestmark = [
    pytest.mark.docker,
    pytest.mark.asyncio(loop_scope="module"),
]

WARNS = """
#include <stdio.h>
int main(void) { int n; scanf("%s", &n); puts("ran"); return 0; }
"""
SEVERAL = [
    {
        "name": "main.cpp",
        "content": '#include "a/b.h"\n#include <iostream>\nint main(){std::cout<<f();}',
    },
    {"name": "a/b.h", "content": "int f();"},
    {"name": "a/b.cpp", "content": "int f() { return 42; }"},
]
JAVA = """
import java.nio.file.*;
public class Main {
    record Point(int x, int y) {}
    static class Inner { public String toString() { return "inner"; } }
    public static void main(String[] a) throws Exception {
        Runnable r = () -> System.out.println(new Point(1, 2) + " " + new Inner());
        r.run();
        try (var found = Files.walk(Path.of("/build"))) {
            found.sorted().forEach(each -> System.out.println(each + " " + Files.isWritable(each)));
        }
        System.exit(3);
    }
}
"""
JOBS: dict[str, dict[str, Any]] = {
    "c": {"language": "c", "code": '#include <stdio.h>\nint main(void) { puts("hi"); return 0; }'},
    "c that warns": {"language": "c", "code": WARNS, "input": "1", "compile_args": ["-Wall"]},
    "several files": {"language": "cpp", "files": SEVERAL},
    "java": {"language": "java", "code": JAVA},
    "a flag": {"language": "cpp", "code": "int main() { return X; }", "compile_args": ["-DX=7"]},
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    async with running_server(tmp_path_factory.mktemp("state"), API_KEY=API_KEYS) as running:
        yield running


def told(answer: dict[str, Any]) -> dict[str, Any]:
    """What is the same each time: all but ids, and what the clock and the kernel measured."""
    measured = {"cpu_ms", "wall_ms", "wall_given_back_ms", "memory_kb"}
    run = {name: value for name, value in answer["run"].items() if name not in measured}
    rest = ("success", "output", "error", "language", "version", "status", "warnings")
    return {name: answer[name] for name in rest} | {"run": run}


@pytest.mark.parametrize("name", JOBS)
async def test_the_second_answer_is_the_first_one(server: Server, name: str) -> None:
    first, second = [await server.execute(**JOBS[name]) for _ in range(2)]
    assert [each["timings"]["compile_cache"] for each in (first, second)] == ["miss", "hit"]
    assert told(first) == told(second)
    assert first["compile"] == second["compile"]
    assert first["compile"]["status"] == "accepted"
    assert bool(first["compile"]["stderr"]) == ("warns" in name)


async def test_a_stream_tells_of_the_compilation_as_it_was(server: Server) -> None:
    job = JOBS["c that warns"] | {"compile_args": ["-Wall", "-Wextra"]}
    streams = [[event async for event in server.stream(**job)] for _ in range(2)]
    assert streams[1][-1]["timings"]["compile_cache"] == "hit"
    first, second = map(_whole, streams)
    assert first == second
    assert any(kind == "stderr" and "warning" in text for kind, text in second)


def _whole(events: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Each event's kind and what it says; output that came in pieces in one."""
    told: list[tuple[str, str]] = []
    for event in events:
        kind, text = event["event"], event.get("data") or event.get("name") or event.get("status")
        if told and kind in {"stdout", "stderr"} and told[-1][0] == kind:
            told[-1] = (kind, told[-1][1] + text)
        else:
            told.append((kind, str(text)))
    return told


async def test_another_key_s_compilation_is_not_found(server: Server) -> None:
    job = {"language": "c", "code": "int main(void) { return 11; }"}
    await server.execute(**job)
    headers = {"x-api-key": "second-key-of-tests"}
    async with aiohttp.ClientSession(server.url, headers=headers) as other:
        for expected in ("miss", "hit"):
            async with other.post("/execute", json=job) as response:
                answer = await response.json()
            assert (answer["timings"]["compile_cache"], answer["run"]["exit_code"]) == (
                expected,
                11,
            )


@pytest.mark.parametrize(
    ("job", "status"),
    [
        ({"language": "c", "code": "int main(void) { return"}, "compile_error"),
        ({"language": "c", "code": "int main(void) { return f(); }"}, "compile_error"),
        ({"language": "c", "code": "int main(void) { return sizeof __TIME__ - 9; }"}, "accepted"),
        ({"language": "python", "code": "print()"}, "accepted"),
    ],
)
async def test_what_failed_or_may_differ_is_compiled_again(
    server: Server, job: dict[str, Any], status: str
) -> None:
    answers = [await server.execute(**job) for _ in range(2)]
    assert [answer["status"] for answer in answers] == [status] * 2
    assert "hit" not in [answer["timings"]["compile_cache"] for answer in answers]


@pytest.mark.thorough
async def test_the_compile_cache_can_be_turned_off(tmp_path: Any) -> None:
    async with running_server(tmp_path, LANGUAGES="c", COMPILE_CACHE_MB="0", POOL="0") as server:
        answers = [await server.execute(**JOBS["c"]) for _ in range(2)]
        assert [answer["timings"]["compile_cache"] for answer in answers] == [None, None]
        assert (await server.get("/stats"))[1]["compile_cache"]["max_bytes"] == 0
