"""The paths of `/admin`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.api.admin.access import CHANGES, finish_changes
from orchestrator.api.admin.builds import (
    cancel_build,
    list_builds,
    rebuild,
    show_build,
    show_log,
)
from orchestrator.api.admin.jobs import end_job, list_jobs, start_drain, stop_drain
from orchestrator.api.admin.languages import disable, enable, list_languages, roll_back

if TYPE_CHECKING:
    from aiohttp import web


def add_admin_routes(app: web.Application) -> None:
    """Add the routes, for a server that has an `ADMIN_KEY`."""
    app[CHANGES] = set()
    app.on_shutdown.append(finish_changes)
    app.router.add_get("/admin/jobs", list_jobs)
    app.router.add_delete("/admin/jobs/{id}", end_job)
    app.router.add_post("/admin/drain", start_drain)
    app.router.add_delete("/admin/drain", stop_drain)
    app.router.add_get("/admin/languages", list_languages)
    app.router.add_post("/admin/languages/{id}/rebuild", rebuild)
    app.router.add_post("/admin/languages/{id}/rollback", roll_back)
    app.router.add_post("/admin/languages/{id}/enable", enable)
    app.router.add_post("/admin/languages/{id}/disable", disable)
    app.router.add_get("/admin/builds", list_builds)
    app.router.add_get("/admin/builds/{id}", show_build)
    app.router.add_get("/admin/builds/{id}/log", show_log, allow_head=False)
    app.router.add_delete("/admin/builds/{id}", cancel_build)
