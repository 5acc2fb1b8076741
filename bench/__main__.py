"""`python -m bench`: measures, prints, writes. Ends with 0 whether the goals are met or not."""

from __future__ import annotations

import asyncio
import dataclasses
import resource
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console

from bench.burst import measure_bursts
from bench.cache import measure_cache
from bench.context import LANGUAGES, QUICK, Context, Options, open_context
from bench.cpu import measure_cpu
from bench.goals import judge
from bench.judging import measure_judging
from bench.latency import measure_latency
from bench.machine import describe_machine
from bench.memory import measure_memory
from bench.plot import draw
from bench.queueing import measure_queue
from bench.report import About, print_tables, to_json
from bench.server import running_server
from bench.throughput import measure_throughput
from orchestrator import __version__
from orchestrator.errors import RunnerError
from orchestrator.settings import load_settings

STATE = Path(".state/bench")
RESULTS = Path(__file__).parent / "results"
OPEN_FILES = 4096  # a connection for each of a thousand clients, here and in the server

out = Console()


async def measure_one_at_a_time(context: Context) -> None:
    """What one server with a pool of two for each language shows: parts a, c and d."""
    own = {"LANGUAGES": ",".join(LANGUAGES), "POOL": "2", "COMPILE_CACHE_MB": "0"}
    async with running_server(context, "pool", **{**context.options.overrides, **own}) as server:
        for name, part in (
            ("latency", measure_latency),
            ("burst", measure_bursts),
            ("memory", measure_memory),
        ):
            with context.step(name):
                await part(context, server)


PARTS: dict[str, tuple[str, Callable[[Context], Awaitable[None]]]] = {
    "pool": ("One at a time, bursts, memory", measure_one_at_a_time),
    "cpu": ("The server's CPU time per job", measure_cpu),
    "cache": ("The compile cache", measure_cache),
    "throughput": ("Sustained throughput", measure_throughput),
    "judging": ("Tests and interactions", measure_judging),
    "queue": ("A growing queue", measure_queue),
}


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--quick", is_flag=True, help="A few samples of everything: a try, not a result.")
@click.option("--release", is_flag=True, help="Write to bench/results/VERSION.json and .svg.")
@click.option("--samples", type=click.IntRange(1), help="Samples of each latency.")
@click.option("--window", type=click.FloatRange(1), help="Seconds of each sustained load.")
@click.option("--part", "parts", type=click.Choice(list(PARTS)), multiple=True, help="Only this.")
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="For our servers.")
def main(  # noqa: PLR0913 - one per option
    *,
    quick: bool,
    release: bool,
    samples: int | None,
    window: float | None,
    parts: tuple[str, ...],
    settings: tuple[str, ...],
) -> None:
    """Measure the server on this machine; see bench/README.md."""
    options = QUICK if quick else Options()
    options = dataclasses.replace(
        options,
        samples=samples or options.samples,
        window_s=window or options.window_s,
        overrides=_parse(settings),
    )
    _raise_open_files()
    STATE.mkdir(parents=True, exist_ok=True)
    try:
        asyncio.run(run(options, parts or tuple(PARTS), is_quick=quick, is_release=release))
    except RunnerError as error:
        out.print(f"[bold red]error:[/] {error}", highlight=False, soft_wrap=True)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def _parse(settings: Sequence[str]) -> dict[str, str]:
    pairs = [setting.partition("=") for setting in settings]
    if not all(sign for _, sign, _ in pairs):
        raise click.BadParameter("a setting is given as NAME=VALUE", param_hint="--set")
    return {name: value for name, _, value in pairs}


async def run(
    options: Options, parts: tuple[str, ...], *, is_quick: bool, is_release: bool
) -> None:
    """Measure the parts named, one after another, then print and write what was found."""
    started = time.monotonic()
    async with open_context(options, load_settings(), STATE, out) as context:
        machine = describe_machine(await context.engine.info())
        for name in parts:
            title, measure = PARTS[name]
            out.rule(f"{title} ({time.monotonic() - started:.0f} s so far)", align="left")
            with context.step(name):
                await measure(context)
    now, release = datetime.now(UTC), __version__
    seconds = round(time.monotonic() - started)
    about = About(release, now.date().isoformat(), seconds, is_quick, machine)
    _publish(about, context, RESULTS / release if is_release else STATE / "latest")


def _publish(about: About, context: Context, path: Path) -> None:
    """Print the tables and write `path`.json and `path`.svg, whose folder is made if need be."""
    goals = judge(context.book)
    print_tables(out, context, goals)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Not with_suffix(): a version has dots of its own.
    data, plot = (path.with_name(f"{path.name}.{kind}") for kind in ("json", "svg"))
    data.write_text(to_json(about, context, goals), "utf-8")
    title = f"codebae-runner {about.version}, {about.machine['cores']} cores, {about.taken}"
    draw(plot, title, context.book, goals, context.options.queue_lengths)
    out.print(f"{about.seconds:.0f} s; written: {data}, {plot}", highlight=False, soft_wrap=True)


def _raise_open_files() -> None:
    """As far as it may be; servers inherit it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))


if __name__ == "__main__":
    main()
