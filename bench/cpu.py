"""(a) The server's own CPU time per job: on the hot path, and with everything around it.

Out of a full pool, one job after another: one slot, and two clients of which one always waits, so
that the pool, which gives way to jobs that wait, is not refilled meanwhile. Should it be all the
same, what the event loop's thread takes per refill, measured as the rest is refilled with no job
about, is taken off:

    hot path = (loop's CPU while jobs run - refills meanwhile x loop's CPU per refill) / jobs

The threads for engine calls count as control calls, and so does all else until the pool is full
again; removing the used containers stays in the hot path's figure as far as the loop does it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from itertools import chain

from bench import procfs
from bench.context import Context
from bench.errors import BenchError
from bench.programs import HELLOS
from bench.server import Server, running_server

MB_PER_SANDBOX = 256
LANGUAGE = "python"
CLIENTS = 2
LOOK_S = 0.5


@dataclass(frozen=True, slots=True)
class Mark:
    """The server's CPU time so far, in s, and how many of its sandboxes are not ready."""

    process_s: float
    loop_s: float
    missing: int


def hot_path_ms(start: Mark, ran: Mark, full: Mark, jobs: int) -> float:
    """The loop's CPU per job in ms: see above. `ran`: all jobs answered; `full`: refilled."""
    later = ran.missing - full.missing
    meanwhile = start.missing + jobs - ran.missing
    per_refill = (full.loop_s - ran.loop_s) / later if later else 0.0
    return (ran.loop_s - start.loop_s - meanwhile * per_refill) / jobs * 1000


async def measure_cpu(context: Context) -> None:
    """Figures `cpu.…` in ms per job. Raises BenchError when the pool did not serve them all."""
    jobs = _jobs(context)
    settings = {
        **context.options.overrides,
        "LANGUAGES": LANGUAGE,
        "POOL": f"{LANGUAGE}={jobs}",
        "POOL_MEMORY_MB": str(jobs * MB_PER_SANDBOX),
        "MAX_JOBS": "1",
    }
    async with running_server(context, "cpu", **settings) as server:
        start = await _mark(server)
        hits = await _run(server, jobs)
        ran = await _mark(server)
        await server.settle(LOOK_S)
        full = await _mark(server)
    book = context.book
    everything = (full.process_s - start.process_s) / jobs * 1000
    book.put("cpu.everything", everything, "ms", jobs)
    book.put("cpu.everything_on_loop", (full.loop_s - start.loop_s) / jobs * 1000, "ms", jobs)
    context.say(f"  everything: {everything:.2f} ms per job")
    if not all(hits):
        raise BenchError(f"{hits.count(False)} of {jobs} jobs found the pool empty: no hot path")
    hot = book.put("cpu.hot_path", hot_path_ms(start, ran, full, jobs), "ms", jobs)
    book.put("cpu.loop_while_jobs_run", (ran.loop_s - start.loop_s) / jobs * 1000, "ms", jobs)
    book.put("cpu.refills_meanwhile", start.missing + jobs - ran.missing, "sandboxes", jobs)
    context.say(f"  hot path: {hot:.2f} ms per job")


async def _run(server: Server, jobs: int) -> list[bool]:
    """So many hellos by CLIENTS at once; which of them were hits."""
    left = iter(range(jobs))

    async def ask() -> list[bool]:
        return [(await server.execute(HELLOS[LANGUAGE].request)).is_hit for _ in left]

    return [*chain(*await asyncio.gather(*(ask() for _ in range(CLIENTS))))]


def _jobs(context: Context) -> int:
    """As many as samples are wanted, or as half of the memory for jobs has room for."""
    room = context.settings.memory_budget // 2 // MB_PER_SANDBOX
    return max(1, min(context.options.samples, room))


async def _mark(server: Server) -> Mark:
    pool = (await server.pool()).get(LANGUAGE, {"size": 0, "ready": 0})
    return Mark(
        process_s=procfs.cpu_s(server.pid),
        loop_s=procfs.main_thread_cpu_s(server.pid),
        missing=pool["size"] - pool["ready"],
    )
