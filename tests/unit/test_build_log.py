"""A build's log: bounded in memory, thinned out for the event loop, and made of whole lines."""

from __future__ import annotations

import asyncio
import threading
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.engine.build_log import (
    MAX_EVENT_LINES,
    MAX_LINE,
    MAX_PARTIAL,
    MAX_PENDING,
    BuildLog,
    LineRelay,
)
from orchestrator.errors import EngineError


def lines_of(*texts: str) -> list[str]:
    log = BuildLog()
    return [line for text in (*texts, "\n") for line in log.feed({"stream": text})]


@given(st.text("ab\r\n \x1b[0m", max_size=60), st.lists(st.integers(0, 60), max_size=4))
def test_lines_are_the_same_however_the_builder_s_text_is_split_into_events(
    text: str, cuts: list[int]
) -> None:
    edges = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    pieces = [text[start:end] for start, end in pairwise(edges)]
    assert lines_of(*pieces) == lines_of(text)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("one\r\ntwo\r\n", ["one", "two"]),
        ("10 %\r20 %\rdone\r\n", ["done"]),
        ("10 %\r20 %\r", ["20 %"]),
        (" \t\n\n\x1b[91m\n", []),
        ("y" * 1000 + "\n", ["y" * MAX_LINE]),
    ],
)
def test_lines_as_a_terminal_would_leave_them(text: str, lines: list[str]) -> None:
    assert lines_of(text) == lines


def test_a_line_without_end_and_an_event_of_many_lines_stay_small() -> None:
    log = BuildLog()
    for _ in range(100):
        assert list(log.feed({"stream": "x" * 32_768})) == []
        assert len(log._partial) <= MAX_PARTIAL  # noqa: SLF001 - what it holds shows nowhere else
    assert list(log.feed({"stream": "\n"})) == ["x" * MAX_LINE]
    lines = list(log.feed({"stream": "".join(f"{n}\n" for n in range(10_000))}))
    assert len(lines) == MAX_EVENT_LINES + 1
    assert (lines[0], lines[-1]) == ("0", "9999")
    assert f"... {10_000 - MAX_EVENT_LINES} lines left out" in lines


@pytest.mark.parametrize(
    ("output", "code", "memory", "expected"),
    [
        ("Killed\n", 137, 64, "Killed (step 2/2, RUN it: exit status 137; a build may use 64 MB"),
        ("", 137, 64, "step 2/2, RUN it: exit status 137; a build may use 64 MB (BUILD_MEMORY_MB)"),
        ("", 137, 0, "step 2/2, RUN it: exit status 137"),
        ("c++: fatal error: Killed signal\n", 1, 64, "c++: fatal error: Killed signal (step 2/2, "),
        (
            "Err:1 http://x y\n  Temporary failure resolving 'x'\nE: Unable to locate package y\n",
            100,
            0,
            "Temporary failure resolving 'x' (step 2/2, RUN it: exit status 100)",
        ),
        ("wget: unable to resolve host address 'x'\nlast\n", 4, 0, "wget: unable to resolve host"),
        ("curl: (6) Could not resolve host: x\n", 6, 0, "curl: (6) Could not resolve host: x (st"),
        ("a: No space left on device\nlast\n", 1, 0, "a: No space left on device (step 2/2"),
    ],
)
def test_the_message_of_a_failed_step_names_its_cause(
    output: str, code: int, memory: int, expected: str
) -> None:
    log = BuildLog(memory << 20)
    error = f"The command 'it' returned a non-zero code: {code}"
    events = [{"stream": "Step 2/2 : RUN it\n"}, {"stream": output}]
    for event in events:
        list(log.feed(event))
    with pytest.raises(EngineError) as caught:
        list(log.feed({"error": error}))
    assert str(caught.value).startswith(expected)
    assert ("(BUILD_MEMORY_MB)" in str(caught.value)) == bool(memory)


def test_a_failure_of_the_builder_itself_names_the_step() -> None:
    log = BuildLog()
    list(log.feed({"stream": "Step 1/2 : FROM nowhere:1\n"}))
    with pytest.raises(EngineError, match=r"^no such host \(step 1/2, FROM nowhere:1\)$"):
        list(log.feed({"error": "no such\nhost"}))


def test_the_log_remembers_the_images_that_the_build_made() -> None:
    log = BuildLog()
    text = """\
Step 1/4 : FROM x
 ---> aaaaaaaaaaaa
Step 2/4 : RUN cached
 ---> Using cache
 ---> bbbbbbbbbbbb
Step 3/4 : RUN made
 ---> Running in dddddddddddd
 ---> 0123456789abc is what it printed
Removing intermediate container dddddddddddd
 ---> cccccccccccc
Step 4/4 : COPY made /
 ---> eeeeeeeeeeee
"""
    list(log.feed({"stream": text}))
    assert log.made == ["cccccccccccc", "eeeeeeeeeeee"]


async def test_of_a_flood_of_lines_the_oldest_are_dropped_and_the_last_kept() -> None:
    lines: list[str] = []
    relay = LineRelay(asyncio.get_running_loop(), lines.append)
    for number in range(3 * MAX_PENDING):  # as the loop never gets to run
        relay.put(str(number))
    await relay.finish()
    assert lines[0] == f"... {2 * MAX_PENDING} lines left out"
    assert lines[1:] == [str(number) for number in range(2 * MAX_PENDING, 3 * MAX_PENDING)]


async def test_lines_reach_the_event_loop_while_the_thread_still_works() -> None:
    seen = asyncio.Event()
    go_on = threading.Event()
    lines: list[str] = []

    def sink(line: str) -> None:
        lines.append(line)
        seen.set()

    relay = LineRelay(asyncio.get_running_loop(), sink)

    def work() -> bool:
        relay.put("first")
        waited = go_on.wait(5)
        relay.put("second")
        relay.rest()
        return waited

    working = asyncio.create_task(asyncio.to_thread(work))
    await seen.wait()
    assert lines == ["first"]
    seen.clear()
    go_on.set()
    await seen.wait()
    assert await working
    relay.put("third")
    relay.close()
    await relay.finish()
    await asyncio.sleep(0.05)
    assert lines == ["first", "second"]
