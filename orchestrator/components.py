"""The components a server is made of, opened in order and closed in reverse."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import structlog

from orchestrator.engine.block_device import images_disk
from orchestrator.engine.client import EngineClient
from orchestrator.errors import ConfigurationError
from orchestrator.images.description import describe_image
from orchestrator.images.selection import select_languages
from orchestrator.images.store import ImageStore, LanguageImages
from orchestrator.languages.catalog import Catalog
from orchestrator.languages.model import InstalledLanguage
from orchestrator.languages.registry import folder_ids
from orchestrator.sandbox.contract import Backend
from orchestrator.sandbox.docker.backend import DockerBackend
from orchestrator.sandbox.instance import claim_instance, temporary_instance
from orchestrator.sandbox.probes import ProbeResult
from orchestrator.sandbox.selftest import SelfTest
from orchestrator.sandbox.spec import EngineTraits, ReadLimit
from orchestrator.settings import Settings

log = structlog.get_logger(__name__)


class RunSelfTest(Protocol):
    """Runs the self-test of each image, in order; `afresh`: also of images that passed before."""

    def __call__(self, *, afresh: bool = False) -> AsyncIterator[ProbeResult]:
        """Raises EngineError when it can't be tried."""
        ...


@dataclass(frozen=True, slots=True)
class ImageTooling:
    """What new images are built and verified with."""

    engine: EngineClient
    store: ImageStore
    selftest: SelfTest


@dataclass(frozen=True, slots=True)
class Components:
    """What a server is made of, ready to use; without `tooling` its images are never changed."""

    backend: Backend
    catalog: Catalog
    run_selftest: RunSelfTest
    tooling: ImageTooling | None = None


OpenComponents = Callable[[Settings], contextlib.AbstractAsyncContextManager[Components]]


@contextlib.asynccontextmanager
async def open_components(settings: Settings) -> AsyncIterator[Components]:
    """A server's components: the instance of `STATE_DIR` is its own for as long as it has them.

    Raises ConfigurationError or EngineError when they can't be had.
    """
    with claim_instance(settings.state_dir) as instance:
        async with _open(settings, instance) as components:
            yield components


@contextlib.asynccontextmanager
async def open_components_beside(settings: Settings) -> AsyncIterator[Components]:
    """A command's components, beside whatever server there is. Raises as `open_components` does."""
    async with _open(settings, temporary_instance()) as components:
        yield components


@contextlib.asynccontextmanager
async def _open(settings: Settings, instance: str) -> AsyncIterator[Components]:
    engine = open_engine(settings)
    try:
        await engine.info()  # an engine that is not there is said so, before anything else
        if engine.quirk:
            log.warning("engine_unfit", engine=engine.socket_path, reason=engine.quirk)
        store = ImageStore(engine)
        catalog = read_catalog(settings, await store.read())
        traits = engine_traits(settings, instance, await read_limit(settings, engine))
        backend = DockerBackend(engine, traits)
        selftest = SelfTest(settings, engine, backend, catalog)
        await selftest.recall()
    except BaseException:
        await engine.close()
        raise

    try:
        yield Components(backend, catalog, selftest.run, ImageTooling(engine, store, selftest))
    finally:
        await backend.shutdown()


def read_catalog(settings: Settings, images: Mapping[str, LanguageImages]) -> Catalog:
    """What is to be served. Raises ConfigurationError when the settings ask for more."""
    known = folder_ids(settings.images_dir)
    selection = select_languages(settings.language_ids, images)
    for name in selection.missing:
        if name not in known:
            raise ConfigurationError(
                f"setting LANGUAGES: {name!r} is neither a folder of {settings.images_dir.name}/ "
                f"({', '.join(known) or 'it has none'}) nor an image of the engine"
            )
    if selection.missing or not selection.served + selection.disabled:
        raise ConfigurationError(
            f"no image for {', '.join(selection.missing) or 'any language'}: "
            "`make images` builds what is missing"
        )
    served, disabled = (
        [each for name in names for each in _installed(settings, images[name])]
        for names in (selection.served, selection.disabled)
    )
    for name in settings.pool_sizes:
        if name and name not in images:
            raise ConfigurationError(
                f"setting POOL: {name!r} has no image (there is {', '.join(sorted(images))})"
            )
    return Catalog(served, disabled)


def _installed(settings: Settings, images: LanguageImages) -> tuple[InstalledLanguage, ...]:
    """An image's languages. One that is no good stops the start only where it was named."""
    found = describe_image(settings.images_dir, images.id, images.current).within(settings)
    if found.rejection is not None:
        if images.id in settings.language_ids:
            raise ConfigurationError(found.rejection)
        log.error("image_not_understood", language=images.id, reason=found.rejection)
    return found.usable


@contextlib.asynccontextmanager
async def open_image_tooling(
    settings: Settings,
) -> AsyncIterator[tuple[ImageTooling, DockerBackend]]:
    """The tooling alone, beside whatever server there is. Raises EngineError.

    Its sandboxes are of an instance of their own.
    """
    engine = open_engine(settings)
    backend = DockerBackend(engine, engine_traits(settings, temporary_instance()))
    try:
        await engine.info()
        backend.traits = replace(backend.traits, reads=await read_limit(settings, engine))
        yield (
            ImageTooling(engine, ImageStore(engine), SelfTest(settings, engine, backend, ())),
            backend,
        )
    finally:
        await backend.shutdown()


def open_engine(settings: Settings) -> EngineClient:
    """The engine client the settings describe."""
    return EngineClient(
        settings.docker_host,
        timeout_s=settings.engine_timeout,
        threads=settings.engine_threads,
    )


def engine_traits(
    settings: Settings, instance: str, reads: ReadLimit | None = None
) -> EngineTraits:
    """What sandboxes need to know of this server and its settings."""
    return EngineTraits(instance=instance, cpus=settings.cpus_per_job, runtime="", reads=reads)


async def read_limit(settings: Settings, engine: EngineClient) -> ReadLimit | None:
    """What a sandbox may read from the disk; None, with a warning, where that can't be bounded.

    Raises EngineError when the engine can't be asked.
    """
    if settings.disk_read_mb == 0:
        return None
    device = settings.disk_device or await images_disk(engine)
    if not device:
        log.warning("disk_reads_unbounded", reason="the images' disk can't be told: DISK_DEVICE")
        return None
    return ReadLimit(device, settings.disk_read_mb << 20)
