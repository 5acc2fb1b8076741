"""What a client says over a WebSocket once its program is on its way. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

from orchestrator.api.errors import ApiError, Problem, invalid
from orchestrator.api.requests.body import parse_json
from orchestrator.api.requests.files import decode_base64
from orchestrator.api.requests.schemas import shorten
from orchestrator.jobs.model import Encoding
from orchestrator.sandbox.model import Signal

MAX_MESSAGE = 262_144
"""Most bytes of a message after the first; more of stdin comes in several."""
MOST_VALUES = 16
"""Of a long message, whose text is one of them."""
MESSAGE_FIELDS = {"stdin": {"type", "data"}, "eof": {"type"}, "signal": {"type", "signal"}}


@dataclass(frozen=True, slots=True)
class Stdin:
    """Bytes for the program."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Eof:
    """There are no more."""


Message = Stdin | Eof | Signal


def parse_message(raw: bytes, encoding: Encoding) -> Message:
    """A client's message; `encoding` is the submission's. Raises ApiError, 400 or 413."""
    if len(raw) > MAX_MESSAGE:
        raise ApiError(413, "too_large", f"The message is longer than {MAX_MESSAGE} bytes")
    payload = parse_json(raw, MOST_VALUES)
    if not isinstance(payload, dict):
        _refuse("message", "must be a JSON object")
    kind = payload.get("type")
    if not isinstance(kind, str) or kind not in MESSAGE_FIELDS:
        _refuse("type", "must be stdin, eof or signal")
    for name in payload:
        if name not in MESSAGE_FIELDS[kind]:
            _refuse(shorten(name), f"is not a known field of {kind}")
    if kind == "stdin":
        return Stdin(_data(payload, encoding))
    return Eof() if kind == "eof" else _signal(payload)


def _data(payload: Mapping[str, object], encoding: Encoding) -> bytes:
    text = payload.get("data")
    if not isinstance(text, str):
        _refuse("data", "must be a string")
    if encoding is Encoding.BASE64:
        return decode_base64(text, "data")
    try:
        return text.encode()
    except UnicodeEncodeError:
        _refuse("data", "is not valid Unicode text")


def _signal(payload: Mapping[str, object]) -> Signal:
    name = payload.get("signal")
    if not isinstance(name, str) or name not in Signal.__members__:
        _refuse("signal", "must be INT, TERM or KILL")
    return Signal[name]


def _refuse(field: str, message: str) -> NoReturn:
    raise invalid([Problem(field, message)])
