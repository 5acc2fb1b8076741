"""Makes the pool's profiles out of the settings and each `language.toml`. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from orchestrator.jobs.plan import compile_env, pooled_spec
from orchestrator.languages.model import InstalledLanguage
from orchestrator.sandbox.pool_profile import PoolProfile, fit_pool_sizes
from orchestrator.settings import Settings


def make_pool_profiles(
    settings: Settings, catalog: Iterable[InstalledLanguage]
) -> dict[str, PoolProfile]:
    """Return a profile for each image, by folder id; their sizes fit the pool's memory budget.

    The sandboxes are made for the folder's own language, and serve its variants as well.
    """
    profiles = {
        image.language.id: _profile(settings, image)
        for image in catalog
        if image.language.id == image.language.image_owner
        and _asked_size(settings, image.language.id) != 0
    }
    sizes = fit_pool_sizes(profiles, settings.pool_budget)
    return {name: replace(profile, size=sizes[name]) for name, profile in profiles.items()}


def _asked_size(settings: Settings, language: str) -> int | None:
    return settings.pool_sizes.get(language, settings.pool_sizes.get(""))


def _profile(settings: Settings, installed: InstalledLanguage) -> PoolProfile:
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
