"""`GET /health` and `GET /stats`: cheap, and public but for what tells of somebody's jobs."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from aiohttp import web

from orchestrator.access.model import Scope
from orchestrator.api.answers.models import service as models
from orchestrator.api.answers.models.base import as_json
from orchestrator.api.callers.callers import who_watches
from orchestrator.api.keys import ADMISSION, READINESS, SERVICE, STARTED
from orchestrator.jobs.job import ActiveJob
from orchestrator.jobs.statistics import PeriodSummary
from orchestrator.sandbox.pool_profile import PoolStatus


async def health(request: web.Request) -> web.Response:
    """200 when programs can be run, else 503 and why."""
    app = request.app
    reason = "draining" if app[ADMISSION].draining else app[READINESS].reason
    return health_response(reason, len(app[SERVICE].active_jobs()), app[STARTED])


def health_response(reason: str | None, active_jobs: int, since: float) -> web.Response:
    """What `GET /health` answers; `since`: the `time.monotonic()` of the start."""
    uptime = round(time.monotonic() - since, 3)
    state: models.Healthy | models.Unhealthy
    if reason is None:
        state = models.Healthy.model_construct(
            status="healthy", activeJobs=active_jobs, uptime=uptime
        )
    else:
        state = models.Unhealthy.model_construct(
            status="unhealthy", reason=reason, activeJobs=active_jobs, uptime=uptime
        )
    return web.json_response(as_json(state), status=200 if reason is None else 503)


async def stats(request: web.Request) -> web.Response:
    """How many jobs are under way; for a key also which, and for `metrics` all there is to know.

    A slot stays in use until its job's container is gone, a little longer than the job. Raises
    ApiError (401) for a key that is none.
    """
    key = who_watches(request)
    jobs = request.app[SERVICE].active_jobs()
    if key is not None and Scope.METRICS in key.scopes:
        return web.json_response(as_json(_whole_stats(request.app, jobs)))
    own = [] if key is None else [_describe(job) for job in jobs if job.owner == key.name]
    known = models.Stats.model_construct(activeJobs=len(jobs), jobs=own)
    return web.json_response(as_json(known))


def _describe(job: ActiveJob) -> models.ActiveJob:
    return models.ActiveJob.model_construct(
        id=job.id, language=job.language, duration=job.duration_ms, phase=job.phase
    )


def _whole_stats(app: web.Application, jobs: Sequence[ActiveJob]) -> models.Stats:
    service, admission = app[SERVICE], app[ADMISSION]
    return models.Stats.model_construct(
        activeJobs=len(jobs),
        jobs=[_describe(job) for job in jobs],
        slots=models.Slots.model_construct(
            total=admission.slots, used=admission.active, waiting=admission.waiting
        ),
        pool={name: describe_pool(status) for name, status in service.pool.status().items()},
        compile_cache=models.CompileCache.model_construct(**asdict(service.cache.stats())),
        since_start=describe_period(service.statistics.since_start()),
        last_15_minutes=describe_period(service.statistics.lately()),
    )


def describe_pool(status: PoolStatus) -> models.Shelf:
    """The sandboxes of one language that wait."""
    return models.Shelf.model_construct(**asdict(status))


def describe_period(summary: PeriodSummary) -> models.Period:
    """Counts by language, verdict and cause, each and together; percentiles."""
    languages: Counter[str] = Counter()
    verdicts: Counter[str] = Counter()
    causes: Counter[str] = Counter()
    outcomes = []
    for (language, status, killed_by), count in sorted(summary.outcomes.items(), key=str):
        languages[language] += count
        verdicts[status.value] += count
        if killed_by is not None:
            causes[killed_by.value] += count
        outcomes.append(
            models.OutcomeCount.model_construct(
                language=language, status=status, killed_by=killed_by, jobs=count
            )
        )
    latencies = {name: _percentiles(found) for name, found in summary.latencies.items()}
    return models.Period.model_construct(
        seconds=round(summary.seconds, 1),
        jobs=languages.total(),
        languages=languages,
        verdicts=verdicts,
        causes=causes,
        outcomes=outcomes,
        latency_ms=models.Latencies.model_construct(None, **latencies),
    )


def _percentiles(found: Mapping[int, float]) -> models.Percentiles | models.Nothing:
    if not found:
        return models.Nothing.model_construct()
    rounded = {f"p{percent}": round(value, 1) for percent, value in found.items()}
    return models.Percentiles.model_construct(None, **rounded)
