"""Builds that end before their time: nobody waits, the deadline, the disk, the engine goes away."""

from __future__ import annotations

import asyncio
import json
import tempfile
import threading
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from orchestrator.engine.client import EngineClient
from orchestrator.engine.disk import DiskGuard
from orchestrator.engine.images import BuildRequest, build_image
from orchestrator.errors import DiskSpaceError, EngineError, EngineUnavailableError

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
SPEAKS = b'HTTP/1.0 200 OK\r\n\r\n{"ApiVersion": "1.41"}'


def chunk(text: str, kind: str = "stream") -> bytes:
    data = json.dumps({kind: text}).encode() + b"\r\n"
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


@dataclass
class Builder:
    """An engine that takes a build's request, says some bytes, and then does nothing, or goes."""

    client: EngineClient
    says: bytes = b""
    says_it_is: bytes = b""
    reads: bool = True
    stays: bool = True
    lines: list[str] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    hung_up: asyncio.Event = field(default_factory=asyncio.Event)
    tasks: list[asyncio.Task[Any]] = field(default_factory=list)

    def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.tasks.append(asyncio.create_task(self._serve(reader, writer)))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            if b"/_ping" in head or b" /version " in head:
                writer.write(self.says_it_is if b"/_ping" in head else SPEAKS)
                return
            self.arrived.set()
            if not self.reads:
                await asyncio.Event().wait()
            await reader.read(65_536)
            writer.write(self.says)
            while self.stays and await reader.read(65_536):
                pass
            self.hung_up.set()
        finally:
            writer.close()

    def build(self, size: int = 10, **more: Any) -> asyncio.Task[str]:
        """Build from a context of so many bytes."""
        request = BuildRequest(bytes(size), "made:up")
        return asyncio.create_task(build_image(self.client, request, self.lines.append, **more))


@pytest.fixture
async def builder() -> AsyncIterator[Builder]:
    with tempfile.TemporaryDirectory(prefix="engine-") as folder:
        path = f"{folder}/socket"
        made = Builder(EngineClient(f"unix://{path}", timeout_s=5, threads=1))
        server = await asyncio.start_unix_server(made.connected, path)
        yield made
        server.close()
        for task in made.tasks:
            task.cancel()
        await asyncio.gather(*made.tasks, return_exceptions=True)
        await made.client.close()
    for thread in [each for each in threading.enumerate() if each.name == "engine-cancellable"]:
        thread.join(5)
        assert not thread.is_alive()


@pytest.mark.parametrize("how", ["cancelled", "deadline", "disk"])
@pytest.mark.parametrize("phase", ["before the answer", "in the log", "while sending"])
async def test_a_build_is_given_up_at_once_whatever_the_engine_does(
    builder: Builder, how: str, phase: str
) -> None:
    if phase == "in the log":
        builder.says = HEAD + chunk("Step 1/1 : RUN sleep 1000\n")
    if phase == "while sending":
        builder.reads = False
    room = iter([1 << 20, 1 << 20, 0])
    disk = DiskGuard(lambda: _ready(next(room)), 1 << 20, interval_s=0.1)
    given = {"deadline": {"deadline_s": 1.0}, "disk": {"disk": disk}}.get(how, {})
    building = builder.build(50_000_000 if phase == "while sending" else 10, **given)
    arrived = asyncio.create_task(builder.arrived.wait())
    # On a busy machine the deadline may come first.
    await asyncio.wait({arrived, building}, return_when=asyncio.FIRST_COMPLETED)
    begun_s = time.monotonic()
    if how == "cancelled":
        await asyncio.sleep(0.1)
        building.cancel()
    expected = {
        "cancelled": (asyncio.CancelledError, "^$"),
        "deadline": (EngineError, r"^The build did not end in 1 s \(BUILD_TIMEOUT\)$"),
        "disk": (DiskSpaceError, "^0 MB free where the engine keeps its images, a build needs 1 "),
    }
    error, message = expected[how]
    with pytest.raises(error, match=message):
        await building
    assert time.monotonic() - begun_s < 5
    if not arrived.done():
        arrived.cancel()
        return
    if phase == "in the log":
        assert builder.lines == ["Step 1/1 : RUN sleep 1000"]
    if phase != "while sending":
        await asyncio.wait_for(builder.hung_up.wait(), 5)


async def _ready(value: int) -> int:
    return value


@pytest.mark.parametrize(
    "says",
    [
        HEAD + chunk("Step 1/1 : RUN it\n"),
        HEAD + chunk("Step 1/1 : RUN it\n") + b"7f\r\n{'strea",
        HEAD + b'5\r\n{"str\r\n0\r\n\r\n',
    ],
)
async def test_an_engine_that_goes_away_in_the_middle_is_said_to(
    builder: Builder, says: bytes
) -> None:
    builder.says, builder.stays = says, False
    with pytest.raises(EngineUnavailableError) as caught:
        await builder.build()
    assert str(caught.value) == "The engine went away in the middle of the build"


@pytest.mark.parametrize(
    ("says_it_is", "error"),
    [(b"HTTP/1.0 200 OK\r\n", "^step 1/1, RUN it: exit status 137"), (b"", "engine went away")],
)
async def test_a_step_fails_by_itself_or_with_its_engine(
    builder: Builder, says_it_is: bytes, error: str
) -> None:
    builder.says = HEAD + chunk("Step 1/1 : RUN it\n")
    builder.says += chunk("The command 'it' returned a non-zero code: 137", "error")
    builder.says_it_is = says_it_is
    with pytest.raises(EngineError, match=error) as caught:
        await builder.build()
    assert isinstance(caught.value, EngineUnavailableError) == (not says_it_is)


async def test_an_engine_that_is_gone_before_it_answers(builder: Builder) -> None:
    builder.stays = False
    with pytest.raises(EngineUnavailableError, match=r"^The engine can't be reached"):
        await builder.build()


async def test_a_refused_build_is_what_the_engine_says(builder: Builder) -> None:
    body = b'{"message":"dockerfile parse error line 2: unknown instruction: RUNN"}'
    builder.says = b"HTTP/1.1 400 No\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    with pytest.raises(EngineError, match=r"^dockerfile parse error line 2: unknown instruction"):
        await builder.build()
