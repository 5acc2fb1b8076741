"""Builds the application from its components, and runs its life cycle."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from functools import partial

import structlog
from aiohttp import web

from orchestrator.access.key_watch import KeyWatch
from orchestrator.access.ring import KeyRing
from orchestrator.api import keys, routes
from orchestrator.api.callers.callers import keys_changed, set_up_callers
from orchestrator.api.connections.door import HANDLER_ARGS
from orchestrator.components import Components, ImageTooling, OpenComponents, open_components
from orchestrator.images.build_queue import Builds
from orchestrator.images.reconciler import LanguageReconciler
from orchestrator.images.verifier import make_rebuilder
from orchestrator.jobs.memory_budget import make_memory_budgets
from orchestrator.jobs.model import Cause
from orchestrator.jobs.pool_profiles import make_pool_profiles
from orchestrator.jobs.queue.admission import Admission
from orchestrator.jobs.service import JobService
from orchestrator.jobs.watch import EngineWatch, Readiness
from orchestrator.sandbox.contract import Backend
from orchestrator.sandbox.pool import Pool
from orchestrator.settings import Settings

log = structlog.get_logger(__name__)

SPARE_MB = 256
"""Memory that is left for whoever has no job: enough for one of any of the usual languages."""
BODY_SLACK = 1  # aiohttp's own limit stays just above ours, so that the refusal is in our words


def build_app(settings: Settings, opener: OpenComponents | None = None) -> web.Application:
    """The application; `opener` opens its components (tests have one without an engine)."""
    app = web.Application(
        middlewares=routes.middlewares,
        client_max_size=settings.max_body_size + BODY_SLACK,
        handler_args=HANDLER_ARGS,
    )
    app[keys.SETTINGS] = settings
    app[keys.READINESS] = Readiness()
    app[keys.STARTED] = time.monotonic()
    app[keys.MEMORY_BUDGETS] = make_memory_budgets(settings.held_bytes)
    app[keys.ADMISSION] = Admission(
        slots=settings.slots,
        queue=settings.max_queue,
        memory_mb=settings.memory_budget,
        spare_mb=min(SPARE_MB, settings.memory_budget // 2),
    )
    watch = _read_keys(app)
    routes.add_routes(app)
    app.on_shutdown.append(drain)

    async def run_components(app: web.Application) -> AsyncIterator[None]:
        async with (opener or open_components)(settings) as components, _service(app, components):
            yield

    app.cleanup_ctx.append(run_components)
    if watch is not None:
        app.cleanup_ctx.append(partial(_watch_keys, watch))
    return app


def _read_keys(app: web.Application) -> KeyWatch | None:
    """Raises ConfigurationError when KEYS_FILE is no good."""
    settings = app[keys.SETTINGS]
    ring = KeyRing(settings.api_keys, settings.admin_keys)
    watch = None if settings.keys_path is None else KeyWatch(settings.keys_path, ring)
    if watch is not None:
        watch.load()
    set_up_callers(app, ring)
    return watch


async def _watch_keys(watch: KeyWatch, app: web.Application) -> AsyncIterator[None]:
    """A key that is revoked ends at once: so do its jobs under way."""

    def on_change(revoked: frozenset[str]) -> None:
        keys_changed(app)
        app[keys.SERVICE].end_all_of(revoked, Cause.ADMIN)

    task = asyncio.create_task(watch.run(on_change), name="keys")
    yield
    task.cancel()
    await asyncio.wait([task])


async def drain(app: web.Application) -> None:
    """No more jobs; those under way get DRAIN_TIMEOUT, then they are answered as cancelled.

    Idempotent. Whoever comes meanwhile is still answered: with 503.
    """
    app[keys.ADMISSION].drain()
    if keys.SERVICE in app:
        await app[keys.SERVICE].finish(app[keys.SETTINGS].drain_timeout)


@contextlib.asynccontextmanager
async def _service(app: web.Application, components: Components) -> AsyncIterator[None]:
    settings = app[keys.SETTINGS]
    watch = EngineWatch(components.backend, components.run_selftest, app[keys.READINESS])
    pool = _pool(app, components)
    service = JobService(
        settings,
        components.backend,
        app[keys.ADMISSION],
        components.catalog,
        watch=watch,
        pool=pool,
    )
    app[keys.SERVICE] = service
    tasks = [
        asyncio.create_task(pool.run(), name="pool"),
        asyncio.create_task(watch.run(settings.engine_interval), name="watch"),
        asyncio.create_task(
            _sweep_forever(components.backend, settings.sweep_interval), name="sweep"
        ),
    ]
    builds = None
    tooling = components.tooling
    if tooling is not None:
        reconciler = LanguageReconciler(
            settings, tooling.store, tooling.selftest, service, watch.require_self_test
        )
        app[keys.RECONCILER] = reconciler
        app[keys.BUILDS] = builds = _builds(app, components, tooling, reconciler)
        tasks.append(asyncio.create_task(reconciler.run(settings.languages_interval)))
    try:
        yield
    finally:
        if builds is not None:
            await builds.close()
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        await watch.close()
        await service.drain()
        await pool.close()


def _builds(
    app: web.Application,
    components: Components,
    tooling: ImageTooling,
    reconciler: LanguageReconciler,
) -> Builds:
    rebuilder = make_rebuilder(
        app[keys.SETTINGS],
        tooling.engine,
        components.backend,
        app[keys.ADMISSION],
        tooling.selftest.verify_image,
        components.catalog,
    )
    return Builds(rebuilder, reconciler.take_on)


def _pool(app: web.Application, components: Components) -> Pool:
    settings, admission, readiness = app[keys.SETTINGS], app[keys.ADMISSION], app[keys.READINESS]
    cpus = settings.cpus

    def allowance() -> int:
        """Whatever CPU a job could have is the job's: one refill keeps about one busy."""
        if readiness.reason is not None or admission.draining or admission.waiting:
            return 0
        return max(0, cpus - admission.active)

    return Pool(
        components.backend,
        make_pool_profiles(settings, components.catalog),
        allowance=allowance,
        memory_mb=settings.pool_budget,
        max_age_s=settings.pool_max_age,
    )


async def _sweep_forever(backend: Backend, interval_s: float) -> None:
    while True:
        await asyncio.sleep(interval_s)
        try:
            swept = await backend.sweep()
        except Exception as err:  # noqa: BLE001 - the next sweep must come whatever this one met
            log.warning("sweep_failed", error=repr(err))
        else:
            if swept:
                log.warning("swept", containers=swept)
