"""The older runner's contract again, this time with the programs really run."""

from __future__ import annotations

import pytest

from tests.contract.contract_table import Row, check_row
from tests.contract.older_contract_rows import ROWS
from tests.docker.server import Server
from tests.speeds import one_in, params

pytestmark = [pytest.mark.docker, pytest.mark.asyncio(loop_scope="session")]


@pytest.mark.parametrize("row", params(ROWS, one_in(3, ROWS), lambda row: row.id))
async def test_the_older_contract_from_real_programs(server: Server, row: Row) -> None:
    await check_row(server.session, row)
