"""What the pool keeps ready, by the settings and the languages' own files. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from orchestrator.jobs.plan import compile_env, pooled_spec
from orchestrator.languages.model import InstalledLanguage
from orchestrator.sandbox.pool_profile import PoolProfile, fit
from orchestrator.settings import Settings


def kinds_to_keep(
    settings: Settings, catalog: Iterable[InstalledLanguage]
) -> dict[str, PoolProfile]:
    """What waits for the jobs of each image, by the folder it is of, within the pool's memory.

    It is made for the folder's own language; variants find in it what serves them, too.
    """
    kinds = {
        image.language.id: _kind(settings, image)
        for image in catalog
        if image.language.id == image.language.image_owner
        and _asked_size(settings, image.language.id) != 0
    }
    sizes = fit(kinds, settings.pool_budget)
    return {name: replace(kind, size=sizes[name]) for name, kind in kinds.items()}


def _asked_size(settings: Settings, language: str) -> int | None:
    return settings.pool_sizes.get(language, settings.pool_sizes.get(""))


def _kind(settings: Settings, installed: InstalledLanguage) -> PoolProfile:
    language = installed.language
    size = _asked_size(settings, language.id)
    server = language.server if settings.uses_compile_servers else None
    return PoolProfile(
        spec=pooled_spec(installed, settings),
        size=language.pool.size if size is None else size,
        memory_mb=language.pool.memory_mb + (server.memory_mb if server else 0),
        server=server.command if server else (),
        server_env=compile_env(server) if server else {},
    )
