from __future__ import annotations

import asyncio
import base64
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from aiohttp import ClientWebSocketResponse, WSMessage, WSMsgType
from aiohttp.test_utils import make_mocked_request

from orchestrator.api.answers.answer import to_answer
from orchestrator.api.callers.auth import KEY_PROTOCOL
from orchestrator.api.requests.messages import MAX_MESSAGE
from orchestrator.api.sessions import channel, conversation
from orchestrator.api.sessions.channel import IN_A_ROW
from orchestrator.errors import DrainingError, EngineError, InvalidSubmissionError
from orchestrator.jobs.events import Listener, Printed, StageEnded, StageStarted
from orchestrator.jobs.model import Cause, Phase, StageResult, Verdict
from orchestrator.jobs.queue.admission import Admission
from orchestrator.sandbox.model import Signal, StageKind, Stream
from tests.api_support import (
    BEARER,
    KEY,
    NAME,
    PRINT,
    SECOND_KEY,
    SECOND_NAME,
    StubService,
    make_app,
    make_result,
    make_settings,
)
from tests.sandbox_support import DEADLINE_S

if TYPE_CHECKING:
    from tests.api_support import Client, Serve

PATH = "/execute/ws"
OK = StageResult(Verdict.ACCEPTED, b"hello", exit_code=0)
STDIN = {"type": "stdin", "data": "abc"}


def as_protocol(key: str) -> str:
    return KEY_PROTOCOL + base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")


async def connect(client: Client, payload: object = PRINT, **kwargs: Any) -> Any:
    ws = await client.ws_connect(PATH, headers=BEARER, **kwargs)
    await ws.send_json(payload)
    return ws


async def rest_of(ws: ClientWebSocketResponse) -> tuple[list[dict[str, Any]], int | None]:
    """Every event until the server closes, and the code it closes with."""
    events = []
    async with asyncio.timeout(DEADLINE_S):
        while (message := await ws.receive()).type is WSMsgType.TEXT:
            events.append(json.loads(message.data))
    assert message.type is WSMsgType.CLOSE
    return events, ws.close_code


async def until(condition: Any) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not condition():  # noqa: ASYNC110 - nothing else shows it
            await asyncio.sleep(0.005)


@dataclass
class Program:
    """What a job does with its stdin: it takes all of it, and ends with it."""

    service: StubService
    credit: int = 1000
    said: list[bytes | str | Signal] = field(default_factory=list)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, listener: Listener) -> None:
        listener.send(StageStarted(StageKind.RUN))
        assert self.service.stdin is not None
        self.service.stdin.attach(self, self.credit)
        await self.ended.wait()

    def stdin(self, data: bytes | memoryview) -> None:
        self.said.append(bytes(data))

    def end(self) -> None:
        self.said.append("end")
        self.ended.set()

    def signal(self, signal: Signal) -> None:
        self.said.append(signal)


def make_program(credit: int = 1000) -> tuple[StubService, Program]:
    service = StubService()
    program = Program(service, credit)
    service.script = program.run
    return service, program


async def test_the_events_are_a_stream_s_and_the_last_word_is_1000(serve: Serve) -> None:
    async def script(listener: Listener) -> None:
        listener.send(StageStarted(StageKind.RUN))
        listener.send(Printed(Stream.STDOUT, b"hello"))
        listener.send(StageEnded(StageKind.RUN, OK))

    events, code = await rest_of(await connect(await serve(StubService(script=script))))
    assert [event["event"] for event in events] == ["queued", "stage", "stdout", "exit", "result"]
    assert events[-1] == {"event": "result"} | to_answer(make_result())
    assert code == 1000


async def test_messages_reach_the_program_in_their_order(serve: Serve) -> None:
    service, program = make_program()
    ws = await connect(await serve(service))
    for message in (STDIN, {"type": "signal", "signal": "INT"}, STDIN | {"data": "é"}):
        await ws.send_json(message)
    await ws.send_json({"type": "eof"})
    _, code = await rest_of(ws)
    assert program.said == [b"abc", Signal.INT, "é".encode(), "end"]
    assert code == 1000


