"""What attacks on the server's doors are made of: a server to attack, raw connections, a prober."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGKILL, SIGTERM
from typing import IO

from tests.docker.server import API_KEY, API_KEYS, WITH_US, away_from_env

HOST = "127.0.0.1"
PROBER = "127.0.0.9"
"""Where the prober connects from, as a platform's health check does: from another address."""
PROBE_S = 0.02
KEYS = f"Authorization: Bearer {API_KEY}\r\n"


@dataclass
class Doors:
    """A server of tests/hostile/door_server.py."""

    process: asyncio.subprocess.Process
    port: int

    async def stall(self) -> tuple[float, float]:
        """How long its loop was held at most since this was last asked, in ms and in CPU-ms."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(b"\n")
        while not (line := await self.process.stdout.readline()).startswith(b'{"stall_ms"'):
            assert line
        figures = json.loads(line)
        return figures["stall_ms"], figures["stall_cpu_ms"]

    def rss_mb(self) -> float:
        return self._status("VmRSS")

    def peak_mb(self) -> float:
        return self._status("VmHWM")

    def _status(self, name: str) -> float:
        found = re.search(rf"{name}:\s+(\d+)", Path(f"/proc/{self.process.pid}/status").read_text())
        assert found is not None
        return int(found[1]) / 1024

    def forget_peak(self) -> None:
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")

    def descriptors(self) -> int:
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))


@contextlib.asynccontextmanager
async def running_doors(
    state_dir: Path,
    *,
    backend: str = "fake",
    descriptors: int | None = None,
    log: IO[bytes] | None = None,
    **settings: str,
) -> AsyncIterator[Doors]:
    """`descriptors`: as many as it may ever have, where that is fewer than here.

    It logs to `log`, or to where the tests do.
    """
    limit = [] if descriptors is None else ["prlimit", f"--nofile={descriptors}:{descriptors}"]
    own = {"API_KEY": API_KEYS, "PORT": "0", "HOST": HOST, "STATE_DIR": str(state_dir)}
    own["LOG_LEVEL"] = "error"
    process = await asyncio.create_subprocess_exec(
        *(*WITH_US, *limit, sys.executable, "-m", "tests.hostile.door_server", backend),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=log,
        **away_from_env(state_dir, **own | settings),
    )
    try:
        assert process.stdout is not None
        while not (
            found := re.search(rb"Ready on \S+:(\d+)", line := await process.stdout.readline())
        ):
            assert line, "the server ended before it was ready"
        doors = Doors(process, int(found[1]))
        await doors.stall()
        yield doors
    finally:
        if process.returncode is None:
            process.send_signal(SIGTERM if backend == "engine" else SIGKILL)
        await process.communicate()


@dataclass
class Connection:
    """A raw one."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def status(self) -> int:
        """Of the next answer, its head read; 0: none came."""
        try:
            head = await self.reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            return 0
        self.head = head.decode("latin-1")
        return int(head.split()[1])

    async def body(self) -> bytes:
        """Of the answer whose head was read."""
        length = re.search(r"(?i)content-length: (\d+)", self.head)
        if length is not None:
            return await self.reader.readexactly(int(length[1]))
        body = bytearray()
        while size := int(await self.reader.readline(), 16):
            body += await self.reader.readexactly(size)
            await self.reader.readline()
        return bytes(body)

    def close(self) -> None:
        self.writer.transport.abort()
        self.writer.close()


async def connect(doors: Doors, source: str = HOST, limit: int = 1 << 16) -> Connection:
    return Connection(
        *await asyncio.open_connection(HOST, doors.port, local_addr=(source, 0), limit=limit)
    )


def post(
    path: str, body: bytes, *headers: str, key: bool = True, length: int | None = None
) -> bytes:
    """A request as bytes; `length`: what it says of its body's."""
    size = len(body) if length is None else length
    lines = [f"POST {path} HTTP/1.1", "Host: x", "Content-Type: application/json", *headers]
    head = "\r\n".join([*lines, f"Content-Length: {size}"]) + "\r\n"
    return (head + (KEYS if key else "") + "\r\n").encode() + body


async def ask(doors: Doors, request: bytes, source: str = HOST) -> int:
    """The status of one request on a connection of its own."""
    connection = await connect(doors, source)
    try:
        with contextlib.suppress(ConnectionError):
            await connection.send(request)
        return await connection.status()
    finally:
        connection.close()


@dataclass
class Probe:
    """How long `/health` took, in ms, each time on a connection of its own; -1: no answer."""

    times: list[float] = field(default_factory=list)

    @property
    def failures(self) -> int:
        return sum(each < 0 for each in self.times)

    def percentile(self, percent: float) -> float:
        times = sorted(each for each in self.times if each >= 0)
        return times[min(len(times) - 1, int(len(times) * percent / 100))] if times else -1.0

    def __str__(self) -> str:
        p50, p99 = self.percentile(50), self.percentile(99)
        asked = f"/health {len(self.times)} asked, {self.failures} failed"
        return f"{asked}, p50 {p50:.1f} p99 {p99:.1f} ms"


@contextlib.asynccontextmanager
async def probing(doors: Doors, source: str = PROBER) -> AsyncIterator[Probe]:
    probe = Probe()

    async def once() -> bool:
        connection = await connect(doors, source)
        try:
            await connection.send(b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            return await connection.status() == 200
        finally:
            connection.close()

    async def probe_forever() -> None:
        loop = asyncio.get_running_loop()
        while True:
            started = loop.time()
            try:
                async with asyncio.timeout(10):
                    answered = await once()
            except (OSError, TimeoutError):
                answered = False
            probe.times.append((loop.time() - started) * 1000 if answered else -1.0)
            await asyncio.sleep(PROBE_S)

    task = asyncio.create_task(probe_forever())
    try:
        yield probe
    finally:
        task.cancel()
        await asyncio.wait([task])
