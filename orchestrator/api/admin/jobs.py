"""`GET /admin/jobs`, `DELETE /admin/jobs/{id}`, `POST` and `DELETE /admin/drain`."""

from __future__ import annotations

import time

from aiohttp import web

from orchestrator.api.admin.access import NoOptions, change, check_admin
from orchestrator.api.answers.models import admin as models
from orchestrator.api.answers.models.base import as_json
from orchestrator.api.errors import ApiError
from orchestrator.api.keys import ADMISSION, SERVICE
from orchestrator.jobs.job import Job
from orchestrator.jobs.model import Cause


async def list_jobs(request: web.Request) -> web.Response:
    """The jobs under way, oldest first."""
    check_admin(request)
    now = time.monotonic()
    jobs = request.app[SERVICE].jobs()
    positions = request.app[ADMISSION].positions(job.queue_entry for job in jobs)
    shown = [_describe(job, place, now) for job, place in zip(jobs, positions, strict=True)]
    draining = request.app[ADMISSION].draining
    return web.json_response(
        as_json(models.AdminJobs.model_construct(jobs=shown, draining=draining))
    )


async def end_job(request: web.Request) -> web.Response:
    """End a job now: its caller gets its result, `cancelled` by `admin`."""
    job_id = request.match_info["id"]

    async def work(_key: str, _options: NoOptions) -> None:
        service = request.app[SERVICE]
        job = service.find(job_id)
        if job is None:
            raise ApiError(404, "not_found", "There is no such job under way")
        service.end(job, Cause.ADMIN)

    await change(request, "job.end", work, NoOptions, target=job_id)
    return web.json_response({"id": job_id}, status=202)


async def start_drain(request: web.Request) -> web.Response:
    """Take no more jobs until told otherwise; those under way, and in the queue, go on."""

    async def work(_key: str, _options: NoOptions) -> None:
        request.app[ADMISSION].pause()

    await change(request, "drain.start", work, NoOptions)
    return _drain_state(request)


async def stop_drain(request: web.Request) -> web.Response:
    """Take jobs again. Raises DrainingError when the server is shutting down."""

    async def work(_key: str, _options: NoOptions) -> None:
        request.app[ADMISSION].resume()
        request.app[SERVICE].pool.wake()

    await change(request, "drain.stop", work, NoOptions)
    return _drain_state(request)


def _drain_state(request: web.Request) -> web.Response:
    state = models.Draining.model_construct(
        draining=request.app[ADMISSION].draining,
        activeJobs=len(request.app[SERVICE].jobs()),
    )
    return web.json_response(as_json(state))


def _describe(job: Job, position: int, now: float) -> models.AdminJob:
    """A job as an admin sees it; `now` is `time.monotonic()`."""
    judging = job.submission.judging
    total = len(judging.tests) if judging else 0
    done = models.TestsDone.model_construct(done=job.finished_tests, total=total)
    return models.AdminJob.model_construct(
        id=job.id,
        language=job.submission.language,
        version=job.installed.version,
        key=job.owner,
        phase=job.phase,
        duration=int((now - job.accepted_at) * 1000),
        position=position or None,
        container=job.container,
        tests=done if judging else None,
    )
