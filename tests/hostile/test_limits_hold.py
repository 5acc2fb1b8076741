"""Limits that can't be talked round, and endings that can't be put off (`programs/`)."""

from __future__ import annotations

import base64
import re
import time

import pytest

from tests.docker.server import Server
from tests.hostile.attacks import (
    assert_container_gone,
    assert_every_try_failed,
    assert_hello_works,
    c_files,
    source,
)

pytestmark = [pytest.mark.docker, pytest.mark.asyncio(loop_scope="session")]

MAX_OUTPUT = 100_000  # the server's default
AT_ONCE_S = 10.0  # far from the limits of the programs below, which are a minute
MINUTE_MS = 60_000


async def test_a_program_can_lower_its_limits_and_not_raise_them(server: Server) -> None:
    answer = await server.execute(language="c", files=c_files("raise_limits"))
    assert answer["status"] == "accepted", answer
    assert_every_try_failed(answer["output"], at_least=19)


@pytest.mark.parametrize(
    ("program", "output"),
    [("daemon", r"(daemon\n)+main ends\n(daemon\n)*"), ("stopped_child", r"stopped\n")],
)
async def test_what_a_program_leaves_behind_ends_with_it(
    server: Server, program: str, output: str
) -> None:
    started = time.monotonic()
    answer = await server.execute(
        language="python", code=source("python", program), timeout=MINUTE_MS
    )
    assert time.monotonic() - started < AT_ONCE_S
    assert answer["status"] == "accepted", answer
    assert re.fullmatch(output, answer["output"])
    await assert_container_gone(answer)


async def test_a_program_deaf_to_all_signals_meets_its_limit(server: Server) -> None:
    answer = await server.execute(
        language="python", code=source("python", "ignore_signals"), limits={"wall_ms": 1000}
    )
    assert (answer["status"], answer["run"]["killed_by"]) == ("time_limit", "wall"), answer
    assert answer["output"] == "deaf\n"
    await assert_container_gone(answer)


async def test_a_program_may_close_its_streams_and_go_on(server: Server) -> None:
    answer = await server.execute(language="python", code=source("python", "close_all"))
    assert (answer["status"], answer["output"]) == ("accepted", "last words\n"), answer
    assert answer["run"]["wall_ms"] >= 300  # it did go on


async def test_a_program_without_streams_meets_its_limit(server: Server) -> None:
    answer = await server.execute(
        language="python",
        code=source("python", "close_all"),
        input="hang",
        limits={"wall_ms": 1000},
    )
    assert (answer["status"], answer["output"]) == ("time_limit", "last words\n"), answer


async def test_any_bytes_are_a_correct_answer(server: Server) -> None:
    code = source("python", "odd_bytes")
    tail = b"\0\0\xf0\x9f\x92\xa9\xed\xa0\x80\xc0\xaf\xf4\x90\x80\x80\x1b[2J\xe2\x82"
    expected = bytes(range(256)) + tail
    binary = await server.execute(language="python", code=code, encoding="base64")
    text = await server.execute(language="python", code=code)
    for stream in ("stdout", "stderr"):
        assert base64.b64decode(binary["run"][stream]) == expected
        assert text["run"][stream] == expected.decode("utf-8", "replace")
    assert text["status"] == binary["status"] == "accepted"
    assert text["output"] == text["run"]["stdout"]


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
async def test_a_hundred_megabytes_in_one_line_are_cut_at_the_limit(
    server: Server, stream: str
) -> None:
    answer = await server.execute(
        language="python", code=source("python", "endless"), args=[stream], timeout=20_000
    )
    assert (answer["status"], answer["run"]["killed_by"]) == ("output_limit", "output"), answer
    assert answer["run"][stream] == "x" * MAX_OUTPUT
    assert answer["run"][f"{stream}_truncated"] is True
    if stream == "stdout":
        assert answer["output"] == "x" * MAX_OUTPUT + "\n[Output truncated...]"
    else:
        assert answer["output"] == ""


async def test_memory_is_one_sum(server: Server) -> None:
    limit_mb = 64
    answer = await server.execute(
        language="python",
        code=source("python", "memory_mix"),
        env={"LIMIT_MB": str(limit_mb)},
        limits={"memory_mb": limit_mb},
        timeout=20_000,
    )
    assert (answer["status"], answer["run"]["killed_by"]) == ("memory_limit", "memory"), answer
    held = dict(line.rsplit(" ", 1) for line in answer["output"].splitlines())
    assert list(held)[:3] == [f"{f} No space left on device" for f in ("/tmp", "/dev/shm", "/work")]
    assert {"shared", "nameless"} <= set(held)
    assert max(map(int, held.values())) <= limit_mb
    await assert_hello_works(server)


async def test_a_fork_bomb_ends_and_nothing_is_left_of_it(server: Server) -> None:
    answer = await server.execute(
        language="python", code=source("python", "fork_bomb"), limits={"wall_ms": 2000}
    )
    assert answer["status"] == "time_limit", answer
    assert "processes" in answer["run"]["limits_hit"]
    assert answer["output"] == "boom\n"
    await assert_hello_works(server)
    await assert_container_gone(answer)


@pytest.mark.parametrize("kind", ["tcp", "udp", "unix", "datagram"])
async def test_socket_buffers_are_within_the_memory_limit(server: Server, kind: str) -> None:
    limit_mb = 64
    answer = await server.execute(
        language="python",
        code=source("python", "socket_buffers"),
        args=[kind],
        limits={"memory_mb": limit_mb},
        timeout=20_000,
    )
    await assert_hello_works(server)
    await assert_container_gone(answer)
    if answer["status"] == "accepted":
        parked = re.fullmatch(r"parked (\d+) MB, then (.+)\n", answer["output"])
        assert parked, answer
        assert int(parked[1]) <= limit_mb
        assert int(parked[1]) > 0 or parked[2] == "Operation not permitted"  # no such sockets
    else:
        assert answer["status"] in ("memory_limit", "time_limit"), answer
