from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.api_support import StubService, make_app, make_result
from tests.contract.contract_table import Row, check_row
from tests.contract.older_contract_rows import ROWS

if TYPE_CHECKING:
    from orchestrator.jobs.model import JobResult, Submission


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
async def test_the_older_contract_request_by_request(aiohttp_client: Any, row: Row) -> None:
    def outcome(submission: Submission) -> JobResult:
        stages = row.outcome
        return make_result(submission, status=stages.status, compile=stages.compile, run=stages.run)

    client = await aiohttp_client(make_app(StubService(outcome)))
    await check_row(client, row)


def test_the_table_is_one_row_per_thing() -> None:
    assert len(ROWS) >= 30
    assert len({row.id for row in ROWS}) == len(ROWS)
    assert {row.status for row in ROWS} == {200, 400, 401, 404, 405, 415}
