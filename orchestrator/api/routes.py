"""Every path of the service, and the middlewares around them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.api.admin.routes import add_admin_routes
from orchestrator.api.callers.origins import add_cors_headers, answer_preflight
from orchestrator.api.execute import execute
from orchestrator.api.health import health, stats
from orchestrator.api.keys import SETTINGS
from orchestrator.api.languages import list_languages
from orchestrator.api.middleware import (
    add_request_id,
    answer_in_time,
    errors_as_json,
    log_request,
)
from orchestrator.api.openapi.handlers import add_openapi_routes
from orchestrator.api.piston.routes import add_piston_routes
from orchestrator.api.requests.body import expect_nothing
from orchestrator.api.websocket import execute_ws

if TYPE_CHECKING:
    from aiohttp import web

middlewares = (answer_in_time, log_request, errors_as_json, answer_preflight)
"""Outermost first; for `web.Application(middlewares=...)`."""


def add_routes(app: web.Application) -> None:
    """Add the routes; those of `/admin` only where `ADMIN_KEY` is set.

    `app` must hold its settings, and what else `api/keys.py` lists before the first request.
    """
    app.router.add_post("/execute", execute, expect_handler=expect_nothing)
    app.router.add_get("/execute/ws", execute_ws, allow_head=False)
    app.router.add_get("/health", health)
    app.router.add_get("/stats", stats)
    app.router.add_get("/languages", list_languages)
    if app[SETTINGS].admin_keys:
        add_admin_routes(app)
    add_openapi_routes(app)
    add_piston_routes(app)
    app.on_response_prepare.append(add_request_id)
    app.on_response_prepare.append(add_cors_headers)
