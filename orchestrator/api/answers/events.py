"""From a job's events to the envelopes of a stream. No I/O."""

from __future__ import annotations

import base64
import codecs
from collections.abc import Iterable, Iterator
from typing import Any

from orchestrator.api.answers.answer import stage_fields, test_fields, to_answer
from orchestrator.api.errors import ApiError, error_body
from orchestrator.jobs.events import (
    JobEvent,
    Printed,
    Queued,
    StageEnded,
    StageStarted,
    TestEnded,
    TestStarted,
)
from orchestrator.jobs.model import Encoding, JobResult
from orchestrator.sandbox.model import Stream

Envelope = dict[str, Any]
"""`{"event": name, ...}`: JSON data."""

PING: Envelope = {"event": "ping"}


def result_envelope(result: JobResult) -> Envelope:
    """The last event: the whole answer."""
    return {"event": "result", **to_answer(result)}


def queued_envelope(position: int) -> Envelope:
    """The first event; again when the position has changed."""
    return {"event": "queued", "position": position}


def error_envelope(err: ApiError) -> Envelope:
    """A refusal where there is no HTTP status any more."""
    return {"event": "error", **error_body(err)}


class EventWriter:
    """Turns one job's events into envelopes, in order.

    Text never ends within a character: the bytes of one that is not complete wait for the rest. All
    a stage's text together is what its result says.
    """

    def __init__(self, encoding: Encoding) -> None:
        """`encoding`: the job's."""
        self._encoding = encoding
        self._decoders = _decoders()

    def envelopes(self, events: Iterable[JobEvent]) -> Iterator[Envelope]:
        """What to send for these events; neighbours of one stream become one."""
        for event in _merge(events):
            match event:
                case Queued(position):
                    yield queued_envelope(position)
                case StageStarted(kind):
                    yield {"event": "stage", "name": kind.value}
                case Printed(stream, data):
                    yield from self._output(stream, data)
                case TestStarted(number, name):
                    yield {"event": "stage", "name": "run", "test": name, "number": number + 1}
                case TestEnded(number, test):
                    fields = test_fields(test, self._encoding)
                    yield {"event": "test", "number": number + 1, **fields}
                case StageEnded(kind, result):
                    yield from self._rest(Stream.STDOUT, cut=result.stdout_truncated)
                    yield from self._rest(Stream.STDERR, cut=result.stderr_truncated)
                    self._decoders = _decoders()
                    fields = stage_fields(result, self._encoding)
                    yield {"event": "exit", "name": kind.value, **fields}

    def _output(self, stream: Stream, data: bytes) -> Iterator[Envelope]:
        if self._encoding is Encoding.BASE64:
            text = base64.b64encode(data).decode()
        else:
            text = self._decoders[stream].decode(data)
        if text:
            yield {"event": stream.value, "data": text}

    def _rest(self, stream: Stream, *, cut: bool) -> Iterator[Envelope]:
        """What a stage left incomplete at its end; half a character at a cut is left out."""
        text = "" if cut else self._decoders[stream].decode(b"", final=True)
        if text:
            yield {"event": stream.value, "data": text}


def _decoders() -> dict[Stream, codecs.IncrementalDecoder]:
    new = codecs.getincrementaldecoder("utf-8")
    return {stream: new("replace") for stream in Stream}


def _merge(events: Iterable[JobEvent]) -> Iterator[JobEvent]:
    pieces: list[bytes] = []
    stream = Stream.STDOUT
    for event in events:
        if isinstance(event, Printed) and (event.stream is stream or not pieces):
            stream = event.stream
            pieces.append(event.data)
            continue
        if pieces:
            yield Printed(stream, b"".join(pieces))
            pieces.clear()
        if isinstance(event, Printed):
            stream = event.stream
            pieces.append(event.data)
        else:
            yield event
    if pieces:
        yield Printed(stream, b"".join(pieces))
