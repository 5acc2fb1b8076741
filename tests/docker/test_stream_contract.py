"""The contract's checks of streams can fail, too."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.docker.contract_client import FORMS, JSON, NDJSON, SSE, Asked, check_reply
from tests.docker.contract_shapes import ContractViolationError, Json
from tests.docker.stream_contract import check_stream, parse_ndjson, parse_sse
from tests.docker.test_http_contract import (
    COMPILED,
    DETAILS,
    HEADERS,
    OK,
    REFUSED,
    RIGHT,
    make_answer,
    make_stage,
)

PING: Json = {"event": "ping"}
QUEUED: Json = {"event": "queued", "position": 0}
Events = list[Json]


def event(kind: str, **fields: Any) -> Json:
    return {"event": kind, **fields}


def ended(name: str, stage: Json) -> Json:
    return {"event": "exit", "name": name, **stage}


RESULT = event("result", **OK)
STAGE = event("stage", name="run")
EXIT = ended("run", OK["run"])
HI = event("stdout", data="hi\n")
COMPILE = [event("stage", name="compile"), event("stderr", data="a warning")]
COMPILE += [ended("compile", COMPILED["compile"])]
CANCELLED = event("result", **RIGHT["cancelled"])
FAULT = make_answer(None, status="internal_error", error="Internal error", success=False)

RIGHT_STREAMS: Mapping[str, Events] = {
    "plain": [QUEUED, STAGE, HI, EXIT, RESULT],
    "waited": [event("queued", position=2), QUEUED, STAGE, HI, EXIT, RESULT],
    "in pieces": [
        *(QUEUED, STAGE, event("stdout", data="h"), event("stdout", data="i\n")),
        *(EXIT, RESULT),
    ],
    "pings": [PING, QUEUED, PING, STAGE, PING, HI, PING, EXIT, PING, RESULT],
    "compiled": [QUEUED, *COMPILE, STAGE, HI, EXIT, event("result", **COMPILED)],
    "refused by the compiler": [
        *(QUEUED, event("stage", name="compile"), event("stderr", data="no such name")),
        *(ended("compile", REFUSED), event("result", **RIGHT["refused by the compiler"])),
    ],
    "cancelled while waiting": [QUEUED, CANCELLED],
    "cancelled while running": [QUEUED, STAGE, HI, CANCELLED],
    "a fault of ours": [QUEUED, STAGE, event("result", **FAULT)],
}


@pytest.mark.parametrize("events", RIGHT_STREAMS.values(), ids=RIGHT_STREAMS)
def test_a_right_stream_passes(events: Events) -> None:
    answer = check_stream(events)
    assert answer == {name: value for name, value in events[-1].items() if name != "event"}


def test_base64_is_joined_as_bytes() -> None:
    answer = make_answer(make_stage(stdout="aGkK"))
    pieces = [event("stdout", data="aA=="), event("stdout", data="aQo=")]
    end = ended("run", answer["run"])
    check_stream([QUEUED, STAGE, *pieces, end, event("result", **answer)], "base64")


@pytest.mark.parametrize(
    "events",
    [
        [],
        [QUEUED],
        [RESULT],
        [QUEUED, STAGE, HI, EXIT],
        [QUEUED, STAGE, HI, EXIT, RESULT, RESULT],
        [QUEUED, STAGE, HI, EXIT, RESULT, PING],
        [QUEUED, RESULT],
        [STAGE, HI, EXIT, RESULT],
        [STAGE, QUEUED, HI, EXIT, RESULT],
        [QUEUED, STAGE, QUEUED, HI, EXIT, RESULT],
        [QUEUED, STAGE, HI, EXIT, QUEUED, RESULT],
        [QUEUED, STAGE, EXIT, RESULT],
        [QUEUED, STAGE, HI, HI, EXIT, RESULT],
        [QUEUED, STAGE, event("stderr", data="hi\n"), EXIT, RESULT],
        [QUEUED, STAGE, HI, event("stdout", data=""), EXIT, RESULT],
        [QUEUED, HI, STAGE, EXIT, RESULT],
        [QUEUED, STAGE, HI, RESULT],
        [QUEUED, STAGE, HI, EXIT, STAGE, HI, EXIT, RESULT],
        [QUEUED, STAGE, HI, ended("compile", OK["run"]), RESULT],
        [QUEUED, STAGE, HI, EXIT | {"exit_code": 1}, RESULT],
        [QUEUED, STAGE, HI, EXIT | {"more": 1}, RESULT],
        [QUEUED, STAGE, HI, {"event": "exit", "name": "run"}, RESULT],
        [QUEUED, STAGE, HI, EXIT, RESULT | {"success": False}],
        [QUEUED, event("stage", name="test"), HI, EXIT, RESULT],
        [event("queued", position=-1), STAGE, HI, EXIT, RESULT],
        [event("queued", position="0"), STAGE, HI, EXIT, RESULT],
        [event("waiting"), QUEUED, STAGE, HI, EXIT, RESULT],
        [PING | {"data": ""}, QUEUED, STAGE, HI, EXIT, RESULT],
        [QUEUED, STAGE, HI, EXIT, *COMPILE, event("result", **COMPILED)],
        [QUEUED, STAGE, HI, EXIT, event("result", **COMPILED)],
    ],
)
def test_a_spoiled_stream_is_refused(events: Events) -> None:
    with pytest.raises(ContractViolationError):
        check_stream(events)


def test_both_forms_are_read_to_the_same_events() -> None:
    events = RIGHT_STREAMS["pings"]
    lines = [json.dumps(each) for each in events]
    blocks = [
        f"event: {each['event']}\ndata: {line}\n\n"
        for each, line in zip(events, lines, strict=True)
    ]
    assert parse_sse("".join(blocks)) == parse_ndjson("\n".join(lines) + "\n") == events


@pytest.mark.parametrize("text", ["", "{}\n", '{"event":"ping"}', '{"event":"ping"}\n\n', "[]\n"])
def test_what_is_no_ndjson_is_refused(text: str) -> None:
    with pytest.raises(ContractViolationError):
        parse_ndjson(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        'event: ping\ndata: {"event":"ping"}\n',
        'event: stage\ndata: {"event":"ping"}\n\n',
        'data: {"event":"ping"}\n\n',
        'event: ping\ndata: {"event":"ping","n":NaN}\n\n',
    ],
)
def test_what_is_no_stream_of_server_sent_events_is_refused(text: str) -> None:
    with pytest.raises(ContractViolationError):
        parse_sse(text)


def reply_headers(form: str) -> dict[str, str]:
    return HEADERS | {"Content-Type": f"{form}; charset=utf-8"}


@pytest.mark.parametrize("form", FORMS)
def test_an_answer_in_the_form_that_was_asked_for_passes(form: str) -> None:
    lines = [json.dumps(each) for each in RIGHT_STREAMS["plain"]]
    names = [each["event"] for each in RIGHT_STREAMS["plain"]]
    body = {
        JSON: json.dumps(OK),
        NDJSON: "\n".join(lines) + "\n",
        SSE: "".join(
            f"event: {name}\ndata: {line}\n\n" for name, line in zip(names, lines, strict=True)
        ),
    }[form]
    asked = Asked(b"", {"X-Request-Id": "a1"}, form)
    assert check_reply(asked, 200, reply_headers(form), body.encode()).answer == OK


@pytest.mark.parametrize(
    ("form", "status", "headers", "body"),
    [
        (SSE, 200, reply_headers(JSON), json.dumps(OK)),
        (JSON, 200, reply_headers(JSON), "{}"),
        (JSON, 200, reply_headers(JSON) | {"X-Request-Id": "b"}, json.dumps(OK)),
        (JSON, 500, HEADERS, "Internal Server Error"),
        (JSON, 400, HEADERS, "400: Bad Request"),
        (NDJSON, 400, reply_headers(NDJSON), json.dumps({"code": "invalid", "details": DETAILS})),
    ],
)
def test_another_answer_than_the_one_asked_for_is_refused(
    form: str, status: int, headers: Mapping[str, str], body: str
) -> None:
    with pytest.raises(ContractViolationError):
        check_reply(Asked(b"", {"X-Request-Id": "a1"}, form), status, headers, body.encode())


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(ContractViolationError):
        check_reply(Asked(b"", {}), 200, HEADERS, b"\xff")
