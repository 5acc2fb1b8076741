"""The application's typed keys: what handlers find in `request.app`."""

from __future__ import annotations

from aiohttp import web

from orchestrator.access.ring import KeyRing
from orchestrator.images.build_queue import Builds
from orchestrator.images.reconciler import LanguageReconciler
from orchestrator.jobs.memory_budget import MemoryBudgets
from orchestrator.jobs.queue.admission import Admission
from orchestrator.jobs.service import JobService
from orchestrator.jobs.watch import Readiness
from orchestrator.settings import Settings

SETTINGS = web.AppKey("settings", Settings)
ADMISSION = web.AppKey("admission", Admission)
RING = web.AppKey("ring", KeyRing)
MEMORY_BUDGETS = web.AppKey("memory_budgets", MemoryBudgets)
SERVICE = web.AppKey("service", JobService)
RECONCILER = web.AppKey("reconciler", LanguageReconciler)
BUILDS = web.AppKey("builds", Builds)
READINESS = web.AppKey("readiness", Readiness)
STARTED = web.AppKey("started", float)
"""`time.monotonic()` when the server started."""