async def test_what_comes_before_the_program_waits_for_it(serve: Serve) -> None:
    service, program = make_program()
    run, program_may_start = service.script, asyncio.Event()
    assert run is not None

    async def script(listener: Listener) -> None:
        await program_may_start.wait()
        await run(listener)

    service.script = script
    ws = await connect(await serve(service))
    await ws.send_json(STDIN)
    await ws.send_json({"type": "eof"})
    await service.entered.acquire()
    assert not program.said
    program_may_start.set()
    await rest_of(ws)
    assert program.said == [b"abc", "end"]


@pytest.mark.parametrize("key", [KEY, SECOND_KEY])
async def test_a_browser_s_key_comes_as_a_protocol(serve: Serve, key: str) -> None:
    service = StubService()
    client = await serve(service)
    ws = await client.ws_connect(PATH, protocols=[as_protocol(key), "codebae.v1"])
    assert ws.protocol == "codebae.v1"
    await ws.send_json(PRINT)
    assert (await rest_of(ws))[1] == 1000
    assert service.tickets[0].key == (NAME if key == KEY else SECOND_NAME)


@pytest.mark.parametrize(
    ("headers", "protocols", "status"),
    [
        ({}, [], 401),
        ({"Authorization": "Bearer wrong"}, [], 401),
        ({}, ["codebae.v1"], 401),
        ({}, ["codebae.v1", as_protocol("wrong")], 401),
        ({}, ["codebae.v1", as_protocol(KEY) + "A"], 401),
        ({}, ["codebae.v1", KEY_PROTOCOL + "é?"], 401),
        ({}, ["codebae.v1", KEY_PROTOCOL], 401),
        ({}, [as_protocol(KEY)], 400),
        (BEARER, ["chat"], 400),
    ],
)
async def test_who_may_not_is_told_so_before_the_upgrade(
    serve: Serve,
    headers: dict[str, str],
    protocols: list[str],
    status: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    client = await serve()
    headers = {**headers, "Connection": "Upgrade", "Upgrade": "websocket"}
    headers |= {
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(b"x" * 16).decode(),
    }
    if protocols:
        headers["Sec-WebSocket-Protocol"] = ", ".join(protocols)
    async with client.get(PATH, headers=headers) as response:
        assert response.status == status
        assert (await response.json())["code"] == {401: "unauthorized", 400: "invalid"}[status]
    assert as_protocol(KEY) not in caplog.text


async def test_no_room_and_no_engine_are_told_before_the_upgrade_too(serve: Serve) -> None:
    full = Admission(slots=1, queue=0, memory_mb=512)
    full.ticket("key-1")
    for client, status in ((await serve(admission=full), 429), (await serve(reason="no"), 503)):
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await client.ws_connect(PATH, headers=BEARER)
        assert refused.value.status == status


async def test_a_request_that_is_none_for_an_upgrade_is_refused(serve: Serve) -> None:
    async with (await serve()).get(PATH, headers=BEARER) as response:
        assert (response.status, (await response.json())["code"]) == (400, "bad_request")


@pytest.mark.parametrize(
    ("payload", "refusal", "code", "field"),
    [
        ({}, None, "invalid", "language"),
        ([], None, "invalid", "body"),
        (PRINT | {"timeout": "1"}, None, "invalid", "timeout"),
        (PRINT | {"tests": [{"input": ""}]}, None, "invalid", "tests"),
        (PRINT | {"interactor": {"code": "x"}}, None, "invalid", "interactor"),
        (PRINT, InvalidSubmissionError("no", field="files"), "invalid", "files"),
        (PRINT, DrainingError(), "draining", None),
        (PRINT, EngineError("secret"), "internal_error", None),
    ],
)
async def test_a_submission_that_is_refused_is_an_error_and_1008(
    serve: Serve, payload: object, refusal: Exception | None, code: str, field: str | None
) -> None:
    admission = Admission(slots=1, queue=0, memory_mb=512)
    client = await serve(StubService(refusal=refusal), admission=admission)
    (event,), closed = await rest_of(await connect(client, payload))
    assert (event["event"], event["code"], closed) == ("error", code, 1008)
    assert [problem["field"] for problem in event.get("details", [])] == [field] * bool(field)
    assert "secret" not in event["error"]
    await until(lambda: not admission._tickets.total())  # noqa: SLF001 - given back


async def test_a_submission_that_does_not_come_is_not_waited_for(serve: Serve) -> None:
    client = await serve(settings=make_settings(body_timeout=0.05))
    ws = await client.ws_connect(PATH, headers=BEARER)
    (event,), closed = await rest_of(ws)
    assert (event["code"], closed) == ("timeout", 1008)


async def test_a_submission_that_is_too_long_or_no_text_is_refused(serve: Serve) -> None:
    client = await serve(settings=make_settings(max_body_size=1000))
    assert await rest_of(await connect(client, PRINT | {"code": "x" * 1000})) == ([], 1009)
    ws = await client.ws_connect(PATH, headers=BEARER)
    await ws.send_bytes(json.dumps(PRINT).encode())
    (event,), closed = await rest_of(ws)
    assert (event["details"][0]["field"], closed) == ("message", 1008)


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ('{"type": "stdin"}', "invalid"),
        ("what?", "invalid"),
        (b"bytes", "invalid"),
        (json.dumps({"type": "stdin", "data": "x" * MAX_MESSAGE}), "too_large"),
    ],
)
async def test_a_message_that_makes_no_sense_ends_the_job(
    serve: Serve, raw: str | bytes, code: str
) -> None:
    service = StubService(gate=asyncio.Event())
    ws = await connect(await serve(service))
    await (ws.send_str(raw) if isinstance(raw, str) else ws.send_bytes(raw))
    events, closed = await rest_of(ws)
    assert [event["event"] for event in events] == ["queued", "error", "result"]
    assert (events[1]["code"], closed) == (code, 1008)
    assert service.ended == [Cause.CLIENT]


