from __future__ import annotations

import asyncio
import contextlib
import json
from typing import TYPE_CHECKING

import pytest

from orchestrator.errors import EngineError, InvalidSubmissionError
from orchestrator.jobs.job import ActiveJob
from orchestrator.jobs.model import (
    Cause,
    Failure,
    JobResult,
    Phase,
    StageResult,
    Submission,
    Verdict,
)
from orchestrator.jobs.queue.admission import Admission
from tests.api_support import (
    BEARER,
    KEY,
    NAME,
    PRINT,
    StubService,
    make_result,
    make_settings,
    post,
)

if TYPE_CHECKING:
    from tests.api_support import Client, Serve


async def test_the_service_gets_the_submission_and_a_ticket_that_names_no_key(
    serve: Serve,
) -> None:
    service = StubService()
    status, answer, _ = await post(await serve(service), PRINT | {"input": "x"})
    assert (status, answer["status"]) == (200, "accepted")
    assert service.submissions[0].stdin == b"x"
    assert service.tickets[0].key == NAME


async def test_tickets_bound_the_requests_held_and_come_back(serve: Serve) -> None:
    service = StubService(gate=asyncio.Event())
    client = await serve(service, admission=Admission(slots=1, queue=1, memory_mb=512))
    held = [asyncio.create_task(post(client)) for _ in range(2)]
    for _ in held:
        await service.entered.acquire()
    status, answer, headers = await post(client)
    assert (status, answer["code"]) == (429, "queue_full")
    assert int(headers["Retry-After"]) > 0
    assert service.gate
    service.gate.set()
    assert [status for status, _, _ in await asyncio.gather(*held)] == [200, 200]
    assert (await post(client))[0] == 200


async def test_a_refused_request_gives_its_ticket_back(serve: Serve) -> None:
    client = await serve(admission=Admission(slots=1, queue=0, memory_mb=512))
    for _ in range(3):
        assert (await post(client, {}))[0] == 400
    assert (await post(client))[0] == 200


async def test_draining_is_a_503(serve: Serve) -> None:
    admission = Admission(slots=1, queue=1, memory_mb=512)
    admission.drain()
    status, answer, headers = await post(await serve(admission=admission))
    assert (status, answer) == (
        503,
        {"error": "The server is shutting down", "code": "draining"},
    )
    assert int(headers["Retry-After"]) > 0


async def test_not_ready_is_a_503_for_those_who_may_ask(serve: Serve) -> None:
    client = await serve(reason="the memory limit does not bite")
    status, answer, headers = await post(client)
    assert (status, answer["code"]) == (503, "engine_unavailable")
    assert answer["error"].endswith("the memory limit does not bite")
    assert int(headers["Retry-After"]) > 0
    async with client.post("/execute", json=PRINT) as response:
        assert response.status == 401
    async with client.get("/health") as response:
        health = await response.json()
        assert response.status == 503
    assert health.pop("uptime") >= 0
    assert health == {
        "status": "unhealthy",
        "reason": "the memory limit does not bite",
        "activeJobs": 0,
    }


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (Failure.ENGINE_UNAVAILABLE, "engine_unavailable"),
        (Failure.INTERNAL_ERROR, "internal_error"),
        (None, "internal_error"),
    ],
)
async def test_trouble_of_ours_is_a_503(serve: Serve, failure: Failure | None, code: str) -> None:
    def outcome(submission: Submission) -> JobResult:
        return make_result(submission, status=Verdict.INTERNAL_ERROR, run=None, failure=failure)

    status, answer, headers = await post(await serve(StubService(outcome)))
    assert (status, answer["code"]) == (503, code)
    assert int(headers["Retry-After"]) > 0


@pytest.mark.parametrize(
    ("error", "answer"),
    [
        (
            InvalidSubmissionError("limits.memory_mb: too much", field="limits.memory_mb"),
            {
                "error": "limits.memory_mb: too much",
                "code": "invalid",
                "details": [{"field": "limits.memory_mb", "message": "too much"}],
            },
        ),
        (InvalidSubmissionError("no"), {"error": "no", "code": "invalid"}),
    ],
)
async def test_what_the_service_refuses_is_a_400(
    serve: Serve, error: Exception, answer: object
) -> None:
    assert (await post(await serve(StubService(refusal=error))))[:2] == (400, answer)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("pythn", "; the nearest is 'python'"),
        ("JAVAA", "; the nearest is 'java'"),
        ("python33", "; the nearest is 'python3'"),
        ("cobol", ""),
        ("python" * 100_000, ""),  # nobody's typo, and not worth the time it would take
    ],
)
async def test_of_an_unknown_language_the_nearest_is_told_and_where_the_list_is(
    client: Client, name: str, meant: str
) -> None:
    status, answer, _ = await post(client, PRINT | {"language": name})
    assert (status, answer["error"], answer["code"]) == (400, "Unsupported language", "invalid")
    (detail,) = answer["details"]
    assert detail["field"] == "language"
    assert detail["message"].endswith(
        f" is no language of this server{meant}; GET /languages lists them"
    )
    assert len(detail["message"]) < 300


