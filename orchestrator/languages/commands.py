"""`languages build` and `languages list`, for the command line."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from rich.console import Console
from rich.table import Table

from orchestrator.engine.client import EngineClient
from orchestrator.languages.build import ImageBuilder
from orchestrator.languages.display import build_display
from orchestrator.languages.installed import find_installed
from orchestrator.languages.model import InstalledLanguage, Language
from orchestrator.languages.registry import load_languages
from orchestrator.settings import Settings

SHORT_DIGEST = 12


async def run_build(settings: Settings, ids: Sequence[str], console: Console) -> None:
    """Bring the images of `ids` up to date, or of all languages of the settings when it is empty.

    Raises ConfigurationError or EngineError, whose message is for the person at the terminal.
    """
    registry = load_languages(settings.images_dir, ids or settings.language_ids)
    async with _engine(settings) as engine:
        with build_display(console) as progress:
            await ImageBuilder(engine, settings.images_dir, progress).build(registry)


async def run_list(settings: Settings, console: Console) -> None:
    """Print a table of the settings' languages; those without an image are shown as not built.

    Raises as `run_build` does.
    """
    registry = load_languages(settings.images_dir, settings.language_ids)
    async with _engine(settings) as engine:
        installed = await find_installed(engine, registry)
    table = Table("id", "name", "version", "digest", "size", "aliases", box=None)
    for language in registry:
        table.add_row(*_row(language, installed[language.id]))
    console.print(table)


@asynccontextmanager
async def _engine(settings: Settings) -> AsyncIterator[EngineClient]:
    engine = EngineClient(
        settings.docker_host, timeout_s=settings.engine_timeout, threads=settings.engine_threads
    )
    try:
        yield engine
    finally:
        await engine.close()


def _row(language: Language, image: InstalledLanguage | None) -> tuple[str, ...]:
    aliases = ", ".join(language.aliases)
    if image is None:
        return language.id, language.name, "not built", "", "", aliases
    digest = image.digest.removeprefix("sha256:")[:SHORT_DIGEST]
    size = f"{image.size_bytes / 1e6:.0f} MB"
    return language.id, language.name, image.version, digest, size, aliases
