"""The parts a server is made of, opened in order and closed in reverse."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from orchestrator.engine.client import EngineClient
from orchestrator.errors import ConfigurationError
from orchestrator.languages.installed import inspect_installed
from orchestrator.languages.model import InstalledLanguage
from orchestrator.languages.registry import Registry, load_languages
from orchestrator.sandbox.backend import Backend
from orchestrator.sandbox.docker_backend import DockerBackend
from orchestrator.sandbox.instance import claim_instance
from orchestrator.sandbox.proof import Proof
from orchestrator.sandbox.selftest import CheckResult
from orchestrator.sandbox.spec import EngineTraits
from orchestrator.settings import Settings


class Prove(Protocol):
    """The self-test of the images, in their order; `afresh`: also of those that passed before."""

    def __call__(self, *, afresh: bool = False) -> AsyncIterator[CheckResult]:
        """Raises EngineError when it can't be tried."""
        ...


@dataclass(frozen=True, slots=True)
class Parts:
    """What a server is made of, opened and ready to use."""

    backend: Backend
    registry: Registry
    installed: Mapping[str, InstalledLanguage]
    prove: Prove


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
            proof = Proof(settings, engine, backend, installed.values())
            await proof.recall()
        except BaseException:
            await engine.close()
            raise

        try:
            yield Parts(backend, registry, installed, proof.run)
        finally:
            await backend.shutdown()


def check_consistency(settings: Settings, registry: Registry) -> None:
    """Settings and languages must fit each other. Raises ConfigurationError naming both sides."""
    for name in settings.pool_sizes:
        if name and name not in registry.ids:
            raise ConfigurationError(
                f"setting POOL: {name!r} is no language served (there is {', '.join(registry.ids)})"
            )
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
    return EngineTraits(instance=instance, cpus=settings.cpus_per_job, runtime="")
