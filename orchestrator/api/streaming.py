"""A job's events as they happen, its whole answer last: `POST /execute` as a stream."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from aiohttp import web

from orchestrator.api.answers.events import (
    Envelope,
    EventWriter,
    queued_envelope,
    result_envelope,
)
from orchestrator.api.answers.formats import Format
from orchestrator.api.answers.weight import answer_bytes
from orchestrator.api.sessions.http_stream import HttpStream
from orchestrator.api.sessions.job_session import JobSession, relay
from orchestrator.jobs.events import JobEvent
from orchestrator.jobs.job import Job
from orchestrator.jobs.model import Encoding, JobResult


async def stream(request: web.Request, job: Job, form: Format) -> web.StreamResponse:
    """Run an accepted job and send its events. Is cancelled when the client goes away."""
    outlet = HttpStream(request, form)
    session = JobSession(request, job, StreamWords(job.submission.encoding), outlet)
    await relay(request, session, [outlet.watch()])
    return outlet.response


class StreamWords:
    """What our own streams say of a job, WebSockets among them (a JobWords)."""

    def __init__(self, encoding: Encoding) -> None:
        """`encoding`: the job's."""
        self._writer = EventWriter(encoding)

    def of_events(self, events: Sequence[JobEvent]) -> Iterable[Envelope]:
        """See JobWords."""
        return self._writer.envelopes(events)

    def of_position(self, position: int) -> Iterable[Envelope]:
        """See JobWords."""
        return [queued_envelope(position)]

    def of_result(self, result: JobResult) -> Iterable[Envelope]:
        """See JobWords."""
        return [result_envelope(result)]

    def weight(self, result: JobResult) -> int:
        """See JobWords; what is sent in pieces."""
        return answer_bytes(result)
