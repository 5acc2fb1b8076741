"""Encodes and decodes frames of the agent's protocol (docs/reference/agent-protocol.md). Pure."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

from orchestrator.errors import ProtocolError
from orchestrator.sandbox.model import (
    LimitHit,
    Signal,
    Stage,
    StageCause,
    StageKind,
    StageReport,
)

PROTOCOL_VERSION = 5
MAX_PAYLOAD = 262_144

_HEADER = struct.Struct(">IB")
_U32 = struct.Struct(">I")
_U64 = struct.Struct(">Q")
_READY = struct.Struct(">HI")
_EXIT = struct.Struct(">iiBBHQQQQI")
_STAGE = struct.Struct(">BIIIIII")

_KINDS = {StageKind.COMPILE: 1, StageKind.RUN: 2}
_BY_PREPARED = 3
_CAUSES = (
    StageCause.NONE,
    StageCause.WALL,
    StageCause.CPU,
    StageCause.OUTPUT,
    StageCause.KILLED,
)
_LIMITS = (
    (1, LimitHit.PROCESSES),
    (2, LimitHit.DISK),
    (4, LimitHit.INODES),
    (8, LimitHit.FILES),
    (16, LimitHit.FILE_SIZE),
)
_ALL_LIMITS = sum(bit for bit, _ in _LIMITS)
_TRUNCATED_STDOUT = 1
_TRUNCATED_STDERR = 2
_BUILD = 1
_WORK = 2
_APPEND = 1


class ToAgent(IntEnum):
    """The types of frames sent to the agent."""

    FILE = 0x01
    STAGE = 0x02
    STDIN = 0x03
    STDIN_END = 0x04
    KILL = 0x05
    PACK = 0x06
    PREPARE = 0x07
    DISMISS = 0x08
    SIGNAL = 0x09
    MEASURE = 0x0A


class FromAgent(IntEnum):
    """The types of frames that the agent sends."""

    READY = 0x81
    STARTED = 0x82
    STDOUT = 0x83
    STDERR = 0x84
    STDIN_CREDIT = 0x85
    EXIT = 0x86
    ERROR = 0x87
    ARTEFACT = 0x88
    ARTEFACT_END = 0x89
    PREPARED = 0x8A
    MEMORY = 0x8B


_TYPES = frozenset(FromAgent)


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame from the agent, its payload not yet parsed."""

    type: FromAgent
    payload: bytes


@dataclass(frozen=True, slots=True)
class Ready:
    """The agent's greeting: the protocol version, and the initial stdin credit in bytes."""

    version: int
    stdin_window: int


class FrameDecoder:
    """Splits a byte stream, however chunked, into the agent's frames. Buffers at most one frame."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Frame]:
        """Return the frames that `data` completes. Raises ProtocolError on a bad header."""
        self._buffer += data
        frames = []
        start = 0
        while len(self._buffer) - start >= _HEADER.size:
            length, kind = _HEADER.unpack_from(self._buffer, start)
            _check_header(length, kind)
            end = start + _HEADER.size + length
            if len(self._buffer) < end:
                break
            frames.append(Frame(FromAgent(kind), bytes(self._buffer[start + _HEADER.size : end])))
            start = end
        del self._buffer[:start]
        return frames


def _check_header(length: int, kind: int) -> None:
    if length > MAX_PAYLOAD:
        raise ProtocolError(f"agent frame of {length} bytes, more than {MAX_PAYLOAD}")
    if kind not in _TYPES:
        raise ProtocolError(f"unknown agent frame type {kind:#04x}")


def encode(kind: ToAgent, payload: bytes = b"") -> bytes:
    """Encode one frame to the agent. Raises ProtocolError when the payload is too large."""
    if len(payload) > MAX_PAYLOAD:
        raise ProtocolError(f"frame of {len(payload)} bytes, more than {MAX_PAYLOAD}")
    return _HEADER.pack(len(payload), kind) + payload


def encode_file(path: str, content: bytes, *, build: bool, work: bool) -> Iterator[bytes]:
    """Encode a file into `/build`, `/work` or both, as one or more frames."""
    name = _string(path)
    targets = (_BUILD if build else 0) | (_WORK if work else 0)
    room = MAX_PAYLOAD - len(name) - 2
    for start in range(0, max(len(content), 1), room):
        head = bytes((targets, _APPEND if start else 0)) + name
        yield encode(ToAgent.FILE, head + content[start : start + room])


def encode_stage(stage: Stage) -> bytes:
    """Encode the start of a stage; its stdin is sent in frames of its own."""
    kind = _BY_PREPARED if stage.by_prepared else _KINDS[stage.kind]
    head = _STAGE.pack(
        kind,
        stage.wall_ms,
        stage.wall_most_ms,
        stage.cpu_ms,
        stage.stack_kb,
        stage.stdout_limit,
        stage.stderr_limit,
    )
    return encode(ToAgent.STAGE, head + _command(stage.argv, stage.env))


def encode_stdin(data: bytes | memoryview) -> bytes:
    """Encode bytes of a running program's stdin, as one or more frames."""
    pieces = (data[start : start + MAX_PAYLOAD] for start in range(0, len(data), MAX_PAYLOAD))
    return b"".join(encode(ToAgent.STDIN, bytes(piece)) for piece in pieces)


