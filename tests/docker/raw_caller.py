"""A caller with a bare connection: it reads when it is told to, and hangs up when it is told to."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from tests.docker.server import BEARER, Server

FORMS = {
    "json": "application/json",
    "ndjson": "application/x-ndjson",
    "sse": "text/event-stream",
}
RECEIVE_BUFFER = 4096  # as little as the kernel lets a slow reader hold


@dataclass
class RawCaller:
    """One request under way."""

    connection: socket.socket

    async def read(self, most: int) -> bytes:
        loop = asyncio.get_running_loop()
        return await loop.sock_recv(self.connection, most)

    def hang_up(self) -> None:
        self.connection.close()


@asynccontextmanager
async def raw_call(server: Server, form: str, **body: Any) -> AsyncIterator[RawCaller]:
    """Send a request to `/execute`, and read nothing."""
    url = server.session._base_url  # noqa: SLF001 - the address as the session parsed it
    assert url is not None
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
    connection.settimeout(0)
    loop = asyncio.get_running_loop()
    try:
        await loop.sock_connect(connection, ("127.0.0.1", url.port))
        await loop.sock_sendall(connection, _request(form, body))
        yield RawCaller(connection)
    finally:
        connection.close()


def _request(form: str, body: dict[str, Any]) -> bytes:
    content = json.dumps(body).encode()
    headers = BEARER | {
        "Host": "localhost",
        "Accept": FORMS[form],
        "Content-Type": "application/json",
        "Content-Length": str(len(content)),
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST /execute HTTP/1.1\r\n{head}\r\n".encode() + content
