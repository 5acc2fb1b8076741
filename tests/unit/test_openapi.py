from __future__ import annotations

import copy
from typing import Any

import pytest
from aiohttp import web
from openapi_spec_validator import OpenAPIV31SpecValidator

from orchestrator.api.admin.wire import PING as BUILD_PING
from orchestrator.api.admin.wire import event_envelope
from orchestrator.api.admin.wire import result_envelope as build_result
from orchestrator.api.answers.answer import to_answer
from orchestrator.api.answers.events import PING, EventWriter, result_envelope
from orchestrator.api.keys import SETTINGS
from orchestrator.api.openapi.document import build_document
from orchestrator.api.openapi.page import to_page
from orchestrator.api.piston.routes import BASES
from orchestrator.api.requests.judging import CHECKER_TYPES
from orchestrator.api.routes import add_routes
from orchestrator.images.build_queue import Build, BuildState
from orchestrator.images.check_results import CheckResult
from orchestrator.jobs.events import (
    JobEvent,
    Printed,
    Queued,
    StageEnded,
    StageStarted,
)
from orchestrator.jobs.events import TestEnded as Ended
from orchestrator.jobs.events import TestStarted as Started
from orchestrator.jobs.judging.scoring import summarise
from orchestrator.jobs.model import Encoding, JudgeTest, StageResult, TestResult, Verdict
from orchestrator.sandbox.model import StageKind, Stream
from tests.api_support import Client, make_result, make_settings
from tests.described import document, faults, faults_of
from tests.judging_support import LIMITS
from tests.unit.test_docs import kept, routes_of


def routes(admin_key: str) -> set[str]:
    """Those to be described: not Piston's under its other names."""
    app = web.Application()
    app[SETTINGS] = make_settings(admin_key=admin_key)
    add_routes(app)
    return {
        each
        for each in routes_of(app)
        if not each.endswith("/") and "piston" not in each and "{path" not in each
    }


def described(found: dict[str, Any]) -> set[str]:
    return {f"{method.upper()} {path}" for path, item in found["paths"].items() for method in item}


@pytest.mark.parametrize("admin_key", ["", "admin"])
def test_every_route_is_described_and_no_other(admin_key: str) -> None:
    found = build_document(make_settings(admin_key=admin_key))
    assert described(found) == routes(admin_key)
    assert ("Administration" in str(found["tags"])) == bool(admin_key)
    assert ("AdminJob" in found["components"]["schemas"]) == bool(admin_key)


def test_piston_s_other_names_are_named_in_the_text() -> None:
    assert BASES == ("/api/v2", "/piston/api/v2", "/api/v2/piston")
    (text,) = (each["description"] for each in document()["tags"] if each["name"] == "Piston")
    assert all(base in text for base in BASES)


@pytest.mark.parametrize("admin_key", ["", "admin"])
def test_it_is_openapi_3_1(admin_key: str) -> None:
    OpenAPIV31SpecValidator(build_document(make_settings(admin_key=admin_key))).validate()


def test_the_bounds_are_this_server_s() -> None:
    found = build_document(make_settings(max_timeout=7000, max_code_size=77))
    fields = found["components"]["schemas"]["ExecuteRequest"]["properties"]
    assert fields["timeout"]["anyOf"][0] == {"type": "integer", "minimum": 1, "maximum": 7000}
    assert fields["code"]["anyOf"][0]["maxLength"] == 77
    assert {"enum", "type"} == set(fields["checker"]["anyOf"][1])
    assert set(fields["checker"]["anyOf"][1]["enum"]) == {*CHECKER_TYPES} - {"program"}


async def test_document_and_page_are_served_without_a_key(client: Client) -> None:
    async with client.get("/openapi.json") as response:
        found = await response.json()
        assert found == build_document(make_settings())
    async with client.get("/docs") as response:
        assert response.content_type == "text/html"
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
        assert await response.text() == to_page(found)


