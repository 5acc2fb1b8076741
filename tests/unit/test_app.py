from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from orchestrator.api import keys
from orchestrator.app import build_app, drain
from orchestrator.errors import EngineUnavailableError, SandboxError
from tests.api_support import BEARER, make_settings
from tests.components_support import FAIL, PASS, FakeComponents
from tests.sandbox_support import DEADLINE_S

Client = TestClient[Any, Any]


async def start(aiohttp_client: Any, components: FakeComponents, **settings: Any) -> Client:
    """A server whose self-test is over, well or badly."""
    client: Client = await aiohttp_client(build_app(make_settings(**settings), components.open))
    assert client.app is not None
    await asyncio.wait_for(client.app[keys.READINESS].settled.wait(), DEADLINE_S)
    return client


async def health(client: Client) -> tuple[int, dict[str, Any]]:
    async with client.get("/health") as response:
        return response.status, await response.json()


async def test_a_server_whose_limits_hold_runs_programs(aiohttp_client: Any) -> None:
    client = await start(aiohttp_client, FakeComponents())
    assert (await health(client))[0] == 200
    body = {"language": "shell", "code": "echo hello"}
    async with client.post("/execute", json=body, headers=BEARER) as response:
        answer = await response.json()
    assert (response.status, answer["output"]) == (200, "hello\n")


async def test_a_server_judges_tests_by_a_client_s_checker_and_streams_them(
    aiohttp_client: Any,
) -> None:
    client = await start(aiohttp_client, FakeComponents())
    body = {
        "language": "shell",
        "code": ". /dev/stdin",
        "tests": [
            {"input": "echo 1", "expected": "echo fine", "points": 1},
            {"name": "bad", "input": "echo 2", "expected": "echo no >&2; exit 1", "points": 2},
            {"input": "echo 3"},
        ],
        "checker": {"type": "program", "language": "sh", "code": ". ./answer.txt"},
        "stop_on_failure": True,
    }
    async with client.post("/execute", json=body, headers=BEARER) as response:
        answer = await response.json()
    assert (response.status, answer["status"]) == (200, "wrong_answer")
    assert (answer["error"], answer["run"]) == ("Test 2 (bad): wrong answer", None)
    assert [(test["message"], test["stdout"]) for test in answer["tests"]] == [
        ("fine", None),
        ("no", "2\n"),
        (None, None),
    ]
    assert (answer["summary"]["score"], answer["summary"]["max_score"]) == (1.0, 3.0)
    accept = BEARER | {"Accept": "application/x-ndjson"}
    async with client.post("/execute", json=body, headers=accept) as response:
        events = [json.loads(line) for line in (await response.text()).splitlines()]
    assert [(event["event"], event.get("number")) for event in events[1:]] == [
        ("stage", 1),
        ("test", 1),
        ("stage", 2),
        ("test", 2),
        ("test", 3),
        ("result", None),
    ]
    streamed = [event["message"] for event in events if event["event"] == "test"]
    assert streamed == [test["message"] for test in events[-1]["tests"]] == ["fine", "no", None]


async def test_a_server_whose_limits_do_not_hold_says_so_and_runs_nothing(
    aiohttp_client: Any,
) -> None:
    components = FakeComponents([[PASS, FAIL]])
    client = await start(aiohttp_client, components)
    status, state = await health(client)
    assert status == 503
    assert state["reason"] == "self-test: memory failed in image: exit code 0; printed survived"
    async with client.post("/execute", json={}, headers=BEARER) as response:
        assert response.status == 503
    assert components.backend.opened == []


async def test_a_self_test_the_engine_did_not_let_through_is_made_again(
    aiohttp_client: Any,
) -> None:
    checks: list[Any] = [EngineUnavailableError("away"), SandboxError("no agent"), [PASS]]
    client = await start(aiohttp_client, FakeComponents(checks), engine_interval=0.001)
    async with asyncio.timeout(DEADLINE_S):
        while (await health(client))[0] != 200:  # noqa: ASYNC110 - what a load balancer does
            await asyncio.sleep(0)


async def test_leftovers_are_swept_at_the_start_and_again_and_a_failing_sweep_is_survived(
    aiohttp_client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    components = FakeComponents()
    swept = asyncio.Semaphore(0)
    results: list[int | Exception] = [2, EngineUnavailableError("away"), 1]

    async def sweep() -> int:
        swept.release()
        result = results.pop(0) if results else 0
        if isinstance(result, Exception):
            raise result
        return result

    monkeypatch.setattr(type(components.backend), "sweep", lambda _: sweep())
    client = await start(aiohttp_client, components, sweep_interval=0.001)
    async with asyncio.timeout(DEADLINE_S):
        for _ in range(4):
            await swept.acquire()
    assert (await health(client))[0] == 200


async def test_a_server_that_stops_takes_no_more_jobs_and_lets_go_of_the_engine(
    aiohttp_client: Any,
) -> None:
    components = FakeComponents()
    client = await start(aiohttp_client, components)
    assert client.app is not None
    await client.app.shutdown()
    async with client.post("/execute", json={}, headers=BEARER) as response:
        assert response.status == 503
        assert (await response.json())["code"] == "draining"
    await client.close()
    assert components.backend.closed


async def test_a_server_whose_engine_goes_away_says_so_until_it_is_back(
    aiohttp_client: Any,
) -> None:
    components = FakeComponents([[PASS], [PASS]])
    client = await start(aiohttp_client, components, engine_interval=0.001)
    components.backend.fail_ping = lambda: EngineUnavailableError("it went away")
    async with asyncio.timeout(DEADLINE_S):
        while (await health(client))[0] == 200:  # noqa: ASYNC110 - what a load balancer does
            await asyncio.sleep(0)
    assert (await health(client))[1]["reason"] == "engine: it went away"
    async with client.post("/execute", json={}, headers=BEARER) as response:
        assert (response.status, "Retry-After" in response.headers) == (503, True)
        assert (await response.json())["code"] == "engine_unavailable"
    components.backend.fail_ping = lambda: None
    async with asyncio.timeout(DEADLINE_S):
        while (await health(client))[0] != 200:  # noqa: ASYNC110 - what a load balancer does
            await asyncio.sleep(0)
    assert components.checks == []  # it was proved again


async def test_a_server_that_drains_is_not_healthy(aiohttp_client: Any) -> None:
    client = await start(aiohttp_client, FakeComponents())
    assert client.app is not None
    await drain(client.app)
    status, state = await health(client)
    assert (status, state["reason"]) == (503, "draining")
