"""Which form an answer takes, and how events look in two of them. No I/O."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any

from orchestrator.api.answers.json_pieces import PIECE, json_pieces


class Format(StrEnum):
    """An answer's form, by its media type."""

    JSON = "application/json"
    NDJSON = "application/x-ndjson"
    SSE = "text/event-stream"
    TEXT = "text/plain"
    HTML = "text/html"


JOB_FORMS = (Format.JSON, Format.NDJSON, Format.SSE)


def choose_format(accept: str, forms: Sequence[Format] = JOB_FORMS) -> Format:
    """What an `Accept` header asks for: the form it prefers, unless the first is as welcome.

    What we don't have is passed over, and whoever asks for nothing we have gets the first, as
    everybody did before there were streams.
    """
    usual = forms[0]
    ranges = ("*/*", f"{usual.partition('/')[0]}/*")
    best, best_weight = usual, 0.0
    for entry in accept.split(","):
        media_type, *parameters = (part.strip().lower() for part in entry.split(";"))
        weight = _weight(parameters)
        form = next((each for each in forms if each == media_type), None)
        if media_type in ranges:
            form = usual
        if form is not None and (weight > best_weight or (weight == best_weight and form is usual)):
            best, best_weight = form, weight
    return best


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return min(max(float(value), 0.0), 1.0)
            except ValueError:
                return 0.0
    return 1.0


def frame(event: Mapping[str, Any], form: Format) -> Iterator[bytes]:
    """One event on the wire, in pieces where it is long.

    JSON has no newline in it, so neither form needs more escaping.
    """
    before = f"event: {event['event']}\ndata: ".encode() if form is Format.SSE else b""
    after = b"\n\n" if form is Format.SSE else b"\n"
    if event["event"] != "result" and not any(map(_is_long, event.values())):
        yield before + json.dumps(event).encode() + after
        return
    yield before
    yield from json_pieces(event)
    yield after


def _is_long(value: object) -> bool:
    return isinstance(value, str) and len(value) > PIECE
