"""Streams of a real server: events when they happen, and readers that are slow."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.docker.raw_caller import raw_call
from tests.docker.server import Server, running_server
from tests.sandbox_support import DEADLINE_S

pytestmark = [
    pytest.mark.docker,
    pytest.mark.asyncio(loop_scope="session"),
]

# Each prints, sleeps for a second, and prints the time (ms since 1970).
PATIENT = {
    "python": "import time\nprint('first', flush=True)\ntime.sleep(1)\nprint(time.time() * 1000)",
    "c": r"""
#define _GNU_SOURCE
#include <stdio.h>
#include <time.h>
#include <unistd.h>
int main(void) {
    struct timespec now;
    puts("first");
    fflush(stdout);
    sleep(1);
    clock_gettime(CLOCK_REALTIME, &now);
    printf("%lld\n", now.tv_sec * 1000LL + now.tv_nsec / 1000000);
}
""",
    "cpp": r"""
#include <chrono>
#include <iostream>
#include <thread>
int main() {
    using namespace std::chrono;
    std::cout << "first" << std::endl;
    std::this_thread::sleep_for(seconds(1));
    std::cout << duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}
""",
    "java": """
public class Main {
    public static void main(String[] args) throws Exception {
        System.out.println("first");
        Thread.sleep(1000);
        System.out.println(System.currentTimeMillis());
    }
}
""",
}


@pytest.mark.parametrize("language", PATIENT)
@pytest.mark.parametrize("form", ["ndjson", "sse"])
async def test_output_arrives_before_the_program_prints_on(
    server: Server, language: str, form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[tuple[float, dict[str, Any]]] = [
        (time.time() * 1000, event)
        async for event in server.stream(form, language=language, code=PATIENT[language])
    ]
    output = [(at, event["data"]) for at, event in seen if event["event"] == "stdout"]
    first_arrived, first = output[0]
    second_printed = float("".join(data for _, data in output[1:]))
    assert first.strip() == "first"
    assert first_arrived < second_printed
    with capsys.disabled():
        early = second_printed - first_arrived
        print(f"\n  {language} ({form}): {early:.0f} ms before the second print", end=" ")  # noqa: T201 - figures
    assert seen[-1][1]["event"] == "result"
    assert seen[-1][1]["status"] == "accepted"


async def test_what_a_stream_said_is_what_its_answer_says(server: Server) -> None:
    code = (
        "import sys\nfor n in range(20000): print(n, 'é💩', file=(sys.stdout, sys.stderr)[n % 2])"
    )
    events = [event async for event in server.stream(language="python", code=code)]
    result = events[-1]
    for stream in ("stdout", "stderr"):
        said = "".join(event["data"] for event in events if event["event"] == stream)
        assert said == result["run"][stream]
    (ended,) = [event for event in events if event["event"] == "exit"]
    assert ended == {"event": "exit", "name": "run"} | result["run"]


async def test_a_compile_error_is_streamed_as_the_compiler_says_it(server: Server) -> None:
    events = [event async for event in server.stream(language="c", code="int main(void) { x; }")]
    names = [event["event"] for event in events]
    assert [name for name, _ in groupby(names)] == ["queued", "stage", "stderr", "exit", "result"]
    said = "".join(event["data"] for event in events if event["event"] == "stderr")
    assert "undeclared" in said
    assert (events[-1]["status"], events[-1]["compile"]["stderr"]) == ("compile_error", said)


HUNDRED_MB = "import os\nfor _ in range(1600): os.write(1, b'x' * 65_536)"
MORE_THAN_THAT = 200_000_000
SLACK_KB = 16_384  # the buffers of one stream, ten times over


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def generous(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    """A server that would let a program print 200 MB."""
    settings = {"MAX_OUTPUT_SIZE": str(MORE_THAN_THAT), "ANSWER_TIMEOUT": "2"}
    settings |= {"LANGUAGES": "python", "POOL": "0"}
    async with running_server(tmp_path_factory.mktemp("state"), **settings) as running:
        yield running


def resident_kb(server: Server) -> int:
    status = Path(f"/proc/{server.process.pid}/status").read_text("ascii")
    return int(status.split("VmRSS:")[1].split()[0])


async def read_a_byte_a_second(server: Server, **body: Any) -> None:
    """Until cancelled: with what the kernel holds, it would go on for hours after its job's end."""
    async with raw_call(server, "ndjson", **body) as caller:
        while await caller.read(1):  # noqa: ASYNC110 - a slow reader is what this is
            await asyncio.sleep(1)  # the byte a second that the test is about


async def outcome_of(server: Server, before: dict[str, Any]) -> dict[str, int]:
    """What `/stats` counts more of than before."""
    after = (await server.get("/stats"))[1]["since_start"]
    return {
        f"{kind} {name}": count - before[kind].get(name, 0)
        for kind in ("verdicts", "causes")
        for name, count in after[kind].items()
        if count != before[kind].get(name, 0)
    }


def accepted(number: int) -> tuple[dict[str, int], ...]:
    """What is counted when nothing else has ended yet."""
    return ({"verdicts accepted": number},) if number else ({},)


@pytest.mark.parametrize(
    ("kept", "ended_by"),
    [
        (MORE_THAN_THAT, {"verdicts time_limit": 1, "causes wall": 1}),
        (100_000, {"verdicts output_limit": 1, "causes output": 1}),
    ],
    ids=["held up until its time is over", "stopped at the output limit"],
)
async def test_a_reader_of_a_byte_a_second_costs_the_server_nothing(
    generous: Server, kept: int, ended_by: dict[str, int], capsys: pytest.CaptureFixture[str]
) -> None:
    hello = {"language": "python", "code": "print('hello')"}
    for _ in range(3):
        await generous.execute(**hello)
    before = (await generous.get("/stats"))[1]["since_start"]
    at_first = resident_kb(generous)
    slow = asyncio.create_task(
        read_a_byte_a_second(
            generous,
            language="python",
            code=HUNDRED_MB,
            timeout=6000,
            limits={"output_kb": kept // 1024},
        )
    )
    sizes, others = [at_first], 0
    async with asyncio.timeout(DEADLINE_S):
        while (ended := await outcome_of(generous, before)) in accepted(others):
            assert (await generous.execute(**hello))["output"] == "hello\n"
            others += 1
            sizes.append(resident_kb(generous))
    slow.cancel()
    assert ended == ended_by | {"verdicts accepted": others}
    with capsys.disabled():
        text = f"{at_first} kB resident before, at most {max(sizes)} kB during {others} other jobs"
        print(f"\n  {text}", end=" ")  # noqa: T201 - figures are for whoever runs the tests
    assert max(sizes) - at_first < SLACK_KB
