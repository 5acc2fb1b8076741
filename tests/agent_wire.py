"""The agent's protocol once more, written from docs/reference/agent-protocol.md and nothing else.

Tests hold `orchestrator/sandbox/protocol/frames.py` against it, and speak as the agent with it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

HEADER = 5
READY, STARTED, STDOUT, STDERR, CREDIT, EXIT, ERROR = range(0x81, 0x88)
ARTEFACT, ARTEFACT_END, PREPARED, MEMORY = range(0x88, 0x8C)
FILE, STAGE, STDIN, STDIN_END, KILL, PACK, PREPARE, DISMISS, SIGNAL, MEASURE = range(1, 11)


def frame_from_agent(kind: int, payload: bytes) -> bytes:
    return struct.pack(">IB", len(payload), kind) + payload


def pack_ready(window: int = 262_144, version: int = 5) -> bytes:
    return frame_from_agent(READY, struct.pack(">HI", version, window))


def pack_memory(held: int) -> bytes:
    return frame_from_agent(MEMORY, struct.pack(">Q", held))


def pack_exit(
    ending: tuple[int, int, int, int] = (0, 0, 0, 0),
    limits: int = 0,
    usage: tuple[int, int, int, int, int] = (0, 0, 0, 0, 0),
) -> bytes:
    """`ending`: code, signal, cause, truncated; `usage`: cpu, wall, given back, memory, OOMs."""
    return struct.pack(">iiBBHQQQQI", *ending, limits, *usage)


class Reference:
    """Reads a payload to the agent, field by field."""

    def __init__(self, payload: bytes) -> None:
        self.rest = payload

    def take(self, size: int) -> bytes:
        assert size <= len(self.rest)
        piece, self.rest = self.rest[:size], self.rest[size:]
        return piece

    def number(self, width: int) -> int:
        return int.from_bytes(self.take(width), "big")

    def string(self) -> bytes:
        raw = self.take(self.number(4))
        assert b"\0" not in raw
        return raw

    def strings(self) -> list[bytes]:
        return [self.string() for _ in range(self.number(2))]


def cut(stream: bytes) -> Iterator[tuple[int, bytes]]:
    while stream:
        size = int.from_bytes(stream[:4], "big")
        assert size <= 262_144
        assert len(stream) >= HEADER + size
        yield stream[4], stream[HEADER : HEADER + size]
        stream = stream[HEADER + size :]


def hexed(raw: bytes) -> str:
    return raw.hex() or "-"


def describe_command(fields: Reference) -> list[str]:
    argv, env = fields.strings(), fields.strings()
    assert fields.rest == b""
    return [str(len(argv)), *map(hexed, argv), str(len(env)), *map(hexed, env)]


def describe(stream: bytes) -> list[str]:
    """The frames to the agent in words: what `echo_frames` prints of them."""
    lines = []
    for kind, payload in cut(stream):
        fields = Reference(payload)
        match kind:
            case 1:
                targets, flags = fields.number(1), fields.number(1)
                lines.append(
                    f"file {targets} {flags} {hexed(fields.string())} {hexed(fields.rest)}"
                )
            case 2:
                numbers = [fields.number(1), *(fields.number(4) for _ in range(6))]
                lines.append(" ".join(["stage", *map(str, numbers), *describe_command(fields)]))
            case 3:
                lines.append(f"stdin {hexed(payload)}")
            case 6:
                lines.append(f"pack {fields.number(4)}")
                assert fields.rest == b""
            case 7:
                lines.append(" ".join(["prepare", *describe_command(fields)]))
            case 9:
                lines.append(f"signal {fields.number(1)}")
                assert fields.rest == b""
            case _:
                lines.append({4: "stdin_end", 5: "kill", 8: "dismiss", 10: "measure"}[kind])
                assert payload == b""
    return lines
