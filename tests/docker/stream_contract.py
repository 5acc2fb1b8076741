"""The contract of a job's stream as pure checks: its two forms on the wire, its grammar, its sums.

queued+ (stage (stdout | stderr)* exit)* result, with pings anywhere before the result. `queued`
comes again only while the job waits. What is streamed adds up to what `exit` and `result` say.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from orchestrator.sandbox.model import StageKind
from tests.docker.contract_shapes import (
    STAGE_SHAPE,
    ContractViolationError,
    Json,
    Predicate,
    check_shape,
    is_count,
    is_text,
    one_of,
    require,
)
from tests.docker.http_contract import bytes_of, check_answer

OUTPUT = ("stdout", "stderr")
ENDED_EARLY = ("cancelled", "internal_error")
_SSE_BLOCK = re.compile(r"event: ([a-z]+)\ndata: ([^\n\r]+)")

EVENT_SHAPES: Mapping[str, Mapping[str, Predicate]] = {
    "queued": {"position": is_count},
    "stage": {"name": one_of(StageKind)},
    "stdout": {"data": is_text},
    "stderr": {"data": is_text},
    "exit": {"name": one_of(StageKind), **STAGE_SHAPE},
    "ping": {},
}


def parse_json(text: str) -> Any:
    """Strict: JSON has no NaN, whatever Python's parser takes."""
    try:
        return json.loads(text, parse_constant=_refuse)
    except ValueError as err:
        raise ContractViolationError(f"not JSON: {text[:100]!r}") from err


def _refuse(name: str) -> NoReturn:
    raise ValueError(name)


def parse_ndjson(text: str) -> list[Json]:
    require(text.endswith("\n"), "the last line has no end", text[-100:])
    return [_event(parse_json(line)) for line in text.removesuffix("\n").split("\n")]


def parse_sse(text: str) -> list[Json]:
    require(text.endswith("\n\n"), "the last event has no end", text[-100:])
    events = []
    for block in text.removesuffix("\n\n").split("\n\n"):
        found = _SSE_BLOCK.fullmatch(block)
        if found is None:
            raise ContractViolationError(f"not an event: {block[:100]!r}")
        event = _event(parse_json(found[2]))
        require(event["event"] == found[1], "named twice, differently", block[:100])
        events.append(event)
    return events


def _event(value: object) -> Json:
    if not isinstance(value, dict) or not isinstance(value.get("event"), str):
        raise ContractViolationError(f"not an event: {value!r}")
    return value


def check_stream(events: Sequence[Json], encoding: str = "utf8") -> Json:
    """A whole stream; the answer in it."""
    for event in events[:-1]:
        check_event(event)
    require(bool(events) and events[-1].get("event") == "result", "no result at the end", events)
    answer = _without(events[-1], "event")
    check_answer(answer, encoding, streamed=True)
    rest = deque(event for event in events[:-1] if event["event"] != "ping")
    require(bool(rest) and rest[0]["event"] == "queued", "does not begin with queued", events)
    while rest and rest[0]["event"] == "queued":
        rest.popleft()
    ended: dict[str, Json] = {}
    while rest:
        require(rest[0]["event"] == "stage", "neither a stage nor the result", rest[0])
        name = rest.popleft()["name"]
        require(name not in ended, "a stage twice", events)
        require(name == "run" or not ended, "compiled after the run", events)
        _take_stage(name, rest, ended, encoding, may_break_off=answer["status"] in ENDED_EARLY)
    if answer["status"] != "internal_error":  # whose stage was lost without an end
        for name in StageKind:
            require(ended.get(name) == answer[name], f"{name} differs from its exit", events)
    return answer


def check_event(event: Json) -> None:
    """Any event but the last."""
    kind = event["event"]
    require(kind in EVENT_SHAPES, "no such event, or not here", event)
    check_shape(_without(event, "event"), EVENT_SHAPES[kind], kind)
    if kind in OUTPUT:
        require(event["data"] != "", "output of nothing", event)


def _take_stage(
    name: str, rest: deque[Json], ended: dict[str, Json], encoding: str, *, may_break_off: bool
) -> None:
    """A stage's events off `rest`, up to its `exit`, which goes to `ended`."""
    streamed: dict[str, list[str]] = {stream: [] for stream in OUTPUT}
    while rest and rest[0]["event"] in OUTPUT:
        event = rest.popleft()
        streamed[event["event"]].append(event["data"])
    if not rest:
        require(may_break_off, "a stage without an end", name)
        return
    end = rest.popleft()
    require(end["event"] == "exit" and end["name"] == name, f"inside of {name}", end)
    for stream, pieces in streamed.items():
        require(_joined(pieces, encoding) == _joined([end[stream]], encoding), stream, end)
    ended[name] = _without(end, "event", "name")


def _joined(pieces: Sequence[str], encoding: str) -> str | bytes:
    if encoding == "utf8":
        return "".join(pieces)
    return b"".join(map(bytes_of, pieces))


def _without(event: Json, *names: str) -> Json:
    return {name: value for name, value in event.items() if name not in names}