async def test_a_message_too_long_for_anything_ends_the_job_without_a_word(serve: Serve) -> None:
    service = StubService(gate=asyncio.Event())
    ws = await connect(await serve(service, settings=make_settings(max_body_size=1000)))
    await service.entered.acquire()
    await ws.send_json({"type": "stdin", "data": "x" * 1000})
    _, closed = await rest_of(ws)
    assert closed == 1009
    await until(lambda: service.cancelled)


@pytest.fixture
def fast_ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation, "TICK_S", 0.01)
    monkeypatch.setattr(channel, "CLOSE_S", 0.05)


@pytest.mark.usefixtures("fast_ticks")
async def test_whoever_says_nothing_and_is_told_nothing_is_not_waited_for(serve: Serve) -> None:
    service = StubService(gate=asyncio.Event())
    ws = await connect(await serve(service, settings=make_settings(ws_idle_timeout=0.1)))
    events, closed = await rest_of(ws)
    assert [event["event"] for event in events] == ["queued", "result"]
    assert (service.ended, closed) == ([Cause.DEADLINE], 4000)


@pytest.mark.usefixtures("fast_ticks")
async def test_a_client_is_idle_only_while_its_program_runs_and_nothing_is_said(
    serve: Serve,
) -> None:
    async def script(listener: Listener) -> None:
        (job,) = service.jobs
        for job.phase in (Phase.QUEUED, Phase.CREATING, Phase.COMPILING):
            await asyncio.sleep(0.8)
        job.phase = Phase.RUNNING
        for _ in range(8):
            await asyncio.sleep(0.1)
            listener.send(Printed(Stream.STDOUT, b"x"))
        assert service.stdin is not None
        service.stdin.attach(Program(service), 1000)
        await asyncio.sleep(0.8)  # it is spoken to

    service = StubService(script=script)
    ws = await connect(await serve(service, settings=make_settings(ws_idle_timeout=0.6)))

    async def speak() -> None:
        while True:
            await ws.send_json(STDIN)
            await asyncio.sleep(0.05)

    speaking = asyncio.create_task(speak())
    _, closed = await rest_of(ws)
    speaking.cancel()
    assert (service.ended, closed) == ([], 1000)


