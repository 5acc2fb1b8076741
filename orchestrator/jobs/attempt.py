"""One attempt at a job, the whole of it in one sandbox. What came of it is in the job."""

from __future__ import annotations

import structlog

from orchestrator.errors import (
    EngineError,
    EngineShortageError,
    EngineUnavailableError,
    SandboxError,
)
from orchestrator.jobs.building import Means, get_ready
from orchestrator.jobs.events import Listener, StageEnded
from orchestrator.jobs.job import Job
from orchestrator.jobs.judging import judge_tests
from orchestrator.jobs.model import Cause, Failure, StageResult, Verdict
from orchestrator.jobs.plan import with_time_given_back
from orchestrator.jobs.stages import announce, run_stage, set_limits
from orchestrator.sandbox.backend import Sandbox
from orchestrator.sandbox.model import StageKind

log = structlog.get_logger(__name__)


async def attempt(job: Job, means: Means, listener: Listener) -> None:
    """Compile and run, or judge what has not been judged; what was opened is in `job.openings`."""
    is_anew = job.attempts > 0
    job.attempts += 1
    try:
        sandbox = await get_ready(job, means, listener, is_anew=is_anew)
        if sandbox is None:
            return
        if job.submission.judging is not None:
            await judge_tests(job, job.submission.judging, sandbox, means, listener)
        else:
            await _run(job, sandbox, listener)
    except (EngineUnavailableError, EngineShortageError) as err:
        log.warning("engine_unavailable", job_id=job.id, error=str(err))
        job.failure = Failure.ENGINE_UNAVAILABLE
    except (EngineError, SandboxError) as err:
        log.error("sandbox_failed", job_id=job.id, error=str(err))
        job.failure = Failure.INTERNAL_ERROR


async def _run(job: Job, sandbox: Sandbox, listener: Listener) -> None:
    """Run the program, unless what compile left alone exceeds the run's limits."""
    limits = job.submission.limits
    if await set_limits(job, sandbox, limits):
        stage = with_time_given_back(job.plan.run, job.left_s * 1000)
        job.run = await run_stage(job, sandbox, stage, limits, listener)
        return
    announce(job, StageKind.RUN, listener)
    job.run = StageResult(Verdict.MEMORY_LIMIT, killed_by=Cause.MEMORY)
    listener.send(StageEnded(StageKind.RUN, job.run))
