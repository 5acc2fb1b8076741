"""What every part of a run shares: options, the engine, the figures, what went wrong."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from rich.console import Console

from bench.summary import Book
from orchestrator.components import read_catalog
from orchestrator.engine.client import EngineClient
from orchestrator.errors import RunnerError
from orchestrator.images.store import ImageStore
from orchestrator.languages.model import InstalledLanguage
from orchestrator.settings import Settings

EXPECTED = (RunnerError, aiohttp.ClientError, TimeoutError, OSError, KeyError)
LANGUAGES = ("c", "cpp", "java", "python")


@dataclass(frozen=True, slots=True)
class Options:
    """How much is measured. `overrides`: settings of every server that has its speed-ups on."""

    samples: int = 30
    window_s: float = 60.0
    warm_up_s: float = 5.0
    at_once: int = 8
    bursts: int = 3
    queue_lengths: tuple[int, ...] = (1, 10, 100, 1000)
    queue_jobs: int = 40
    overrides: Mapping[str, str] = field(default_factory=dict)


QUICK = Options(samples=5, window_s=6.0, warm_up_s=2.0, bursts=1, queue_jobs=10)


@dataclass(frozen=True, slots=True)
class Failure:
    """A measurement that could not be made."""

    step: str
    error: str


@dataclass(frozen=True)
class Context:
    """A run under way.

    `state_dir`: an existing folder for what its servers keep, and their logs.
    """

    options: Options
    settings: Settings
    engine: EngineClient
    installed: Mapping[str, InstalledLanguage]
    state_dir: Path
    console: Console
    book: Book = field(default_factory=Book)
    failures: list[Failure] = field(default_factory=list)
    servers: dict[str, dict[str, str]] = field(default_factory=dict)
    """The settings each server was started with, by its name."""
    runtimes: set[str] = field(default_factory=set)
    """What the engine ran sandboxes of servers with their speed-ups on with."""

    def say(self, text: str) -> None:
        """A line of progress."""
        self.console.print(text, highlight=False, markup=False)

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[None]:
        """What fails in here is kept and told, and the next step goes on."""
        try:
            yield
        except* EXPECTED as group:
            error = "; ".join(f"{type(err).__name__}: {err}" for err in _leaves(group))
        else:
            return
        self.failures.append(Failure(name, error))
        self.say(f"  failed: {name}: {error}")


@contextlib.asynccontextmanager
async def open_context(
    options: Options, settings: Settings, state_dir: Path, console: Console
) -> AsyncIterator[Context]:
    """A run on the engine of the settings. Raises RunnerError where nothing can be measured."""
    engine = EngineClient(
        settings.docker_host, timeout_s=settings.engine_timeout, threads=options.at_once
    )
    try:
        catalog = read_catalog(settings, await ImageStore(engine).read())
        installed = {each.language.id: each for each in catalog}
        yield Context(options, settings, engine, installed, state_dir, console)
    finally:
        await engine.close()


def _leaves(group: BaseExceptionGroup[Any]) -> Iterator[BaseException]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error
