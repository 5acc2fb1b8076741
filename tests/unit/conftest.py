from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.api import middleware, routes
from tests.api_support import make_app
from tests.described import look_at
from tests.judging_support import Spy, watch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiohttp import web

    from tests.api_support import Client, Serve


@pytest.fixture
def serve(aiohttp_client: Any) -> Serve:
    async def make_client(*args: Any, **kwargs: Any) -> Client:
        client: Client = await aiohttp_client(make_app(*args, **kwargs))
        return client

    return make_client


@pytest.fixture
async def client(serve: Serve) -> Client:
    return await serve()


@pytest.fixture
def spy(monkeypatch: pytest.MonkeyPatch) -> Spy:
    """Sees what the fake's sandboxes are asked."""
    return watch(monkeypatch)


@pytest.fixture(autouse=True)
def described(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever a test makes a server answer is in the server's own description."""
    faults: list[str] = []

    async def prepare(request: web.Request, response: web.StreamResponse) -> None:
        await middleware.add_request_id(request, response)
        faults.extend(look_at(request, response))

    monkeypatch.setattr(routes, "add_request_id", prepare)
    yield
    assert faults == []
