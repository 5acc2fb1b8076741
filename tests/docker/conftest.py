"""One real server for all tests that only send it programs."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.docker.server import API_KEYS, Server, running_server


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    state = tmp_path_factory.mktemp("state")
    # A checker that hangs is waited for as long as it may; and languages that other tests make for
    # themselves are none of this server's.
    own = {"API_KEY": API_KEYS, "CHECKER_TIMEOUT": "2000", "LANGUAGES_INTERVAL": "3600"}
    async with running_server(state, **own) as running:
        yield running
