"""The one way to a new image of a language: build a candidate, prove it, promote it.

Until the last step the service is as it was. Promoting is the moving of a tag, and a tag points at
one good image or at another whatever happens in between.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from enum import StrEnum
from typing import Any

import structlog

from orchestrator.engine.client import EngineClient
from orchestrator.errors import ConfigurationError, EngineError, RebuildError
from orchestrator.images.builder import BuildProgress, Candidate, ImageBuilder, build_limits
from orchestrator.images.check_results import CheckResult, remember_checks
from orchestrator.images.lock import LanguageLock, language_lock
from orchestrator.images.store import ImageStore
from orchestrator.languages.model import LanguageFolder
from orchestrator.languages.registry import load_folder
from orchestrator.settings import Settings

VerifyImage = Callable[[Candidate], AsyncIterator[CheckResult]]
"""Checks a candidate: the self-test, then its samples. Raises EngineError when it can't."""

CheckFolder = Callable[[LanguageFolder], None]
"""Raises ConfigurationError when a folder does not go with what else is served."""

log = structlog.get_logger(__name__)

SHOWN = 3  # failures in a message; the log has them all


class Outcome(StrEnum):
    """How a rebuild ended that no error has ended."""

    PROMOTED = "promoted"
    UNCHANGED = "unchanged"
    """The build gave the image that is in use already; it was verified again."""
    SKIPPED = "skipped"
    """There was nothing new to build, and it was asked for nothing else."""


class Rebuilder:
    """Rebuilds languages from one folder of images, on one engine."""

    def __init__(
        self,
        settings: Settings,
        engine: EngineClient,
        store: ImageStore,
        verify: VerifyImage,
        check_folder: CheckFolder = lambda _: None,
    ) -> None:
        """`verify` and `check_folder` are called once for each rebuild."""
        self._settings = settings
        self._engine = engine
        self._store = store
        self._verify = verify
        self._check_folder = check_folder

    def read(self, language_id: str) -> LanguageFolder:
        """The language's folder. Raises ConfigurationError."""
        with _files_as_configuration():
            return load_folder(self._settings.images_dir, language_id)

    async def build_shared(self, progress: BuildProgress) -> None:
        """Bring up to date what every language stands on; each rebuild does as well.

        Raises EngineError or ConfigurationError.
        """
        with _files_as_configuration():
            await self._builder(progress).build_shared()

    def _builder(self, progress: BuildProgress) -> ImageBuilder:
        limits = build_limits(self._engine, self._settings)
        return ImageBuilder(self._engine, self._settings.images_dir, progress, limits=limits)

    async def rebuild(
        self,
        language_id: str,
        progress: BuildProgress,
        *,
        no_cache: bool = False,
        only_if_changed: bool = False,
    ) -> Outcome:
        """Build, prove and promote; on any error, and when cancelled, nothing has changed.

        Raises EngineError, ConfigurationError, BusyLanguageError or RebuildError; each says what to
        look at.
        """
        state_dir = self._settings.state_dir
        with language_lock(state_dir, language_id) as lock, _files_as_configuration():
            folder = self.read(language_id)
            self._check_folder(folder)
            builder = self._builder(progress)
            await builder.build_shared()
            if only_if_changed and await builder.is_current(folder):
                progress.skipped(language_id)
                return Outcome.SKIPPED
            progress.started(language_id)
            lock.mark()
            try:
                return await self._build_and_promote(builder, folder, progress, no_cache=no_cache)
            except (EngineError, ConfigurationError, RebuildError) as err:
                progress.failed(language_id, str(err))
                raise
            finally:
                await _to_the_end(self._drop_candidate(language_id, lock))

    async def _drop_candidate(self, language_id: str, lock: LanguageLock) -> None:
        try:
            await self._store.drop_candidate(language_id)
        except EngineError as err:  # a server's next look at the tags does it
            log.warning("candidate_left", language=language_id, error=str(err))
        else:
            lock.clear()

    def _remember(self, candidate: Candidate, checks: Sequence[CheckResult]) -> None:
        try:
            remember_checks(self._settings.state_dir, candidate.digest, checks)
        except OSError as err:  # not worth failing what was proved
            log.warning("findings_not_kept", language=candidate.folder.id, error=str(err))

    async def _build_and_promote(
        self,
        builder: ImageBuilder,
        folder: LanguageFolder,
        progress: BuildProgress,
        *,
        no_cache: bool,
    ) -> Outcome:
        candidate = await builder.build(folder, no_cache=no_cache)
        checks = []
        async for result in self._verify(candidate):
            progress.checked(folder.id, result)
            checks.append(result)
        failures = [each for each in checks if not each.passed]
        if failures:
            raise RebuildError(describe(failures))
        self._remember(candidate, checks)
        current = (await self._store.read()).get(folder.id)
        if current and current.current and current.current.digest == candidate.digest:
            progress.finished(folder.id, candidate.version)
            return Outcome.UNCHANGED
        await _to_the_end(self._store.promote(folder.id, candidate.digest))
        progress.finished(folder.id, candidate.version)
        return Outcome.PROMOTED


@contextlib.contextmanager
def _files_as_configuration() -> Iterator[None]:
    """A folder that can't be read is for whoever wrote it to mend."""
    try:
        yield
    except OSError as err:
        raise ConfigurationError(f"{err.filename}: {err.strerror}") from err


async def _to_the_end(work: Coroutine[Any, Any, None]) -> None:
    """Finish the work even when cancelled: its steps belong together."""
    task = asyncio.create_task(work)
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            if (me := asyncio.current_task()) is not None:
                me.uncancel()
    task.result()


def describe(failures: list[CheckResult]) -> str:
    """The checks that failed, in one line: each with its result and the explanation."""
    texts = [
        f"{each.trial}: {' | '.join(each.detail.splitlines()[:2])}" for each in failures[:SHOWN]
    ]
    rest = len(failures) - len(texts)
    return "; ".join(texts) + (f"; and {rest} more" if rest else "")
