from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from orchestrator.api.answers.answer import to_answer
from orchestrator.api.sessions import http_stream, job_session
from orchestrator.errors import DrainingError, InvalidSubmissionError
from orchestrator.jobs.events import Listener, Printed, StageEnded, StageStarted
from orchestrator.jobs.model import JobResult, StageResult, Submission, Verdict
from orchestrator.jobs.queue.admission import Admission
from orchestrator.sandbox.model import StageKind, Stream
from tests.api_support import (
    BEARER,
    JSON,
    PRINT,
    StubPlace,
    StubService,
    make_result,
    make_settings,
    post,
)
from tests.sandbox_support import DEADLINE_S

if TYPE_CHECKING:
    from tests.api_support import Client, Serve

NDJSON = BEARER | {"Accept": "application/x-ndjson"}
SSE = BEARER | {"Accept": "text/event-stream"}
OK = StageResult(Verdict.ACCEPTED, b"hello", exit_code=0)


async def events_of(client: Client, payload: object = PRINT) -> AsyncIterator[dict[str, Any]]:
    async with client.post("/execute", json=payload, headers=NDJSON) as response:
        assert response.status == 200
        async for line in response.content:
            yield json.loads(line)


async def all_events(client: Client, payload: object = PRINT) -> list[dict[str, Any]]:
    return [event async for event in events_of(client, payload)]


async def run_hello(listener: Listener) -> None:
    listener.send(StageStarted(StageKind.RUN))
    listener.send(Printed(Stream.STDOUT, b"hello"))
    listener.send(StageEnded(StageKind.RUN, OK))


async def test_a_stream_has_the_job_s_events_and_its_whole_answer_last(serve: Serve) -> None:
    events = await all_events(await serve(StubService(script=run_hello)))
    assert [event["event"] for event in events] == ["queued", "stage", "stdout", "exit", "result"]
    assert events[-1] == {"event": "result"} | to_answer(make_result())


async def test_the_same_events_as_server_sent_ones(serve: Serve) -> None:
    client = await serve(StubService(script=run_hello))
    async with client.post("/execute", json=PRINT, headers=SSE) as response:
        text = await response.text()
    assert response.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert response.headers["Cache-Control"] == "no-cache"
    assert "X-Request-Id" in response.headers
    blocks = [block.split("\n") for block in text.removesuffix("\n\n").split("\n\n")]
    assert [name for name, _ in blocks] == [
        f"event: {name}" for name in ("queued", "stage", "stdout", "exit", "result")
    ]
    data = [json.loads(line.removeprefix("data: ")) for _, line in blocks]
    assert data == await all_events(client)


async def test_an_event_is_there_as_soon_as_it_happens(serve: Serve) -> None:
    go_on = asyncio.Event()

    async def script(listener: Listener) -> None:
        listener.send(Printed(Stream.STDOUT, b"first"))
        await go_on.wait()
        listener.send(Printed(Stream.STDOUT, b"second"))

    seen = []
    async for event in events_of(await serve(StubService(script=script))):
        seen.append(event.get("data"))
        if seen[-1] == "first":
            go_on.set()
    assert seen == [None, "first", "second", None]


async def test_a_quiet_stream_is_kept_alive(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_session, "TICK_S", 0.01)
    monkeypatch.setattr(http_stream, "PING_S", 0.05)
    service = StubService(gate=asyncio.Event())
    seen = []
    async for event in events_of(await serve(service)):
        seen.append(event["event"])
        if seen.count("ping") == 2 and service.gate:
            service.gate.set()
    assert seen[0] == "queued"
    assert seen[-1] == "result"
    assert set(seen[1:-1]) == {"ping"}


async def test_whoever_waits_in_line_is_told_when_it_moves(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_session, "TICK_S", 0.01)
    service = StubService(gate=asyncio.Event(), place=StubPlace(2))
    positions = []
    async for event in events_of(await serve(service)):
        if event["event"] == "queued":
            positions.append(event["position"])
            service.place.position -= 1
            if service.place.position == 0 and service.gate:
                await asyncio.sleep(0.05)  # that its turn has come is the job's to say
                service.gate.set()
    assert positions == [2, 1]


@pytest.mark.parametrize(
    ("payload", "refusal", "status", "code"),
    [
        ({}, None, 400, "invalid"),
        (PRINT, InvalidSubmissionError("no"), 400, "invalid"),
        (PRINT, DrainingError(), 503, "draining"),
    ],
)
async def test_what_is_refused_is_a_plain_error(
    serve: Serve, payload: object, refusal: Exception | None, status: int, code: str
) -> None:
    client = await serve(StubService(refusal=refusal))
    async with client.post("/execute", json=payload, headers=NDJSON) as response:
        assert response.status == status
        assert response.content_type == "application/json"
        assert (await response.json())["code"] == code


