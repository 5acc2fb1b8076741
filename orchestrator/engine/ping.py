"""Asks the engine whether it is there, not through the SDK's threads: they may all be waiting."""

from __future__ import annotations

import asyncio

from orchestrator.engine.reach import explain
from orchestrator.errors import EngineUnavailableError

_REQUEST = b"GET /_ping HTTP/1.0\r\nHost: docker\r\n\r\n"


async def ping(socket_path: str, *, timeout_s: float) -> None:
    """Return when the engine answers that it is well; else raise EngineUnavailableError."""
    try:
        async with asyncio.timeout(timeout_s):
            line = await _ask(socket_path)
    except TimeoutError as err:
        raise EngineUnavailableError(f"The engine did not answer in {timeout_s:g} s") from err
    except OSError as err:
        why = explain(socket_path, err)
        raise EngineUnavailableError(f"The engine can't be reached: {why}") from err
    if b" 200 " not in line:
        said = line.decode("latin-1").strip() or "nothing"
        raise EngineUnavailableError(f"The engine is not well: it says {said[:200]}")


async def _ask(socket_path: str) -> bytes:
    reader, writer = await asyncio.open_unix_connection(socket_path)
    try:
        writer.write(_REQUEST)
        return await reader.readline()
    finally:
        writer.transport.abort()
