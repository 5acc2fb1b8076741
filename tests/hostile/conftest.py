"""One real server for every attack."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.docker.server import Server, running_server
from tests.hostile.attacks import COMPILE_CPU_MS, COMPILE_WALL_MS, EXECUTION_TIMEOUT_MS


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    limits = {
        "COMPILE_CPU_MS": str(COMPILE_CPU_MS),
        "COMPILE_WALL_MS": str(COMPILE_WALL_MS),
        "EXECUTION_TIMEOUT": str(EXECUTION_TIMEOUT_MS),
        "POOL": "java=1",  # they cost the most to start, and no neighbour is one
    }
    async with running_server(tmp_path_factory.mktemp("state"), **limits) as running:
        yield running
