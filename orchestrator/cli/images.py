"""Provides the languages' images on an embedded engine, before jobs can be run.

Pulled where a registry has this version's (`pull.py`), else built; with nothing there at all,
and no registry, Debian's base image comes out of a tar.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import structlog
from rich.console import Console

from orchestrator.cli.builds import prepare_languages
from orchestrator.components import open_image_tooling
from orchestrator.engine.client import EngineClient
from orchestrator.engine.fetch import import_image
from orchestrator.errors import ContainerNotFoundError, EngineError, RebuildError
from orchestrator.images.pull import pull_images
from orchestrator.languages.registry import load_folders
from orchestrator.settings import Settings

log = structlog.get_logger(__name__)

DEBIAN = "debian:bookworm-slim"
AGAIN_S = 60.0

Say = Callable[[str], None]
"""Hears what is being done, for /health: `building cpp 3/4`."""


async def prepare_images(settings: Settings, console: Console, say: Say) -> None:
    """Return once each of LANGUAGES has an image; what fails is tried again, every minute.

    Raises ConfigurationError where trying again is of no use.
    """
    while True:
        try:
            await _prepare(settings, console, say)
        except (EngineError, RebuildError) as err:
            log.error("images_not_prepared", error=str(err), again_in_s=AGAIN_S)
            say(f"no images: {err} (tried again every {AGAIN_S:g} s)")
            await asyncio.sleep(AGAIN_S)
        else:
            return


async def _prepare(settings: Settings, console: Console, say: Say) -> None:
    ids = [folder.id for folder in load_folders(settings.images_dir, settings.language_ids)]
    async with open_image_tooling(settings) as (tooling, _):
        if settings.image_registry:
            ids = await pull_images(settings, tooling.engine, ids, say)
        if ids and settings.base_image_tar:
            await _have_debian(tooling.engine, Path(settings.base_image_tar), say)
    if ids:
        say("building agent and base")
        await prepare_languages(
            settings, ids, console, lambda name, n: say(f"building {name} {n[0]}/{n[1]}")
        )


async def _have_debian(engine: EngineClient, tar: Path, say: Say) -> None:
    try:
        await engine.inspect_image(DEBIAN)
    except ContainerNotFoundError:
        say(f"importing {DEBIAN}")
        await import_image(engine, tar, DEBIAN)
