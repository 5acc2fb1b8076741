"""The parts a server is made of, opened in order and closed in reverse."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass

from orchestrator.engine.client import EngineClient, Json
from orchestrator.errors import ConfigurationError
from orchestrator.languages.installed import inspect_installed
from orchestrator.languages.model import InstalledLanguage
from orchestrator.languages.registry import Registry, load_languages
from orchestrator.sandbox.backend import Backend
from orchestrator.sandbox.docker_backend import DockerBackend
from orchestrator.sandbox.instance import claim_instance
from orchestrator.sandbox.selftest import CheckResult, run_selftest
from orchestrator.sandbox.selftest_memory import fingerprint, passed_before, remember
from orchestrator.sandbox.spec import EngineTraits
from orchestrator.settings import Settings


@dataclass(frozen=True, slots=True)
class Parts:
    """What a server is made of, opened and ready to use."""

    backend: Backend
    registry: Registry
    installed: Mapping[str, InstalledLanguage]
    prove: Callable[[], AsyncIterator[CheckResult]]


OpenParts = Callable[[Settings], contextlib.AbstractAsyncContextManager[Parts]]


@contextlib.asynccontextmanager
async def open_docker_parts(settings: Settings) -> AsyncIterator[Parts]:
    """The real parts. Raises ConfigurationError or EngineError when they can't be had."""
    registry = load_languages(settings.images_dir, settings.language_ids)
    with claim_instance(settings.state_dir) as instance:
        engine = open_engine(settings)
        try:
            await engine.info()  # an engine that is not there is said so, before anything else
            installed = await inspect_installed(engine, registry)
            check_consistency(settings, registry)
            backend = DockerBackend(engine, engine_traits(settings, instance))
        except BaseException:
            await engine.close()
            raise

        async def prove() -> AsyncIterator[CheckResult]:
            # Asked for each time: an engine that is back may be another one.
            info = await engine.info()
            async for result in prove_images(settings, backend, info, installed):
                yield result

        try:
            yield Parts(backend, registry, installed, prove)
        finally:
            await backend.shutdown()


def check_consistency(settings: Settings, registry: Registry) -> None:
    """Languages must fit the server's maxima. Raises ConfigurationError naming both sides."""
    for language in registry:
        defaults = language.limits
        for name, value, most in (
            ("MAX_MEMORY_MB", defaults.memory_mb, settings.max_memory_mb),
            ("MEMORY_BUDGET_MB", defaults.memory_mb, settings.memory_budget),
            ("MAX_PROCESSES", defaults.processes, settings.max_processes),
        ):
            if value > most:
                raise ConfigurationError(
                    f"setting {name}: {most} is less than the {value} that images/{language.id}/"
                    "language.toml has as default"
                )


def open_engine(settings: Settings) -> EngineClient:
    """The engine client the settings describe."""
    return EngineClient(
        settings.docker_host,
        timeout_s=settings.engine_timeout,
        threads=settings.engine_threads,
    )


def engine_traits(settings: Settings, instance: str) -> EngineTraits:
    """What sandboxes need to know of this server and its settings."""
    return EngineTraits(
        instance=instance,
        cpus=settings.cpus_per_job,
        runtime=settings.runtime,
    )


async def prove_images(
    settings: Settings,
    backend: Backend,
    info: Json,
    installed: Mapping[str, InstalledLanguage],
) -> AsyncIterator[CheckResult]:
    """The self-test of each image that has not passed it yet, remembered when it has."""
    known = passed_before(settings.state_dir)
    held = set()
    for language in installed.values():
        mark = fingerprint(info, settings.runtime, language.digest)
        if mark not in known:
            results = await run_selftest(backend, language.language.id, language.digest)
            for result in results:
                yield result
            if not all(result.passed for result in results):
                continue
        held.add(mark)
    remember(settings.state_dir, held)
