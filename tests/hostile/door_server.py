"""A server in a process of its own: `python -m tests.hostile.door_server fake` (or `engine`).

It is `serve`; with `fake`, but for the engine. A line on its stdin is answered with a line of
figures, which begin anew then.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import threading
import time
from collections.abc import AsyncIterator
from dataclasses import replace

from rich.console import Console

from orchestrator import app
from orchestrator.cli import serve
from orchestrator.cli.shell import read_settings, run
from orchestrator.components import Components
from orchestrator.languages.catalog import Catalog
from orchestrator.languages.model import InstalledLanguage
from orchestrator.languages.registry import load_languages
from orchestrator.settings import Settings
from tests.checkout import ROOT
from tests.components_support import FakeComponents, sh_language

TICK_S = 0.001


@contextlib.asynccontextmanager
async def open_fake(settings: Settings) -> AsyncIterator[Components]:
    """`sh` runs as it is; `c` is `sh`, compiled and cached as C is."""
    c = next(each for each in load_languages(ROOT / "images", ["c"]) if each.id == "c")
    as_c = replace(sh_language("echo"), id="c", aliases=(), uncacheable=c.uncacheable)
    components = FakeComponents()
    async with components.open(settings) as made:
        served = [InstalledLanguage(each, "1.2", "sha256:0") for each in (sh_language(), as_c)]
        yield replace(made, catalog=Catalog(served))


class Watch:
    """How long the loop did nothing but one thing, at most: by the clock, and in CPU time."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._last = self._now()
        self._longest = (0.0, 0.0)
        self.tick()

    def _now(self) -> tuple[float, float]:
        return time.monotonic(), time.thread_time()

    def tick(self) -> None:
        now = self._now()
        wall, cpu = (after - before for before, after in zip(self._last, now, strict=True))
        self._longest = (max(self._longest[0], wall - TICK_S), max(self._longest[1], cpu))
        self._last = now
        self._loop.call_later(TICK_S, self.tick)

    def report(self) -> None:
        wall, cpu = (round(each * 1000, 1) for each in self._longest)
        sys.stdout.write(json.dumps({"stall_ms": wall, "stall_cpu_ms": cpu}) + "\n")
        sys.stdout.flush()
        self._longest = (0.0, 0.0)


async def serve_watched(settings: Settings) -> None:
    loop = asyncio.get_running_loop()
    watch = Watch(loop)

    def answer() -> None:
        for _ in sys.stdin:
            loop.call_soon_threadsafe(watch.report)

    threading.Thread(target=answer, daemon=True).start()
    await serve.serve(settings, Console(), serve.Mode(for_development=True))


if __name__ == "__main__":
    if sys.argv[1:] != ["engine"]:
        app.open_components = open_fake
    run(serve_watched(read_settings()))
