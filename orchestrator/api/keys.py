"""The application's typed keys: what handlers find in `request.app`."""

from __future__ import annotations

from aiohttp import web

from orchestrator.jobs.admission import Admission
from orchestrator.jobs.readiness import Readiness
from orchestrator.jobs.service import JobService
from orchestrator.settings import Settings

SETTINGS = web.AppKey("settings", Settings)
ADMISSION = web.AppKey("admission", Admission)
SERVICE = web.AppKey("service", JobService)
READINESS = web.AppKey("readiness", Readiness)
STARTED = web.AppKey("started", float)
"""`time.monotonic()` when the server started."""
