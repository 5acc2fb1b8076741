"""`GET /openapi.json` and `GET /docs`: public; nothing in them is secret."""

from __future__ import annotations

import asyncio
import functools
import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from aiohttp import web

from orchestrator.api.keys import SETTINGS
from orchestrator.api.openapi.document import build_document
from orchestrator.api.openapi.page import CONTENT_POLICY, to_page

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler


def add_openapi_routes(app: web.Application) -> None:
    """Add the routes. What they answer is made once, when somebody first asks."""
    document = functools.cache(lambda: build_document(app[SETTINGS]))
    app.router.add_get("/openapi.json", _fixed(lambda: json.dumps(document()), "application/json"))
    app.router.add_get("/docs", _fixed(lambda: to_page(document()), "text/html"))


def _fixed(make: Callable[[], str], content_type: str) -> Handler:
    made = functools.cache(lambda: make().encode())

    async def handler(_request: web.Request) -> web.Response:
        # Making it takes a fifth of a second, which is not the event loop's to spend.
        data = await asyncio.to_thread(made)
        headers = {"Content-Security-Policy": CONTENT_POLICY, "X-Content-Type-Options": "nosniff"}
        return web.Response(body=data, content_type=content_type, charset="utf-8", headers=headers)

    return handler
