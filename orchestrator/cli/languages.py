"""`languages …` on the local engine: what an admin does to images where no server need run."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from rich.console import Console

from orchestrator.cli.listing import make_listing, print_listing
from orchestrator.components import open_image_tooling
from orchestrator.images.administration import LanguageAdministration
from orchestrator.images.description import describe_image
from orchestrator.images.release import SHARED, wanted_images
from orchestrator.images.selection import select_languages
from orchestrator.images.store import LanguageImages
from orchestrator.languages.registry import load_languages, wanted_ids
from orchestrator.settings import Settings

SHORT_DIGEST = 12


async def run_rollback(settings: Settings, language_id: str, console: Console) -> None:
    """Make the image before the current one the current one.

    Raises RunnerError, whose message is for the person at the terminal. A server on this engine
    sees the change within LANGUAGES_INTERVAL, as it does the others.
    """
    async with _administration(settings) as administration:
        await administration.roll_back(language_id)
    console.print(f"{language_id}: rolled back", highlight=False)


async def run_enable(settings: Settings, language_id: str, console: Console) -> None:
    """Have a language served, named by LANGUAGES or not. Raises as `run_rollback` does."""
    async with _administration(settings) as administration:
        await administration.enable(language_id)
    console.print(f"{language_id}: enabled", highlight=False)


async def run_disable(settings: Settings, language_id: str, console: Console) -> None:
    """Have a language not served. Raises as `run_rollback` does."""
    async with _administration(settings) as administration:
        await administration.disable(language_id)
    console.print(f"{language_id}: disabled", highlight=False)


@asynccontextmanager
async def _administration(settings: Settings) -> AsyncIterator[LanguageAdministration]:
    async with open_image_tooling(settings) as (tooling, _):
        yield LanguageAdministration(settings, tooling.store)


def list_tags(settings: Settings, ids: Sequence[str]) -> list[tuple[str, str]]:
    """Name and tag, in a registry, of all that `ids`, or LANGUAGES, need; no engine is asked.

    Raises ConfigurationError.
    """
    wanted = wanted_ids(settings.images_dir, ids or settings.language_ids)
    images = wanted_images(settings.images_dir, [*SHARED, *wanted], {})
    return [(each.name, each.tag) for each in images]


async def run_list(settings: Settings, console: Console) -> None:
    """Print a table of the settings' languages, and of what else the engine has images of.

    Raises as `run_rollback` does.
    """
    async with open_image_tooling(settings) as (tooling, _):
        images = await tooling.store.read()
    registry = load_languages(settings.images_dir, settings.language_ids)
    served = select_languages(settings.language_ids, images).served
    rows = list[tuple[str, ...]]()
    for owner in dict.fromkeys([*(each.id for each in registry.owners), *images]):
        state = "served" if owner in served else "not served"
        rows += _rows(settings, images.get(owner, LanguageImages(owner)), state)
    print_listing(make_listing("id name version state digest size aliases", rows), console)


def _rows(settings: Settings, images: LanguageImages, state: str) -> list[tuple[str, ...]]:
    image = images.current
    if image is None:
        return [(images.id, "", "", "not built", "", "", "")]
    found = describe_image(settings.images_dir, images.id, image)
    state = "disabled" if images.is_disabled else state
    digest = image.digest.removeprefix("sha256:")[:SHORT_DIGEST]
    size = f"{image.size_bytes / 1e6:.0f} MB"
    if found.rejection is not None:
        reason = f"can't be used: {found.rejection}"
        return [(images.id, "", image.version, reason, digest, size, "")]
    return [
        (
            each.language.id,
            each.language.name,
            each.version,
            state,
            digest,
            size,
            ", ".join(each.language.aliases),
        )
        for each in found.languages
    ]
