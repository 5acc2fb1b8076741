"""Asks the engine whether it is up, and which versions of its API it speaks.

Not through the SDK's threads, which may all be waiting. HTTP 1.0: an answer ends with the
connection.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

from orchestrator.engine.reach import explain
from orchestrator.errors import EngineError, EngineUnavailableError

MOST = 1 << 20
"""The most bytes read of an answer."""
_IDENTITY = (b"server:", b"api-version:")


async def ping(socket_path: str, *, timeout_s: float) -> str:
    """Return the engine's identity, or raise EngineUnavailableError when it is not up.

    The identity (its `Server` and `Api-Version` headers) differs between releases.
    """
    head, _ = await _get(socket_path, "/_ping", timeout_s)
    named = (each for each in head.splitlines() if each.lower().startswith(_IDENTITY))
    return b"; ".join(sorted(named)).decode("latin-1")


async def ask_version(socket_path: str, *, timeout_s: float) -> dict[str, Any]:
    """Return GET /version, asked without an API version.

    Raises EngineUnavailableError or EngineError.
    """
    _, body = await _get(socket_path, "/version", timeout_s)
    try:
        offer = json.loads(body)
    except ValueError as err:
        raise EngineError(f"The engine does not say its version, but {body[:200]!r}") from err
    return offer if isinstance(offer, dict) else {}


async def _get(socket_path: str, path: str, timeout_s: float) -> tuple[bytes, bytes]:
    """Return the head and the body of the answer. Raises EngineUnavailableError."""
    try:
        async with asyncio.timeout(timeout_s):
            line, rest = await _ask(socket_path, path)
    except TimeoutError as err:
        raise EngineUnavailableError(f"The engine did not answer in {timeout_s:g} s") from err
    except OSError as err:
        why = explain(socket_path, err)
        raise EngineUnavailableError(f"The engine can't be reached: {why}") from err
    if b" 200 " not in line:
        said = line.decode("latin-1").strip() or "nothing"
        raise EngineUnavailableError(f"The engine is not well: it says {said[:200]}")
    head, _, body = (line + rest).partition(b"\r\n\r\n")
    return head, body


async def _ask(socket_path: str, path: str) -> tuple[bytes, bytes]:
    """Return the answer's status line, and all that follows if that is 200."""
    reader, writer = await asyncio.open_unix_connection(socket_path)
    rest = bytearray()
    try:
        writer.write(f"GET {path} HTTP/1.0\r\nHost: docker\r\n\r\n".encode())
        line = await reader.readline()
        while b" 200 " in line and len(rest) < MOST and (data := await reader.read(65_536)):
            rest += data
    finally:
        writer.transport.abort()
    return line, bytes(rest)
