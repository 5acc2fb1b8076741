"""`clients/nextjs`, built and served, with a real runner behind it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp

from tests.docker.node import ROOT, node_env, run
from tests.docker.server import Server

SITE = ROOT / "clients" / "nextjs"
SITE_KEY = "the-key-that-nobody-may-see-3f9c1a"
START_TIMEOUT_S = 60
STOP_TIMEOUT_S = 20


@dataclass(frozen=True)
class Site:
    """A running site and a way to speak to it."""

    url: str
    session: aiohttp.ClientSession
    runner: Server


async def build_site() -> None:
    """With the key at hand, as on a host that builds and serves with the same environment."""
    await run("scripts/setup-nextjs", "--test", env={"RUNNER_API_KEY": SITE_KEY})


@asynccontextmanager
async def running_site(runner_url: str, key: str = SITE_KEY) -> AsyncIterator[str]:
    """Serve what was built on a free port; its URL."""
    process = await asyncio.create_subprocess_exec(
        *("node", "node_modules/next/dist/bin/next", "start", "-H", "127.0.0.1", "-p", "0"),
        stdout=asyncio.subprocess.PIPE,
        cwd=SITE,
        env=node_env({"RUNNER_URL": f"{runner_url}/execute", "RUNNER_API_KEY": key}),
    )
    assert process.stdout is not None
    reader = asyncio.create_task(_drain(process.stdout, found := asyncio.Future[str]()))
    try:
        yield await asyncio.wait_for(found, START_TIMEOUT_S)
    finally:
        process.terminate()
        await asyncio.wait_for(process.wait(), STOP_TIMEOUT_S)
        await reader


async def _drain(stdout: asyncio.StreamReader, found: asyncio.Future[str]) -> None:
    """Read all of it, and find the URL in it."""
    async for line in stdout:
        url = re.search(r"http://[\w.]+:[1-9]\d*", line.decode())
        if url and not found.done():
            found.set_result(url[0])
    if not found.done():
        found.set_exception(AssertionError("the site ended before it was ready"))
