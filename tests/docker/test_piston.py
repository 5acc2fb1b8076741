"""Piston's contract again, this time with the programs really run."""

from __future__ import annotations

import os

import pytest

from tests.contract.piston_programs import PROGRAMS
from tests.contract.piston_refusals import REFUSALS
from tests.contract.piston_table import PistonRow, check_row
from tests.docker.server import Server

pytestmark = [
    pytest.mark.docker,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.skipif(
        "PISTON" not in os.environ,
        reason="tests/contract has the same rows, real clients the engine; PISTON=1 for both",
    ),
]


@pytest.mark.parametrize("row", [*REFUSALS, *PROGRAMS], ids=lambda row: row.id)
async def test_piston_s_contract_from_real_programs(server: Server, row: PistonRow) -> None:
    await check_row(server.session, row)
