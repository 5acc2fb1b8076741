from __future__ import annotations

import json

import pytest

from orchestrator.api.answers.formats import Format, choose_format, frame


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", Format.JSON),
        ("*/*", Format.JSON),
        ("application/json", Format.JSON),
        ("text/event-stream", Format.SSE),
        ("application/x-ndjson", Format.NDJSON),
        (" Text/Event-Stream ; charset=utf-8", Format.SSE),
        ("text/event-stream, application/json", Format.JSON),
        ("text/event-stream, application/json;q=0.5", Format.SSE),
        ("text/event-stream, */*;q=0.1", Format.SSE),
        ("text/event-stream;q=0.5, application/x-ndjson", Format.NDJSON),
        ("text/event-stream, application/x-ndjson", Format.SSE),
        ("text/html, application/xhtml+xml", Format.JSON),
        ("text/event-stream;q=0", Format.JSON),
        ("text/event-stream;q=nonsense", Format.JSON),
        ("text/event-stream;q=7", Format.SSE),
        ("text/event-stream;q=nan", Format.JSON),
        (",;,;q=,", Format.JSON),
    ],
)
def test_a_stream_is_sent_to_whoever_prefers_one(accept: str, form: Format) -> None:
    assert choose_format(accept) is form


def test_an_ndjson_event_is_one_line() -> None:
    event = {"event": "stdout", "data": "a\nb\r\n\u2028é"}
    line = b"".join(frame(event, Format.NDJSON))
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert json.loads(line) == event


def test_a_server_sent_event_has_its_name_and_one_line_of_data() -> None:
    event = {"event": "stdout", "data": "a\nb\r\n\n"}
    name, data, *rest = b"".join(frame(event, Format.SSE)).decode().split("\n")
    assert (name, rest) == ("event: stdout", ["", ""])
    assert json.loads(data.removeprefix("data: ")) == event
