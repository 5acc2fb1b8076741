"""Piston's contract again, this time with the programs really run."""

from __future__ import annotations

import pytest

from tests.contract.piston_programs import PROGRAMS
from tests.contract.piston_refusals import REFUSALS
from tests.contract.piston_table import PistonRow, check_row
from tests.docker.server import Server
from tests.speeds import one_in, params

pytestmark = [pytest.mark.docker, pytest.mark.asyncio(loop_scope="session")]
ROWS = [*REFUSALS, *PROGRAMS]


@pytest.mark.parametrize("row", params(ROWS, one_in(6, ROWS), lambda row: row.id))
async def test_piston_s_contract_from_real_programs(server: Server, row: PistonRow) -> None:
    await check_row(server.session, row)
