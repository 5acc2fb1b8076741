from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from types import SimpleNamespace
from typing import Any

import docker.errors
import pytest
import requests
from requests import Session

from orchestrator.engine.client import EngineClient
from orchestrator.engine.failures import translate
from orchestrator.engine.sdk import LeanClient
from orchestrator.errors import (
    ContainerNotFoundError,
    EngineConflictError,
    EngineError,
    EngineShortageError,
    EngineUnavailableError,
)
from tests.fake_engine import Answer, FakeEngine, Raw, fake_engine, hang, refuse, say
from tests.sandbox_support import DEADLINE_S

Act = Callable[[EngineClient], Awaitable[Any]]


@pytest.fixture
async def fake() -> AsyncIterator[FakeEngine]:
    async with fake_engine() as engine:
        yield engine


@pytest.fixture
async def client(fake: FakeEngine) -> AsyncIterator[EngineClient]:
    engine = EngineClient(fake.url, timeout_s=DEADLINE_S, threads=2)
    yield engine
    await engine.close()


@pytest.mark.parametrize(
    ("act", "answer", "request_line", "query", "body", "result"),
    [
        pytest.param(
            lambda c: c.create_container("box", {"Image": "i", "Unheard": {"Of": 1}}),
            Answer(201, {"Id": "abc"}),
            "POST /containers/create",
            {"name": "box"},
            {"Image": "i", "Unheard": {"Of": 1}},
            "abc",
            id="create sends its JSON as it is",
        ),
        pytest.param(
            lambda c: c.start_container("box"),
            Answer(204),
            "POST /containers/box/start",
            {},
            None,
            None,
            id="start",
        ),
        pytest.param(
            lambda c: c.inspect_container("box"),
            Answer(200, {"State": {"ExitCode": 3}}),
            "GET /containers/box/json",
            {},
            None,
            {"State": {"ExitCode": 3}},
            id="inspect",
        ),
        pytest.param(
            lambda c: c.wait_container("box", deadline_s=3),
            Answer(200, {"StatusCode": 137}),
            "POST /containers/box/wait",
            {},
            None,
            137,
            id="wait",
        ),
        pytest.param(
            lambda c: c.update_limits("box", 1 << 26, 17),
            Answer(200, {"Warnings": []}),
            "POST /containers/box/update",
            {},
            {"Memory": 1 << 26, "MemorySwap": 1 << 26, "PidsLimit": 17},
            None,
            id="update leaves no room for swap",
        ),
        pytest.param(
            lambda c: c.kill_container("box"),
            Answer(204),
            "POST /containers/box/kill",
            {},
            None,
            None,
            id="kill",
        ),
        pytest.param(
            lambda c: c.remove_container("box"),
            Answer(204),
            "DELETE /containers/box",
            {"v": "True", "link": "False", "force": "True"},
            None,
            None,
            id="remove is by force and with volumes",
        ),
        pytest.param(
            lambda c: c.list_containers(["a", "b=1"]),
            Answer(200, [{"Id": "x"}]),
            "GET /containers/json",
            {"all": "1", "filters": '{"label": ["a", "b=1"]}'},
            None,
            [{"Id": "x"}],
            id="list has stopped ones too",
        ),
        pytest.param(
            lambda c: c.info(),
            Answer(200, {"ID": "e"}),
            "GET /info",
            {},
            None,
            {"ID": "e"},
            id="info",
        ),
        pytest.param(
            lambda c: c.inspect_image("a/b:c"),
            Answer(200, {"Id": "sha256:0"}),
            "GET /images/a/b:c/json",
            {},
            None,
            {"Id": "sha256:0"},
            id="image",
        ),
    ],
)
async def test_each_call_sends_the_documented_request(  # noqa: PLR0913, PLR0917 - a table's columns
    fake: FakeEngine,
    client: EngineClient,
    act: Act,
    answer: Answer,
    request_line: str,
    query: dict[str, str],
    body: Any,
    result: Any,
) -> None:
    fake.answers["*"] = answer
    assert await act(client) == result
    (request,) = fake.requests
    assert str(request) == request_line
    assert {name: request.query.get(name) for name in query} == query
    assert (request.body or None) == body


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize("data", [None, '{"Image": "ü"}'])
@pytest.mark.parametrize(
    "params", [{}, {"since": None}, {"name": "a b&ü", "all": 1, "force": True, "t": ["x", "y"]}]
)
def test_a_plain_request_is_what_the_http_library_would_make_of_it(
    method: str, data: str | None, params: dict[str, Any]
) -> None:
    client = LeanClient(base_url="unix:///nowhere.sock", version="1.41")
    request = requests.Request(method, client.base_url + "/v1.41/x", params=params, data=data)
    ours, theirs = client.prepare_request(request), Session.prepare_request(client, request)
    assert (ours.method, ours.path_url) == (theirs.method, theirs.path_url)
    assert (ours.body or b"") == (theirs.body or "").encode()
    if data or method == "POST":
        assert ours.headers["Content-Length"] == theirs.headers["Content-Length"]
    client.close()


