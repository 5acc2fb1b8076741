"""`languages …` on the local engine: what an admin does to images where no server need run."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence

from rich.console import Console

from orchestrator.cli.listing import make_listing, print_listing
from orchestrator.errors import ConfigurationError, EngineError, RebuildError, UnknownLanguageError
from orchestrator.jobs.admission import Admission
from orchestrator.jobs.proving import Prover
from orchestrator.languages.display import build_display
from orchestrator.languages.lock import language_lock
from orchestrator.languages.model import InstalledLanguage, LanguageFolder
from orchestrator.languages.offer import check_folder_fits, check_previous, make_offer, to_installed
from orchestrator.languages.rebuild import Rebuilder
from orchestrator.languages.registry import load_folders, load_languages
from orchestrator.languages.store import ImageStore, LanguageImages
from orchestrator.parts import Workshop, open_workshop
from orchestrator.sandbox.docker_backend import DockerBackend
from orchestrator.sandbox.proof import Proof
from orchestrator.sandbox.selftest import CheckResult
from orchestrator.settings import Settings

SHORT_DIGEST = 12

OnLanguage = Callable[[str, tuple[int, int]], None]
"""Hears which language's turn it is, and that it is the n-th of so many."""


async def run_build(  # noqa: PLR0913 - a command's options, each by name
    settings: Settings,
    ids: Sequence[str],
    console: Console,
    *,
    only_if_changed: bool = True,
    no_cache: bool = False,
    on_language: OnLanguage = lambda *_: None,
) -> None:
    """Build, prove and promote the images of `ids`, or of the settings' languages when it is empty.

    Stops at the first that fails. Raises RunnerError, whose message is for the person at the
    terminal.
    """
    wanted = ids or settings.language_ids
    load_languages(settings.images_dir, wanted)  # whatever is wrong with any is said at once
    async with open_workshop(settings) as (workshop, backend):
        served: list[InstalledLanguage] = []
        rebuilder = _rebuilder(settings, workshop, backend, served)
        with build_display(console) as progress:
            folders = load_folders(settings.images_dir, wanted)
            for number, folder in enumerate(folders, 1):
                on_language(folder.id, (number, len(folders)))
                served[:] = _served(settings, await workshop.store.read())
                try:
                    await rebuilder.rebuild(
                        folder.id, progress, only_if_changed=only_if_changed, no_cache=no_cache
                    )
                except (EngineError, RebuildError) as err:
                    raise type(err)(f"{folder.id}: {err}") from err
        # What was replaced just now may be what a server's jobs wait for: it goes another time.
        await workshop.store.collect()


def _served(
    settings: Settings, images: Mapping[str, LanguageImages]
) -> Iterator[InstalledLanguage]:
    """What a server with these settings would serve, as far as it can be understood."""
    offer = make_offer(settings.language_ids, images)
    for name in (*offer.served, *offer.disabled):
        with contextlib.suppress(ConfigurationError):
            yield from to_installed(images[name], settings.images_dir)


def _rebuilder(
    settings: Settings,
    workshop: Workshop,
    backend: DockerBackend,
    served: Sequence[InstalledLanguage],
) -> Rebuilder:
    def check_folder(folder: LanguageFolder) -> None:
        check_folder_fits(settings, folder, served)

    async def selftest(image: InstalledLanguage) -> list[CheckResult]:
        proof = Proof(settings, workshop.engine, backend, [image])
        return [result async for result in proof.run()]

    admission = Admission(slots=1, queue=0, memory_mb=settings.memory_budget)
    prover = Prover(settings, backend, admission, selftest)
    return Rebuilder(settings, workshop.engine, workshop.store, prover, check_folder)


async def run_rollback(settings: Settings, language_id: str, console: Console) -> None:
    """Make the image before the current one the current one. Raises as `run_build` does."""

    def check(images: LanguageImages) -> None:
        check_previous(images, settings.images_dir)

    await _change(settings, language_id, ImageStore.rollback, check)
    console.print(f"{language_id}: rolled back", highlight=False)


async def run_enable(settings: Settings, language_id: str, console: Console) -> None:
    """Have a language served, named by LANGUAGES or not. Raises as `run_build` does."""
    await _change(settings, language_id, ImageStore.enable)
    console.print(f"{language_id}: enabled", highlight=False)


async def run_disable(settings: Settings, language_id: str, console: Console) -> None:
    """Have a language not served. Raises as `run_build` does."""
    await _change(settings, language_id, ImageStore.disable)
    console.print(f"{language_id}: disabled", highlight=False)


async def _change(
    settings: Settings,
    language_id: str,
    change: Callable[[ImageStore, str], Awaitable[None]],
    check: Callable[[LanguageImages], None] = lambda _: None,
) -> None:
    """A server on this engine sees it within LANGUAGES_INTERVAL."""
    async with open_workshop(settings) as (workshop, _):
        images = (await workshop.store.read()).get(language_id)
        if images is None or images.current is None:
            raise UnknownLanguageError(f"there is no image of {language_id!r}: build it first")
        with language_lock(settings.state_dir, language_id):
            check(images)
            await change(workshop.store, language_id)


async def run_list(settings: Settings, console: Console) -> None:
    """Print a table of the settings' languages, and of what else the engine has images of.

    Raises as `run_build` does.
    """
    async with open_workshop(settings) as (workshop, _):
        images = await workshop.store.read()
    registry = load_languages(settings.images_dir, settings.language_ids)
    served = make_offer(settings.language_ids, images).served
    rows = list[tuple[str, ...]]()
    for owner in dict.fromkeys([*(each.id for each in registry.owners), *images]):
        state = "served" if owner in served else "not served"
        rows += _rows(settings, images.get(owner, LanguageImages(owner)), state)
    print_listing(make_listing("id name version state digest size aliases", rows), console)


def _rows(settings: Settings, images: LanguageImages, state: str) -> list[tuple[str, ...]]:
    if images.current is None:
        return [(images.id, "", "", "not built", "", "", "")]
    return [
        (
            each.language.id,
            each.language.name,
            each.version,
            "disabled" if images.is_disabled else state,
            each.digest.removeprefix("sha256:")[:SHORT_DIGEST],
            f"{each.size_bytes / 1e6:.0f} MB",
            ", ".join(each.language.aliases),
        )
        for each in to_installed(images, settings.images_dir)
    ]
