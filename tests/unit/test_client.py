"""The Python client against a server that misbehaves."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from aiohttp import web
from codebae_runner_client import (
    ApiError,
    AsyncRunner,
    CallCancelledError,
    Cancellation,
    ConfigurationError,
    ConnectionFailedError,
    ConnectionLostError,
    DeadlineError,
    InvalidRequestError,
    ProtocolError,
    QueueFullError,
    Retries,
    Runner,
    RunnerError,
    UnauthorizedError,
    UnavailableError,
)

from orchestrator.api.answers.answer import to_answer
from tests.api_support import make_result
from tests.unit.test_cli_remote import Thread

ANSWER = to_answer(make_result())
QUICK = Retries(times=3, first=0.001, longest=1.0)
PRINT: Any = {"language": "python", "code": "print(1)"}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Misbehaving(Thread):
    """A server that answers with what it is told to, in turn; the last one again and again."""

    def __init__(self) -> None:
        self.turns: list[Handler] = []
        self.requests: list[web.Request] = []
        self.hung_up = threading.Event()

        async def handle(request: web.Request) -> web.StreamResponse:
            self.requests.append(request)
            await request.read()
            turn = self.turns.pop(0) if len(self.turns) > 1 else self.turns[0]
            try:
                return await turn(request)
            except asyncio.CancelledError:
                self.hung_up.set()
                raise

        def make() -> web.Application:
            app = web.Application()
            app.router.add_route("*", "/{path:.*}", handle)
            return app

        super().__init__(make)

    def runner(self, **options: Any) -> Runner:
        return Runner(self.url, "key", **{"retries": QUICK, **options})


@pytest.fixture
def bad() -> Iterator[Misbehaving]:
    made = Misbehaving()
    yield made
    made.stop()


def says(status: int = 200, body: Any = ANSWER, **headers: str) -> Handler:
    async def handle(_request: web.Request) -> web.Response:
        shown = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.json_response(body, status=status, headers=shown)

    return handle


def refuses(status: int, code: str = "x", **headers: str) -> Handler:
    return says(status, {"error": "No", "code": code}, **headers)


def streams(*events: Any, then: str = "end") -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        await response.prepare(request)
        for event in events:
            data = event if isinstance(event, bytes) else json.dumps(event).encode() + b"\n"
            await response.write(data)
        if then == "hang":
            await asyncio.sleep(60)
        if then == "abort":
            assert request.transport is not None
            request.transport.abort()
        return response

    return handle


async def hangs(_request: web.Request) -> web.Response:
    await asyncio.sleep(60)
    return web.Response()


QUEUED = {"event": "queued", "position": 0}
RESULT = {"event": "result", **ANSWER}


@pytest.mark.parametrize("first", [refuses(429, Retry_After="0"), refuses(503)])
def test_what_never_ran_is_tried_again(bad: Misbehaving, first: Handler) -> None:
    bad.turns = [first, first, says()]
    with bad.runner() as runner:
        assert runner.execute(**PRINT) == ANSWER
    assert len(bad.requests) == 3


def test_the_client_gives_up_after_four_tries(bad: Misbehaving) -> None:
    bad.turns = [refuses(429, "queue_full", Retry_After="0", X_Request_Id="r1")]
    with bad.runner() as runner, pytest.raises(QueueFullError) as caught:
        runner.execute(**PRINT)
    assert len(bad.requests) == 4
    assert (caught.value.code, caught.value.retry_after) == ("queue_full", 0)
    assert caught.value.request_id == "r1"


def test_retry_after_is_waited_for_and_not_begun_when_too_long(bad: Misbehaving) -> None:
    bad.turns = [refuses(503, Retry_After="1"), says()]
    begun = time.monotonic()
    with bad.runner() as runner:
        runner.execute(**PRINT)
        assert time.monotonic() - begun >= 1
        bad.turns = [refuses(503, Retry_After="2")]
        with pytest.raises(UnavailableError):
            runner.execute(**PRINT)
    assert len(bad.requests) == 3


def test_nobody_there_is_tried_again_and_then_said() -> None:
    with Runner("http://127.0.0.1:9", retries=QUICK) as runner:
        with pytest.raises(ConnectionFailedError, match="can't be reached"):
            runner.execute(**PRINT)
        with pytest.raises(ConnectionFailedError):
            list(runner.stream(**PRINT))


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, InvalidRequestError),
        (401, UnauthorizedError),
        (403, UnauthorizedError),
        (413, InvalidRequestError),
        (418, ApiError),
    ],
)
def test_a_refusal_is_not_tried_again(
    bad: Misbehaving, status: int, kind: type[RunnerError]
) -> None:
    details = [{"field": "code", "message": "is bad"}]
    bad.turns = [says(status, {"error": "No", "code": "x", "details": details})]
    with bad.runner() as runner, pytest.raises(kind) as caught:
        runner.execute(**PRINT)
    assert isinstance(caught.value, ApiError)
    assert caught.value.details == (("code", "is bad"),)
    assert len(bad.requests) == 1


@pytest.mark.parametrize(
    "turn", [says(200, []), says(200, {}), says(302, {}), says(500, [1]), streams(b"\xff{\n")]
)
def test_what_is_no_runner_is_said(bad: Misbehaving, turn: Handler) -> None:
    bad.turns = [turn]
    with bad.runner() as runner:
        for call in (runner.execute, runner.judge):
            with pytest.raises(ProtocolError, match="not a runner"):
                call(**PRINT, tests=[{"input": ""}])
        with pytest.raises(ProtocolError):
            runner.languages()
        with pytest.raises(ProtocolError):
            list(runner.stream(**PRINT))


def test_a_stream_has_its_events_and_its_result(bad: Misbehaving) -> None:
    bad.turns = [refuses(503), streams(QUEUED, {"event": "ping"}, RESULT)]
    with bad.runner() as runner, runner.stream(**PRINT) as events:
        assert [event["event"] for event in events] == ["queued", "ping", "result"]
        assert events.result == RESULT
    assert len(bad.requests) == 2


@pytest.mark.parametrize("then", ["end", "abort"])
@pytest.mark.parametrize("events", [(), (QUEUED,), (QUEUED, b'{"event": "resu')])
def test_a_stream_that_is_cut_is_not_tried_again(
    bad: Misbehaving, events: tuple[Any, ...], then: str
) -> None:
    bad.turns = [streams(*events, then=then), streams(QUEUED, RESULT)]
    with bad.runner() as runner, pytest.raises(ConnectionLostError):
        list(runner.stream(**PRINT))
    assert len(bad.requests) == 1


def test_a_stream_that_is_left_hangs_up(bad: Misbehaving) -> None:
    bad.turns = [streams(QUEUED, then="hang")]
    with bad.runner() as runner, runner.stream(**PRINT) as events:
        assert next(events) == QUEUED
    assert bad.hung_up.wait(10)


@pytest.mark.parametrize("turn", [hangs, streams(QUEUED, then="hang"), refuses(503)])
def test_a_call_has_its_deadline(bad: Misbehaving, turn: Handler) -> None:
    bad.turns = [turn]
    patient = Retries(times=1000, first=0.1)
    with bad.runner(deadline=0.3, retries=patient) as runner:
        with pytest.raises(TimeoutError) as caught:
            list(runner.stream(**PRINT))
        assert isinstance(caught.value, DeadlineError)
        with pytest.raises((DeadlineError, ProtocolError)):
            runner.execute(**PRINT)


@pytest.mark.parametrize("turn", [hangs, streams(QUEUED, then="hang"), refuses(503)])
def test_a_call_can_be_cancelled_from_another_thread(bad: Misbehaving, turn: Handler) -> None:
    bad.turns = [turn]
    patient = Retries(times=1000, first=0.1)
    cancellation = Cancellation()
    threading.Timer(0.2, cancellation.cancel).start()
    with bad.runner(retries=patient) as runner:
        with pytest.raises(CallCancelledError):
            list(runner.stream(**PRINT, cancellation=cancellation))
        with pytest.raises(CallCancelledError):
            runner.execute(**PRINT, cancellation=cancellation)


async def test_a_cancelled_task_hangs_up(bad: Misbehaving) -> None:
    bad.turns = [hangs]
    async with AsyncRunner(bad.url, "key") as runner:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(runner.execute(**PRINT), 0.2)
    assert await asyncio.to_thread(bad.hung_up.wait, 10)


def test_health_is_an_answer_whatever_it_says(bad: Misbehaving) -> None:
    state = {"status": "unhealthy", "reason": "draining", "activeJobs": 0, "uptime": 1}
    bad.turns = [says(503, state)]
    with bad.runner() as runner:
        assert runner.health() == state
        bad.turns = [refuses(404)]
        with pytest.raises(ApiError):
            runner.health()


def test_judge_needs_tests(bad: Misbehaving) -> None:
    bad.turns = [says()]
    with bad.runner() as runner, pytest.raises(TypeError):
        runner.judge(**PRINT)
    assert bad.requests == []


@pytest.mark.parametrize("end", ["", "/", "/execute", "/execute/"])
def test_the_address_may_end_in_execute(bad: Misbehaving, end: str, monkeypatch: Any) -> None:
    monkeypatch.setenv("RUNNER_URL", f"{bad.url}/base{end}")
    monkeypatch.setenv("RUNNER_API_KEY", "secret")
    bad.turns = [says(200, {"languages": []})]
    with Runner() as runner:
        assert runner.languages() == []
        assert "secret" not in repr(runner)
    (request,) = bad.requests
    assert request.path == "/base/languages"
    assert request.headers["Authorization"] == "Bearer secret"


@pytest.mark.parametrize(
    "url", ["", "runner:3000", "ftp://x", "http://a:b@c", "http://x:y", "http://x/?k"]
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError):
        Runner(url)
    with pytest.raises(ConfigurationError):
        Runner("http://localhost", "two\nlines")
