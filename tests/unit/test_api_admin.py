from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from orchestrator.access.model import unnamed_key
from orchestrator.api import keys
from orchestrator.api.admin.access import NoOptions
from orchestrator.api.errors import ApiError
from orchestrator.api.requests.schemas import parse
from orchestrator.app import drain
from tests.admin_support import (
    ADMIN,
    ADMIN_NAME,
    WRONG,
    Client,
    admin_routes,
    ask,
    audit,
    start,
    until,
)
from tests.api_support import BEARER, NAME, exchange
from tests.components_support import FakeComponents
from tests.sandbox_support import DEADLINE_S
from tests.unit.test_docs import first_cells

ROUTES = admin_routes()
SLEEP = {"language": "sh", "code": "echo begun; sleep 50", "timeout": 55_000}


async def send(client: Client, **body: Any) -> dict[str, Any]:
    async with client.post("/execute", json={**SLEEP, **body}, headers=BEARER) as response:
        answer: dict[str, Any] = await response.json()
        return answer


async def under_way(client: Client) -> list[dict[str, Any]]:
    jobs: list[dict[str, Any]] = (await ask(client, "GET", "/admin/jobs"))[1]["jobs"]
    return jobs


async def until_phases(client: Client, *phases: str) -> list[dict[str, Any]]:
    async with asyncio.timeout(DEADLINE_S):
        while True:
            jobs = await under_way(client)
            if [job["phase"] for job in jobs] == [*phases]:
                return jobs
            await asyncio.sleep(0.001)


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_without_an_admin_s_key_there_is_no_such_route(
    aiohttp_client: Any, method: str, path: str
) -> None:
    client = await start(aiohttp_client, admin_key="")
    for headers in ({}, ADMIN, BEARER):
        status, answer = await ask(client, method, path, headers=headers)
        assert (status, answer["code"]) == (404, "not_found")


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_wrong_keys_are_refused_on_every_route(
    aiohttp_client: Any, method: str, path: str
) -> None:
    client = await start(aiohttp_client)
    with capture_logs() as logs:
        for headers in ({}, WRONG):
            status, answer = await ask(client, method, path, headers=headers)
            assert (status, answer["code"]) == (401, "unauthorized")
        status, answer = await ask(client, method, path, headers=BEARER)
        assert (status, answer["code"]) == (403, "forbidden")
        assert "ADMIN_KEY" in answer["error"]
    told = [line[2:] for line in audit(logs)]
    refused = [(None, "refused", "unauthorized")] * 2 + [(None, "refused", "forbidden")]
    assert told == ([] if method == "GET" else refused)
    assert (await ask(client, "GET", "/health"))[0] == 200


async def test_an_admin_s_key_runs_no_programs(aiohttp_client: Any) -> None:
    client = await start(aiohttp_client)
    assert (await ask(client, "POST", "/execute", json=SLEEP))[0] == 401


@pytest.mark.parametrize("route", [each for each in ROUTES if each[0] != "GET"])
@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b'{"no_such": 1}', "application/json", 400),
        (b"[]", "application/json", 400),
        (b"{", "application/json", 400),
        (b"\xff", "application/json", 400),
        (b"{}", "text/plain", 415),
        (b" " * 5000, "application/json", 413),
        (json.dumps(dict.fromkeys(map(str, range(300)))).encode(), "application/json", 400),
    ],
)
async def test_a_body_that_says_anything_is_refused_and_nothing_is_done(
    aiohttp_client: Any, route: tuple[str, str], body: bytes, content_type: str, status: int
) -> None:
    client = await start(aiohttp_client)
    with capture_logs() as logs:
        answer = await ask(
            client, *route, data=body, headers=ADMIN | {"Content-Type": content_type}
        )
    assert answer[0] == status
    assert [line[3] for line in audit(logs)] == ["refused"]
    assert (await ask(client, "GET", "/health"))[0] == 200


