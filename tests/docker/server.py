"""A real server, as `make run` starts it, on the real engine."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, TypedDict

import aiohttp

from orchestrator.sandbox.selftest_record import passed_before, remember
from tests.checkout import ROOT
from tests.described import faults, faults_of
from tests.slowness import SLOWNESS

API_KEY = "first-key-of-tests"
SECOND_KEY = "second-key-of-tests"
API_KEYS = f"{API_KEY},{SECOND_KEY}"
"""For servers that are asked by two; one by itself has every slot."""
BEARER = {"Authorization": f"Bearer {API_KEY}"}
SECOND_BEARER = {"Authorization": f"Bearer {SECOND_KEY}"}
START_TIMEOUT_S = 120 * SLOWNESS
READY_S = 180.0 * SLOWNESS
"""For sandboxes to wait, javac among them: seconds, but minutes on a machine that is full."""
PROVED = ROOT / ".state" / "tests"
"""Where what passed the self-test in one server is kept for the next one."""
STOP_TIMEOUT_S = 30 * SLOWNESS
WITH_US = ("setpriv", "--pdeathsig", "TERM")
"""A program's end comes with ours: tests that are interrupted leave no server running."""


class Process(TypedDict):
    """Where a process of ours runs, and with which settings."""

    cwd: Path
    env: dict[str, str]


def away_from_env(folder: Path, **settings: str) -> Process:
    """A process of this checkout's code in `folder`, where no `.env` of a developer's is read."""
    own = {name: value for name, value in os.environ.items() if not name.endswith("_KEY")}
    return Process(cwd=folder, env={**own, "PYTHONPATH": str(ROOT), **settings})


@dataclass(frozen=True)
class Server:
    """A running server process and a way to speak to it."""

    url: str
    process: asyncio.subprocess.Process
    session: aiohttp.ClientSession
    state_dir: Path
    key: str = API_KEY

    @property
    def instance(self) -> str:
        """Whose its containers are."""
        return (self.state_dir / "instance").read_text("ascii").strip()

    async def until_ready(self, language: str, deadline_s: float = READY_S) -> None:
        """Until all of that language's sandboxes that should wait do."""
        async with asyncio.timeout(deadline_s):
            while True:
                pool = (await self.get("/stats"))[1]["pool"][language]
                if pool["ready"] == pool["size"]:
                    return
                await asyncio.sleep(0.02)

    async def until_full(self, deadline_s: float = READY_S) -> dict[str, Any]:
        """Until every sandbox that should wait does, and no job holds one; the pool's figures."""
        async with asyncio.timeout(deadline_s):
            while True:
                stats = (await self.get("/stats"))[1]
                pool: dict[str, Any] = stats["pool"]
                is_full = all(each["ready"] == each["size"] for each in pool.values())
                if is_full and not stats["slots"]["used"]:
                    return pool
                await asyncio.sleep(0.02)

    async def execute(self, **body: Any) -> dict[str, Any]:
        status, answer = await self.post(body)
        assert status == 200, answer
        return answer

    async def post(self, body: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        async with self.session.post("/execute", json=body, headers=BEARER) as answer:
            return answer.status, await _described(answer)

    async def stream(self, form: str = "ndjson", **body: Any) -> AsyncIterator[dict[str, Any]]:
        """A job's events as they come; `form`: ndjson or sse."""
        accept = {"ndjson": "application/x-ndjson", "sse": "text/event-stream"}[form]
        headers = BEARER | {"Accept": accept}
        async with self.session.post("/execute", json=body, headers=headers) as answer:
            assert answer.status == 200, await answer.text()
            assert answer.content_type == accept
            async for line in _lines(answer.content):
                if form == "ndjson" or line.startswith("data: "):
                    event = json.loads(line.removeprefix("data: "))
                    assert faults_of("Event", event) == []
                    yield event

    async def get(self, path: str) -> tuple[int, dict[str, Any]]:
        headers = {"Authorization": f"Bearer {self.key}"}
        async with self.session.get(path, headers=headers) as answer:
            return answer.status, await _described(answer)


async def _described(answer: aiohttp.ClientResponse) -> dict[str, Any]:
    """Its body, which is as `/openapi.json` has it."""
    body: dict[str, Any] = await answer.json()
    assert faults(answer.method, answer.url.path, answer.status, answer.headers, body) == []
    return body


async def _lines(content: aiohttp.StreamReader) -> AsyncIterator[str]:
    """Lines of any length, without their ends, the empty ones too."""
    rest = b""
    async for chunk in content.iter_any():
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line.decode()
    assert rest == b""


@asynccontextmanager
async def running_server(
    state_dir: Path, log: IO[bytes] | None = None, **settings: str
) -> AsyncIterator[Server]:
    """Start one on a free port, wait until it is ready; afterwards stop it and see it exit 0.

    It logs to `log`, or to where the tests do. What others have proved on this engine is known to
    it, as to a server that is started again.
    """
    remember(state_dir, passed_before(PROVED))
    own = {"API_KEY": API_KEY, "PORT": "0", "STATE_DIR": str(state_dir)}
    process = await asyncio.create_subprocess_exec(
        *(*WITH_US, sys.executable, "-m", "orchestrator", "serve"),
        stdout=asyncio.subprocess.PIPE,
        stderr=log,
        **away_from_env(state_dir, **own | settings),
    )
    try:
        url = await asyncio.wait_for(_ready_url(process), START_TIMEOUT_S)
        remember(PROVED, passed_before(state_dir))
        async with aiohttp.ClientSession(url) as session:
            key = (own | settings)["API_KEY"].split(",")[0]
            yield Server(url, process, session, state_dir, key)
    finally:
        await _stop(process)


async def _ready_url(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    async for line in process.stdout:
        found = re.search(r"Ready on (http://\S+)", line.decode())
        if found:
            return found[1]
    raise AssertionError("the server ended before it was ready")


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return  # a test ended it itself
    process.send_signal(signal.SIGTERM)
    try:
        status = await asyncio.wait_for(process.wait(), STOP_TIMEOUT_S)
    except TimeoutError:
        process.kill()
        await process.wait()
        raise
    assert status == 0
