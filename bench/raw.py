"""How fast this machine makes and removes containers at all: create, start, force-remove."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import Any

from bench.context import Context
from bench.load import sustained
from orchestrator.jobs.plan import pooled_spec
from orchestrator.sandbox.spec import (
    LABEL_DEADLINE,
    LABEL_INSTANCE,
    LABEL_JOB,
    EngineTraits,
    container_config,
)
from orchestrator.sandbox.uids import draw_uids

INSTANCE = "bench-raw"
MAX_LIFE_S = 60


def sandbox_config(context: Context, runtime: str) -> dict[str, Any]:
    """A sandbox for Python as the server would make it; its agent waits for a job."""
    traits = EngineTraits(INSTANCE, context.settings.cpus_per_job, runtime)
    spec = pooled_spec(context.installed["python"], context.settings)
    return container_config(spec, draw_uids(frozenset()), traits, int(time.time()) + MAX_LIFE_S)


def default_config(context: Context) -> dict[str, Any]:
    """What `docker run --network none` asks for with runc, and a process that waits."""
    labels = {
        LABEL_INSTANCE: INSTANCE,
        LABEL_JOB: "bench",
        LABEL_DEADLINE: str(int(time.time()) + MAX_LIFE_S),
    }
    return {
        "Image": context.installed["python"].digest,
        "Entrypoint": ["/bin/sleep"],
        "Cmd": [str(MAX_LIFE_S)],
        "Labels": labels,
        "HostConfig": {"NetworkMode": "none", "Runtime": "runc"},
    }


async def container_rate(
    context: Context, make_config: Callable[[], dict[str, Any]], window_s: float
) -> float:
    """Containers made and removed per second, as many at once as the jobs are."""

    async def work() -> None:
        name = f"codebae-bench-{secrets.token_hex(8)}"
        try:
            await context.engine.create_container(name, make_config())
            await context.engine.start_container(name)
        finally:
            await context.engine.remove_container(name)

    options = context.options
    return await sustained(
        work, at_once=options.at_once, warm_up_s=options.warm_up_s / 2, window_s=window_s
    )