@given(st.dictionaries(st.text(), st.none() | st.integers() | st.text(), min_size=1))
@hypothesis_settings(suppress_health_check=[HealthCheck.too_slow])
def test_there_is_no_field_that_a_closed_body_takes(fields: dict[str, Any]) -> None:
    with pytest.raises(ApiError) as raised:
        parse(NoOptions, fields)
    assert raised.value.status == 400


async def test_an_empty_object_is_as_good_as_no_body(aiohttp_client: Any) -> None:
    client = await start(aiohttp_client)
    assert await ask(client, "POST", "/admin/drain", json={}) == (
        200,
        {"draining": True, "activeJobs": 0},
    )


async def test_the_jobs_under_way_are_told_with_all_an_admin_looks_for(
    aiohttp_client: Any,
) -> None:
    client = await start(aiohttp_client, max_jobs=1, execution_timeout=55_000)
    tests = [{"input": ""}, {"input": "sleep 50"}]
    judged = {"language": "sh", "code": ". /dev/stdin", "tests": tests}
    first = asyncio.create_task(send(client, **judged))
    await until_phases(client, "running")
    others = [asyncio.create_task(send(client)) for _ in range(2)]
    jobs = await until_phases(client, "running", "queued", "queued")
    assert [job["position"] for job in jobs] == [None, 1, 2]
    assert [job["tests"] for job in jobs] == [{"done": 1, "total": 2}, None, None]
    assert set(jobs[0]) <= first_cells("admin.md")
    assert jobs[0]["container"]
    assert jobs[1]["container"] is None
    assert {job["key"] for job in jobs} == {NAME}
    assert {(job["language"], job["version"]) for job in jobs} == {("sh", "1.2")}
    assert jobs[0]["duration"] >= jobs[2]["duration"] >= 0
    for job in jobs:
        assert await ask(client, "DELETE", f"/admin/jobs/{job['id']}") == (202, {"id": job["id"]})
    answers = await asyncio.gather(first, *others)
    assert [answer["id"] for answer in answers] == [job["id"] for job in jobs]
    assert {(a["status"], a["error"]) for a in answers} == {
        ("cancelled", "Cancelled by an administrator")
    }
    assert [test["status"] for test in answers[0]["tests"]] == ["accepted", "skipped"]
    assert await under_way(client) == []


async def test_a_job_that_is_ended_frees_its_slot_and_its_sandbox(aiohttp_client: Any) -> None:
    components = FakeComponents()
    client = await start(aiohttp_client, components, max_jobs=1)
    ended = asyncio.create_task(send(client))
    (job,) = await until_phases(client, "running")
    next_one = asyncio.create_task(send(client, code="echo next"))
    await until_phases(client, "running", "queued")
    with capture_logs() as logs:
        await ask(client, "DELETE", f"/admin/jobs/{job['id']}")
    assert audit(logs) == [("job.end", job["id"], ADMIN_NAME, "done", None)]
    assert (await ended)["status"] == "cancelled"
    assert (await next_one)["output"] == "next\n"
    await until(lambda: job["container"] not in components.backend.live)


async def test_a_stream_that_is_ended_has_its_result(aiohttp_client: Any) -> None:
    client = await start(aiohttp_client)
    headers = BEARER | {"Accept": "application/x-ndjson"}
    async with client.post("/execute", json=SLEEP, headers=headers) as response:
        async for line in response.content:
            event = json.loads(line)
            if event["event"] == "stdout":
                (job,) = await under_way(client)
                await ask(client, "DELETE", f"/admin/jobs/{job['id']}")
    assert (event["event"], event["status"]) == ("result", "cancelled")


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("0123456789abcdef", "0123456789abcdef"),
        ("%0a%1b[31m", "%0A%1B%5B31m"),
        ("..%2f..", "..%2F.."),
        ("x" * 3000, "x" * 64),
        ("%ff", "%25ff"),
    ],
)
async def test_an_unknown_job_is_404_and_what_the_path_said_can_t_forge_a_line(
    aiohttp_client: Any, path: str, target: str
) -> None:
    client = await start(aiohttp_client)
    request = f"DELETE /admin/jobs/{path} HTTP/1.1\r\nHost: x\r\nx-api-key: second-root\r\n\r\n"
    with capture_logs() as logs:
        answer = await exchange(client, request.encode())
    assert answer.startswith(b"HTTP/1.1 404 ")
    assert audit(logs) == [
        ("job.end", target, unnamed_key("second-root", "admin-").name, "refused", "not_found")
    ]


