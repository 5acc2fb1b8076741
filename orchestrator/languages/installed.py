"""What the engine's images say of themselves: versions and digests, from labels."""

from __future__ import annotations

import asyncio

from orchestrator.engine.client import EngineClient
from orchestrator.errors import ConfigurationError, ContainerNotFoundError
from orchestrator.languages.model import (
    LABEL_LANGUAGE,
    LABEL_VERSION,
    InstalledLanguage,
    Language,
)
from orchestrator.languages.registry import Registry


async def inspect_installed(
    engine: EngineClient, registry: Registry
) -> dict[str, InstalledLanguage]:
    """Every language of the registry with its image, by id, in the registry's order.

    Raises ConfigurationError when any has no image that was built for it, EngineError when the
    engine can't be asked.
    """
    found = await find_installed(engine, registry)
    missing = [language_id for language_id, image in found.items() if image is None]
    if missing:
        raise ConfigurationError(
            f"no image for {', '.join(missing)}: `make images` builds what is missing"
        )
    return {language_id: image for language_id, image in found.items() if image is not None}


async def find_installed(
    engine: EngineClient, registry: Registry
) -> dict[str, InstalledLanguage | None]:
    """As `inspect_installed`, with None for a language without an image."""
    images = await asyncio.gather(*(_find(engine, language) for language in registry))
    return dict(zip(registry.ids, images, strict=True))


async def _find(engine: EngineClient, language: Language) -> InstalledLanguage | None:
    try:
        image = await engine.inspect_image(language.image)
    except ContainerNotFoundError:
        return None
    labels = image["Config"].get("Labels") or {}
    if labels.get(LABEL_LANGUAGE) != language.id or LABEL_VERSION not in labels:
        return None
    return InstalledLanguage(language, labels[LABEL_VERSION], image["Id"], image["Size"])
