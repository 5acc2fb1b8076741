"""Refusals in Piston's shape: `{"message": text}`, `{"stack": text}` or nothing at all."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

import structlog
from aiohttp import web

from orchestrator.api.errors import ApiError, from_exception, unavailable
from orchestrator.errors import RunnerError

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

log = structlog.get_logger(__name__)


class PistonError(RunnerError):
    """A refusal that Piston knows; the exception's text is what a WebSocket says of it."""

    def __init__(self, text: str, body: dict[str, Any], status: int = 400) -> None:
        """`body` is the answer's, in full."""
        super().__init__(text)
        self.body = body
        self.status = status


def refusal(message: str, status: int = 400) -> PistonError:
    """`{"message": message}`."""
    return PistonError(message, {"message": message}, status)


def unreadable(why: str) -> PistonError:
    """A body that is no JSON, or too much of it."""
    return PistonError(why, {"stack": why})


def unspeakable(text: str) -> PistonError:
    """What Piston itself trips over: an empty object. `text` is for a WebSocket."""
    return PistonError(text, {})


def not_found() -> PistonError:
    """No such path, or not with that method."""
    return refusal(HTTPStatus.NOT_FOUND.phrase, HTTPStatus.NOT_FOUND)


def to_api_error(err: Exception, request: web.Request) -> ApiError:
    """Any other exception as a refusal; what means that something of ours is broken is logged."""
    found = from_exception(err)
    if found is None:
        log.error("request.failed", exc_info=err, method=request.method, path=request.path)
        found = unavailable("internal_error", "Internal error, try again")
    return found


def with_piston_errors(handler: Handler) -> Handler:
    """A handler whose refusals are answered as Piston answers them."""

    @functools.wraps(handler)
    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except PistonError as err:
            return web.json_response(err.body, status=err.status)
        except web.HTTPException as err:
            return web.json_response({"message": HTTPStatus(err.status).phrase}, status=err.status)
        except Exception as err:  # noqa: BLE001 - what it is is told apart there
            found = to_api_error(err, request)
            body = {"message": str(found)}
            return web.json_response(body, status=found.status, headers=found.headers)

    return handle
