"""What an admin does to a language's images, for the server and the commands alike.

Each change holds the language's lock, so that it and a build never move the same tags at once,
whichever process either is in. Nothing here makes a server take the change on: one that is running
does so by itself (`reconciler.py`).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager

from orchestrator.errors import BusyLanguageError, UnknownLanguageError
from orchestrator.images.lock import language_lock
from orchestrator.images.selection import check_previous
from orchestrator.images.store import ImageStore, LanguageImages
from orchestrator.languages.registry import ALL
from orchestrator.settings import Settings

PATIENCE_S = 1.0
"""How long a change waits for the lock: for another change, which is over at once; not a build."""
RETRY_S = 0.05


class LanguageAdministration:
    """The changes to the languages of one engine, as far as they are no builds.

    Each raises UnknownLanguageError without a current image, BusyLanguageError while a build has
    the lock, ConfigurationError where there can be no lock, EngineError.
    """

    def __init__(self, settings: Settings, store: ImageStore) -> None:
        """Keeps nothing else."""
        self._settings = settings
        self._store = store

    async def roll_back(self, language_id: str) -> None:
        """Swap the current image and the one before; raises NoPreviousImageError as well."""
        async with self._hold(language_id) as images:
            check_previous(images, self._settings.images_dir)
            await self._store.rollback(language_id)

    async def enable(self, language_id: str) -> None:
        """Have it served, whether the setting LANGUAGES names it or not."""
        async with self._hold(language_id):
            await self._store.enable(language_id)

    async def disable(self, language_id: str) -> None:
        """Have it served no more, whatever the setting LANGUAGES names."""
        async with self._hold(language_id):
            await self._store.disable(language_id)

    async def enable_new(self, language_id: str) -> None:
        """Enable a language just built that neither LANGUAGES nor an admin has decided upon."""
        async with self._hold(language_id) as images:
            is_named = bool({*self._settings.language_ids} & {language_id, ALL})
            if not is_named and not images.is_disabled and not images.is_enabled:
                await self._store.enable(language_id)

    @asynccontextmanager
    async def _hold(self, language_id: str) -> AsyncIterator[LanguageImages]:
        """The language's images, which nobody else changes while the context lasts."""
        await self._built(language_id)  # before the id becomes a file's name
        give_up = time.monotonic() + PATIENCE_S
        with ExitStack() as held:
            while True:
                try:
                    held.enter_context(language_lock(self._settings.state_dir, language_id))
                    break
                except BusyLanguageError:
                    if time.monotonic() >= give_up:
                        raise
                await asyncio.sleep(RETRY_S)
            yield await self._built(language_id)

    async def _built(self, language_id: str) -> LanguageImages:
        images = (await self._store.read()).get(language_id)
        if images is None or images.current is None:
            raise UnknownLanguageError(f"there is no image of {language_id!r}: build it first")
        return images
