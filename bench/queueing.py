"""(e) What a job costs the server as more and more others wait.

So many clients that, with every slot taken, `length` of them wait at any time; each asks again as
soon as it is answered. Counted are the jobs answered once that state has been reached. Clients that
wait for one JSON answer cost the server less than those that stream, who are told of their place;
but only a stream tells when it was accepted.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench import procfs
from bench.context import Context
from bench.programs import HELLOS
from bench.server import POLL_S, Server, running_server
from bench.summary import percentile

LANGUAGE = "python"
TIMEOUT_S = 120.0

Client = Callable[[Server, "Tally"], Coroutine[Any, Any, None]]


@dataclass
class Tally:
    """What the clients have seen: times until accepted, in ms, and how many were answered."""

    accepted_ms: list[float] = field(default_factory=list)
    answered: int = 0


async def measure_queue(context: Context) -> None:
    """Figures `queue.LENGTH.…`: the server's CPU per job and the time to be accepted, in ms."""
    lengths = context.options.queue_lengths
    settings = {
        **context.options.overrides,
        "LANGUAGES": LANGUAGE,
        "POOL": "0",
        "MAX_QUEUE": str(2 * max(lengths)),
    }
    async with running_server(context, "queue", **settings) as server:
        for length in lengths:
            for form, client in (("json", _ask_on), ("stream", _stream_on)):
                with context.step(f"queue of {length}, {form}"):
                    tally = Tally()
                    name = f"queue.{length}.{form}"
                    await _measure(context, server, name, tally, length, client)


async def _measure(  # noqa: PLR0913, PLR0917 - what is measured, and by whom
    context: Context, server: Server, name: str, tally: Tally, length: int, client: Client
) -> None:
    slots = (await server.stats())["slots"]["total"]
    clients = [asyncio.create_task(client(server, tally)) for _ in range(slots + length)]
    try:
        async with asyncio.timeout(TIMEOUT_S):
            while (await server.stats())["slots"]["waiting"] < length:
                await _answered(tally, clients, tally.answered + 1)
            start, before, seen = tally.answered, procfs.cpu_s(server.pid), len(tally.accepted_ms)
            await _answered(tally, clients, start + context.options.queue_jobs)
            spent_ms = (procfs.cpu_s(server.pid) - before) * 1000
            jobs, accepted_ms = tally.answered - start, tally.accepted_ms[seen:]
    finally:
        for each in clients:
            each.cancel()
        await asyncio.gather(*clients, return_exceptions=True)
        await server.settle()
    per_job = context.book.put(f"{name}.cpu", spent_ms / jobs, "ms", jobs)
    context.book.put_percentiles(f"{name}.accept", accepted_ms)
    accepted = f", accepted in {percentile(accepted_ms, 50):.1f} ms" if accepted_ms else ""
    context.say(f"  {name}: {per_job:.2f} CPU-ms per job{accepted}")


async def _ask_on(server: Server, tally: Tally) -> None:
    """A client that waits for its answer, then asks again, for ever."""
    while True:
        await server.execute(HELLOS[LANGUAGE].request)
        tally.answered += 1


async def _stream_on(server: Server, tally: Tally) -> None:
    """As `_ask_on`, but as a stream, whose first event says that the job is accepted."""
    while True:
        started, is_accepted = time.perf_counter(), False
        async for _ in server.events(HELLOS[LANGUAGE].request):
            if not is_accepted:
                tally.accepted_ms.append((time.perf_counter() - started) * 1000)
                is_accepted = True
        tally.answered += 1


async def _answered(tally: Tally, clients: Sequence[asyncio.Task[None]], wanted: int) -> None:
    """Wait until so many were answered; a client's error is raised here."""
    while tally.answered < wanted:
        for client in clients:
            if client.done():
                client.result()
        await asyncio.sleep(POLL_S)
