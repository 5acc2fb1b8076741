"""What the corpus can't express of attacks on limits: figures and bytes of the answer."""

from __future__ import annotations

import base64

import pytest

from tests.docker.server import Server
from tests.hostile.attacks import source

pytestmark = [pytest.mark.docker, pytest.mark.asyncio(loop_scope="session")]

MAX_OUTPUT = 100_000  # the server's default


async def test_a_program_may_close_its_streams_and_go_on(server: Server) -> None:
    answer = await server.execute(language="python", code=source("python", "close_all"))
    assert (answer["status"], answer["output"]) == ("accepted", "last words\n"), answer
    assert answer["run"]["wall_ms"] >= 300  # it did go on


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
