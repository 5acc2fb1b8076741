from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType

from orchestrator.api.piston import connect
from orchestrator.errors import DrainingError, EngineError, InvalidSubmissionError
from orchestrator.jobs.events import Listener, Printed, StageEnded, StageStarted
from orchestrator.jobs.model import Cause, StageResult, Verdict
from orchestrator.jobs.queue.admission import Admission
from orchestrator.sandbox.model import Signal, StageKind, Stream
from tests.api_support import KEY, NAME, StubPlace, StubService, make_result, make_settings
from tests.sandbox_support import DEADLINE_S
from tests.unit.test_api_websocket import as_protocol, make_program, until

if TYPE_CHECKING:
    from tests.api_support import Client, Serve

PATH = "/api/v2/connect"
HEADERS = {"Authorization": KEY}
INIT = {
    "type": "init",
    "language": "python",
    "version": "*",
    "files": [{"content": "print(1)"}],
}
STDIN = {"type": "data", "stream": "stdin", "data": "abc"}
RUNTIME = {"type": "runtime", "language": "python", "version": "17.0.15"}
RUN = {"type": "stage", "stage": "run"}
OK = StageResult(Verdict.ACCEPTED, b"hello", exit_code=0)


async def say(client: Client, *messages: object, path: str = PATH) -> ClientWebSocketResponse:
    ws = await client.ws_connect(path, headers=HEADERS)
    for message in messages:
        await ws.send_str(message if isinstance(message, str) else json.dumps(message))
    return ws


async def rest_of(ws: ClientWebSocketResponse) -> tuple[list[dict[str, Any]], int, str]:
    """Every message until the server closes, the code it closes with, and its reason."""
    messages = []
    async with asyncio.timeout(DEADLINE_S):
        while (message := await ws.receive()).type is WSMsgType.TEXT:
            messages.append(json.loads(message.data))
    assert message.type is WSMsgType.CLOSE
    return messages, message.data, message.extra


def exited(stage: str, code: int | None, signal: str | None = None) -> dict[str, Any]:
    return {"type": "exit", "stage": stage, "code": code, "signal": signal}


@pytest.mark.parametrize("path", [PATH, f"{PATH}/", f"/piston{PATH}"])
async def test_a_run_is_told_stage_by_stage_and_completed_with_4999(
    serve: Serve, path: str
) -> None:
    async def script(listener: Listener) -> None:
        listener.send(StageStarted(StageKind.COMPILE))
        listener.send(Printed(Stream.STDERR, b"a warning"))
        listener.send(StageEnded(StageKind.COMPILE, OK))
        listener.send(StageStarted(StageKind.RUN))
        listener.send(Printed(Stream.STDOUT, "hé".encode()))
        listener.send(Printed(Stream.STDERR, b"?"))
        listener.send(StageEnded(StageKind.RUN, StageResult(Verdict.RUNTIME_ERROR, exit_code=3)))

    ws = await say(await serve(StubService(script=script)), INIT, path=path)
    assert await rest_of(ws) == (
        [
            RUNTIME,
            {"type": "stage", "stage": "compile"},
            {"type": "data", "stream": "stderr", "data": "a warning"},
            exited("compile", 0),
            RUN,
            {"type": "data", "stream": "stdout", "data": "hé"},
            {"type": "data", "stream": "stderr", "data": "?"},
            exited("run", 3),
        ],
        4999,
        "Job Completed",
    )


@pytest.mark.parametrize(
    ("stage", "code", "signal"),
    [
        (StageResult(Verdict.RUNTIME_ERROR, signal=11, killed_by=Cause.SIGNAL), 139, None),
        (StageResult(Verdict.TIME_LIMIT, signal=9, killed_by=Cause.WALL), None, "SIGKILL"),
        (StageResult(Verdict.OUTPUT_LIMIT, signal=9, killed_by=Cause.OUTPUT), None, "SIGKILL"),
        (StageResult(Verdict.RUNTIME_ERROR, killed_by=Cause.SANDBOX), None, None),
    ],
)
async def test_how_a_stage_ended(
    serve: Serve, stage: StageResult, code: int | None, signal: str | None
) -> None:
    async def script(listener: Listener) -> None:
        listener.send(StageStarted(StageKind.RUN))
        listener.send(StageEnded(StageKind.RUN, stage))

    messages, closed, _ = await rest_of(await say(await serve(StubService(script=script)), INIT))
    assert (messages[-1], closed) == (exited("run", code, signal), 4999)


