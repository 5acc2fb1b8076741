"""How a session ends: in order, or cut, by its client's going away or a fault of ours."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Literal

import structlog
from aiohttp import web

from orchestrator.api.connections.connection import abort

_CUT = {"stream": "stream_cut", "log": "log_cut"}
_FAILED = {"stream": "stream_failed", "log": "log_failed"}

log = structlog.get_logger(__name__)


@asynccontextmanager
async def attended(
    request: web.Request,
    beside: Sequence[Coroutine[None, None, None]],
    what: Literal["stream", "log"],
    **names: str,
) -> AsyncIterator[asyncio.TaskGroup]:
    """Tell a client something while the context lasts, with `beside` going on meanwhile.

    A ConnectionError or TimeoutError, in the context or beside it, is the client's going away: the
    connection is cut, as it is after a fault of ours, and nothing is raised; the log says that
    `what` was cut or has failed, with `names`. A cancellation is raised.
    """
    try:
        async with asyncio.TaskGroup() as tasks:
            others = [tasks.create_task(each, name=f"beside {what}") for each in beside]
            yield tasks
            for other in others:
                other.cancel()
    except* (TimeoutError, ConnectionError):
        log.info(_CUT[what], **names)
        abort(request)
    except* Exception:
        # The head is sent already: an error's own would come as a part of the stream.
        log.exception(_FAILED[what], **names)
        abort(request)
    _raise_if_cancelled()


def _raise_if_cancelled() -> None:
    """Where a hang-up broke the writer as well, the group has told of that alone."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
