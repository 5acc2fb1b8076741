"""production/Caddyfile, by Debian's caddy, in front of a server on the fake backend: TLS and all.

Clients connect from another address than the proxy, as they do there.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.checkout import ROOT
from tests.docker.registry import free_port
from tests.docker.server import BEARER
from tests.hostile.doors import running_doors

pytestmark = [pytest.mark.thorough]

CADDYFILE = ROOT / "production" / "Caddyfile"
CLIENT, FORGED = "127.0.0.9", "198.51.100.9"
START_S = 30


@dataclass(frozen=True)
class Front:
    """What is to be seen from outside."""

    http_port: int
    https_port: int
    session: aiohttp.ClientSession
    """Of a client that trusts the certificate's authority, and no other."""
    log: Path
    """The server's."""

    @property
    def url(self) -> str:
        return f"https://localhost:{self.https_port}"


def caddy() -> str:
    done = subprocess.run(
        [ROOT / "scripts" / "setup-debian-program", "caddy", "usr/bin/caddy"],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return done.stdout.strip()


@pytest.fixture
async def front(tmp_path: Path) -> AsyncIterator[Front]:
    settings = {"TRUSTED_PROXIES": "127.0.0.1", "LOG_LEVEL": "warning"}
    path, ports = tmp_path / "log", (free_port(), free_port())
    with path.open("wb") as log:
        async with (
            running_doors(tmp_path, log=log, **settings) as doors,
            running_caddy(tmp_path, doors.port, ports) as authority,
        ):
            trust = ssl.create_default_context(cafile=str(authority))
            connector = aiohttp.TCPConnector(ssl=trust, local_addr=(CLIENT, 0))
            async with aiohttp.ClientSession(connector=connector) as session:
                yield Front(*ports, session, path)


@asynccontextmanager
async def running_caddy(folder: Path, server: int, ports: tuple[int, int]) -> AsyncIterator[Path]:
    """The file of the authority that signs its certificate."""
    own = {"DOMAIN": "localhost", "RUNNER": f"127.0.0.1:{server}", "XDG_DATA_HOME": str(folder)}
    own |= {"HTTP_PORT": str(ports[0]), "HTTPS_PORT": str(ports[1]), "HOME": str(folder)}
    process = await asyncio.create_subprocess_exec(
        *(caddy(), "run", "--adapter", "caddyfile", "--config", CADDYFILE),
        env=os.environ | own,
        stderr=asyncio.subprocess.DEVNULL,
    )
    authority = folder / "caddy" / "pki" / "authorities" / "local" / "root.crt"
    try:
        async with asyncio.timeout(START_S):
            while not (authority.exists() and await has_certificate(ports[1], authority)):
                assert process.returncode is None
                await asyncio.sleep(0.05)
        yield authority
    finally:
        process.terminate()
        await process.wait()


async def has_certificate(port: int, authority: Path) -> bool:
    """It listens before it has one."""
    with suppress(OSError):
        trust = ssl.create_default_context(cafile=str(authority))
        _, writer = await asyncio.open_connection("localhost", port, ssl=trust)
        writer.close()
        return True
    return False


async def execute(front: Front, code: str, **headers: str) -> dict[str, Any]:
    body = {"language": "sh", "code": code}
    async with front.session.post(
        f"{front.url}/execute", json=body, headers=BEARER | headers
    ) as answer:
        assert answer.status == 200
        found: dict[str, Any] = await answer.json()
        return found


async def test_a_program_is_run_and_the_browser_told_to_stay_with_tls(front: Front) -> None:
    assert (await execute(front, "echo hello"))["output"] == "hello\n"
    async with front.session.get(f"{front.url}/health") as answer:
        assert (await answer.json())["status"] == "healthy"
        assert "max-age" in answer.headers["Strict-Transport-Security"]


async def test_who_comes_without_tls_is_sent_to_it(front: Front) -> None:
    url = f"http://localhost:{front.http_port}/health"
    async with front.session.get(url, allow_redirects=False) as answer:
        assert answer.status in {301, 308}
        assert answer.headers["Location"].startswith("https://localhost")


async def test_output_comes_as_it_is_printed(front: Front) -> None:
    body = {"language": "sh", "code": "echo first\nsleep 2\necho second"}
    headers = BEARER | {"Accept": "application/x-ndjson"}
    times: dict[str, float] = {}
    loop = asyncio.get_running_loop()
    async with front.session.post(f"{front.url}/execute", json=body, headers=headers) as answer:
        async for line in answer.content:
            event = json.loads(line)
            if event["event"] == "stdout":
                times[event["data"].strip()] = loop.time()
    assert times["second"] - times["first"] > 1  # not both at the end


async def test_a_websocket_is_let_through(front: Front) -> None:
    async with front.session.ws_connect(f"{front.url}/execute/ws", headers=BEARER) as socket:
        await socket.send_json({"language": "sh", "code": "echo hello"})
        said = [
            json.loads(each.data) async for each in socket if each.type is aiohttp.WSMsgType.TEXT
        ]
    assert any(each.get("data") == "hello\n" for each in said)


async def test_what_is_too_large_gets_the_server_s_own_answer(front: Front) -> None:
    body = b'{"code": "' + b"x" * (5 << 20) + b'"}'
    headers = BEARER | {"Content-Type": "application/json"}
    async with front.session.post(
        f"{front.url}/execute", data=io.BytesIO(body), headers=headers
    ) as answer:
        assert answer.status == 413
        assert (await answer.json())["code"] == "too_large"


async def test_a_client_s_word_on_who_it_is_is_not_passed_on(front: Front) -> None:
    headers = {"Authorization": "Bearer a-wrong-key-of-tests", "X-Forwarded-For": FORGED}
    async with front.session.get(f"{front.url}/stats", headers=headers) as answer:
        assert answer.status == 401
    (line,) = [each for each in front.log.read_text().splitlines() if "wrong_key" in each]
    assert CLIENT in line
    assert FORGED not in line