async def test_a_program_that_does_not_compile_is_not_run(serve: Serve) -> None:
    refused = StageResult(Verdict.COMPILE_ERROR, exit_code=1)

    async def script(listener: Listener) -> None:
        listener.send(StageStarted(StageKind.COMPILE))
        listener.send(StageEnded(StageKind.COMPILE, refused))

    service = StubService(lambda sub: make_result(sub, compile=refused, run=None), script=script)
    messages, closed, _ = await rest_of(await say(await serve(service), INIT))
    assert (messages[-1], closed) == (exited("compile", 1), 4999)


async def test_messages_reach_the_program_in_their_order(serve: Serve) -> None:
    service, program = make_program()
    ws = await say(
        await serve(service),
        {"type": "what"},
        "[]",
        "3",
        INIT | {"stdin": "ignored"},
        STDIN,
        {"type": "signal", "signal": "SIGINT"},
        {"type": "signal", "signal": "SIGUSR1"},
        {"type": "what"},
        STDIN | {"data": "é\ud800"},
        {"type": "signal", "signal": "SIGTERM"},
    )
    await until(lambda: len(program.said) == 4)
    program.ended.set()
    messages, closed, _ = await rest_of(ws)
    assert program.said == [b"abc", Signal.INT, "é\ufffd".encode(), Signal.TERM]
    assert (messages, closed) == ([RUNTIME, RUN], 4999)


EARLY = [
    (STDIN, 4003, "Not yet initialized"),
    (STDIN | {"stream": "stdout"}, 4003, "Not yet initialized"),
    ({"type": "signal", "signal": "?"}, 4003, "Not yet initialized"),
]
LATE = [
    (INIT, 4000, "Already Initialized"),
    ({"type": "init"}, 4000, "Already Initialized"),
    (STDIN | {"stream": "stdout"}, 4004, "Can only write to stdin"),
    ({"type": "data"}, 4004, "Can only write to stdin"),
    ({"type": "signal"}, 4005, "Invalid signal"),
    ({"type": "signal", "signal": "INT"}, 4005, "Invalid signal"),
    ({"type": "signal", "signal": ["SIGINT"]}, 4005, "Invalid signal"),
]


@pytest.mark.parametrize(("message", "code", "reason"), EARLY)
async def test_what_comes_before_its_turn_closes_the_connection(
    serve: Serve, message: object, code: int, reason: str
) -> None:
    service = StubService()
    assert await rest_of(await say(await serve(service), message, INIT)) == ([], code, reason)
    assert not service.submissions


@pytest.mark.parametrize(("message", "code", "reason"), LATE)
async def test_what_makes_no_sense_later_closes_it_and_ends_the_job(
    serve: Serve, message: object, code: int, reason: str
) -> None:
    service = StubService(gate=asyncio.Event())
    assert await rest_of(await say(await serve(service), INIT, message)) == ([], code, reason)
    assert service.ended == [Cause.CLIENT]


@pytest.mark.parametrize("message", ["what?", "null", json.dumps(STDIN | {"data": 3})])
async def test_a_message_that_is_none_is_an_error_and_4002(serve: Serve, message: str) -> None:
    service = StubService(gate=asyncio.Event())
    (error,), closed, reason = await rest_of(await say(await serve(service), INIT, message))
    assert (error["type"], bool(error["message"])) == ("error", True)
    assert (closed, reason, service.ended) == (4002, "Notified Error", [Cause.CLIENT])


async def test_the_first_reason_to_close_counts(serve: Serve) -> None:
    service = StubService(gate=asyncio.Event())
    ws = await say(await serve(service), INIT, {"type": "signal"}, INIT, "what?")
    assert (await rest_of(ws))[1] == 4005


@pytest.mark.parametrize(
    ("message", "refusal", "text"),
    [
        ("what?", None, "The body is not valid JSON"),
        ("null", None, "The message is null"),
        ({"type": "init"}, None, "language is required as a string"),
        (INIT | {"version": "9"}, None, "python-9 runtime is unknown"),
        (INIT | {"files": [None]}, None, "files[0] is null"),
        (INIT | {"stdin": 3}, None, "stdin must be a string"),
        (INIT | {"run_timeout": 3001}, None, "run_timeout cannot exceed the configured limit"),
        (INIT | {"files": [{"content": "x" * 100_001}]}, None, "Code exceeds maximum size"),
        (INIT, InvalidSubmissionError("no room", field="files"), "no room"),
        (INIT, DrainingError(), "The server is shutting down"),
        (INIT, EngineError("secret"), "Internal error, try again"),
    ],
)
async def test_a_submission_that_is_refused_is_an_error_and_4002(
    serve: Serve, message: object, refusal: Exception | None, text: str
) -> None:
    admission = Admission(slots=1, queue=0, memory_mb=512)
    client = await serve(StubService(refusal=refusal), admission=admission)
    (error,), closed, reason = await rest_of(await say(client, message))
    assert error["type"] == "error"
    assert error["message"].startswith(text)
    assert (closed, reason) == (4002, "Notified Error")
    await until(lambda: not admission._tickets.total())  # noqa: SLF001 - given back


