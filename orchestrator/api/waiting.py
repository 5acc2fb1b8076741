"""What is said as long as there is no service yet: that there will be, and what it waits for."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from aiohttp import web

from orchestrator.api.connections.door import HANDLER_ARGS
from orchestrator.api.errors import unavailable
from orchestrator.api.health import health_response
from orchestrator.api.keys import SETTINGS
from orchestrator.api.middleware import answer_in_time, error_response
from orchestrator.settings import Settings


@dataclass(slots=True)
class Progress:
    """What is being done; `since` is `time.monotonic()` when it all began."""

    reason: str = "starting"
    since: float = field(default_factory=time.monotonic)


def build_waiting_app(progress: Progress, settings: Settings) -> web.Application:
    """`/health` as the service has it, unhealthy; everything else is a 503 with `Retry-After`."""

    async def health(_: web.Request) -> web.Response:
        return health_response(progress.reason, 0, progress.since)

    async def refuse(_: web.Request) -> web.Response:
        text = f"The server is starting: {progress.reason}"
        return error_response(unavailable("engine_unavailable", text))

    async def drop_server(_: web.Request, response: web.StreamResponse) -> None:
        response.headers.pop("Server", None)

    app = web.Application(middlewares=[answer_in_time], handler_args=HANDLER_ARGS)
    app[SETTINGS] = settings
    app.on_response_prepare.append(drop_server)
    app.router.add_get("/health", health)
    app.router.add_route("*", "/{rest:.*}", refuse)
    return app
