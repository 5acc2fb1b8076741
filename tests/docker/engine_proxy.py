"""A unix socket in front of the real engine, which can be made to go away or to fall silent."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from tests.sandbox_support import SOCKET

CHUNK = 65_536


class EngineProxy:
    """Passes bytes to and fro until told otherwise."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._connections: set[asyncio.Task[None]] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()

    @property
    def url(self) -> str:
        return f"unix://{self.path}"

    async def come(self) -> None:
        """Listen, as an engine that has started."""
        self._server = await asyncio.start_unix_server(self._serve, self.path)

    async def go(self) -> None:
        """Cut every connection and refuse new ones, as an engine that was killed."""
        if self._server is not None:
            self._server.close()
        self.path.unlink(missing_ok=True)
        self._server = None
        for writer in tuple(self._writers):
            writer.transport.abort()
        # One that is just being made has no writer to the engine yet.
        for connection in tuple(self._connections):
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        self._writers.clear()  # of connections that had not begun

    def freeze(self) -> None:
        """Accept and say nothing, as an engine that was stopped."""
        self._flowing.clear()

    def thaw(self) -> None:
        self._flowing.set()

    def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._server is None:  # it was accepted in the moment of going
            writer.transport.abort()
            return
        self._writers.add(writer)
        task = asyncio.create_task(self._connect(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers = {writer}
        try:
            there = await asyncio.open_unix_connection(SOCKET.removeprefix("unix://"))
            writers.add(there[1])
            self._writers |= writers
            with contextlib.suppress(OSError):
                await asyncio.gather(self._pump(reader, there[1]), self._pump(there[0], writer))
        finally:
            for each in writers:
                each.transport.abort()
            self._writers -= writers

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(CHUNK):
            await self._flowing.wait()
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()


@contextlib.asynccontextmanager
async def engine_proxy(folder: Path) -> AsyncIterator[EngineProxy]:
    proxy = EngineProxy(folder / "engine.sock")
    await proxy.come()
    yield proxy
    proxy.thaw()
    await proxy.go()
