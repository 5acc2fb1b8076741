"""(a) One request at a time, each next to a run of the plain command."""

from __future__ import annotations

from dataclasses import dataclass, field

from bench.bare import Bare, bare_backend, open_bare
from bench.context import Context
from bench.errors import BenchError
from bench.programs import PROGRAMS, Program
from bench.server import Answer, Server, find_runtime
from bench.summary import percentile

TRIES = 2
"""Requests per sample wanted, at most: misses are told and don't count."""


@dataclass
class Samples:
    """Times in ms, by whether the pool had a sandbox ready."""

    hits: list[Answer] = field(default_factory=list)
    misses: list[Answer] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)


async def measure_latency(context: Context, server: Server) -> None:
    """Figures `latency.PROGRAM.…` of every program, and `overhead.…` over all of them."""
    overheads: list[float] = []
    runtime = await find_runtime(context, server)
    async with bare_backend(context, runtime) as backend:
        for program in PROGRAMS:
            with context.step(f"latency: {program.title}"):
                async with open_bare(context, backend, program) as bare:
                    samples = await _interleave(context, server, program, bare)
                _keep(context, program, samples)
                overheads += [answer.overhead_ms for answer in samples.hits]
    context.book.put_percentiles("overhead.all", overheads)


async def _interleave(context: Context, server: Server, program: Program, bare: Bare) -> Samples:
    """Server and bare in turn, the machine at rest before each; the first of each isn't counted."""
    samples = Samples()
    wanted = context.options.samples
    await server.settle()
    await server.execute(program.request)
    await bare.run()
    for _ in range(TRIES * wanted):
        await server.settle()
        answer = await server.execute(program.request)
        (samples.hits if answer.is_hit else samples.misses).append(answer)
        await server.settle()
        bare_ms, printed = await bare.run()
        samples.bare.append(bare_ms)
        if printed != answer.body["output"]:
            raise BenchError("the server's output is not that of the plain command")
        if max(len(samples.hits), len(samples.misses)) == wanted:
            break
    return samples


def _keep(context: Context, program: Program, samples: Samples) -> None:
    book, name = context.book, f"latency.{program.name}"
    book.put_percentiles(f"{name}.e2e", [answer.ms for answer in samples.hits])
    book.put_percentiles(f"{name}.bare", samples.bare)
    book.put_percentiles(f"{name}.missed", [answer.ms for answer in samples.misses])
    book.put_percentiles(f"overhead.{program.name}", [each.overhead_ms for each in samples.hits])
    for stage in ("compile", "run"):
        times = [answer.timing(stage) for answer in samples.hits]
        book.put_percentiles(f"{name}.{stage}", times)
    book.put(f"{name}.hits", len(samples.hits), "jobs", len(samples.bare))
    book.put(f"{name}.misses", len(samples.misses), "jobs", len(samples.bare))
    shown = samples.hits or samples.misses
    ours, plain = percentile([answer.ms for answer in shown], 50), percentile(samples.bare, 50)
    misses = f"; {len(samples.misses)} misses" if samples.misses else ""
    context.say(
        f"  {program.title:<26} {ours:7.1f} ms, bare {plain:7.1f} ms: x {ours / plain:.2f}{misses}"
    )
