from __future__ import annotations

import re
from pathlib import Path

from aiohttp import web
from pydantic import BaseModel, SecretStr

from orchestrator.api.answer import to_answer
from orchestrator.api.errors import RETRY_AFTER_S
from orchestrator.api.events import PING, EventWriter, result_envelope
from orchestrator.api.routes import add_routes
from orchestrator.api.schemas import ExecuteRequest, FileRequest, LimitsRequest
from orchestrator.jobs.events import JobEvent, Printed, Queued, StageEnded, StageStarted
from orchestrator.jobs.model import Encoding, StageResult, Verdict
from orchestrator.jobs.statistics import LATENCIES
from orchestrator.sandbox.model import StageKind, Stream
from orchestrator.settings import DEFAULT_IMAGES_DIR, Settings
from tests.api_support import Client, make_result

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
    if default == DEFAULT_IMAGES_DIR:
        default = DEFAULT_IMAGES_DIR.name
    return f"`{default}`" if str(default) else ""


def test_every_setting_has_a_row_with_its_default_and_no_row_is_of_another() -> None:
    documented = {row[0]: row[1] for row in rows("settings.md") if row[0].startswith("`")}
    assert documented == {
        f"`{name.upper()}`": shown(field.default) for name, field in Settings.model_fields.items()
    }


def test_every_setting_has_a_description() -> None:
    assert all(field.description for field in Settings.model_fields.values())


def test_every_route_has_a_row_and_a_section() -> None:
    app = web.Application()
    add_routes(app)
    routes = {
        f"{route.method} {route.resource.canonical}"
        for route in app.router.routes()
        if route.resource and route.method != "HEAD"
    }
    assert routes
    assert routes <= first_cells("http.md")
    headings = re.findall(r"^## (.+)$", (REFERENCE / "http.md").read_text(), re.MULTILINE)
    assert routes <= set(headings)


def test_every_request_field_has_a_row() -> None:
    models: dict[str, type[BaseModel]] = {
        "": ExecuteRequest,
        "files[].": FileRequest,
        "limits.": LimitsRequest,
    }
    fields = {prefix + name for prefix, model in models.items() for name in model.model_fields}
    assert fields - {"limits", "tests", "checker"} <= first_cells("http.md")


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
    envelopes = [*EventWriter(Encoding.UTF8).envelopes(events), PING]
    envelopes.append(result_envelope(make_result()))
    assert {envelope["event"] for envelope in envelopes} <= first_cells("http.md")


async def test_every_field_of_the_statistics_has_a_row(client: Client) -> None:
    async with client.get("/stats") as response:
        answer = await response.json()
    assert {*answer, *answer["since_start"]} <= first_cells("http.md")
    assert set(answer["since_start"]["latency_ms"]) == set(LATENCIES)