@pytest.mark.usefixtures("fast_ticks")
@pytest.mark.parametrize(
    ("way", "stuck"),
    [
        ("closes", 0),
        ("closes", 1),  # with more, it would be said behind all that is not read
        ("vanishes", 0),
        ("vanishes", 1),
        ("vanishes", 100),
        ("answers no ping", 0),
    ],
)
@pytest.mark.parametrize("cancelling", [True, False])
async def test_a_client_that_goes_away_ends_the_job(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, way: str, stuck: int, *, cancelling: bool
) -> None:
    if way == "answers no ping":
        monkeypatch.setattr(channel, "PING_S", 0.02)
        monkeypatch.setattr(channel, "SILENCE_S", 0.2)
    service, program = make_program(credit=0)
    admission = Admission(slots=1, queue=0, memory_mb=512)
    client = await serve(service, admission=admission)
    assert client.server
    assert client.server.handler
    client.server.handler.handler_cancellation = cancelling
    ws = await connect(client, autoping=way != "answers no ping")
    assert [json.loads((await ws.receive()).data)["event"] for _ in range(2)] == ["queued", "stage"]
    filling = asyncio.create_task(fill(ws, stuck))
    await asyncio.sleep(0.1)
    if way == "closes":
        filling.cancel()
        closing = asyncio.create_task(ws.close())
        await until(lambda: service.cancelled)
        closing.cancel()
    elif way == "vanishes":
        ws._writer.transport.abort()  # noqa: SLF001 - closing would wait for what is unsent
    await until(lambda: service.cancelled)
    filling.cancel()
    await until(lambda: not admission._tickets.total())  # noqa: SLF001 - given back
    assert not program.said


async def fill(ws: ClientWebSocketResponse, messages: int) -> None:
    for _ in range(messages):
        await ws.send_json({"type": "stdin", "data": "x" * 200_000})


async def test_a_client_that_pings_is_answered(serve: Serve) -> None:
    service, program = make_program()
    ws = await connect(await serve(service), autoping=False)
    await ws.ping(b"you there?")
    while (message := await ws.receive()).type is not WSMsgType.PONG:
        pass
    assert message.data == b"you there?"
    program.ended.set()
    await rest_of(ws)


@pytest.mark.usefixtures("fast_ticks")
async def test_pings_do_not_disturb_a_client_that_answers(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel, "PING_S", 0.02)
    monkeypatch.setattr(channel, "SILENCE_S", 1.5)
    service, program = make_program()
    ws = await connect(await serve(service))
    asyncio.get_running_loop().call_later(2.0, program.ended.set)
    assert (await rest_of(ws))[1] == 1000


async def test_a_reader_that_does_not_read_holds_the_job_up_and_is_hung_up_on(
    serve: Serve,
) -> None:
    sent = 0

    async def flood(listener: Listener) -> None:
        nonlocal sent
        time_is_up = asyncio.get_running_loop().time() + 1.0
        while asyncio.get_running_loop().time() < time_is_up:
            listener.send(Printed(Stream.STDOUT, b"x" * 65_536))
            sent += 65_536
            await listener.drain(time_is_up)

    settings = make_settings(answer_timeout=0.2, stream_buffer=100_000)
    admission = Admission(slots=1, queue=0, memory_mb=512)
    client = await serve(StubService(script=flood), settings=settings, admission=admission)
    ws = await connect(client)
    await until(lambda: not admission._tickets.total())  # noqa: SLF001 - given back
    assert sent < 16_000_000
    await ws.close()


async def test_a_flood_of_messages_gives_others_their_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A thousand are there at once: `receive` of aiohttp's does not wait for one."""
    pongs = iter([WSMessage(WSMsgType.PONG, b"", None)] * 1000)
    text = WSMessage(WSMsgType.TEXT, b"{}", None)

    class Flooded:
        async def receive(self) -> WSMessage:
            return next(pongs, text)

    request = make_mocked_request("GET", "/execute/ws", app=make_app())
    flooded = channel.Channel(request)
    monkeypatch.setattr(flooded, "_ws", Flooded())
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    beside = asyncio.create_task(others())
    assert await flooded.receive() == b"{}"
    beside.cancel()
    assert turns >= 1000 // IN_A_ROW - 1
