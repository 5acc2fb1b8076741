from __future__ import annotations

import base64
import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.api.errors import ApiError
from orchestrator.api.requests.messages import MAX_MESSAGE, Eof, Message, Stdin, parse_message
from orchestrator.errors import InvalidSubmissionError
from orchestrator.jobs.model import Encoding
from orchestrator.sandbox.model import Signal


def parse(message: object, encoding: Encoding = Encoding.UTF8) -> Message:
    return parse_message(json.dumps(message).encode(), encoding)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_text_comes_as_utf_8(text: str) -> None:
    assert parse({"type": "stdin", "data": text}) == Stdin(text.encode())


@given(st.binary())
def test_bytes_come_as_they_were(data: bytes) -> None:
    message = {"type": "stdin", "data": base64.b64encode(data).decode()}
    assert parse(message, Encoding.BASE64) == Stdin(data)


def test_the_end_and_every_signal_have_a_message() -> None:
    assert parse({"type": "eof"}) == Eof()
    names = ["INT", "KILL", "TERM"]
    assert [parse({"type": "signal", "signal": name}) for name in names] == list(Signal)


@pytest.mark.parametrize(
    ("message", "field"),
    [
        ([], "message"),
        ("stdin", "message"),
        (None, "message"),
        ({}, "type"),
        ({"type": "STDIN"}, "type"),
        ({"type": ["stdin"]}, "type"),
        ({"type": {}}, "type"),
        ({"type": "stdin"}, "data"),
        ({"type": "stdin", "data": 1}, "data"),
        ({"type": "stdin", "data": "\ud800"}, "data"),
        ({"type": "stdin", "data": "x", "eof": True}, "eof"),
        ({"type": "eof", "data": ""}, "data"),
        ({"type": "signal"}, "signal"),
        ({"type": "signal", "signal": 9}, "signal"),
        ({"type": "signal", "signal": "STOP"}, "signal"),
        ({"type": "signal", "signal": "int"}, "signal"),
        ({"type": "eof", "x" * 1000: 1}, "x" * 64 + "…"),
    ],
)
def test_what_makes_no_sense_is_refused_and_named(message: Any, field: str) -> None:
    with pytest.raises(ApiError) as refused:
        parse(message)
    assert refused.value.status == 400
    assert [problem.field for problem in refused.value.problems] == [field]


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff", b"NaN", b"[" * 10_000])
def test_what_is_no_json_is_refused(raw: bytes) -> None:
    with pytest.raises(ApiError, match="not valid JSON"):
        parse_message(raw, Encoding.UTF8)


def test_what_is_no_base64_is_refused() -> None:
    with pytest.raises(InvalidSubmissionError, match="data: is not valid base64"):
        parse({"type": "stdin", "data": "?"}, Encoding.BASE64)


def test_a_message_has_a_bound() -> None:
    message = {"type": "stdin", "data": ""}
    room = MAX_MESSAGE - len(json.dumps(message))
    assert parse(message | {"data": "x" * room}) == Stdin(b"x" * room)
    with pytest.raises(ApiError, match="longer than 262144 bytes") as refused:
        parse(message | {"data": "x" * (room + 1)})
    assert refused.value.code == "too_large"


@given(st.binary(max_size=300), st.sampled_from(Encoding))
def test_no_bytes_make_it_fail_otherwise(raw: bytes, encoding: Encoding) -> None:
    with contextlib.suppress(ApiError, InvalidSubmissionError):
        parse_message(raw, encoding)
