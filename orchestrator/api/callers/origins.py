"""Which web pages may use the service from a browser (CORS), and open a WebSocket to it.

A browser says in `Origin` where a page is from, and the page can't change it. Who is no browser
sends none, and is not asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aiohttp import web

from orchestrator.api.errors import ApiError
from orchestrator.api.keys import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from aiohttp.typedefs import Handler

ANY = "*"
ADMIN = "/admin"
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST, DELETE",
    "Access-Control-Allow-Headers": "Authorization, *",  # `*` means all but this one
    "Access-Control-Max-Age": "600",
}


def is_allowed(origin: str, allowed: Collection[str]) -> bool:
    """Whether pages of that origin may read what the service answers."""
    return ANY in allowed or origin.lower() in allowed


def check_origin(headers: Mapping[str, str], allowed: Collection[str]) -> None:
    """A WebSocket may be opened by pages of this server's own, and of `allowed`.

    Raises ApiError (403): a browser asks nobody before it opens one to wherever a page wants.
    """
    origin = headers.get("Origin")
    if origin is None or is_allowed(origin, allowed):
        return
    if urlsplit(origin).netloc.lower() != headers.get("Host", "").lower() or "://" not in origin:
        text = "Pages of this origin may not use this server: it is none of CORS_ORIGINS"
        raise ApiError(403, "forbidden", text)


def cors_headers(path: str, headers: Mapping[str, str], allowed: Collection[str]) -> dict[str, str]:
    """What an answer says to a browser: none where nothing is allowed, nor of `/admin`."""
    if not allowed or path == ADMIN or path.startswith(f"{ADMIN}/"):
        return {}
    found = {} if ANY in allowed else {"Vary": "Origin"}
    origin = headers.get("Origin")
    if origin is not None and is_allowed(origin, allowed):
        found["Access-Control-Allow-Origin"] = ANY if ANY in allowed else origin
        found["Access-Control-Expose-Headers"] = ANY
    return found


async def add_cors_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Before any response leaves, errors and streams included."""
    found = cors_headers(request.path, request.headers, request.app[SETTINGS].allowed_origins)
    for name, value in found.items():
        if name == "Vary" and name in response.headers:
            value = f"{response.headers[name]}, {value}"  # noqa: PLW2901 - both count
        response.headers[name] = value


@web.middleware
async def answer_preflight(request: web.Request, handler: Handler) -> web.StreamResponse:
    """A browser asks whether it may ask."""
    if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
        allowed = request.app[SETTINGS].allowed_origins
        if "Access-Control-Allow-Origin" in cors_headers(request.path, request.headers, allowed):
            return web.Response(status=204, headers=_PREFLIGHT)
    return await handler(request)
