"""The Python client against the real server, and as a package."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
import venv
from pathlib import Path
from typing import Any

import pytest
from codebae_runner_client import (
    AsyncRunner,
    CallCancelledError,
    Cancellation,
    InvalidRequestError,
    Runner,
    UnauthorizedError,
)

from tests.docker.server import API_KEY, Server

pytestmark = [pytest.mark.docker, pytest.mark.asyncio(loop_scope="session")]

ROOT = Path(__file__).resolve().parents[2]
CLIENT = ROOT / "clients" / "python"
SLEEP = "print('begun', flush=True); import time; time.sleep(50)"
SUM = "print(sum(map(int, input().split())))"


async def until_idle(server: Server) -> None:
    async with asyncio.timeout(10):
        while (await server.get("/stats"))[1]["activeJobs"]:  # noqa: ASYNC110 - it is elsewhere
            await asyncio.sleep(0.02)


async def test_the_async_client_against_a_server(server: Server) -> None:
    async with AsyncRunner(f"{server.url}/execute", API_KEY) as runner:
        answer = await runner.execute(language="python", code="print(input())", input="hi")
        assert (answer["status"], answer["output"]) == ("accepted", "hi\n")
        judged = await runner.judge(
            language="python",
            code=SUM,
            tests=[{"input": "1 2", "expected": "3"}, {"input": "1 2", "expected": "4"}],
        )
        assert [test["status"] for test in judged["tests"]] == ["accepted", "wrong_answer"]
        assert judged["summary"]["passed"] == 1
        assert "python" in [each["id"] for each in await runner.languages()]
        assert (await runner.health())["status"] == "healthy"
        with pytest.raises(InvalidRequestError) as caught:
            await runner.execute(language="python", code="1", timeout=10**9)
        assert caught.value.details[0][0] == "timeout"
    async with AsyncRunner(server.url, "wrong") as runner:
        with pytest.raises(UnauthorizedError):
            await runner.execute(language="python", code="1")


async def test_a_stream_is_read_as_it_comes_and_left_early(server: Server) -> None:
    async with AsyncRunner(server.url, API_KEY) as runner:
        async with runner.stream(language="python", code=SLEEP, timeout=50_000) as events:
            async for event in events:
                if event["event"] == "stdout":
                    assert event["data"].startswith("begun")
                    break
        await until_idle(server)
        stream = runner.stream(
            language="python", code=SUM, tests=[{"input": "1 2", "expected": "3"}]
        )
        async with stream as events:
            seen = [event["event"] async for event in events]
        assert seen == ["queued", "stage", "test", "result"]
        assert stream.result is not None
        assert stream.result["status"] == "accepted"


async def test_the_sync_client_against_a_server(server: Server) -> None:
    def use() -> None:
        with Runner(server.url, API_KEY) as runner:
            assert runner.execute(language="python", code="print(1)")["output"] == "1\n"
            with runner.stream(language="python", code="print(1)") as events:
                assert [event["event"] for event in events][-1] == "result"
            cancellation = Cancellation()
            for event in runner.stream(
                language="python", code=SLEEP, timeout=50_000, cancellation=cancellation
            ):
                if event["event"] == "stdout":
                    break
            cancellation.cancel()
            with pytest.raises(CallCancelledError):
                runner.execute(language="python", code=SLEEP, cancellation=cancellation)

    begun = time.monotonic()
    await asyncio.to_thread(use)
    await until_idle(server)
    assert time.monotonic() - begun < 30  # nobody has slept to the end


PROGRAM = """
from codebae_runner_client import AsyncRunner, Runner

def use(runner: Runner) -> str:
    answer = runner.execute(language="python", code="1", limits={"wall_ms": 1})
    for event in runner.stream(language="c", code="1"):
        if event["event"] == "stdout":
            answer["output"] += event["data"]
    judged = runner.judge(language="c", code="1", tests=[{"input": "", "points": 1}])
    return answer["output"] + judged["tests"][0]["name"]

async def use_async(runner: AsyncRunner) -> int:
    return len(await runner.languages())
"""
WRONG = (
    PROGRAM
    + """
def misuse(runner: Runner) -> int:
    return runner.execute(language="c", kode="1")["output"]
"""
)


@pytest.mark.thorough
@pytest.mark.timeout(300)
async def test_the_package_is_built_installed_alone_and_type_checks(tmp_path: Path) -> None:
    def run(*command: Any, status: int = 0) -> str:
        words = [str(word) for word in command]
        done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=tmp_path)
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout

    def check() -> None:
        venv.create(tmp_path / "empty")
        python = tmp_path / "empty" / "bin" / "python"
        pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "-q")
        install = (*pip, "--python", python, "install", "--no-deps")
        run(*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", tmp_path, CLIENT)
        (wheel,) = tmp_path.glob("codebae_runner_client-*-py3-none-any.whl")
        run(*install, "--require-hashes", "-r", CLIENT / "requirements.txt")
        run(*install, "--no-index", wheel)
        run(*pip, "--python", python, "check")
        run(python, "-c", "import codebae_runner_client as c; c.Runner('http://x').close()")
        (tmp_path / "right.py").write_text(PROGRAM)
        (tmp_path / "wrong.py").write_text(WRONG)
        strict = ("-m", "mypy", "--strict", "--python-executable", python)
        told = run(sys.executable, *strict, "right.py", "wrong.py", status=1)
        assert "right.py" not in told
        assert "kode" in told
        assert "return-value" in told

    await asyncio.to_thread(check)