async def test_bytes_are_no_message(serve: Serve) -> None:
    ws = await (await serve()).ws_connect(PATH, headers=HEADERS)
    await ws.send_bytes(json.dumps(INIT).encode())
    (error,), closed, _ = await rest_of(ws)
    assert (error["message"], closed) == ("message: must be text", 4002)


@pytest.mark.parametrize("messages", [(), ({"type": "what"},)])
async def test_a_submission_that_does_not_come_is_not_waited_for(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, messages: tuple[object, ...]
) -> None:
    monkeypatch.setattr(connect, "INIT_S", 0.1)
    ws = await say(await serve(), *messages)
    assert await rest_of(ws) == ([], 4001, "Initialization Timeout")


def test_a_submission_is_waited_for_as_long_as_there() -> None:
    assert connect.INIT_S == 1.0


@pytest.mark.parametrize(
    ("status", "killed_by", "text"),
    [
        (Verdict.INTERNAL_ERROR, Cause.ENGINE, "Internal error"),
        (Verdict.CANCELLED, Cause.DRAIN, "Cancelled: the server is shutting down"),
    ],
)
async def test_what_piston_has_no_word_for_is_an_error(
    serve: Serve, status: Verdict, killed_by: Cause, text: str
) -> None:
    service = StubService(
        lambda sub: make_result(sub, status=status, killed_by=killed_by, run=None)
    )
    (error,), closed, _ = await rest_of(await say(await serve(service), INIT))
    assert (error, closed) == ({"type": "error", "message": text}, 4002)


async def test_who_may_not_is_told_so_before_the_upgrade(serve: Serve) -> None:
    full = Admission(slots=1, queue=0, memory_mb=512)
    full.ticket("key-1")
    for client, headers, status in (
        (await serve(), {}, 401),
        (await serve(), {"Authorization": "wrong"}, 401),
        (await serve(), HEADERS | {"Sec-WebSocket-Protocol": "chat"}, 400),
        (await serve(admission=full), HEADERS, 429),
        (await serve(reason="no engine"), HEADERS, 503),
    ):
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await client.ws_connect(PATH, headers=headers)
        assert refused.value.status == status


async def test_what_is_no_handshake_is_refused_as_everything_is(serve: Serve) -> None:
    headers = HEADERS | {"Upgrade": "websocket", "Connection": "Upgrade"}
    async with (await serve()).get(PATH, headers=headers) as response:
        assert (response.status, await response.json()) == (400, {"message": "Bad Request"})


async def test_a_browser_s_key_comes_as_a_protocol(serve: Serve) -> None:
    service = StubService()
    client = await serve(service)
    ws = await client.ws_connect(PATH, protocols=[as_protocol(KEY), "codebae.v1"])
    await ws.send_json(INIT)
    assert (await rest_of(ws))[1] == 4999
    assert service.tickets[0].key == NAME


async def test_a_place_in_the_queue_is_not_told(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrator.api.sessions.job_session.TICK_S", 0.01)
    place, gate = StubPlace(5), asyncio.Event()
    service = StubService(place=place, gate=gate)
    ws = await say(await serve(service), INIT)
    await service.entered.acquire()
    place.position = 2
    await asyncio.sleep(0.1)
    gate.set()
    assert (await rest_of(ws))[:2] == ([], 4999)


async def test_a_client_that_goes_away_ends_the_job(serve: Serve) -> None:
    service = StubService(gate=asyncio.Event())
    ws = await say(await serve(service), INIT)
    await service.entered.acquire()
    closing = asyncio.create_task(ws.close())
    await until(lambda: service.cancelled)
    closing.cancel()


async def test_output_is_bounded_as_everywhere_and_the_rest_as_in_piston(serve: Serve) -> None:
    service = StubService()
    client = await serve(service, settings=make_settings(max_output_size=5000))
    await rest_of(await say(client, INIT | {"run_timeout": 500, "stdin": "ignored"}))
    (submission,) = service.submissions
    assert submission.stdin == b""
    assert submission.limits.output_bytes == 5000
    assert (submission.limits.wall_ms, submission.limits.cpu_ms) == (500, 3000)


def test_every_close_code_has_its_reason() -> None:
    assert set(connect.REASONS) == set(connect.PistonClose)
