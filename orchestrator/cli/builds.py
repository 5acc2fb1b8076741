"""`languages build` on the local engine: one language after the other, whatever comes of each."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from orchestrator.cli.build_outcomes import (
    BuildEnding,
    LanguageOutcome,
    check_outcomes,
    print_outcomes,
    twice,
)
from orchestrator.components import ImageTooling, open_image_tooling
from orchestrator.errors import ConfigurationError, EngineError, RebuildError, RunnerError
from orchestrator.images import rebuild
from orchestrator.images.builder import BuildProgress
from orchestrator.images.description import describe_image
from orchestrator.images.display import build_display
from orchestrator.images.record import BuildRecord
from orchestrator.images.selection import select_languages
from orchestrator.images.store import LanguageImages
from orchestrator.images.verifier import make_rebuilder
from orchestrator.jobs.queue.admission import Admission
from orchestrator.languages.model import InstalledLanguage, LanguageFolder
from orchestrator.languages.registry import LanguageRegistry, wanted_ids
from orchestrator.sandbox.docker.backend import DockerBackend
from orchestrator.sandbox.probes import ProbeResult
from orchestrator.sandbox.selftest import SelfTest
from orchestrator.settings import Settings

SHARED = "_shared"
"""The log of what every language stands on."""

OnLanguage = Callable[[str, tuple[int, int]], None]
"""Hears which language's turn it is, and that it is the n-th of so many."""

_ENDINGS = {
    rebuild.Outcome.PROMOTED: BuildEnding.BUILT,
    rebuild.Outcome.UNCHANGED: BuildEnding.UNCHANGED,
    rebuild.Outcome.SKIPPED: BuildEnding.UNCHANGED,
}


@dataclass(frozen=True, slots=True)
class Options:
    """How a build is done: what is unchanged is left alone; the engine's cache is not used."""

    only_if_changed: bool = True
    no_cache: bool = False


USUAL = Options()


async def run_build(
    settings: Settings, ids: Sequence[str], console: Console, options: Options = USUAL
) -> None:
    """Build, prove and promote the images of `ids`, or of the settings' languages when it is empty.

    What became of each is one table at the end. Raises RebuildError when any of them failed; before
    that ConfigurationError when one does not exist or two share a name, and EngineError when there
    is no engine. The message is for the person at the terminal.
    """
    outcomes, _ = await build_languages(settings, ids, console, options)
    print_outcomes(outcomes, console)
    check_outcomes(outcomes)


async def prepare_languages(
    settings: Settings, ids: Sequence[str], console: Console, on_language: OnLanguage
) -> None:
    """Have an image of each of `ids`; what can be built is, whatever else fails.

    Raises RebuildError that says what failed and why, or the ConfigurationError that one failed by.
    """
    outcomes, errors = await build_languages(settings, ids, console, on_language=on_language)
    for error in errors:
        if isinstance(error, ConfigurationError):
            raise error
    failed = [
        f"{each.language}: {each.why}" for each in outcomes if each.ending is BuildEnding.FAILED
    ]
    if failed:
        raise RebuildError("; ".join(failed))


async def build_languages(
    settings: Settings,
    ids: Sequence[str],
    console: Console,
    options: Options = USUAL,
    on_language: OnLanguage = lambda *_: None,
) -> tuple[list[LanguageOutcome], list[RunnerError]]:
    """What became of each language, in order, and the errors of those that failed.

    Raises as `run_build` does, but for what fails by itself.
    """
    wanted = wanted_ids(settings.images_dir, ids or settings.language_ids)
    async with open_image_tooling(settings) as (tooling, backend):
        served: list[InstalledLanguage] = []
        rebuilder = _rebuilder(settings, tooling, backend, served)
        with build_display(console) as progress:

            async def look() -> None:
                served[:] = _served(settings, await tooling.store.read())

            series = _Series(settings, rebuilder, progress, options, look)
            series.read(wanted)
            await series.build_shared()
            for number, name in enumerate(wanted, 1):
                on_language(name, (number, len(wanted)))
                await series.build(name)
        # What was replaced just now may be what a server's jobs wait for: it goes another time. So
        # does what can't be removed now.
        with contextlib.suppress(EngineError):
            await tooling.store.collect()
    return [series.outcomes[name] for name in wanted], series.errors


