"""Bodies that were packed, unpacked a piece at a time: 400 KB of gzip may be 400 MB."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable

from orchestrator.api.errors import ApiError, Problem, invalid

PIECE = 65_536
"""Bytes that are made at once, before others have their turn."""
GZIP, ZLIB, RAW = 31, 15, -15
"""zlib's `wbits`, by what is around the packed bytes."""
_KNOWN = {"": "", "identity": "", "gzip": "gzip", "x-gzip": "gzip", "deflate": "deflate"}


def packing(content_encoding: str) -> str:
    """How a body is packed: `gzip`, `deflate`, or not at all (empty). Raises ApiError (415)."""
    found = _KNOWN.get(content_encoding.strip().lower())
    if found is None:
        text = "The Content-Encoding must be gzip or deflate, if there is one"
        raise ApiError(415, "unsupported_media_type", text)
    return found


async def unpack(
    data: bytes, packed_as: str, max_bytes: int, hold: Callable[[int], None] = lambda _: None
) -> bytes:
    """At most `max_bytes`, of what `packing` says. Raises ApiError, 413 or 400, and as `hold`."""
    if not packed_as:
        return data
    stream = zlib.decompressobj(GZIP if packed_as == "gzip" else _deflate(data))
    unpacked = bytearray()
    try:
        while not stream.eof:
            piece = stream.decompress(data, PIECE)
            data = stream.unconsumed_tail
            unpacked += piece
            if len(unpacked) > max_bytes:
                raise too_long(max_bytes)
            hold(len(data) + 2 * len(unpacked))
            if not piece and not data:
                raise badly_encoded()
            await asyncio.sleep(0)
    except zlib.error as err:
        raise badly_encoded() from err
    if stream.unused_data:
        raise badly_encoded()
    return bytes(unpacked)


def _deflate(data: bytes) -> int:
    """What is called deflate has zlib's two bytes in front, or, from some clients, nothing."""
    head = int.from_bytes(data[:2], "big")
    return ZLIB if data[:1] and data[0] & 15 == zlib.DEFLATED and head % 31 == 0 else RAW


def too_long(max_bytes: int) -> ApiError:
    """A 413."""
    return ApiError(413, "too_large", f"The body is longer than {max_bytes} bytes")


def badly_encoded() -> ApiError:
    """A 400."""
    text = "The body was cut short or is badly encoded"
    return invalid([Problem("body", text.removeprefix("The body "))], text)
