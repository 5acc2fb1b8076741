"""What an embedded engine needs before jobs can be run: the languages' images, whatever it takes.

Pulled where a registry is set, else built; with nothing there at all, and no registry, Debian's
base image comes out of a tar.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import structlog
from rich.console import Console

from orchestrator.cli.building import prepare_languages
from orchestrator.engine.client import EngineClient
from orchestrator.engine.fetch import import_image, pull_image
from orchestrator.engine.tags import tag_image, untag_image
from orchestrator.errors import ContainerNotFoundError, EngineError, RebuildError, RunnerError
from orchestrator.languages.offer import to_installed
from orchestrator.languages.registry import load_folders
from orchestrator.languages.store import ImageStore
from orchestrator.languages.tags import BASE_IMAGE, CANDIDATE, CURRENT, MARK_IMAGE, image_name
from orchestrator.parts import open_workshop
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
    async with open_workshop(settings) as (workshop, _):
        if settings.image_registry:
            await _pull(settings, workshop.engine, ids, say)
            images = await workshop.store.read()
            ids = [each for each in ids if each not in images or images[each].current is None]
        if ids and settings.base_image_tar:
            await _have_debian(workshop.engine, Path(settings.base_image_tar), say)
    if ids:
        await prepare_languages(
            settings, ids, console, lambda name, n: say(_doing("building", name, n))
        )


def _doing(what: str, name: str, count: tuple[int, int]) -> str:
    return f"{what} {name} {count[0]}/{count[1]}"


async def _have_debian(engine: EngineClient, tar: Path, say: Say) -> None:
    try:
        await engine.inspect_image(DEBIAN)
    except ContainerNotFoundError:
        say(f"importing {DEBIAN}")
        await import_image(engine, tar, DEBIAN)


async def _pull(settings: Settings, engine: EngineClient, ids: Sequence[str], say: Say) -> None:
    """As far as the registry has them: what is here already stays, what is not is built."""
    for name in (MARK_IMAGE, BASE_IMAGE):
        await _pull_as(settings, engine, name, name)
    for number, each in enumerate(ids, 1):
        say(_doing("pulling", each, (number, len(ids))))
        pulled = await _pull_as(
            settings, engine, image_name(each, CURRENT), image_name(each, CANDIDATE)
        )
        if pulled:
            await _promote(settings, ImageStore(engine), each)


async def _pull_as(settings: Settings, engine: EngineClient, name: str, tag: str) -> bool:
    """Whether the registry's image of that name is here now, as `tag`."""
    source = f"{settings.image_registry}/{name.partition('/')[2]}"
    try:
        await pull_image(engine, source, deadline_s=settings.build_timeout)
        await tag_image(engine, source, tag)
        await untag_image(engine, source)
    except EngineError as err:
        log.warning("image_not_pulled", image=source, error=str(err))
        return False
    return True


async def _promote(settings: Settings, store: ImageStore, language_id: str) -> None:
    """Make the candidate the current image, if this server can make sense of it.

    Its samples were tried where it was built; whether the limits hold in it is tried before it is
    served.
    """
    try:
        images = (await store.read())[language_id]
        if images.candidate is None:
            raise EngineError("it has none of this project's labels, or another language's")
        to_installed(replace(images, current=images.candidate), settings.images_dir)
        await store.promote(language_id, images.candidate.digest)
    except (RunnerError, KeyError) as err:
        log.warning("pulled_image_refused", language=language_id, error=str(err))
        await store.drop_candidate(language_id)
