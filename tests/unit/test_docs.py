from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

from aiohttp import web
from pydantic import BaseModel, SecretStr

from orchestrator.api.admin.wire import build_fields, event_envelope
from orchestrator.api.answers.answer import to_answer
from orchestrator.api.answers.events import PING, EventWriter, result_envelope
from orchestrator.api.errors import RETRY_AFTER_S
from orchestrator.api.keys import SETTINGS
from orchestrator.api.piston.connect import REASONS, PistonClose
from orchestrator.api.piston.limits import CONSTRAINTS, STAGES
from orchestrator.api.piston.routes import add_piston_routes
from orchestrator.api.requests.messages import MAX_MESSAGE, MESSAGE_FIELDS
from orchestrator.api.requests.schemas import (
    CheckerRequest,
    ExecuteRequest,
    FileRequest,
    InteractorRequest,
    LimitsRequest,
    TestRequest,
)
from orchestrator.api.routes import add_routes
from orchestrator.api.sessions.channel import SILENCE_S, Close
from orchestrator.api.websocket import JUDGING
from orchestrator.cli import admin_commands, language_commands
from orchestrator.images.build_queue import Build, BuildEvent, BuildState
from orchestrator.images.check_results import CheckResult
from orchestrator.jobs.events import JobEvent, Printed, Queued, StageEnded, StageStarted
from orchestrator.jobs.events import TestEnded as Ended
from orchestrator.jobs.judging.scoring import summarise
from orchestrator.jobs.model import (
    Encoding,
    Interactor,
    JudgeTest,
    StageResult,
    Submission,
    TestResult,
    Verdict,
)
from orchestrator.jobs.statistics import LATENCIES
from orchestrator.languages.registry import load_languages
from orchestrator.sandbox.model import Signal, StageKind, Stream
from orchestrator.sandbox.stdin import MAX_SIGNALS
from orchestrator.settings import Settings
from orchestrator.settings.http import PistonSettings
from orchestrator.settings.images import DEFAULT_IMAGES_DIR
from tests.api_support import BEARER, Client, make_result, make_settings
from tests.contract.piston_table import STAGE_KEYS
from tests.unit.test_api_submission import convert

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference"


def rows(name: str) -> list[list[str]]:
    """The cells of every table row of a reference page."""
    lines = (REFERENCE / name).read_text().splitlines()
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines if line[:1] == "|"]


def first_cells(name: str) -> set[str]:
    """Everything in backticks in the first cell of any row."""
    return {word for row in rows(name) for word in re.findall(r"`([^`]+)`", row[0])}


def shown(default: object) -> str:
    if isinstance(default, SecretStr):
        default = default.get_secret_value()
    if isinstance(default, Path) and default.parent == DEFAULT_IMAGES_DIR.parent:
        default = default.name
    return f"`{default}`" if str(default) else ""


def test_every_setting_has_a_row_with_its_default_and_no_row_is_of_another() -> None:
    documented = {row[0]: row[1] for row in rows("settings.md") if row[0].startswith("`")}
    assert documented == {
        f"`{name.upper()}`": shown(field.default) for name, field in Settings.model_fields.items()
    }


def test_every_language_we_ship_has_a_row() -> None:
    registry = load_languages(DEFAULT_IMAGES_DIR, ["all"])
    documented = {row[0]: row[1] for row in rows("languages.md") if row[0].startswith("`")}
    assert documented == {f"`{language.id}`": language.name for language in registry}


def test_every_setting_has_a_description() -> None:
    assert all(field.description for field in Settings.model_fields.values())


def test_every_route_has_a_row_and_a_section() -> None:
    app = web.Application()
    app[SETTINGS] = make_settings(admin_key="admin")
    add_routes(app)
    routes = routes_of(app) - routes_of(piston_app())
    for page in ("http.md", "admin.md"):
        those = {route for route in routes if ("/admin" in route) == (page == "admin.md")}
        assert those
        assert those <= first_cells(page)
        headings = re.findall(r"^##+ (.+)$", (REFERENCE / page).read_text(), re.MULTILINE)
        assert those <= set(headings)


def test_every_event_and_field_of_a_build_has_a_row() -> None:
    build = Build("sh", "admin-1")
    build.started("sh")
    build.skipped("sh")
    build.line("sh", "text")
    build.checked("sh", CheckResult("sh/hello", passed=True))
    build.finished("sh", "1")
    build.failed("sh", "no")
    build.enter(BuildState.FAILED, "no")
    documented = first_cells("admin.md")
    assert {each["event"] for each in map(event_envelope, kept(build))} <= documented
    assert set(build_fields(build)) | {"ping", "result"} <= documented
    states = next(row[1] for row in rows("admin.md") if row[0] == "`state`" and "proving" in row[1])
    assert {f"`{state}`" for state in BuildState} <= set(re.findall(r"`[a-z]+`", states))


def test_every_command_for_admins_has_a_row() -> None:
    documented = " ".join(row[0] for row in rows("admin.md"))
    groups = (admin_commands.builds, admin_commands.jobs, language_commands.languages)
    for group in groups:
        for name in group.commands:
            assert f"{group.name} {name}" in documented
    assert "`drain`" in documented


def kept(build: Build) -> list[BuildEvent]:
    async def read() -> list[BuildEvent]:
        return [event async for event in build.follow()]

    return asyncio.run(read())


def routes_of(app: web.Application) -> set[str]:
    return {
        f"{route.method} {route.resource.canonical}"
        for route in app.router.routes()
        if route.resource and route.method != "HEAD"
    }


def piston_app() -> web.Application:
    app = web.Application()
    add_piston_routes(app)
    return app


