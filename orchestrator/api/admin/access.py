"""What every route of `/admin` begins with: who asks, what is wanted, and a line in the audit log.

A change that has begun goes on to its end whether or not its caller is still there, and so is told
of in the log whatever becomes of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar
from urllib.parse import quote

import structlog
from aiohttp import web

from orchestrator.api.callers.callers import who_administers
from orchestrator.api.errors import RETRY_AFTER_S, ApiError, Problem, from_exception, invalid
from orchestrator.api.keys import SETTINGS
from orchestrator.api.requests.body import parse_json, read_body
from orchestrator.api.requests.schemas import Closed, parse
from orchestrator.errors import (
    BusyLanguageError,
    ConfigurationError,
    EngineError,
    EngineUnavailableError,
    NoPreviousImageError,
    RunnerError,
    UnknownLanguageError,
)

T = TypeVar("T")
Options = TypeVar("Options", bound=Closed)

MAX_BODY = 4096
MAX_SHOWN = 64
CHANGES = web.AppKey("changes", set[asyncio.Task[object]])

_REFUSALS: tuple[tuple[type[RunnerError], int, str], ...] = (
    (UnknownLanguageError, 404, "unknown_language"),
    (BusyLanguageError, 409, "busy"),
    (NoPreviousImageError, 409, "no_previous"),
    (ConfigurationError, 409, "configuration"),
    (EngineUnavailableError, 503, "engine_unavailable"),
    (EngineError, 502, "engine_error"),
)

log = structlog.get_logger(__name__)


class NoOptions(Closed):
    """The body of a request that takes no options."""


def check_admin(request: web.Request) -> str:
    """The name of the caller's key. Raises ApiError: 401, or 403 for a key that runs programs."""
    return who_administers(request)


async def read_options(request: web.Request, model: type[Options]) -> Options:
    """The request's body, which may be left out. Raises ApiError: 400, 408, 413 or 415."""
    timeout_s = request.app[SETTINGS].body_timeout
    body = await read_body(request, max_bytes=MAX_BODY, timeout_s=timeout_s)
    if not body:
        return model()
    if request.content_type != "application/json":
        raise ApiError(415, "unsupported_media_type", "The Content-Type must be application/json")
    value = parse_json(body)
    if not isinstance(value, dict):
        raise invalid([Problem("body", "must be a JSON object")])
    return parse(model, value)


async def change(
    request: web.Request,
    action: str,
    work: Callable[[str, Options], Awaitable[T]],
    model: type[Options],
    *,
    target: str = "",
) -> T:
    """Check who asks and the body, do the `work`, and log one line, whatever comes of it.

    `work` is told the name of the caller's key and the body. Raises ApiError, and as `work` does.
    """

    async def audited() -> T:
        line = _Line(action, target)
        try:
            line.key = check_admin(request)
            options = await read_options(request, model)
            with told_as_refusals():
                result = await work(line.key, options)
        except BaseException as err:
            line.write(_outcome(err), _code(err))
            raise
        line.write("done")
        return result

    task = asyncio.create_task(audited(), name=f"admin {action}")
    changes = request.app[CHANGES]
    changes.add(task)
    task.add_done_callback(changes.discard)
    task.add_done_callback(_look_at)
    return await asyncio.shield(task)


@contextmanager
def told_as_refusals() -> Iterator[None]:
    """Turn the errors that an admin can act on into ApiError."""
    try:
        yield
    except RunnerError as err:
        refusal = _to_refusal(err)
        if refusal is None:
            raise
        raise refusal from err


def _to_refusal(err: RunnerError) -> ApiError | None:
    for kind, status, code in _REFUSALS:
        if isinstance(err, kind):
            return ApiError(status, code, str(err), retry_after_s=RETRY_AFTER_S.get(code))
    return None


async def finish_changes(app: web.Application) -> None:
    """Wait for the changes under way; what they call has deadlines."""
    changes = app[CHANGES]
    while changes:
        await asyncio.wait(tuple(changes))


class _Line:
    """A line of the audit log in the making."""

    def __init__(self, action: str, target: str) -> None:
        self.key: str | None = None
        self._action = action
        self._target = quote(target, safe="")[:MAX_SHOWN]  # whatever the path said

    def write(self, outcome: str, code: str | None = None) -> None:
        log.info(
            "audit",
            action=self._action,
            target=self._target or None,
            key=self.key,
            outcome=outcome,
            code=code,
        )


def _outcome(err: BaseException) -> str:
    refusal = from_exception(err) if isinstance(err, Exception) else None
    return "refused" if refusal is not None and refusal.status < 500 else "failed"  # noqa: PLR2004


def _code(err: BaseException) -> str:
    refusal = from_exception(err) if isinstance(err, Exception) else None
    return "internal_error" if refusal is None else refusal.code


def _look_at(task: asyncio.Task[object]) -> None:
    """Retrieve the exception of a task: nobody else may be left to do so."""
    if not task.cancelled():
        task.exception()
