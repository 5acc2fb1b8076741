"""Compilers made to load the user's own code: it is made in one job and sent with the next one."""

from __future__ import annotations

from typing import Any

import pytest

from tests.docker.server import Server
from tests.hostile.attacks import (
    assert_container_gone,
    assert_every_try_failed,
    assert_hello_works,
    companion,
    of_corpus,
)

pytestmark = [pytest.mark.docker, pytest.mark.asyncio(loop_scope="session")]

WRAPPER_S_OWN = "refused: EACCES kill -KILL 1\n"  # a line of what wrapper.sh reports


def _file(name: str) -> dict[str, str]:
    return {"name": name, "content": companion(name)}


async def _assert_nothing_reaches_the_run(
    server: Server, request: dict[str, Any], at_least: int
) -> None:
    """The job runs an inspector, which prints the report of the compile's attack and its own."""
    answer = await server.execute(**request, args=[str(len(request["files"]))])
    assert answer["status"] == "accepted", answer
    assert_every_try_failed(answer["output"], at_least)
    assert WRAPPER_S_OWN in answer["output"]
    await assert_hello_works(server)
    await assert_container_gone(server)


async def test_what_a_plugin_of_gcc_does_does_not_reach_the_run(server: Server) -> None:
    maker = of_corpus("c", "plugin_maker")
    made = await server.execute(language="c", files=maker.files())
    assert made["status"] == "accepted", made
    base64 = made["output"].replace("\n", "")
    plugin = {"name": "evil.so", "content": base64, "encoding": "base64"}
    request = {
        "language": "c",
        "files": [*of_corpus("c", "inspect").files(), plugin],
        "compile_args": ["-fplugin=/build/evil.so"],
    }
    await _assert_nothing_reaches_the_run(server, request, at_least=34)


async def test_what_a_specs_file_has_gcc_run_does_not_reach_the_run(server: Server) -> None:
    specs = ".c:\nsh /build/wrapper.sh gcc -c %i -o %w%b.o\n\n"  # how to compile a file
    request = {
        "language": "c",
        "files": [*of_corpus("c", "inspect").files(), {"name": "evil.specs", "content": specs}],
        "compile_args": ["-specs=/build/evil.specs"],
    }
    await _assert_nothing_reaches_the_run(server, request, at_least=34)


async def test_what_an_annotation_processor_does_does_not_reach_the_run(server: Server) -> None:
    processor = await server.execute(
        language="java", files=[_file("PrintClass.java"), _file("Evil.java")]
    )
    assert processor["status"] == "accepted", processor
    evil = {"name": "Evil.class", "content": processor["output"], "encoding": "base64"}
    request = {
        "language": "java",
        "files": [_file("Inspect.java"), _file("wrapper.sh"), evil],
        "compile_args": ["-processor", "Evil", "-processorpath", "/build"],
    }
    await _assert_nothing_reaches_the_run(server, request, at_least=27)
