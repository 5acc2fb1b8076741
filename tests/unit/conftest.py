from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.api_support import make_app
from tests.judging_support import Spy, watch

if TYPE_CHECKING:
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
