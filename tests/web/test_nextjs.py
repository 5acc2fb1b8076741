"""`clients/nextjs`: its routes, its build, and its page in a real browser."""

from __future__ import annotations

import asyncio
import io
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.contract.contract_table import Row, check_row
from tests.contract.older_contract_rows import PROGRAMS, REFUSALS
from tests.docker.node import run
from tests.speeds import one_in
from tests.web.site import SITE, SITE_KEY, Site, running_site

CHROMIUM = os.environ.get("CHROMIUM", "chromium")
pytestmark = [
    pytest.mark.docker,
    pytest.mark.thorough,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(600),  # the first of them brings a browser and builds the site
    pytest.mark.skipif(
        shutil.which(CHROMIUM) is None and os.geteuid() != 0,
        reason="there is no Chromium, and it is not ours to install",
    ),
]

HELLO = {"language": "python", "code": "print('hi')"}
LONG = {
    "language": "python",
    "code": "import time\nprint('first', flush=True)\ntime.sleep(50)",
    "timeout": 60_000,
}
NDJSON = {"Accept": "application/x-ndjson"}


@pytest.mark.parametrize("row", one_in(6, PROGRAMS + REFUSALS), ids=lambda row: row.id)
async def test_the_older_contract_through_the_route(site: Site, row: Row) -> None:
    await check_row(site.session, replace(row, path="/api/execute-code"))  # type: ignore[arg-type]


@pytest.mark.parametrize("row", PROGRAMS[:3] + REFUSALS[:3], ids=lambda row: row.id)
async def test_the_other_route_has_the_same_contract(site: Site, row: Row) -> None:
    await check_row(site.session, replace(row, path="/api/execute"))  # type: ignore[arg-type]


async def test_a_stream_passes_as_it_comes(site: Site) -> None:
    headers = NDJSON | {"Accept-Encoding": "gzip"}
    async with site.session.post("/api/execute", json=LONG, headers=headers) as answer:
        assert answer.status == 200
        assert answer.content_type == "application/x-ndjson"
        assert "Content-Encoding" not in answer.headers
        async for line in answer.content:
            if json.loads(line)["event"] == "stdout":
                break  # and not 50 s later
    await until_idle(site)


async def test_who_goes_away_ends_the_job(site: Site) -> None:
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(site.session.post("/api/execute-code", json=LONG), 2)
    await until_idle(site)


async def until_idle(site: Site) -> None:
    for _ in range(300):  # 15 s, of the 60 that the program would have
        if not (await site.runner.get("/stats"))[1]["activeJobs"]:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the job goes on")


async def test_server_sent_events(site: Site) -> None:
    headers = {"Accept": "text/event-stream"}
    async with site.session.post("/api/execute", json=HELLO, headers=headers) as answer:
        assert answer.content_type == "text/event-stream"
        assert "event: result\n" in await answer.text()


async def test_a_body_beyond_all_bounds(site: Site) -> None:
    body = io.BytesIO(json.dumps(HELLO | {"code": "#" * 5_000_000}).encode())
    headers = {"Content-Type": "application/json"}
    async with site.session.post("/api/execute-code", data=body, headers=headers) as answer:
        assert (answer.status, (await answer.json())["code"]) == (413, "too_large")
    async with site.session.post("/api/execute-code", json=HELLO) as answer:
        assert answer.status == 200  # over the same connection


async def test_a_site_with_a_wrong_key_or_no_runner_says_so_to_its_owner_alone(site: Site) -> None:
    for url, key, expected in (
        (site.runner.url, "wrong", (502, "runner_refused")),
        ("http://127.0.0.1:9", SITE_KEY, (503, "runner_unreachable")),
    ):
        async with running_site(url, key) as here, aiohttp.ClientSession(here) as session:
            assert await post(session, HELLO) == expected
            async with session.get("/") as page:
                assert page.status == 200


async def post(session: aiohttp.ClientSession, body: dict[str, Any]) -> tuple[int, str]:
    async with session.post("/api/execute-code", json=body) as answer:
        text = await answer.text()
        assert SITE_KEY not in text
        return answer.status, json.loads(text)["code"]


@pytest.mark.usefixtures("site")
async def test_the_key_is_in_nothing_that_was_built() -> None:
    built = SITE / ".next"
    assert holders_of("RUNNER_API_KEY", built / "server")  # it is looked for where it would be
    assert holders_of("/execute", built / "static")
    assert holders_of(SITE_KEY, built) == []


def holders_of(text: str, folder: Path) -> list[Path]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path for path in files if text.encode() in path.read_bytes()]


@pytest.mark.usefixtures("site")
async def test_the_site_s_own_unit_tests_pass() -> None:
    await run("node", "--test", "test/pure.test.js", cwd=SITE)


async def test_the_page_in_a_browser(site: Site) -> None:
    env = {name: os.environ[name] for name in ("SCREENSHOTS",) if name in os.environ} | {
        "SITE_URL": site.url,
        "RUNNER_URL": site.runner.url,
        "RUNNER_API_KEY": SITE_KEY,
        "CHROMIUM": str(shutil.which(CHROMIUM)),
    }
    await run("node", "--test", "test/browser/page.test.js", cwd=SITE, env=env)
