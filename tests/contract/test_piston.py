from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.jobs.events import Listener, Printed, StageEnded, StageStarted
from orchestrator.languages.catalog import Catalog
from orchestrator.languages.model import InstalledLanguage
from orchestrator.sandbox.model import StageKind, Stream
from tests.api_support import LANGUAGES, StubService, make_app, make_result
from tests.contract.contract_table import Outcome
from tests.contract.piston_programs import PROGRAMS
from tests.contract.piston_refusals import REFUSALS
from tests.contract.piston_table import PistonRow, check_row

if TYPE_CHECKING:
    from orchestrator.jobs.model import JobResult, Submission

ROWS = (*REFUSALS, *PROGRAMS)
VERSIONS = {"c": "12.2.0", "cpp": "12.2.0", "java": "17.0.21.1", "python": "3.11.2"}
INSTALLED = {each.id: InstalledLanguage(each, VERSIONS[each.id], "sha256:0") for each in LANGUAGES}


def make_service(outcome: Outcome) -> StubService:
    def result(submission: Submission) -> JobResult:
        return make_result(
            submission, status=outcome.status, compile=outcome.compile, run=outcome.run
        )

    async def script(listener: Listener) -> None:
        for kind, stage in ((StageKind.COMPILE, outcome.compile), (StageKind.RUN, outcome.run)):
            if stage is not None:
                listener.send(StageStarted(kind))
                for stream, data in (
                    (Stream.STDOUT, stage.stdout),
                    (Stream.STDERR, stage.stderr),
                ):
                    listener.send(Printed(stream, data))
                listener.send(StageEnded(kind, stage))

    return StubService(result, Catalog(INSTALLED.values()), script=script)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
async def test_piston_s_contract_request_by_request(aiohttp_client: Any, row: PistonRow) -> None:
    service = make_service(row.outcome)
    await check_row(await aiohttp_client(make_app(service)), row)
    assert len(service.submissions) == (row.run is not None)
    for name, value in row.asked.items():
        assert getattr(service.submissions[0], name) == value


def test_the_table_is_one_row_per_thing() -> None:
    assert len(ROWS) >= 60
    assert len({row.id for row in ROWS}) == len(ROWS)
    assert {row.status for row in ROWS} == {200, 400, 401, 403, 404, 415}


@pytest.mark.parametrize("path", ["/api/v2/runtimes", "/piston/api/v2/runtimes/"])
async def test_the_list_of_runtimes(aiohttp_client: Any, path: str) -> None:
    pattern = re.compile(
        r'\[\{"language": "c", "version": "12\.2\.0", "aliases": \["gcc"\]\}, .*\]'
    )
    row = PistonRow("runtimes", method="GET", path=path, body=pattern)
    await check_row(await aiohttp_client(make_app(make_service(Outcome()))), row)


async def test_the_list_of_packages(aiohttp_client: Any) -> None:
    names = {"c": "c", "cpp": "c++", "java": "java", "python": "python"}
    numbers = VERSIONS | {"java": "17.0.21"}
    body = [
        {"language": names[each], "language_version": numbers[each], "installed": True}
        for each in names
    ]
    row = PistonRow("packages", method="GET", path="/api/v2/packages", body=body)
    await check_row(await aiohttp_client(make_app(make_service(Outcome()))), row)
