"""`GET /health` and `GET /stats`: public, cheap, and nothing in them is secret."""

from __future__ import annotations

import time

from aiohttp import web

from orchestrator.api.keys import READINESS, SERVICE, STARTED


async def health(request: web.Request) -> web.Response:
    """200 when programs can be run, else 503 and why. `uptime` in seconds."""
    app = request.app
    reason = app[READINESS].reason
    state = {"status": "healthy"} if reason is None else {"status": "unhealthy", "reason": reason}
    figures = {
        "activeJobs": len(app[SERVICE].active_jobs()),
        "uptime": round(time.monotonic() - app[STARTED], 3),
    }
    return web.json_response(state | figures, status=200 if reason is None else 503)


async def stats(request: web.Request) -> web.Response:
    """The jobs under way; `duration` in ms since each was accepted."""
    jobs = [
        {"id": job.id, "language": job.language, "duration": job.duration_ms}
        for job in request.app[SERVICE].active_jobs()
    ]
    return web.json_response({"activeJobs": len(jobs), "jobs": jobs})