@pytest.mark.parametrize(
    ("answer", "error", "message"),
    [
        pytest.param(refuse(404, "No such box"), ContainerNotFoundError, "No such box", id="404"),
        pytest.param(refuse(409, "in use"), EngineConflictError, "in use", id="409"),
        pytest.param(refuse(400, "bad option"), EngineError, "bad option", id="400"),
        pytest.param(refuse(500, "cgroups"), EngineError, "cgroups", id="500"),
        pytest.param(say(b""), EngineUnavailableError, "can't be reached", id="hung up"),
        pytest.param(say(b"HTTP/1.1 20"), EngineUnavailableError, "can't be", id="cut off"),
        pytest.param(
            say(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n[1"),
            EngineUnavailableError,
            "can't be reached",
            id="cut off in the body",
        ),
        pytest.param(say(b"garbage\r\n\r\n"), EngineUnavailableError, "can't be", id="not HTTP"),
    ],
)
async def test_a_failed_call_raises_the_error_of_its_cause(
    fake: FakeEngine,
    client: EngineClient,
    answer: Answer | Raw,
    error: type[Exception],
    message: str,
) -> None:
    fake.answers["*"] = answer
    with pytest.raises(EngineError, match=message) as caught:
        await client.inspect_container("box")
    assert type(caught.value) is error


async def test_a_malformed_answer_is_an_engine_error(
    fake: FakeEngine, client: EngineClient
) -> None:
    fake.answers["*"] = Answer(201, {"Identity": "?"})
    with pytest.raises(EngineError, match="Unexpected KeyError: 'Id'"):
        await client.create_container("box", {})


@pytest.mark.parametrize("act", [EngineClient.kill_container, EngineClient.remove_container])
@pytest.mark.parametrize("status", [404, 409])
async def test_killing_or_removing_a_container_that_is_gone_succeeds(
    fake: FakeEngine, client: EngineClient, act: Callable[..., Awaitable[None]], status: int
) -> None:
    fake.answers["*"] = refuse(status, "gone")
    await act(client, "box")


@pytest.mark.parametrize("act", [EngineClient.kill_container, EngineClient.remove_container])
async def test_a_failed_kill_or_removal_is_an_error(
    fake: FakeEngine, client: EngineClient, act: Callable[..., Awaitable[None]]
) -> None:
    fake.answers["*"] = refuse(500, "busy")
    with pytest.raises(EngineError, match="busy"):
        await act(client, "box")


async def test_a_removal_that_the_engine_trips_over_is_tried_again(
    fake: FakeEngine, client: EngineClient
) -> None:
    async def fail_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        fake.answers["*"] = Answer(204)
        await say(b"HTTP/1.1 500 No\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}")(
            reader, writer
        )

    fake.answers["*"] = fail_once
    await client.remove_container("box")
    assert [str(request) for request in fake.requests] == 2 * ["DELETE /containers/box"]


async def test_a_removal_is_not_tried_again_when_the_engine_can_not_be_reached(
    fake: FakeEngine, client: EngineClient
) -> None:
    fake.answers["*"] = say(b"")
    with pytest.raises(EngineUnavailableError):
        await client.remove_container("box")
    assert len(fake.requests) == 1


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ("write memory.limit_in_bytes: device or resource busy", EngineConflictError),
        ("Device or Resource Busy", EngineConflictError),
        ("runc did not: unable to set memory limit to 5", EngineConflictError),
        ("Minimum memory limit allowed is 6MB", EngineError),
    ],
)
async def test_limits_that_can_not_be_set_say_whether_it_is_for_what_is_in_use(
    fake: FakeEngine, client: EngineClient, message: str, error: type[Exception]
) -> None:
    fake.answers["*"] = refuse(500, message)
    with pytest.raises(EngineError, match=message) as caught:
        await client.update_limits("box", 1 << 20, 5)
    assert type(caught.value) is error


