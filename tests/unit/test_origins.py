"""Web pages of which origins may use the service."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp
import pytest

from orchestrator.errors import ConfigurationError
from orchestrator.settings import load_settings
from tests.api_support import BEARER, make_settings, post

if TYPE_CHECKING:
    from tests.api_support import Serve

PAGE, OTHER = "https://app.example.org", "https://evil.example.org"
PREFLIGHT = {"Access-Control-Request-Method": "POST", "Origin": PAGE}
ALLOW = "Access-Control-Allow-Origin"


async def test_named_origins_may_read_answers_and_errors(serve: Serve) -> None:
    client = await serve(settings=make_settings(cors_origins=f"http://x, {PAGE.upper()}"))
    for path, status in (("/health", 200), ("/nowhere", 404)):
        async with client.get(path, headers={"Origin": PAGE}) as answer:
            assert (answer.status, answer.headers[ALLOW]) == (status, PAGE)
            assert "Origin" in answer.headers["Vary"]
        async with client.get(path, headers={"Origin": OTHER}) as answer:
            assert (answer.status, ALLOW in answer.headers) == (status, False)
            assert "Origin" in answer.headers["Vary"]


async def test_a_browser_is_told_what_it_may_send(serve: Serve) -> None:
    client = await serve(settings=make_settings(cors_origins=PAGE))
    async with client.options("/execute", headers=PREFLIGHT) as answer:
        assert (answer.status, answer.headers[ALLOW]) == (204, PAGE)
        assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]
        assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    async with client.options("/execute", headers=PREFLIGHT | {"Origin": OTHER}) as answer:
        assert (answer.status, ALLOW in answer.headers) == (405, False)


async def test_any_may_be_allowed_but_not_to_administer(serve: Serve) -> None:
    settings = make_settings(cors_origins="*", admin_key="an-admin-key-of-tests")
    client = await serve(settings=settings)
    async with client.get("/health", headers={"Origin": OTHER}) as answer:
        assert answer.headers[ALLOW] == "*"
    for path in ("/admin", "/admin/jobs"):
        async with client.get(path, headers={"Origin": OTHER}) as answer:
            assert ALLOW not in answer.headers


async def test_without_the_setting_nothing_is_said(serve: Serve) -> None:
    client = await serve()
    _, _, headers = await post(client)
    assert not [name for name in headers if name.startswith("Access-Control")]
    async with client.options("/execute", headers=PREFLIGHT) as answer:
        assert answer.status == 405


@pytest.mark.parametrize("path", ["/execute/ws", "/api/v2/connect"])
async def test_a_websocket_is_not_opened_for_any_page(serve: Serve, path: str) -> None:
    client = await serve(settings=make_settings(cors_origins=PAGE))
    own = f"http://{client.host}:{client.port}"
    for origin in (OTHER, "null", "", f"{own}.example.org", PAGE + "x", f"{client.host}"):
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await client.ws_connect(path, headers=BEARER | {"Origin": origin})
        assert refused.value.status == 403
    for origin in (own, PAGE):
        async with client.ws_connect(path, headers=BEARER | {"Origin": origin}):
            pass
    async with client.ws_connect(path, headers=BEARER):
        pass


@pytest.mark.parametrize(
    "bad", ["example.org", "https://x/path", "ftp://x", "https://u@x", "https://"]
)
def test_what_is_no_origin_stops_the_start(bad: str) -> None:
    with pytest.raises(ConfigurationError, match=r"CORS_ORIGINS.*no origin"):
        load_settings(api_key="k", cors_origins=bad)
