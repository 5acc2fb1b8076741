"""Proves a candidate as the service would use it: the self-test in it, then its samples.

What fails is tried once more before it counts: it may have been the machine, which is busy.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

from orchestrator.engine.client import EngineClient
from orchestrator.errors import EngineError, SandboxError
from orchestrator.images.builder import Candidate
from orchestrator.images.check_results import CheckResult
from orchestrator.images.rebuild import Rebuilder
from orchestrator.images.sample_runs import run_samples
from orchestrator.images.selection import check_folder_fits
from orchestrator.images.store import ImageStore
from orchestrator.jobs.queue.admission import Admission
from orchestrator.jobs.service import JobService
from orchestrator.languages.catalog import Catalog
from orchestrator.languages.model import InstalledLanguage, LanguageFolder
from orchestrator.sandbox.contract import Backend
from orchestrator.sandbox.probes import ProbeResult
from orchestrator.settings import Settings

Selftest = Callable[[InstalledLanguage], Awaitable[list[ProbeResult]]]
"""The self-test of an image; nothing comes of it where it has passed before."""


def make_rebuilder(  # noqa: PLR0913, PLR0917 - what a build, its checks and its sandboxes need
    settings: Settings,
    engine: EngineClient,
    backend: Backend,
    admission: Admission,
    selftest: Selftest,
    served: Iterable[InstalledLanguage],
) -> Rebuilder:
    """What rebuilds languages, for a server and for a command alike.

    `served`: what is served whenever a folder is looked at, which it must go with.
    """

    def check_folder(folder: LanguageFolder) -> None:
        check_folder_fits(settings, folder, served)

    verifier = ImageVerifier(settings, backend, admission, selftest)
    return Rebuilder(settings, engine, ImageStore(engine), verifier, check_folder)


class ImageVerifier:
    """Tries candidates in sandboxes of `backend`, taking slots of `admission` as jobs do."""

    def __init__(
        self, settings: Settings, backend: Backend, admission: Admission, selftest: Selftest
    ) -> None:
        """Nothing is tried yet."""
        self._settings = settings
        self._backend = backend
        self._admission = admission
        self._selftest = selftest

    async def __call__(self, candidate: Candidate) -> AsyncIterator[CheckResult]:
        """Every limit, and where they hold every sample. Raises EngineError when it can't."""
        limits_hold = True
        try:
            checks = await self._selftest(candidate.installed[0])
        except SandboxError as err:
            raise EngineError(f"self-test: {err}") from err
        for check in checks:
            limits_hold = limits_hold and check.passed
            yield CheckResult(f"limit {check.check}", check.passed, check.detail, check.first_try)
        if not limits_hold:
            return
        catalog = Catalog(candidate.installed)
        service = JobService(self._settings, self._backend, self._admission, catalog)
        try:
            async for result in run_samples(service, self._admission, candidate.folder.samples):
                trial = f"{result.language}/{result.sample}"
                yield CheckResult(trial, result.passed, result.detail, result.first_try)
        finally:
            await service.drain()