async def test_no_key_no_ticket_and_no_engine_are_plain_errors_too(serve: Serve) -> None:
    full = Admission(slots=1, queue=0, memory_mb=512)
    full.ticket("key-1")
    headers = [NDJSON | {"Authorization": "Bearer wrong"}, NDJSON, NDJSON]
    clients = [await serve(), await serve(admission=full), await serve(reason="no engine")]
    statuses = []
    for client, each in zip(clients, headers, strict=True):
        async with client.post("/execute", json=PRINT, headers=each) as response:
            assert response.content_type == "application/json"
            statuses.append(response.status)
    assert statuses == [401, 429, 503]


async def test_trouble_of_ours_ends_a_stream_that_has_begun_in_a_result(serve: Serve) -> None:
    def outcome(submission: Submission) -> JobResult:
        return make_result(submission, status=Verdict.INTERNAL_ERROR, run=None)

    events = await all_events(await serve(StubService(outcome)))
    assert events[-1]["event"] == "result"
    assert (events[-1]["status"], events[-1]["success"]) == ("internal_error", False)


async def test_a_reader_that_goes_away_ends_the_job_and_gives_its_ticket_back(
    serve: Serve,
) -> None:
    service = StubService(gate=asyncio.Event())
    admission = Admission(slots=1, queue=0, memory_mb=512)
    # As the server runs handlers: without cancellation nobody would notice.
    client = await serve(service, admission=admission)
    assert client.server
    assert client.server.handler
    client.server.handler.handler_cancellation = True
    async for event in events_of(client):
        assert event["event"] == "queued"
        break
    await client.session.close()
    async with asyncio.timeout(DEADLINE_S):
        while not service.cancelled:  # noqa: ASYNC110 - nothing else shows it
            await asyncio.sleep(0.01)
    admission.ticket("key-1").release()


async def raw_stream(client: Client) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A stream whose reader reads nothing by itself."""
    reader, writer = await asyncio.open_connection(client.host, client.port, limit=1024)
    body = json.dumps(PRINT).encode()
    headers = JSON | NDJSON | {"Host": "here", "Content-Length": str(len(body))}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    writer.write(f"POST /execute HTTP/1.1\r\n{head}\r\n".encode() + body)
    await writer.drain()
    return reader, writer


async def test_a_reader_that_does_not_read_holds_the_job_up_and_is_hung_up_on_in_the_end(
    serve: Serve,
) -> None:
    sent = 0
    is_held_up = asyncio.Event()

    async def flood(listener: Listener) -> None:
        nonlocal sent
        time_is_up = asyncio.get_running_loop().time() + 1.0
        while asyncio.get_running_loop().time() < time_is_up:
            listener.send(Printed(Stream.STDOUT, b"x" * 65_536))
            sent += 65_536
            await listener.drain(time_is_up)
        is_held_up.set()

    settings = make_settings(answer_timeout=0.2, stream_buffer=100_000)
    admission = Admission(slots=1, queue=0, memory_mb=512)
    client = await serve(StubService(script=flood), settings=settings, admission=admission)
    reader, writer = await raw_stream(client)
    await is_held_up.wait()
    # Ours is bounded; the rest is what the kernel takes on loopback before it says stop.
    assert sent < 16_000_000
    last = b""
    async with asyncio.timeout(DEADLINE_S):
        while (await post(client, {}))[0] == 429:  # noqa: ASYNC110 - what a caller does
            await asyncio.sleep(0.01)
        with contextlib.suppress(ConnectionError):
            last = b""
            while data := await reader.read(65_536):
                last = data
    assert not last.endswith(b"0\r\n\r\n")  # whoever reads on sees that it is not whole
    writer.close()


async def test_a_fault_of_ours_in_the_middle_cuts_the_stream_and_is_logged(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(http_stream, "frame", fail)
    service = StubService(gate=asyncio.Event())
    client = await serve(service)
    with pytest.raises(aiohttp.ClientError):
        await all_events(client)
    assert service.cancelled == 1
    assert "stream_failed" in capsys.readouterr().out


async def test_a_hang_up_is_noticed_while_the_writer_is_stuck(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_stream, "TICK_S", 0.01)

    async def flood(listener: Listener) -> None:
        for _ in range(100):
            listener.send(Printed(Stream.STDOUT, b"x" * 65_536))
        await asyncio.Event().wait()

    service = StubService(script=flood)
    _, writer = await raw_stream(await serve(service))
    await service.entered.acquire()
    await asyncio.sleep(0.1)  # until every buffer is full
    writer.write_eof()  # no more than a half of it: the other one is still to be written to
    async with asyncio.timeout(DEADLINE_S):
        while not service.cancelled:  # noqa: ASYNC110 - nothing else shows it
            await asyncio.sleep(0.01)
    writer.close()
