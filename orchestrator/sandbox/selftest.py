"""The self-test: chooses the container runtime, and tests in every image that the limits hold."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterable

import structlog

from orchestrator.engine.client import EngineClient, Json
from orchestrator.errors import EngineError, EngineUnavailableError
from orchestrator.languages.model import InstalledLanguage
from orchestrator.sandbox.docker.backend import DockerBackend
from orchestrator.sandbox.probes import ProbeResult, run_probes
from orchestrator.sandbox.selftest_record import fingerprint, passed_before, remember
from orchestrator.settings import AUTO, Settings

log = structlog.get_logger(__name__)

FASTEST = "crun"


def runtimes(setting: str, info: Json) -> tuple[str, ...]:
    """Return the runtimes to try, in order; "" is the engine's default. `info`: GET /info."""
    if setting != AUTO:
        return (setting,)
    return (FASTEST, "") if FASTEST in (info.get("Runtimes") or {}) else ("",)


class SelfTest:
    """Chooses the runtime, and tests that its limits hold. One per server."""

    def __init__(
        self,
        settings: Settings,
        engine: EngineClient,
        backend: DockerBackend,
        catalog: Iterable[InstalledLanguage],
    ) -> None:
        """`backend`: is given the chosen runtime. `catalog`: the images, read anew by each run."""
        self._settings = settings
        self._engine = engine
        self._backend = backend
        self._catalog = catalog

    async def recall(self) -> None:
        """Use the runtime that passed an earlier self-test, or else the last candidate."""
        info = await self._engine.info()
        names = runtimes(self._settings.runtime, info)
        known = passed_before(self._settings.state_dir)
        proved = (name for name in names if self._marks(info, name) <= known)
        self._backend.use_runtime(next(proved, names[-1]))

    async def run(self, *, afresh: bool = False) -> AsyncIterator[ProbeResult]:
        """Test all images with each runtime until one passes (or the last), and use that one.

        Yields the probes' results. An image that passed before, with nothing changed since, is
        skipped unless `afresh`. The engine is asked for its identity each time: after an outage it
        may be another one. Raises EngineError when the test could not be made.
        """
        info = await self._engine.info()
        known = () if afresh else passed_before(self._settings.state_dir)
        names = runtimes(self._settings.runtime, info)
        for name in names[:-1]:
            results = await self._refuse_or_try(info, name, known)
            if results is not None:
                break
        else:
            name = names[-1]
            results = [result async for result in self._try(info, name, known)]
        self._backend.use_runtime(name)
        for result in results:
            yield result

    async def verify_image(self, image: InstalledLanguage) -> list[ProbeResult]:
        """Test one more image with the runtime in use; returns no results if it passed before.

        Raises EngineError when the test could not be made.
        """
        mark = fingerprint(await self._engine.info(), self._backend.traits.runtime, image.digest)
        if mark in passed_before(self._settings.state_dir):
            return []
        results = await run_probes(self._backend, image.language.id, image.digest)
        has_passed = all(result.passed for result in results)
        remember(self._settings.state_dir, {mark} if has_passed else (), {mark})
        return results

    async def _refuse_or_try(
        self, info: Json, runtime: str, known: Collection[str]
    ) -> list[ProbeResult] | None:
        """Return the results if all passed; None when the next runtime has to be tried."""
        try:
            results = [result async for result in self._try(info, runtime, known)]
        except EngineUnavailableError:
            raise
        except EngineError as err:  # it can't even start a container
            log.warning("runtime_refused", runtime=runtime, reason=str(err))
            return None
        failed = [result for result in results if not result.passed]
        if failed:
            log.warning(
                "runtime_refused", runtime=runtime, reason=f"{failed[0].check}: {failed[0].detail}"
            )
        return None if failed else results

    async def _try(
        self, info: Json, runtime: str, known: Collection[str]
    ) -> AsyncIterator[ProbeResult]:
        held, failed = set[str](), set[str]()
        backend = self._backend.with_runtime(runtime)  # jobs do not use it before it has passed
        for image in self._images():
            mark = fingerprint(info, runtime, image.digest)
            if mark not in known:
                results = await run_probes(backend, image.language.id, image.digest)
                for result in results:
                    yield result
                if not all(result.passed for result in results):
                    failed.add(mark)
                    continue
            held.add(mark)
        remember(self._settings.state_dir, held, failed)

    def _marks(self, info: Json, runtime: str) -> set[str]:
        return {fingerprint(info, runtime, image.digest) for image in self._images()}

    def _images(self) -> tuple[InstalledLanguage, ...]:
        """Return one language per image, however many share it."""
        return tuple({image.digest: image for image in reversed(tuple(self._catalog))}.values())[
            ::-1
        ]
