"""One runner and one site for all tests of the site."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio

from tests.docker.server import running_server
from tests.web.site import SITE_KEY, Site, build_site, running_site


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    await build_site()
    state = tmp_path_factory.mktemp("state")
    # Next.js ends what was idle for 5 s, and would meet the next test's request on its way.
    connector = aiohttp.TCPConnector(keepalive_timeout=1)
    async with (
        # Languages that other tests make for themselves are none of this server's.
        running_server(state, API_KEY=SITE_KEY, LANGUAGES_INTERVAL="3600") as runner,
        running_site(runner.url) as url,
        aiohttp.ClientSession(url, connector=connector) as session,
    ):
        yield Site(url, session, runner)