def test_every_route_and_word_of_piston_s_has_a_row() -> None:
    named = {
        route.rstrip("/")
        for route in routes_of(piston_app())
        if re.match(r"\w+ /api/v2/(?!piston)", route)
    }
    assert len(named) == 6
    assert named <= first_cells("piston.md")
    assert {str(code.value) for code in PistonClose} <= first_cells("piston.md")
    page = (REFERENCE / "piston.md").read_text()
    assert all(f"`{reason}`" in page for reason in REASONS.values())
    assert all(f"`SIG{name}`" in page for name in Signal.__members__)
    assert {*STAGE_KEYS, "TO", "OL", "EL", "RE", "XX"} <= first_cells("piston.md")
    fields = {f"{stage}_{kind}" for stage in STAGES for kind in CONSTRAINTS}
    assert fields <= first_cells("piston.md")
    assert "`PISTON_MAX_BODY_SIZE`" in page
    howto = (REFERENCE.parent / "howto" / "migrate-from-piston.md").read_text()
    assert all(name.upper() in howto for name in PistonSettings.model_fields)


def test_every_request_field_has_a_row() -> None:
    models: dict[str, type[BaseModel]] = {
        "": ExecuteRequest,
        "files[].": FileRequest,
        "limits.": LimitsRequest,
    }
    fields = {prefix + name for prefix, model in models.items() for name in model.model_fields}
    assert fields - {"limits"} <= first_cells("http.md")


def test_every_field_of_tests_checker_and_interactor_has_a_row() -> None:
    models = {
        "tests[].": TestRequest,
        "checker.": CheckerRequest,
        "interactor.": InteractorRequest,
    }
    fields = {prefix + name for prefix, model in models.items() for name in model.model_fields}
    assert fields <= first_cells("judging.md")


def test_every_field_of_a_test_s_result_and_of_the_summary_has_a_row() -> None:
    stage = StageResult(Verdict.ACCEPTED)
    test = TestResult("1", stage, points=1.0, group="g")
    asked = JudgeTest("1", b"", None, resolved().limits, points=1.0, group="g")
    answer = to_answer(make_result(tests=(test,), summary=summarise([asked], [test])))
    own = set(answer["tests"][0]) - set(answer["run"])
    assert {*own, "stdout", "stderr", *answer["summary"]} <= first_cells("judging.md")
    (group,) = answer["summary"]["groups"]
    assert {f"groups[].{name}" for name in group} <= first_cells("judging.md")


def test_every_verdict_has_a_row_where_tests_are_judged() -> None:
    assert {verdict.value for verdict in Verdict} <= first_cells("judging.md")


def test_the_example_is_a_submission() -> None:
    submission = resolved()
    assert submission.judging is not None
    assert [test.name for test in submission.judging.tests] == ["1", "large"]
    assert submission.warnings == ()


def test_the_example_of_an_interaction_is_one() -> None:
    _, example = judging_examples()
    assert example.judging is not None
    assert isinstance(example.judging.checker, Interactor)
    assert example.warnings == ()


def test_links_between_reference_pages_lead_somewhere() -> None:
    for page in REFERENCE.glob("*.md"):
        for target, anchor in re.findall(r"\]\(([\w-]*\.md)?(?:#([\w-]+))?\)", page.read_text()):
            text = (REFERENCE / (target or page.name)).read_text()
            headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
            slugs = {re.sub(r"[^\w -]", "", each).lower().replace(" ", "-") for each in headings}
            assert not anchor or anchor in slugs, (page.name, target, anchor)


def resolved() -> Submission:
    """The first example of judging.md; the other is of an interaction."""
    first, _ = judging_examples()
    return first


def judging_examples() -> list[Submission]:
    text = (REFERENCE / "judging.md").read_text()
    examples = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    return [convert(json.loads(example)) for example in examples]


def test_every_answer_field_has_a_row() -> None:
    answer = to_answer(make_result())
    assert {*answer, *answer["run"]} <= first_cells("http.md")


def test_every_503_has_a_row() -> None:
    codes = {row[1].strip("`") for row in rows("http.md") if row[0] == "503"}
    assert codes == set(RETRY_AFTER_S)


def test_every_event_of_a_stream_has_a_row() -> None:
    events: list[JobEvent] = [Queued(0), StageStarted(StageKind.RUN)]
    events += [Printed(stream, b"x") for stream in Stream]
    events += [StageEnded(StageKind.RUN, StageResult(Verdict.ACCEPTED))]
    events += [Ended(0, TestResult("1", StageResult(Verdict.ACCEPTED)))]
    envelopes = [*EventWriter(Encoding.UTF8).envelopes(events), PING]
    envelopes.append(result_envelope(make_result()))
    assert "test" in {envelope["event"] for envelope in envelopes}
    assert {envelope["event"] for envelope in envelopes} <= first_cells("http.md")


def test_every_word_of_a_websocket_has_a_row() -> None:
    page = (REFERENCE / "websocket.md").read_text()
    assert {str(code.value) for code in Close} <= first_cells("websocket.md")
    assert set(MESSAGE_FIELDS) == set(re.findall(r"^\| `{\"type\": \"(\w+)\"", page, re.MULTILINE))
    assert all(f'"{name}"' in page for name in Signal.__members__)
    assert f"{MAX_MESSAGE:,} bytes" in page
    assert f"first {MAX_SIGNALS} signals" in page
    assert f"for\n{SILENCE_S:g} s" in page
    assert all(f"`{name}`" in page for name in JUDGING)


async def test_every_field_of_the_statistics_has_a_row(client: Client) -> None:
    async with client.get("/stats", headers=BEARER) as response:
        answer = await response.json()
    assert {*answer, *answer["since_start"]} <= first_cells("http.md")
    assert set(answer["since_start"]["latency_ms"]) == set(LATENCIES)
