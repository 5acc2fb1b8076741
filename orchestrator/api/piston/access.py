"""Who may use Piston's API: as everywhere, and in the ways in which its clients send a key."""

from __future__ import annotations

import base64
import binascii

from aiohttp import web

from orchestrator.access.model import Key
from orchestrator.api.callers.auth import authenticate
from orchestrator.api.callers.callers import ANYBODY, known
from orchestrator.api.errors import ApiError
from orchestrator.api.keys import RING, SETTINGS


def identify(request: web.Request, *, protocols: str = "") -> Key:
    """The caller's key, or `ANYBODY`. Raises ApiError (401) where one is needed.

    Beside what `authenticate` takes: `Authorization: KEY`, as Piston's clients send it, and Basic,
    as an HTTP client makes it of `http://:KEY@host/`.
    """
    headers = request.headers
    offered = {"X-Api-Key": headers.get("X-Api-Key", "")}
    offered["Authorization"] = _as_bearer(headers.get("Authorization", ""))
    ring, settings = request.app[RING], request.app[SETTINGS]

    def find() -> Key:
        try:
            return authenticate(offered, ring, protocols=protocols)
        except ApiError:
            if settings.piston_needs_key:
                raise
            return ANYBODY

    return known(request, find)


def _as_bearer(value: str) -> str:
    scheme, _, credentials = value.strip().partition(" ")
    match scheme.lower():
        case "bearer" if credentials:
            return value
        case "basic" if credentials:
            return f"Bearer {_password(credentials)}"
        case _:
            return f"Bearer {value.strip()}"


def _password(credentials: str) -> str:
    """Of a user and a password the password, or the user where that is all there is."""
    try:
        text = base64.b64decode(credentials, validate=True).decode("utf-8", "surrogateescape")
    except (binascii.Error, ValueError):
        return ""
    user, _, password = text.partition(":")
    return password or user