def encode_signal(signal: Signal) -> bytes:
    """Encode a signal to the running program.

    KILL has a frame type of its own, so that the agent reports the stage as killed by us; a plain
    SIGKILL would look like the kernel's OOM killer.
    """
    if signal is Signal.KILL:
        return encode(ToAgent.KILL)
    return encode(ToAgent.SIGNAL, bytes((signal,)))


def encode_prepare(argv: Sequence[str], env: Mapping[str, str]) -> bytes:
    """Encode the start of the prepared compiler."""
    return encode(ToAgent.PREPARE, _command(argv, env))


def _command(argv: Sequence[str], env: Mapping[str, str]) -> bytes:
    return _strings(argv) + _strings(_environment(env))


def _environment(env: Mapping[str, str]) -> list[str]:
    return [f"{name}={value}" for name, value in env.items()]


def _strings(texts: Sequence[str]) -> bytes:
    return len(texts).to_bytes(2, "big") + b"".join(map(_string, texts))


def _string(text: str) -> bytes:
    raw = text.encode()
    return _U32.pack(len(raw)) + raw


def encode_pack(max_bytes: int) -> bytes:
    """Encode the request to pack `/build` into at most `max_bytes` of frames."""
    return encode(ToAgent.PACK, _U32.pack(max_bytes))


def parse_ready(payload: bytes) -> Ready:
    """Parse the payload of `ready`."""
    version, window = _unpack(_READY, payload, "ready")
    return Ready(version, window)


def parse_credit(payload: bytes) -> int:
    """Parse the payload of `stdin_credit`: how many more bytes of stdin may be sent."""
    (credit,) = _unpack(_U32, payload, "stdin_credit")
    return int(credit)


def parse_memory(payload: bytes) -> int:
    """Parse the payload of `memory`: the memory in use, in bytes."""
    (held,) = _unpack(_U64, payload, "memory")
    return int(held)


def parse_exit(payload: bytes) -> StageReport:
    """Parse the payload of `exit`: the agent's report of a stage."""
    code, signal, cause, truncated, limits, cpu, wall, given_back, memory, ooms = _unpack(
        _EXIT, payload, "exit"
    )
    if cause >= len(_CAUSES) or limits & ~_ALL_LIMITS:
        raise ProtocolError(f"exit frame with cause {cause} and limits {limits:#x}")
    return StageReport(
        exit_code=None if signal else code,
        signal=signal or None,
        cause=_CAUSES[cause],
        cpu_us=cpu,
        wall_us=wall,
        given_back_us=given_back,
        memory_kb=memory,
        oom_kills=ooms,
        limits_hit=frozenset(limit for bit, limit in _LIMITS if limits & bit),
        stdout_truncated=bool(truncated & _TRUNCATED_STDOUT),
        stderr_truncated=bool(truncated & _TRUNCATED_STDERR),
    )


def parse_answer(frame: Frame) -> bool:
    """Parse the payload of `started`, `artefact_end` or `prepared`: a boolean."""
    if frame.payload not in {b"\0", b"\1"}:
        raise ProtocolError(f"{frame.type.name.lower()} frame of {frame.payload[:8].hex()!r}")
    return frame.payload == b"\1"


def _unpack(form: struct.Struct, payload: bytes, name: str) -> tuple[int, ...]:
    if len(payload) != form.size:
        raise ProtocolError(f"{name} frame of {len(payload)} bytes instead of {form.size}")
    return form.unpack(payload)
