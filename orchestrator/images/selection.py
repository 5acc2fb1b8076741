"""Selects the languages to serve, from the settings and the engine's images. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import ConfigurationError, NoPreviousImageError
from orchestrator.images.description import check_limits, describe_image
from orchestrator.images.store import LanguageImages
from orchestrator.languages.model import InstalledLanguage, LanguageFolder
from orchestrator.languages.registry import ALL, sort_ids
from orchestrator.settings import Settings


@dataclass(frozen=True, slots=True)
class LanguageSelection:
    """Folders of languages: those served, in order, and those whose image is switched off.

    `missing` are asked for, but have no image.
    """

    served: tuple[str, ...]
    disabled: tuple[str, ...]
    missing: tuple[str, ...]


def select_languages(
    asked: Sequence[str], images: Mapping[str, LanguageImages]
) -> LanguageSelection:
    """Select from `images` (by folder) what is `asked` for (the setting: `all` or folders).

    What an admin has enabled is served as well.
    """
    named = list(sort_ids(images) if ALL in asked else dict.fromkeys(asked))
    named += sorted(name for name, each in images.items() if each.is_enabled and name not in named)
    built = {name for name, each in images.items() if each.current is not None}
    disabled = tuple(name for name in sort_ids(built) if images[name].is_disabled)
    return LanguageSelection(
        served=tuple(name for name in named if name in built and name not in disabled),
        disabled=disabled,
        missing=tuple(name for name in asked if name not in built and name != ALL),
    )


def check_previous(images: LanguageImages, images_dir: Path) -> None:
    """Raises NoPreviousImageError when there is no image to go back to, or none to be used."""
    is_cut_short = images.aside is not None and images.aside != images.current
    if images.previous is None or (images.previous == images.current and not is_cut_short):
        raise NoPreviousImageError(f"{images.id}: there is no previous image to go back to")
    previous = describe_image(images_dir, images.id, images.previous)
    if previous.rejection is not None:
        raise NoPreviousImageError(f"the previous image can't be used: {previous.rejection}")


def check_folder_fits(
    settings: Settings, folder: LanguageFolder, others: Iterable[InstalledLanguage]
) -> None:
    """Raises ConfigurationError when its limits don't fit the settings, or a name is taken.

    What `others` has of the same folder is no other.
    """
    taken = {
        name.lower(): other.language.id
        for other in others
        if other.language.image_owner != folder.id
        for name in (other.language.id, *other.language.aliases)
    }
    for language in folder.languages:
        check_limits(settings, language)
        for name in (language.id, *language.aliases):
            if name.lower() in taken:
                raise ConfigurationError(
                    f"images/{folder.id}/language.toml: aliases: {name!r} already belongs to "
                    f"{taken[name.lower()]}"
                )
