"""The largest attacks on connections, bodies and memory, on a server whose jobs are real ones."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.hostile.door_attacks import (
    SETTINGS,
    ask_at_once,
    hold_silent,
    leave_unread,
    many_descriptors,
    send_bombs,
)
from tests.hostile.doors import Doors, post, running_doors

HELLO = post("/execute", b'{"language": "python", "code": "print(1)"}')
LOUD = json.dumps(
    {"language": "python", "code": "print('x' * 1_000_000)", "limits": {"output_kb": 1024}}
).encode()

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.docker,
    pytest.mark.alone,
    pytest.mark.asyncio(loop_scope="module"),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def doors(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Doors]:
    state = tmp_path_factory.mktemp("state")
    own = SETTINGS | {"LANGUAGES": "python", "EXECUTION_TIMEOUT": "5000"}
    with many_descriptors():
        async with running_doors(state, backend="engine", **own) as running:
            yield running


@pytest.mark.parametrize(("key", "status"), [(False, 401), (True, 413)])
async def test_50_gzip_bombs_do_not_go_off(doors: Doors, key: bool, status: int) -> None:  # noqa: FBT001
    statuses = await send_bombs(doors, 50, 400, key=key)
    assert set(statuses) <= {status, 429}
    assert status in statuses


async def test_5000_silent_connections_keep_nobody_out(doors: Doors) -> None:
    await hold_silent(doors, 5000, HELLO)


async def test_2000_at_once_on_4_slots_are_answered_or_told_to_come_back(tmp_path: Path) -> None:
    own = {"LANGUAGES": "python", "MAX_JOBS": "4"}
    with many_descriptors():
        async with running_doors(tmp_path, backend="engine", **own) as doors:
            await ask_at_once(doors, 2000, HELLO)


@pytest.mark.parametrize("accept", ["application/json", "application/x-ndjson"])
async def test_300_answers_that_nobody_reads_are_bounded(doors: Doors, accept: str) -> None:
    await leave_unread(doors, 300, post("/execute", LOUD, f"Accept: {accept}"), HELLO)
