"""`GET /health` and `GET /stats`: cheap, and public but for what tells of somebody's jobs."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import asdict
from typing import Any

from aiohttp import web

from orchestrator.access.model import Scope
from orchestrator.api.callers.callers import who_watches
from orchestrator.api.keys import ADMISSION, READINESS, SERVICE, STARTED
from orchestrator.jobs.job import ActiveJob
from orchestrator.jobs.statistics import PeriodSummary


async def health(request: web.Request) -> web.Response:
    """200 when programs can be run, else 503 and why. `uptime` in seconds."""
    app = request.app
    reason = "draining" if app[ADMISSION].draining else app[READINESS].reason
    state = {"status": "healthy"} if reason is None else {"status": "unhealthy", "reason": reason}
    figures = {
        "activeJobs": len(app[SERVICE].active_jobs()),
        "uptime": round(time.monotonic() - app[STARTED], 3),
    }
    return web.json_response(state | figures, status=200 if reason is None else 503)


async def stats(request: web.Request) -> web.Response:
    """How many jobs are under way; for a key also which, and for `metrics` all there is to know.

    `duration` in ms since a job was accepted. A slot stays in use until its job's container is
    gone, a little longer than the job. Raises ApiError (401) for a key that is none.
    """
    key = who_watches(request)
    jobs = request.app[SERVICE].active_jobs()
    if key is None:
        return web.json_response({"activeJobs": len(jobs), "jobs": []})
    if Scope.METRICS not in key.scopes:
        own = [_job_to_wire(job) for job in jobs if job.owner == key.name]
        return web.json_response({"activeJobs": len(jobs), "jobs": own})
    return web.json_response(
        {"activeJobs": len(jobs), "jobs": [_job_to_wire(job) for job in jobs]}
        | _figures(request.app)
    )


def _job_to_wire(job: ActiveJob) -> dict[str, Any]:
    return {
        "id": job.id,
        "language": job.language,
        "duration": job.duration_ms,
        "phase": job.phase.value,
    }


def _figures(app: web.Application) -> dict[str, Any]:
    service, admission = app[SERVICE], app[ADMISSION]
    return {
        "slots": {
            "total": admission.slots,
            "used": admission.active,
            "waiting": admission.waiting,
        },
        "pool": {name: asdict(status) for name, status in service.pool.status().items()},
        "compile_cache": asdict(service.cache.stats()),
        "since_start": to_wire(service.statistics.since_start()),
        "last_15_minutes": to_wire(service.statistics.lately()),
    }


def to_wire(summary: PeriodSummary) -> dict[str, Any]:
    """Counts by language, verdict and cause, each and together; percentiles in ms."""
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
            {"language": language, "status": status.value, "killed_by": killed_by, "jobs": count}
        )
    return {
        "seconds": round(summary.seconds, 1),
        "jobs": languages.total(),
        "languages": languages,
        "verdicts": verdicts,
        "causes": causes,
        "outcomes": outcomes,
        "latency_ms": {
            name: {f"p{p}": round(value, 1) for p, value in found.items()}
            for name, found in summary.latencies.items()
        },
    }