class _Series:
    """Builds, one after the other, and what became of each."""

    def __init__(
        self,
        settings: Settings,
        rebuilder: rebuild.Rebuilder,
        progress: BuildProgress,
        options: Options,
        look: Callable[[], Awaitable[None]],
    ) -> None:
        """`look`: sees what is served by now, before each build."""
        self._settings = settings
        self._rebuilder = rebuilder
        self._progress = progress
        self._options = options
        self._look = look
        self._missing: LanguageOutcome | None = None
        self.outcomes: dict[str, LanguageOutcome] = {}
        self.errors: list[RunnerError] = []

    def read(self, names: Sequence[str]) -> None:
        """Read every folder: what is wrong with any is said before anything is built.

        One that can't be understood has failed. Raises ConfigurationError when two share a name.
        """
        folders: list[LanguageFolder] = []
        for name in names:
            try:
                folders.append(self._rebuilder.read(name))
            except ConfigurationError as err:
                self.outcomes[name] = self._fail(name, BuildRecord(self._progress), err)
        LanguageRegistry(language for folder in folders for language in folder.languages)

    async def build_shared(self) -> None:
        """Build what every language stands on; without it none of them is built."""
        record = BuildRecord(self._progress)
        try:
            await self._rebuilder.build_shared(record)
        except RunnerError as err:
            self._missing = self._fail(SHARED, record, err)

    async def build(self, name: str) -> None:
        """Build a language, unless it has failed before."""
        if name in self.outcomes:
            return
        if self._missing is not None:
            why = f"not tried, it stands on {self._missing.why}"
            self.outcomes[name] = LanguageOutcome(name, BuildEnding.FAILED, why, self._missing.log)
            return
        record = BuildRecord(self._progress)
        try:
            await self._look()
            outcome = await self._rebuilder.rebuild(
                name,
                record,
                no_cache=self._options.no_cache,
                only_if_changed=self._options.only_if_changed,
            )
        except RunnerError as err:
            self.outcomes[name] = self._fail(name, record, err)
            return
        log = "" if outcome is rebuild.Outcome.SKIPPED else record.write(self._state_dir, name)
        why = twice(record.tried_twice)
        self.outcomes[name] = LanguageOutcome(name, _ENDINGS[outcome], why, log if why else "")

    def _fail(self, name: str, record: BuildRecord, err: RunnerError) -> LanguageOutcome:
        if not record.has_failed:
            record.failed(name, str(err))
        self.errors.append(err)
        return LanguageOutcome(
            name, BuildEnding.FAILED, str(err), record.write(self._state_dir, name)
        )

    @property
    def _state_dir(self) -> Path:
        return self._settings.state_dir


def _served(
    settings: Settings, images: Mapping[str, LanguageImages]
) -> Iterator[InstalledLanguage]:
    """What a server with these settings would serve, as far as it can be understood."""
    selection = select_languages(settings.language_ids, images)
    for name in (*selection.served, *selection.disabled):
        yield from describe_image(settings.images_dir, name, images[name].current).languages


def _rebuilder(
    settings: Settings,
    tooling: ImageTooling,
    backend: DockerBackend,
    served: Sequence[InstalledLanguage],
) -> rebuild.Rebuilder:
    async def selftest(image: InstalledLanguage) -> list[ProbeResult]:
        own = SelfTest(settings, tooling.engine, backend, [image])
        return [result async for result in own.run()]

    admission = Admission(slots=1, queue=0, memory_mb=settings.memory_budget)
    return make_rebuilder(settings, tooling.engine, backend, admission, selftest, served)