async def test_limits_of_a_container_that_is_gone_say_so(
    fake: FakeEngine, client: EngineClient
) -> None:
    fake.answers["*"] = refuse(404, "No such container: box")
    with pytest.raises(ContainerNotFoundError, match="No such container"):
        await client.update_limits("box", 1 << 20, 5)


async def test_a_call_that_hangs_ends_at_its_deadline_and_the_engine_is_used_again_after_it(
    fake: FakeEngine, client: EngineClient
) -> None:
    fake.answers["POST /containers/box/wait"] = hang
    with pytest.raises(EngineUnavailableError, match=r"did not answer in 0\.1 s"):
        await client.wait_container("box", deadline_s=0.1)
    fake.answers["GET /info"] = Answer(200, {})
    assert await client.info() == {}


async def test_calls_do_not_wait_behind_one_that_hangs(
    fake: FakeEngine, client: EngineClient
) -> None:
    fake.answers = {"POST /containers/box/wait": hang, "GET /info": Answer(200, {})}
    waiting = asyncio.create_task(client.wait_container("box", deadline_s=1))
    await fake.seen("POST /containers/box/wait")
    assert await client.info() == {}
    assert not waiting.done()
    with pytest.raises(EngineUnavailableError):
        await waiting


@pytest.fixture
def closed_sockets(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The SDK leaves a socket that could not be connected to the garbage collector; we do not."""
    made: list[socket.socket] = []

    def make(*args: Any) -> socket.socket:
        made.append(socket.socket(*args))
        return made[-1]

    stand_in = SimpleNamespace(socket=make, AF_UNIX=socket.AF_UNIX, SOCK_STREAM=socket.SOCK_STREAM)
    monkeypatch.setattr("docker.transport.unixconn.socket", stand_in)
    yield
    for each in made:
        each.close()


@pytest.mark.usefixtures("closed_sockets")
async def test_an_engine_that_went_away_is_found_again_when_it_is_back() -> None:
    async with fake_engine() as fake:
        client = EngineClient(fake.url, timeout_s=DEADLINE_S, threads=1)
        fake.answers["GET /info"] = Answer(200, {"ID": "1"})
        assert await client.info() == {"ID": "1"}
    with pytest.raises(EngineUnavailableError, match="can't be reached"):
        await client.info()
    fake.socket.parent.mkdir()
    try:
        async with fake.serve():
            assert await client.info() == {"ID": "1"}
    finally:
        fake.socket.parent.rmdir()
    await client.close()


async def test_a_closed_client_refuses_and_may_be_closed_again(client: EngineClient) -> None:
    await client.close()
    await client.close()
    with pytest.raises(EngineUnavailableError, match="closed"):
        await client.info()


async def test_a_client_knows_its_socket_and_its_deadline() -> None:
    client = EngineClient("unix:///run/some.sock", timeout_s=2.5, threads=1)
    assert (client.socket_path, client.timeout_s) == ("/run/some.sock", 2.5)
    await client.close()


@pytest.mark.parametrize(
    ("raised", "error"),
    [
        (docker.errors.APIError("without a response"), EngineError),
        (docker.errors.DockerException("config"), EngineUnavailableError),
        (requests.ReadTimeout(), EngineUnavailableError),
        (ConnectionResetError(), EngineUnavailableError),
        (ValueError("not JSON"), EngineError),
        (docker.errors.APIError("exec: no such file or directory"), EngineError),
        (
            docker.errors.APIError("error loading seccomp filter: errno 524: unknown"),
            EngineShortageError,
        ),
        (docker.errors.APIError("fork/exec crun: Cannot allocate memory"), EngineShortageError),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_every_exception_of_a_library_becomes_one_of_ours(
    raised: Exception, error: type[Exception]
) -> None:
    assert type(translate(raised, "/s")) is error


@pytest.mark.usefixtures("fake")
async def test_an_error_of_ours_is_passed_on_as_it_is(client: EngineClient) -> None:
    def refuse(_: Any) -> None:
        raise EngineConflictError("busy")

    with pytest.raises(EngineConflictError, match="busy") as caught:
        await client.call(refuse)
    assert caught.value.__cause__ is None


async def test_a_thread_keeps_one_connection_whatever_it_asks_for(fake: FakeEngine) -> None:
    client = EngineClient(fake.url, timeout_s=5, threads=1)
    for number in range(5):
        await client.create_container(f"box{number}", {})
        await client.start_container(f"box{number}")
        await client.kill_container(f"box{number}")
    (api,) = client._clients  # noqa: SLF001 - how many pools there are shows nowhere else
    assert len(api.get_adapter("http+docker://localhost").pools) == 1
    await client.close()
