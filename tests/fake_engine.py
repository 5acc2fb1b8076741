"""An engine on a unix socket that does what the real one can't be made to do.

It keeps containers in a dict and lets a coroutine stand for their agent. What it is told in
`answers` goes before that: refusals, hanging, hanging up, bytes that are no HTTP.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.agent_wire import MEASURE, cut, pack_memory, pack_ready

Json = dict[str, Any]
Raw = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
"""What to do with a connection whose request was read, instead of answering it."""

_VERSIONED = re.compile(r"(?:/v(\d+\.\d+))?(/.*)", re.DOTALL)
UPGRADED = b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"


@dataclass(frozen=True)
class Answer:
    status: int = 200
    body: Any = None


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: Mapping[str, str]
    body: Any
    version: str = ""
    """Of the API, as in `1.41`."""

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def offer(release: str, least: str, most: str) -> Json:
    """What GET /version says of the API's versions."""
    return {"Version": release, "MinAPIVersion": least, "ApiVersion": most}


def _number(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def refuse(status: int, message: str) -> Answer:
    return Answer(status, {"message": message})


def say(data: bytes) -> Raw:
    """Write these bytes and hang up."""

    async def act(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()

    return act


async def hang(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


def wrap(data: bytes, stream: int = 1) -> bytes:
    """As the engine wraps what a container writes: 1 is stdout, 2 stderr."""
    return bytes((stream, 0, 0, 0)) + len(data).to_bytes(4, "big") + data


@dataclass
class FakeEngine:
    """`answers`: by `METHOD /path` without the version, `*` allowed; the first match counts.

    It speaks the versions of `offer`, refuses others as a real one does, and is asked for them
    without that being among its `requests`, but in `asked`.
    """

    socket: Path
    answers: dict[str, Answer | Raw] = field(default_factory=dict)
    agent: Raw | None = None
    containers: dict[str, Json] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    arrived: asyncio.Condition = field(default_factory=asyncio.Condition)
    tasks: set[asyncio.Task[Any]] = field(default_factory=set)
    offer: Json = field(default_factory=lambda: offer("20.10.24", "1.12", "1.41"))
    asked: int = 0

    @property
    def url(self) -> str:
        return f"unix://{self.socket}"

    @contextlib.asynccontextmanager
    async def serve(self) -> AsyncIterator[FakeEngine]:
        """Up while the context lasts; it may go down and come back."""
        server = await asyncio.start_unix_server(self._connected, self.socket)
        try:
            yield self
        finally:
            server.close()
            tasks = tuple(self.tasks)
            for task in tasks:
                task.cancel()
            if tasks:
                await asyncio.wait(tasks)
            self.socket.unlink()

    async def seen(self, pattern: str) -> Request:
        """Wait for a request like this one."""

        def found() -> Request | None:
            return next((r for r in self.requests if fnmatchcase(str(r), pattern)), None)

        async with self.arrived:
            await self.arrived.wait_for(lambda: found() is not None)
        request = found()
        assert request is not None
        return request

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.tasks.add(task)
        # A test that hangs up, or that takes the engine down, is no failure of the engine's.
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            request = await _read_request(reader)
            if str(request) == "GET /version" and str(request) not in self.answers:
                self.asked += 1
                writer.write(self._response(Answer(200, self.offer)))
                await writer.drain()
            else:
                self.requests.append(request)
                async with self.arrived:
                    self.arrived.notify_all()
                await self.answer(request, reader, writer)
        writer.close()
        self.tasks.discard(task)

    async def answer(
        self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        patterns = (pattern for pattern in self.answers if fnmatchcase(str(request), pattern))
        pattern = next(patterns, None)
        answer = self._refusal(request)
        if answer is None:
            answer = self.answers[pattern] if pattern else await self._default(request)
        if isinstance(answer, Answer):
            writer.write(self._response(answer))
            await writer.drain()
        else:
            await answer(reader, writer)

    def _refusal(self, request: Request) -> Answer | Raw | None:
        """Of a version that it does not speak, in the engine's own words."""
        least, most = self.offer["MinAPIVersion"], self.offer["ApiVersion"]
        spoken = request.version
        if spoken and _number(spoken) < _number(least):
            return refuse(
                400,
                f"client version {spoken} is too old. Minimum supported API version is {least}, "
                "please upgrade your client to a newer version",
            )
        if spoken and _number(spoken) > _number(most):
            return refuse(
                400,
                f"client version {spoken} is too new. Maximum supported API version is {most}",
            )
        return None

    def _response(self, answer: Answer) -> bytes:
        body = b"" if answer.body is None else json.dumps(answer.body).encode()
        head = (
            f"HTTP/1.1 {answer.status} Said So\r\nContent-Type: application/json\r\n"
            f"Api-Version: {self.offer['ApiVersion']}\r\nServer: Docker/{self.offer['Version']}\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        return head.encode() + body

    async def _default(self, request: Request) -> Answer | Raw:  # noqa: PLR0911 - a table
        name = request.path.split("/")[2] if request.path.count("/") > 1 else ""
        match request.method, request.path.rpartition("/")[2]:
            case "GET", "_ping":
                return Answer(200)
            case "POST", "create":
                self.containers[request.query["name"]] = {"ExitCode": 0, "OOMKilled": False}
                return Answer(201, {"Id": request.query["name"], "Warnings": []})
            case _ if name not in self.containers:
                return refuse(404, f"No such container: {name}")
            case "POST", "attach":
                return self._attached
            case "POST", "wait":
                return Answer(200, {"StatusCode": self.containers[name]["ExitCode"]})
            case "GET", "json":
                return Answer(200, {"State": self.containers[name]})
            case "POST", "update":
                return Answer(200, {"Warnings": []})
            case "DELETE", _:
                del self.containers[name]
        return Answer(204)

    async def _attached(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(UPGRADED)
        await writer.drain()
        await (self.agent or _idle_agent)(reader, writer)


async def _idle_agent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Says that it is ready, how little it holds when asked, and nothing more until stdin ends."""
    writer.write(wrap(pack_ready()))
    while data := await reader.read(65_536):
        for kind, _ in cut(data):
            if kind == MEASURE:
                writer.write(wrap(pack_memory(200_000)))


async def _read_request(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    line, *headers = head.rstrip().split("\r\n")
    method, target, _ = line.split(" ")
    sizes = [
        int(value)
        for name, _, value in (h.partition(":") for h in headers)
        if name.lower() == "content-length"
    ]
    body = await reader.readexactly(sizes[0]) if sizes else b""
    url = urlsplit(target)
    version, path = _VERSIONED.fullmatch(unquote(url.path)).groups("")  # type: ignore[union-attr]
    asked = json.loads(body) if body else None
    return Request(method, path, dict(parse_qsl(url.query)), asked, version)


@contextlib.asynccontextmanager
async def fake_engine() -> AsyncIterator[FakeEngine]:
    """A fake engine that is up. Its path is short: a socket's may have 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="engine-") as folder:
        async with FakeEngine(Path(folder) / "socket").serve() as engine:
            yield engine
