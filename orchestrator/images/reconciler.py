"""Keeps what is served true to the engine's tags: catalog, pool, and the images that are kept.

Whoever moved a tag - this server's admin, a command on the same machine, another server, one that
was killed in the middle - it is found here, and acted upon in one and the same way.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping

import structlog

from orchestrator.errors import (
    BusyLanguageError,
    ConfigurationError,
    EngineError,
    EngineUnavailableError,
    SandboxError,
)
from orchestrator.images.administration import LanguageAdministration
from orchestrator.images.description import describe_image
from orchestrator.images.lock import is_marked, language_lock
from orchestrator.images.selection import select_languages
from orchestrator.images.store import ImageStore, LanguageImages
from orchestrator.jobs.pool_profiles import make_pool_profiles
from orchestrator.jobs.service import JobService
from orchestrator.languages.catalog import Catalog
from orchestrator.languages.model import InstalledLanguage
from orchestrator.sandbox.selftest import SelfTest
from orchestrator.settings import Settings

log = structlog.get_logger(__name__)


class LanguageReconciler:
    """One per server."""

    def __init__(
        self,
        settings: Settings,
        store: ImageStore,
        proof: SelfTest,
        service: JobService,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        """`service` has the catalog and the pool that are kept true.

        `on_change` is told when the catalog has become another one.
        """
        self._on_change = on_change
        self._settings = settings
        self._store = store
        self._administration = LanguageAdministration(settings, store)
        self._proof = proof
        self._service = service
        self._turn = asyncio.Lock()
        self._refused: dict[str, str] = {}
        self._seen: set[str] = set()
        """Images that had a tag when last looked at: what loses its last one may go."""

    @property
    def catalog(self) -> Catalog:
        """What is served."""
        return self._service.catalog

    async def run(self, interval_s: float) -> None:
        """Look every `interval_s` seconds, and once at the beginning; until cancelled."""
        while True:
            try:
                await self.reconcile()
            except Exception as err:  # noqa: BLE001 - the next look must come whatever this one met
                log.warning("languages_not_looked_at", error=repr(err))
            await asyncio.sleep(interval_s)

    async def read(self) -> dict[str, LanguageImages]:
        """What the engine has, by folder. Raises EngineError."""
        return await self._store.read()

    async def promoted_at(self, language_id: str) -> str | None:
        """See ImageStore."""
        return await self._store.promoted_at(language_id)

    async def reconcile(self) -> None:
        """Serve what the tags say by now. Raises EngineError when they can't be read.

        An image in which a limit does not hold is not served: what was before it is.
        """
        async with self._turn:
            images = await self._store.read()
            selection = select_languages(self._settings.language_ids, images)
            served = [
                each
                for name in selection.served
                for each in await self._acceptable(name, images[name])
            ]
            disabled = [
                each for name in selection.disabled for each in self._described(name, images[name])
            ]
            before = list(self.catalog)
            self.catalog.replace(served, disabled)
            if list(self.catalog) != before:
                self._service.pool.set_profiles(make_pool_profiles(self._settings, self.catalog))
                log.info("languages", served=[_label(each) for each in self.catalog])
                self._on_change()
            try:
                await self._clean_up(images)
            except (EngineError, ConfigurationError) as err:  # it is the next look's as well
                log.warning("images_not_cleaned_up", error=str(err))

    async def _acceptable(self, name: str, images: LanguageImages) -> tuple[InstalledLanguage, ...]:
        """The languages of the folder's image; of the one they are on now, if that is no good."""
        known = tuple(each for each in self.catalog if each.language.image_owner == name)
        described = self._described(name, images)
        if described == known or not described:
            return described or known
        reason = await self._objection(described[0])
        if reason is None:
            self._refused.pop(name, None)
            return described
        if self._refused.get(name) != described[0].digest:
            log.error("image_refused", language=name, digest=described[0].digest, reason=reason)
            self._refused[name] = described[0].digest
        return known

    async def _objection(self, image: InstalledLanguage) -> str | None:
        try:
            failed = [each for each in await self._proof.verify_image(image) if not each.passed]
        except EngineUnavailableError:
            raise
        except (EngineError, SandboxError) as err:  # it can't even be started
            return str(err)
        return f"self-test: {failed[0].check}: {failed[0].detail}" if failed else None

    def _described(self, name: str, images: LanguageImages) -> tuple[InstalledLanguage, ...]:
        images_dir = self._settings.images_dir
        found = describe_image(images_dir, images.id, images.current).within(self._settings)
        if found.rejection is not None:
            log.error("image_not_understood", language=name, reason=found.rejection)
        return found.usable

    async def _clean_up(self, images: Mapping[str, LanguageImages]) -> None:
        """Candidates whose builder was killed, and images that are neither used nor kept."""
        for name in images:
            if is_marked(self._settings.state_dir, name):
                with (
                    contextlib.suppress(BusyLanguageError),
                    language_lock(self._settings.state_dir, name) as lock,
                ):
                    await self._store.drop_candidate(name)
                    lock.clear()
        in_use = self._service.images_in_use() | {each.digest for each in self.catalog}
        held = {image.digest for each in images.values() for image in each.images}
        self._seen |= held
        removed = await self._store.collect(in_use)
        for digest in self._seen - held - in_use:
            if await self._store.remove(digest):
                self._seen.discard(digest)
                removed.append(digest)
        if removed:
            log.info("images_removed", digests=removed)

    async def roll_back(self, language_id: str) -> None:
        """See LanguageAdministration, as for the others: here the change is served at once."""
        await self._administration.roll_back(language_id)
        await self.reconcile()

    async def enable(self, language_id: str) -> None:
        """Serve it, whether the setting LANGUAGES names it or not."""
        await self._administration.enable(language_id)
        await self.reconcile()

    async def disable(self, language_id: str) -> None:
        """Take no more jobs in it; those accepted are run."""
        await self._administration.disable(language_id)
        await self.reconcile()

    async def take_on(self, language_id: str) -> None:
        """A new image has been promoted: serve it, and a language that nobody had asked for."""
        await self._administration.enable_new(language_id)
        await self.reconcile()


def _label(image: InstalledLanguage) -> str:
    return f"{image.language.id} {image.version} {image.digest.removeprefix('sha256:')[:12]}"
