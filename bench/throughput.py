"""(b) As many jobs as get done, several at a time, next to what the engine alone can do."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from statistics import fmean
from typing import Any

from bench.context import Context
from bench.load import sustained
from bench.programs import HELLOS
from bench.raw import container_rate, default_config, sandbox_config
from bench.server import EVERYTHING_OFF, Server, find_runtime, running_server

RAW_SHARE = 0.25
"""Each of the raw rates' windows (two per rate), as a part of the jobs' one."""
MakeConfig = Callable[[], dict[str, Any]]
NO_CACHE = {"COMPILE_CACHE_MB": "0"}


async def measure_throughput(context: Context) -> None:
    """Figures `throughput.…` in jobs or containers a second."""
    on = {**NO_CACHE, **context.options.overrides}
    with context.step("throughput: Python and containers"):
        async with _server(context, "python", "on", on) as server:
            await _measure_between_containers(context, server)
    for language in ("cpp", "java"):
        for which, settings in (("on", on), ("off", EVERYTHING_OFF)):
            with context.step(f"throughput: {language}, speed-ups {which}"):
                async with _server(context, language, which, settings) as server:
                    await _measure_jobs(context, server, language, which)


def _server(
    context: Context, language: str, which: str, settings: Mapping[str, str]
) -> contextlib.AbstractAsyncContextManager[Server]:
    """With a slot for each worker, so that as many containers are under way as in the raw rates."""
    own = {"LANGUAGES": language, "MAX_JOBS": str(context.options.at_once)}
    return running_server(context, f"throughput-{language}-{which}", **{**settings, **own})


async def _measure_jobs(context: Context, server: Server, language: str, which: str) -> None:
    """What waits in the pool is used up while warming up, under the same load.

    A server that refills it meanwhile goes on having hits: `hits` is their share, of all jobs.
    """
    request = HELLOS[language].request
    hits: list[bool] = []

    async def work() -> None:
        hits.append((await server.execute(request)).is_hit)

    options = context.options
    rate = await sustained(
        work, at_once=options.at_once, warm_up_s=options.warm_up_s, window_s=options.window_s
    )
    name = f"throughput.{language}.{which}"
    context.book.put(name, rate, "jobs/s", round(rate * options.window_s))
    context.book.put(f"{name}.hits", sum(hits) / len(hits), "share", len(hits))
    context.say(
        f"  {language}, speed-ups {which}: {rate:.2f} jobs/s, {sum(hits)} of {len(hits)} hits"
    )


async def _measure_between_containers(context: Context, server: Server) -> None:
    """Python, and both kinds of containers before it and after it: a machine's speed drifts."""
    runtime = await find_runtime(context, server)
    kinds: dict[str, MakeConfig] = {
        "raw": lambda: sandbox_config(context, runtime),
        "raw_default": lambda: default_config(context),
    }
    window_s = context.options.window_s * RAW_SHARE
    rates: dict[str, list[float]] = {name: [] for name in kinds}
    for has_run in (False, True):
        if has_run:
            await _measure_jobs(context, server, "python", "on")
        for name, make_config in kinds.items():
            await server.settle()  # then it is idle
            rates[name].append(await container_rate(context, make_config, window_s))
    for name, found in rates.items():
        made = round(sum(found) * window_s)
        rate = context.book.put(f"throughput.{name}", fmean(found), "containers/s", made)
        context.say(f"  {name} containers: {rate:.2f} /s")