async def test_the_answer_to_a_wrong_key_says_so(client: Client) -> None:
    async with client.post("/execute", json=PRINT, headers={"x-api-key": "wrong"}) as response:
        assert await response.json() == {
            "error": "Unauthorized",
            "code": "unauthorized",
            "details": [{"field": "Authorization", "message": "this key is none of the server's"}],
        }
        assert response.headers["WWW-Authenticate"].endswith('error="invalid_token"')


async def test_details_name_every_field(client: Client) -> None:
    _, answer, _ = await post(client, PRINT | {"timeout": "1", "input": 2})
    assert answer == {
        "error": "input: must be a string",
        "code": "invalid",
        "details": [
            {"field": "input", "message": "must be a string"},
            {"field": "timeout", "message": "must be a whole number"},
        ],
    }


async def test_stats_tell_the_jobs_under_way(serve: Serve) -> None:
    client = await serve(StubService(active=(ActiveJob("abc", "c", 12, Phase.RUNNING),)))
    async with client.get("/stats", headers=BEARER) as response:
        answer = await response.json()
    assert answer["activeJobs"] == 1
    assert answer["jobs"] == [{"id": "abc", "language": "c", "duration": 12, "phase": "running"}]
    async with client.get("/health") as response:
        assert (await response.json())["activeJobs"] == 1


@pytest.mark.parametrize("error", [ZeroDivisionError("secret"), EngineError("secret")])
async def test_what_nobody_foresaw_is_a_503_and_tells_nothing(
    serve: Serve, error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    def outcome(_: Submission) -> JobResult:
        raise error

    status, answer, _ = await post(await serve(StubService(outcome)))
    assert (status, answer) == (
        503,
        {"error": "Internal error, try again", "code": "internal_error"},
    )
    assert "request.failed" in capsys.readouterr().out


async def test_an_answer_nobody_takes_holds_its_ticket_and_is_dropped_at_its_deadline(
    serve: Serve,
) -> None:
    huge = make_result(run=StageResult(Verdict.ACCEPTED, b"\0" * 200_000, exit_code=0))
    admission = Admission(slots=1, queue=0, memory_mb=1024)
    settings = make_settings(answer_timeout=1.0)
    client = await serve(StubService(lambda _: huge), settings=settings, admission=admission)
    reader, writer = await asyncio.open_connection(client.host, client.port, limit=1024)
    body = json.dumps(PRINT).encode()
    writer.write(
        b"POST /execute HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\n"
        + f"Authorization: Bearer {KEY}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        + body
    )
    await writer.drain()
    assert await reader.read(1) == b"H"
    assert (await post(client))[0] == 429
    async with asyncio.timeout(10):
        while (await post(client, {}))[0] == 429:  # noqa: ASYNC110 - what a caller does
            await asyncio.sleep(0.01)
        with contextlib.suppress(ConnectionError):
            while await reader.read(65_536):
                pass
    writer.close()


async def test_stats_count_what_ended_by_language_verdict_and_cause(serve: Serve) -> None:
    service = StubService()
    for language, status, cause in (
        ("c", Verdict.TIME_LIMIT, Cause.CPU),
        ("c", Verdict.ACCEPTED, None),
        ("java", Verdict.ACCEPTED, None),
        ("java", Verdict.ACCEPTED, None),
    ):
        service.statistics.record(make_result(language=language, status=status, killed_by=cause))
    client = await serve(service, admission=Admission(slots=3, queue=0, memory_mb=512))
    async with client.get("/stats", headers=BEARER) as response:
        answer = await response.json()
    assert answer["slots"] == {"total": 3, "used": 0, "waiting": 0}
    assert answer["pool"] == {"c": {"ready": 0, "creating": 0, "size": 2, "hits": 0, "misses": 0}}
    empty = {"entries": 0, "bytes": 0, "max_bytes": 1 << 20, "hits": 0, "misses": 0}
    assert answer["compile_cache"] == empty
    lately = answer["last_15_minutes"]
    assert {**answer["since_start"], "seconds": 0} == {**lately, "seconds": 0}
    assert lately["jobs"] == 4
    assert lately["languages"] == {"c": 2, "java": 2}
    assert lately["verdicts"] == {"accepted": 3, "time_limit": 1}
    assert lately["causes"] == {"cpu": 1}
    assert lately["outcomes"] == [
        {"language": "c", "status": "accepted", "killed_by": None, "jobs": 1},
        {"language": "c", "status": "time_limit", "killed_by": "cpu", "jobs": 1},
        {"language": "java", "status": "accepted", "killed_by": None, "jobs": 2},
    ]
    assert lately["latency_ms"]["total"] == pytest.approx(
        {"p50": 42.4, "p95": 42.4, "p99": 42.4}, rel=0.011
    )
