from __future__ import annotations

import base64
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.api.answers.answer import stage_fields, to_answer
from orchestrator.api.answers.answer import test_fields as fields_of
from orchestrator.api.answers.events import EventWriter, result_envelope
from orchestrator.jobs.events import JobEvent, Printed, Queued, StageEnded, StageStarted
from orchestrator.jobs.events import TestEnded as Ended
from orchestrator.jobs.events import TestStarted as Started
from orchestrator.jobs.model import Encoding, StageResult, TestResult, Verdict
from orchestrator.sandbox.model import StageKind, Stream
from tests.api_support import make_result

OK = StageResult(Verdict.ACCEPTED, exit_code=0)


def written(events: list[JobEvent], encoding: Encoding = Encoding.UTF8) -> list[dict[str, Any]]:
    return list(EventWriter(encoding).envelopes(events))


def test_every_event_has_one_envelope() -> None:
    assert written(
        [
            Queued(2),
            StageStarted(StageKind.RUN),
            Printed(Stream.STDOUT, b"out"),
            Printed(Stream.STDERR, b"err"),
            StageEnded(StageKind.RUN, OK),
        ]
    ) == [
        {"event": "queued", "position": 2},
        {"event": "stage", "name": "run"},
        {"event": "stdout", "data": "out"},
        {"event": "stderr", "data": "err"},
        {"event": "exit", "name": "run", **stage_fields(OK, Encoding.UTF8)},
    ]


def test_a_test_has_a_beginning_and_an_end_that_count_from_1() -> None:
    test = TestResult("small", StageResult(Verdict.WRONG_ANSWER, b"\xff"), has_output=True)
    for encoding in Encoding:
        assert written([Started(0, "small"), Ended(0, test)], encoding) == [
            {"event": "stage", "name": "run", "test": "small", "number": 1},
            {"event": "test", "number": 1, **fields_of(test, encoding)},
        ]


def test_the_last_event_is_the_whole_answer() -> None:
    result = make_result()
    assert result_envelope(result) == {"event": "result"} | to_answer(result)


def test_neighbours_of_one_stream_become_one_event() -> None:
    pieces = [Printed(Stream.STDOUT, b"a"), Printed(Stream.STDOUT, b"b")]
    other = [Printed(Stream.STDERR, b"c"), Printed(Stream.STDOUT, b"d")]
    assert written([*pieces, *other]) == [
        {"event": "stdout", "data": "ab"},
        {"event": "stderr", "data": "c"},
        {"event": "stdout", "data": "d"},
    ]


def test_a_character_is_never_split() -> None:
    writer = EventWriter(Encoding.UTF8)
    assert list(writer.envelopes([Printed(Stream.STDOUT, b"\xc3")])) == []
    assert list(writer.envelopes([Printed(Stream.STDERR, b"x")])) == [
        {"event": "stderr", "data": "x"}
    ]
    assert list(writer.envelopes([Printed(Stream.STDOUT, b"\xa9")])) == [
        {"event": "stdout", "data": "é"}
    ]


def test_the_next_stage_starts_with_a_clean_slate() -> None:
    cut = StageResult(Verdict.OUTPUT_LIMIT, stdout=b"\xc3", stdout_truncated=True)
    events = written(
        [
            Printed(Stream.STDOUT, b"\xc3"),
            StageEnded(StageKind.COMPILE, cut),
            Printed(Stream.STDOUT, b"\xa9"),
        ]
    )
    assert [event.get("data") for event in events] == [None, "\ufffd"]


def pieces() -> st.SearchStrategy[list[tuple[Stream, bytes]]]:
    odd = st.sampled_from(["é", "💩", "a", "\0", "\n"]).map(str.encode)
    data = st.one_of(st.binary(max_size=6), odd, odd.map(lambda raw: raw[:-1]))
    return st.lists(st.tuples(st.sampled_from(list(Stream)), data), max_size=30)


@given(pieces(), st.sampled_from(Encoding), st.booleans(), st.integers(1, 5))
def test_all_of_a_stage_s_events_together_are_what_its_result_says(
    printed: list[tuple[Stream, bytes]],
    encoding: Encoding,
    truncated: bool,  # noqa: FBT001 - hypothesis gives it
    batch: int,
) -> None:
    said = {stream: b"".join(data for each, data in printed if each is stream) for stream in Stream}
    result = StageResult(
        Verdict.ACCEPTED,
        said[Stream.STDOUT],
        said[Stream.STDERR],
        stdout_truncated=truncated,
        stderr_truncated=truncated,
    )
    events: list[JobEvent] = [Printed(stream, data) for stream, data in printed]
    events.append(StageEnded(StageKind.RUN, result))
    writer = EventWriter(encoding)
    envelopes = [
        envelope
        for start in range(0, len(events), batch)
        for envelope in writer.envelopes(events[start : start + batch])
    ]
    assert envelopes[-1]["event"] == "exit"
    for stream in Stream:
        parts = [each["data"] for each in envelopes if each["event"] == stream]
        if encoding is Encoding.BASE64:
            assert b"".join(map(base64.b64decode, parts)) == said[stream]
        else:
            assert "".join(parts) == envelopes[-1][stream]
