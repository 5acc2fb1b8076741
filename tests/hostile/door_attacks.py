"""Attacks on the doors that are made on a server without an engine and on one with it."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import socket
import sys
import zlib
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from functools import cache

from tests.hostile.doors import HOST, Connection, Doors, ask, connect, post, probing

MAX_HELD_MB = 64
STALL_CPU_MS = 1000
"""Two thousand requests at once take 90 to 300 in one turn; one bomb unpacked there, 1,500."""
SETTINGS = {
    "MAX_HELD_MB": str(MAX_HELD_MB),
    "MAX_JOBS": "4",
    "MAX_OUTPUT_SIZE": "1048576",
    "ANSWER_TIMEOUT": "2",
    "EXECUTION_TIMEOUT": "2000",
}


def say(figures: str) -> None:
    sys.stdout.write(f"{figures}\n")


@contextlib.contextmanager
def many_descriptors() -> Iterator[None]:
    """Meanwhile this process may have as many as it may ever."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before[1], before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@contextlib.asynccontextmanager
async def unharmed(doors: Doors, grows_mb: float = MAX_HELD_MB * 1.5) -> AsyncIterator[None]:
    """Meanwhile `/health` is answered, the loop is not held, and memory stays within its bound."""
    await doors.stall()
    doors.forget_peak()
    before = doors.rss_mb()
    async with probing(doors) as probe:
        yield
        await asyncio.sleep(0.1)
    stall_ms, cpu_ms = await doors.stall()
    peak = doors.peak_mb()
    say(f"{before:.0f} MB, at most {peak:.0f}; loop held {stall_ms} ms, {cpu_ms} of CPU; {probe}")
    assert probe.failures == 0
    assert cpu_ms < STALL_CPU_MS
    assert peak - before < grows_mb


@cache
def bomb(megabytes: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    pieces = [packer.compress(bytes(1 << 20)) for _ in range(megabytes)]
    return b"".join([*pieces, packer.flush()])


async def send_bombs(doors: Doors, count: int, megabytes: int, *, key: bool) -> Counter[int]:
    """Bodies that unpack to so much, all at once; the statuses."""
    request = post("/execute", bomb(megabytes), "Content-Encoding: gzip", key=key)
    async with unharmed(doors):
        return Counter(await asyncio.gather(*(ask(doors, request) for _ in range(count))))


async def silent(doors: Doors, count: int, sources: int) -> list[Connection]:
    """Connections on which nothing is sent, from so many addresses."""
    return [await connect(doors, f"127.0.1.{1 + number % sources}") for number in range(count)]


async def hold_silent(doors: Doors, count: int, hello: bytes) -> None:
    """Beside them a request from elsewhere is answered."""
    async with unharmed(doors):
        held = await silent(doors, count, 4)
        await asyncio.sleep(1)  # they are held, while the prober asks
        assert await ask(doors, hello) == 200
    for each in held:
        each.close()


async def ask_at_once(doors: Doors, count: int, request: bytes) -> None:
    """From many addresses, so that no bound of one address refuses most of them."""
    async with unharmed(doors):
        asking = [ask(doors, request, f"127.0.2.{1 + number % 20}") for number in range(count)]
        statuses = Counter(await asyncio.gather(*asking))
    say(str(statuses))
    assert set(statuses) <= {200, 429, 503}
    assert statuses[200] >= int(SETTINGS["MAX_JOBS"])  # the slots, at least


async def leave_unread(doors: Doors, count: int, loud: bytes, hello: bytes) -> None:
    """Answers to `loud` that nobody takes; afterwards `hello` is answered."""
    loop = asyncio.get_running_loop()
    held = []
    async with unharmed(doors):
        for _ in range(count):
            connection = socket.socket()
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.setblocking(False)  # noqa: FBT003 - its own form
            await loop.sock_connect(connection, (HOST, doors.port))
            await loop.sock_sendall(connection, loud)
            held.append(connection)
        await asyncio.sleep(3)  # longer than an answer is waited for: ANSWER_TIMEOUT is 2
    for each in held:
        each.close()
    async with asyncio.timeout(60):
        while await ask(doors, hello) != 200:  # noqa: ASYNC110 - it is another process
            await asyncio.sleep(0.1)