def test_the_page_has_every_route_object_and_field_and_nothing_from_elsewhere() -> None:
    page = to_page(document())
    assert all(path in page for path in document()["paths"])
    for name, schema in document()["components"]["schemas"].items():
        assert f'id="{name}"' in page
        assert all(f"<code>{field}</code>" in page for field in schema.get("properties", ()))
    assert "<script" not in page
    assert "http:" not in page
    assert "https:" not in page


def test_the_page_escapes_what_it_is_told() -> None:
    spoiled = copy.deepcopy(document())
    spoiled["paths"]["/health"]["get"]["summary"] = "<b>&`x`"
    assert "&lt;b&gt;&amp;" in to_page(spoiled)
    assert "<b>&`x`" not in to_page(spoiled)


def judged() -> dict[str, Any]:
    asked = JudgeTest("1", b"", None, LIMITS, points=1.0, group="g")
    test = TestResult("1", StageResult(Verdict.ACCEPTED), points=1.0, group="g")
    return to_answer(make_result(tests=(test,), summary=summarise([asked], [test])))


def test_an_answer_is_as_described_and_a_spoiled_one_is_not() -> None:
    answer = to_answer(make_result())
    assert faults_of("Answer", answer) == []
    for name in answer:
        assert faults_of("Answer", {key: answer[key] for key in answer if key != name})
    assert faults_of("Answer", answer | {"more": 1})
    assert faults_of("Answer", answer | {"status": "splendid"})
    for part in ("run", "timings"):
        for name in answer[part]:
            assert faults_of("Answer", answer | {part: answer[part] | {name: {}}})


def test_a_judged_answer_is_as_described_and_a_spoiled_one_is_not() -> None:
    answer = judged()
    assert faults_of("Answer", answer) == []
    (test,), summary = answer["tests"], answer["summary"]
    for name in test:
        assert faults_of("Answer", answer | {"tests": [test | {name: {}}]})
    for name in summary:
        assert faults_of("Answer", answer | {"summary": summary | {name: {}}})


def test_every_event_of_a_stream_is_described() -> None:
    stage = StageResult(Verdict.ACCEPTED)
    events: list[JobEvent] = [Queued(0), StageStarted(StageKind.RUN), Started(0, "1")]
    events += [Printed(stream, b"x") for stream in Stream]
    events += [StageEnded(StageKind.RUN, stage), Ended(0, TestResult("1", stage))]
    envelopes = [*EventWriter(Encoding.UTF8).envelopes(events), PING]
    for envelope in [*envelopes, result_envelope(make_result())]:
        assert faults_of("Event", envelope) == []
        assert faults_of("Event", envelope | {"more": 1})
        assert faults_of("Event", envelope | {"event": "other"})


def test_every_event_of_a_build_s_log_is_described() -> None:
    build = Build("sh", "admin-1")
    build.started("sh")
    build.skipped("sh")
    build.line("sh", "text")
    build.checked("sh", CheckResult("sh/hello", passed=True))
    build.finished("sh", "1")
    build.failed("sh", "no")
    build.enter(BuildState.FAILED, "no")
    for envelope in [*map(event_envelope, kept(build)), build_result(build), BUILD_PING]:
        assert faults_of("BuildEvent", envelope) == []
        assert faults_of("BuildEvent", envelope | {"more": 1})


def test_the_check_notices_what_the_document_does_not_describe() -> None:
    headers = {
        "Content-Type": "application/json",
        "X-Request-Id": "1",
        "WWW-Authenticate": "Bearer",
    }
    error = {"error": "No", "code": "unauthorized"}
    assert faults("POST", "/execute", 401, headers, error) == []
    for name in headers:
        some = {key: value for key, value in headers.items() if key != name}
        assert faults("POST", "/execute", 401, some, error)
    assert faults("POST", "/execute", 401, headers, error | {"code": "other"})
    assert faults("POST", "/execute", 418, headers, error)
    assert faults("POST", "/execute", 401, headers | {"Content-Type": "text/plain"})
    assert faults("POST", "/execute", 401, {"Content-Type": "application/json"}, error)
    assert faults("DELETE", "/admin/jobs/1", 409, headers, error)