async def test_draining_refuses_jobs_and_lets_those_under_way_go_on_until_taken_back(
    aiohttp_client: Any,
) -> None:
    client = await start(aiohttp_client, max_jobs=1)
    running = asyncio.create_task(send(client, code="sleep 1; echo done"))
    await until_phases(client, "running")
    waiting = asyncio.create_task(send(client, code="echo waited"))
    await until_phases(client, "running", "queued")
    with capture_logs() as logs:
        for _ in range(2):
            assert await ask(client, "POST", "/admin/drain") == (
                200,
                {"draining": True, "activeJobs": 2},
            )
        refused = await send(client)
        status, health = await ask(client, "GET", "/health")
    assert (refused["code"], refused["error"]) == (
        "draining",
        "The server takes no jobs at the moment",
    )
    assert (status, health["reason"]) == (503, "draining")
    assert (await ask(client, "GET", "/admin/jobs"))[1]["draining"]
    assert [answer["output"] for answer in (await running, await waiting)] == ["done\n", "waited\n"]
    with capture_logs() as more:
        assert await ask(client, "DELETE", "/admin/drain") == (
            200,
            {"draining": False, "activeJobs": 0},
        )
    assert (await send(client, code="echo again"))["output"] == "again\n"
    assert audit(logs) == [("drain.start", None, ADMIN_NAME, "done", None)] * 2
    assert audit(more) == [("drain.stop", None, ADMIN_NAME, "done", None)]


async def test_a_server_that_stops_can_t_be_told_to_go_on(aiohttp_client: Any) -> None:
    client = await start(aiohttp_client)
    assert client.app is not None
    await ask(client, "POST", "/admin/drain")
    await drain(client.app)
    with capture_logs() as logs:
        status, answer = await ask(client, "DELETE", "/admin/drain")
    assert (status, answer["code"]) == (503, "draining")
    assert answer["error"] == "The server is shutting down"
    assert audit(logs) == [("drain.stop", None, ADMIN_NAME, "failed", "draining")]
    assert (await send(client))["error"] == "The server is shutting down"


async def test_a_change_is_made_and_told_of_although_its_caller_has_hung_up(
    aiohttp_client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await start(aiohttp_client)
    assert client.app is not None
    begun, gate = asyncio.Event(), asyncio.Event()

    async def slow_read(*_: Any, **__: Any) -> bytes:
        begun.set()
        await gate.wait()
        return b""

    monkeypatch.setattr("orchestrator.api.admin.access.read_body", slow_read)
    with capture_logs() as logs:
        asking = asyncio.create_task(ask(client, "POST", "/admin/drain"))
        await begun.wait()
        asking.cancel()
        await until(lambda: any(line.get("status") == 0 for line in logs))
        gate.set()
        await until(lambda: bool(audit(logs)))
    assert audit(logs) == [("drain.start", None, ADMIN_NAME, "done", None)]
    assert client.app[keys.ADMISSION].draining


async def test_the_audit_log_names_the_request(aiohttp_client: Any) -> None:
    import structlog  # noqa: PLC0415 - for this test alone

    client = await start(aiohttp_client)
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as logs:
        await ask(client, "POST", "/admin/drain", headers=ADMIN | {"X-Request-Id": "mine"})
    (line,) = (line for line in logs if line["event"] == "audit")
    assert line["request_id"] == "mine"
