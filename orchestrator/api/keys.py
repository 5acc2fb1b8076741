"""The application's typed keys: what handlers find in `request.app`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from orchestrator.jobs.admission import Admission
from orchestrator.settings import Settings

if TYPE_CHECKING:
    from orchestrator.jobs.readiness import Readiness
    from orchestrator.jobs.service import JobService

SETTINGS = web.AppKey("settings", Settings)
ADMISSION = web.AppKey("admission", Admission)
SERVICE: web.AppKey[JobService] = web.AppKey("service")
READINESS: web.AppKey[Readiness] = web.AppKey("readiness")
STARTED = web.AppKey("started", float)
"""`time.monotonic()` when the server started."""
