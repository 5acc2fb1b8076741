"""The real server as a process of its own on loopback, and a keep-alive connection to it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import secrets
import signal
import sys
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from bench.context import Context
from bench.errors import BenchError
from orchestrator.sandbox.spec import LABEL_INSTANCE

START_TIMEOUT_S = 120.0  # a self-test of four images may be part of it
STOP_TIMEOUT_S = 30.0
SETTLE_TIMEOUT_S = 120.0
REQUEST_TIMEOUT_S = 120.0
POLL_S = 0.01
OK = 200

EVERYTHING_OFF = {
    "RUNTIME": "runc",
    "POOL": "0",
    "COMPILE_CACHE_MB": "0",
    "COMPILE_SERVER": "off",
    "FAST_TOOLCHAIN": "false",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """An accepted job: its answer, and the request's time by the client's clock, in ms."""

    ms: float
    body: dict[str, Any]

    @property
    def is_hit(self) -> bool:
        """Whether the job got a sandbox that was ready."""
        return bool(self.body["timings"]["pool"] == "hit")

    def timing(self, name: str) -> float:
        """One of the answer's `timings` in ms; 0 for a stage there was none of."""
        return float(self.body["timings"][f"{name}_ms"] or 0)

    @property
    def overhead_ms(self) -> float:
        """What the server took beside the stages, in ms."""
        return self.timing("total") - self.timing("compile") - self.timing("run")


@dataclass(frozen=True)
class Server:
    """A running server."""

    process: asyncio.subprocess.Process
    session: aiohttp.ClientSession
    instance: str

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    async def execute(self, request: Mapping[str, Any]) -> Answer:
        """Run a program. Raises BenchError when it is not accepted."""
        started = time.perf_counter()
        async with self.session.post("/execute", json=request) as response:
            body = await response.json()
        ms = (time.perf_counter() - started) * 1000
        if response.status != OK or body["status"] != "accepted":
            raise BenchError(f"HTTP {response.status}: {body.get('error')}")
        return Answer(ms, body)

    async def events(self, request: Mapping[str, Any]) -> AsyncIterator[dict[str, Any]]:
        """Run a program, as a stream of events. Raises BenchError when it is refused."""
        headers = {"Accept": "application/x-ndjson"}
        async with self.session.post("/execute", json=request, headers=headers) as response:
            if response.status != OK:
                raise BenchError(f"HTTP {response.status}: {await response.text()}")
            async for line in response.content:
                yield json.loads(line)

    async def stats(self) -> dict[str, Any]:
        """GET /stats."""
        async with self.session.get("/stats") as response:
            found: dict[str, Any] = await response.json()
            return found

    async def pool(self) -> dict[str, dict[str, int]]:
        """The pool by language (`ready`, `size`, `creating`); empty where there is none."""
        pool: dict[str, dict[str, int]] = (await self.stats()).get("pool", {})
        return pool

    async def settle(self, poll_s: float = POLL_S) -> None:
        """Wait until no container is being made or removed: every slot free, the pool full.

        Each look, one in `poll_s`, costs the server about a millisecond of CPU.
        """
        async with asyncio.timeout(SETTLE_TIMEOUT_S):
            while not is_settled(await self.stats()):  # noqa: ASYNC110 - another process's state
                await asyncio.sleep(poll_s)


def is_settled(stats: Mapping[str, Any]) -> bool:
    """Whether `GET /stats` tells of a server at rest."""
    pool: Mapping[str, Mapping[str, int]] = stats.get("pool", {})
    is_full = all(state["ready"] >= state["size"] for state in pool.values())
    return is_full and not stats["slots"]["used"]


@contextlib.asynccontextmanager
async def running_server(context: Context, name: str, **settings: str) -> AsyncIterator[Server]:
    """Start one, wait until it is ready and its pool is full; stop it afterwards.

    `name`: for its log, and for its settings in the results. Raises BenchError.
    """
    context.servers[name] = settings
    key = secrets.token_urlsafe(16)
    state_dir = context.state_dir / "server"
    with (context.state_dir / f"{name}.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "orchestrator", "serve"),
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
            env=_environment(key, state_dir, settings),
        )
    try:
        url = await asyncio.wait_for(_ready_url(process), START_TIMEOUT_S)
        async with _session(url, key) as session:
            instance = (state_dir / "instance").read_text().strip()
            server = Server(process, session, instance)
            await server.settle()
            yield server
    finally:
        await _stop(process)


def _environment(key: str, state_dir: Path, settings: Mapping[str, str]) -> dict[str, str]:
    own = {"HOST": "127.0.0.1", "PORT": "0", "API_KEY": key, "STATE_DIR": str(state_dir)}
    return {**os.environ, **own, **settings}


def _session(url: str, key: str) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        url,
        headers={"Authorization": f"Bearer {key}"},
        connector=aiohttp.TCPConnector(limit=0),
        timeout=aiohttp.ClientTimeout(total=REQUEST_TIMEOUT_S),
    )


async def _ready_url(process: asyncio.subprocess.Process) -> str:
    if process.stdout is not None:
        async for line in process.stdout:
            found = re.search(r"Ready on http://localhost:(\d+)", line.decode())
            if found:
                return f"http://127.0.0.1:{found[1]}"
    raise BenchError("the server ended before it was ready; see its log")


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.send_signal(signal.SIGTERM)
    try:
        await asyncio.wait_for(process.communicate(), STOP_TIMEOUT_S)
    except TimeoutError:
        process.kill()
        await process.wait()


async def find_runtime(context: Context, server: Server) -> str:
    """The engine's runtime a server's sandboxes have, by a look at one. Raises BenchError."""
    job = asyncio.create_task(
        server.execute({"language": "python", "code": "import time; time.sleep(2)"})
    )
    label = f"{LABEL_INSTANCE}={server.instance}"
    try:
        while not job.done():
            for container in await context.engine.list_containers([label]):
                found = await context.engine.inspect_container(container["Id"])
                runtime = str(found["HostConfig"]["Runtime"])
                context.runtimes.add(runtime)
                return runtime
            await asyncio.sleep(POLL_S)
    finally:
        await asyncio.gather(job, return_exceptions=True)
    raise BenchError("the engine shows no sandbox of the server's")
