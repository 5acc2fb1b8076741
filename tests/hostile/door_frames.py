"""WebSocket messages, as bytes, to send a great many of."""

from __future__ import annotations

import base64
import struct

from tests.hostile.doors import KEYS, Connection

TEXT, PING, PONG = 1, 9, 10
_SHORT, _MEDIUM = 126, 65_536


def frame(opcode: int, payload: bytes = b"") -> bytes:
    """A whole message, masked with zeros."""
    size = len(payload)
    if size < _SHORT:
        length = bytes([0x80 | size])
    elif size < _MEDIUM:
        length = bytes([0x80 | 126]) + struct.pack(">H", size)
    else:
        length = bytes([0x80 | 127]) + struct.pack(">Q", size)
    return bytes([0x80 | opcode]) + length + bytes(4) + payload


async def upgrade(connection: Connection, path: str, first: bytes) -> None:
    """Make it a WebSocket, and send the first message."""
    nonce = base64.b64encode(bytes(16)).decode()
    head = (
        f"GET {path} HTTP/1.1\r\nHost: x\r\n{KEYS}Upgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {nonce}\r\n\r\n"
    )
    await connection.send(head.encode())
    assert await connection.status() == 101
    await connection.send(frame(TEXT, first))


FLOODS = {
    "pings": frame(PING),
    "pongs": frame(PONG),
    "nothing for stdin": frame(TEXT, b'{"type":"stdin","data":""}'),
    "ends of stdin": frame(TEXT, b'{"type":"eof"}'),
    "too many values": frame(TEXT, b'{"type":"stdin","data":[' + b"[]," * 80_000 + b"1]}"),
    "fragments": b"\x01\x80\0\0\0\0" + b"\x00\x80\0\0\0\0" * 100_000,
}
