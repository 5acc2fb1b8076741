"""(c) As many requests at the same moment as the pool has sandboxes ready."""

from __future__ import annotations

import asyncio

from bench.context import Context
from bench.errors import BenchError
from bench.programs import HELLOS
from bench.server import Answer, Server


async def measure_bursts(context: Context, server: Server) -> None:
    """Figures `burst.…`: how many sandboxes the pool did not have, and the requests' latencies."""
    answers: list[Answer] = []
    size = 0
    for _ in range(context.options.bursts):
        await server.settle()
        pool = await server.pool()
        requests = [
            HELLOS[language].request
            for language, state in pool.items()
            for _ in range(state["size"])
        ]
        if not requests:
            raise BenchError("the server has no pool")
        size = len(requests)
        answers += await asyncio.gather(*(server.execute(request) for request in requests))
    misses = sum(not answer.is_hit for answer in answers)
    context.book.put("burst.size", size, "jobs")
    context.book.put("burst.misses", misses, "jobs", len(answers))
    context.book.put_percentiles("burst.e2e", [answer.ms for answer in answers])
    context.say(f"  bursts of {size}: {misses} misses in {len(answers)} jobs")
