"""A container's stdin, stdout and stderr over one asyncio connection (the engine's attach call).

Not through the SDK's threads, so that cancellation and backpressure are asyncio's own: while nobody
reads here, the engine stops reading the container's pipe. As the container has no terminal, the
engine multiplexes stdout and stderr in frames (stream, length):
https://docs.docker.com/engine/api/v1.51/#tag/Container/operation/ContainerAttach
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

from orchestrator.engine.reach import explain
from orchestrator.errors import (
    ContainerNotFoundError,
    EngineError,
    EngineUnavailableError,
    ProtocolError,
)

READ_SIZE = 65_536
_HEADER = struct.Struct(">BxxxI")
_STDOUT = 1
_STDERR = 2


@dataclass(frozen=True, slots=True)
class AttachOutput:
    """Bytes that a container wrote to stdout, or to stderr (`is_stderr`)."""

    is_stderr: bool
    data: bytes


class Demultiplexer:
    """Removes the engine's framing. Partial frames are passed on at once: it buffers 8 bytes."""

    def __init__(self) -> None:
        self._header = bytearray()
        self._left = 0
        self._is_stderr = False

    def feed(self, data: bytes) -> Iterator[AttachOutput]:
        """Yield the output that `data` contains. Raises ProtocolError on an unknown stream."""
        view = memoryview(data)
        while view:
            if self._left == 0:
                view = self._take_header(view)
                continue
            piece, view = view[: self._left], view[self._left :]
            self._left -= len(piece)
            yield AttachOutput(self._is_stderr, bytes(piece))

    def _take_header(self, view: memoryview) -> memoryview:
        missing = _HEADER.size - len(self._header)
        self._header += view[:missing]
        if len(self._header) == _HEADER.size:
            stream, self._left = _HEADER.unpack(self._header)
            self._header.clear()
            if stream not in (_STDOUT, _STDERR):
                raise ProtocolError(f"attach stream frame of unknown kind {stream}")
            self._is_stderr = stream == _STDERR
        return view[missing:]


class AttachStream:
    """An open attach connection, for one reader and one writer at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Only `attach` makes one."""
        self._reader = reader
        self._writer = writer
        self._demultiplexer = Demultiplexer()

    async def read(self) -> list[AttachOutput] | None:
        """Wait for output and return it; None at the end of the stream."""
        try:
            data = await self._reader.read(READ_SIZE)
        except OSError:
            return None
        return list(self._demultiplexer.feed(data)) if data else None

    async def write(self, data: bytes) -> None:
        """Send to the container's stdin, waiting while its buffers are full.

        Raises EngineUnavailableError when the connection is gone.
        """
        try:
            self._writer.write(data)
            await self._writer.drain()
        except OSError as err:
            raise EngineUnavailableError(f"The attach stream broke: {err}") from err

    def post(self, data: bytes) -> None:
        """Send without waiting; the caller bounds the bytes in transit.

        Dropped when the connection is gone, which the reader notices.
        """
        if not self._writer.transport.is_closing():
            self._writer.write(data)

    async def abort(self) -> None:
        """Close the connection at once; the container sees the end of its stdin. Idempotent.

        Unsent bytes are dropped: a peer that does not read would be waited for without end.
        """
        self._writer.transport.abort()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()


async def attach(
    socket_path: str, container: str, *, version: str, timeout_s: float
) -> AttachStream:
    """Attach to a created container before it is started, so that no output is lost.

    `version`: the version of the engine's API, such as `1.41`. Raises ContainerNotFoundError,
    EngineUnavailableError or EngineError.
    """
    try:
        async with asyncio.timeout(timeout_s):
            return await _attach(socket_path, container, version)
    except TimeoutError as err:
        raise EngineUnavailableError(f"The engine did not answer in {timeout_s:g} s") from err
    except OSError as err:
        why = explain(socket_path, err)
        raise EngineUnavailableError(f"The engine can't be reached: {why}") from err
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError) as err:
        raise EngineUnavailableError(f"The engine can't be reached: {err}") from err


async def _attach(socket_path: str, container: str, version: str) -> AttachStream:
    reader, writer = await asyncio.open_unix_connection(socket_path, limit=READ_SIZE)
    try:
        writer.write(_request(container, version))
        await writer.drain()
        head = await reader.readuntil(b"\r\n\r\n")
        _check_answer(head, container)
    except BaseException:
        writer.close()
        raise
    return AttachStream(reader, writer)


def _request(container: str, version: str) -> bytes:
    path = f"/v{version}/containers/{quote(container, safe='')}/attach"
    return (
        f"POST {path}?stream=1&stdin=1&stdout=1&stderr=1 HTTP/1.1\r\n"
        "Host: docker\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 0\r\n\r\n"
    ).encode()


def _check_answer(head: bytes, container: str) -> None:
    line = head.split(b"\r\n", 1)[0].decode("latin-1")
    status = line.split(" ")[1] if line.count(" ") else ""
    if status in {"101", "200"}:
        return
    if status == "404":
        raise ContainerNotFoundError(f"No such container: {container}")
    raise EngineError(f"The engine refused to attach to {container}: {line[:200]}")
