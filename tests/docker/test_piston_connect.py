"""Piston's WebSocket on the real engine: programs that are talked to."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType

from tests.contract.piston_table import PISTON_KEY
from tests.docker.server import Server
from tests.sandbox_support import DEADLINE_S

pytestmark = [pytest.mark.docker, pytest.mark.asyncio(loop_scope="session")]

MOST_OUTPUT = 100_000


async def say(server: Server, language: str, code: str, **more: Any) -> ClientWebSocketResponse:
    ws = await server.session.ws_connect("/piston/api/v2/connect", headers=PISTON_KEY)
    init = {"type": "init", "language": language, "version": "*", "files": [{"content": code}]}
    await ws.send_json(init | more)
    return ws


async def rest_of(ws: ClientWebSocketResponse) -> tuple[list[dict[str, Any]], int, str]:
    """Every message but output's, which is as text where its first piece was; code; reason."""
    messages: list[dict[str, Any]] = []
    async with asyncio.timeout(DEADLINE_S):
        while (message := await ws.receive()).type is WSMsgType.TEXT:
            said = json.loads(message.data)
            last = messages[-1] if messages else {}
            if said["type"] == "data" and last.get("stream") == said["stream"]:
                last["data"] += said["data"]
            else:
                messages.append(said)
    return messages, message.data, message.extra


def exited(stage: str, code: int | None, signal: str | None = None) -> dict[str, Any]:
    return {"type": "exit", "stage": stage, "code": code, "signal": signal}


def stdout(data: str) -> dict[str, Any]:
    return {"type": "data", "stream": "stdout", "data": data}


async def heard(ws: ClientWebSocketResponse, text: str) -> None:
    said = ""
    async with asyncio.timeout(DEADLINE_S):
        while text not in said:
            message = json.loads((await ws.receive()).data)
            said += message.get("data", "")


async def test_a_conversation_with_a_compiled_program(server: Server) -> None:
    code = """
#include <iostream>
#include <string>
int main() {
    std::string name;
    std::cout << "Who? " << std::flush;
    std::cin >> name;
    std::cout << "Hello, " << name << "!\\n";
    return 3;
}
"""
    ws = await say(server, "c++", code)
    await heard(ws, "Who? ")
    await ws.send_json({"type": "data", "stream": "stdin", "data": "Ada\n"})
    messages, closed, reason = await rest_of(ws)
    assert messages == [stdout("Hello, Ada!\n"), exited("run", 3)]
    assert (closed, reason) == (4999, "Job Completed")


async def test_a_program_that_does_not_compile(server: Server) -> None:
    messages, closed, _ = await rest_of(await say(server, "c", "int main(void) { x }"))
    assert messages[0].keys() == {"type", "language", "version"}
    assert messages[1] == {"type": "stage", "stage": "compile"}
    assert "error" in messages[2]["data"]
    assert (messages[3:], closed) == ([exited("compile", 1)], 4999)


@pytest.mark.parametrize(
    ("name", "code"), [("SIGINT", 1), ("SIGTERM", 143), ("SIGKILL", 137), ("SIGUSR1", None)]
)
async def test_signals_are_delivered(server: Server, name: str, code: int | None) -> None:
    program = (
        "import signal, sys, time\n"
        "signal.signal(signal.SIGINT, lambda *_: sys.exit(1))\n"
        # In short naps: a signal that comes just before one is seen by Python only after it.
        "print('ready')\nwhile True: time.sleep(0.01)"
    )
    ws = await say(server, "python", program, run_timeout=3000)
    await heard(ws, "ready")
    await ws.send_json({"type": "signal", "signal": name})
    messages, closed, _ = await rest_of(ws)
    expected = exited("run", code, None if code is not None else "SIGKILL")
    assert (messages[-1], closed) == (expected, 4999)


async def test_time_and_output_of_the_program_are_limited(server: Server) -> None:
    ws = await say(server, "python", "print('x' * 10**6)")
    messages, closed, _ = await rest_of(ws)
    # It may have the time to complain of its broken pipe.
    assert (messages[2], messages[-1]) == (
        stdout("x" * MOST_OUTPUT),
        exited("run", None, "SIGKILL"),
    )
    assert closed == 4999
    ws = await say(server, "python", "input()", run_timeout=300)
    messages, closed, _ = await rest_of(ws)
    assert (messages[2:], closed) == ([exited("run", None, "SIGKILL")], 4999)


async def test_hanging_up_ends_the_job(server: Server) -> None:
    ws = await say(server, "python", "print('ready'); input()")
    await heard(ws, "ready")
    await ws.close()
    async with asyncio.timeout(DEADLINE_S):
        while (await server.get("/stats"))[1]["activeJobs"]:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.05)


async def test_out_of_turn_closes_with_the_reason_and_ends_the_job(server: Server) -> None:
    ws = await say(server, "python", "print('ready'); input()")
    await heard(ws, "ready\n")
    await ws.send_json({"type": "data", "stream": "stdout", "data": "x"})
    assert await rest_of(ws) == ([], 4004, "Can only write to stdin")
    assert (await server.get("/stats"))[1]["activeJobs"] == 0
