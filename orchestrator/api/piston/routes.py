"""Piston's paths: its own, all of them below `/piston` as well, and as its public API had them."""

from __future__ import annotations

from aiohttp import web

from orchestrator.api.piston.connect import connect
from orchestrator.api.piston.handlers import (
    change_packages,
    execute,
    greet,
    nothing,
    packages,
    runtimes,
    welcome,
)
from orchestrator.api.requests.body import expect_nothing

BASES = ("/api/v2", "/piston/api/v2", "/api/v2/piston")


def add_piston_routes(app: web.Application) -> None:
    """Add them, each with and without a trailing slash; what else is asked for there is a 404."""
    router = app.router
    router.add_get("/", welcome)
    for path in ("/piston", "/piston/"):
        router.add_get(path, greet)
    for base in BASES:
        for end in ("", "/"):
            router.add_post(f"{base}/execute{end}", execute, expect_handler=expect_nothing)
            router.add_get(f"{base}/runtimes{end}", runtimes)
            router.add_get(f"{base}/packages{end}", packages)
            router.add_post(f"{base}/packages{end}", change_packages, expect_handler=expect_nothing)
            router.add_delete(f"{base}/packages{end}", change_packages)
            router.add_get(f"{base}/connect{end}", connect, allow_head=False)
    router.add_route("*", "/{path:api/v2(?:/.*)?|piston(?:/.*)?}", nothing)
