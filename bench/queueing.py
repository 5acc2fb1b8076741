"""(e) What a job costs the server as more and more others wait.

So many clients that, with every slot taken, `length` of them wait at any time; each asks again as
soon as it is answered. Counted are the jobs answered once that state has been reached.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field

from bench import procfs
from bench.context import Context
from bench.programs import HELLOS
from bench.server import POLL_S, Server, running_server
from bench.summary import percentile

LANGUAGE = "python"
TIMEOUT_S = 120.0


@dataclass
class Tally:
    """What the clients have seen: times of acceptance in ms, and how many were answered."""

    accepted_ms: list[float] = field(default_factory=list)
    answered: int = 0


async def measure_queue(context: Context) -> None:
    """Figures `queue.LENGTH.…`: server's CPU per job in ms, time to be accepted in ms."""
    lengths = context.options.queue_lengths
    settings = {
        **context.options.overrides,
        "LANGUAGES": LANGUAGE,
        "POOL": "0",
        "MAX_QUEUE": str(2 * max(lengths)),
    }
    async with running_server(context, "queue", **settings) as server:
        for length in lengths:
            with context.step(f"queue of {length}"):
                await _measure(context, server, length)


async def _measure(context: Context, server: Server, length: int) -> None:
    slots = (await server.stats())["slots"]["total"]
    tally = Tally()
    clients = [asyncio.create_task(_ask_on(server, tally)) for _ in range(slots + length)]
    try:
        async with asyncio.timeout(TIMEOUT_S):
            await _reach(tally, clients, accepted=slots + length, answered=slots)
            before, start = procfs.cpu_s(server.pid), (tally.answered, len(tally.accepted_ms))
            wanted = tally.answered + context.options.queue_jobs
            await _reach(tally, clients, accepted=0, answered=wanted)
            spent_ms = (procfs.cpu_s(server.pid) - before) * 1000
            jobs = tally.answered - start[0]
            accepted_ms = tally.accepted_ms[start[1] :]
    finally:
        for client in clients:
            client.cancel()
        await asyncio.gather(*clients, return_exceptions=True)
        await server.settle()
    name = f"queue.{length}"
    per_job = context.book.put(f"{name}.cpu", spent_ms / jobs, "ms", jobs)
    context.book.put_percentiles(f"{name}.accept", accepted_ms)
    middle = percentile(accepted_ms, 50)
    context.say(f"  {length} waiting: {per_job:.2f} CPU-ms per job, accepted in {middle:.1f} ms")


async def _ask_on(server: Server, tally: Tally) -> None:
    """One client, for ever."""
    while True:
        started = time.perf_counter()
        async for event in server.events(HELLOS[LANGUAGE].request):
            if event["event"] == "queued" and started:
                tally.accepted_ms.append((time.perf_counter() - started) * 1000)
                started = 0.0
        tally.answered += 1


async def _reach(
    tally: Tally, clients: list[asyncio.Task[None]], *, accepted: int, answered: int
) -> None:
    """Wait until so many were accepted and answered; a client's error is raised here."""
    while len(tally.accepted_ms) < accepted or tally.answered < answered:
        for client in clients:
            if client.done():
                client.result()
        await asyncio.sleep(POLL_S)
