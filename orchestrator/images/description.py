"""What an image of a language says of itself, or why this server can't use it. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from orchestrator.errors import ConfigurationError
from orchestrator.images.store import LanguageImage
from orchestrator.languages.definition import parse_languages
from orchestrator.languages.model import InstalledLanguage, Language
from orchestrator.settings import Settings


@dataclass(frozen=True, slots=True)
class ImageDescription:
    """The languages of an image, the main one first, then its variants; none of one not understood.

    `rejection` says why the image can't be used, where it can't; it is for an admin.
    """

    languages: tuple[InstalledLanguage, ...] = ()
    rejection: str | None = None

    @property
    def usable(self) -> tuple[InstalledLanguage, ...]:
        """The languages, if nothing speaks against the image."""
        return () if self.rejection is not None else self.languages

    def within(self, settings: Settings) -> ImageDescription:
        """The same; rejected where a language's defaults don't fit the settings."""
        try:
            for each in self.languages:
                check_limits(settings, each.language)
        except ConfigurationError as err:
            return replace(self, rejection=str(err))
        return self


def describe_image(
    images_dir: Path, language_id: str, image: LanguageImage | None
) -> ImageDescription:
    """Describe an image of the folder `language_id`; one that is not there has no languages."""
    if image is None:
        return ImageDescription()
    if not image.definition:
        return ImageDescription(
            rejection=f"the image of {language_id} is of an earlier version: "
            "`make images` builds another"
        )
    try:
        languages = parse_languages(image.definition, images_dir / language_id)
    except ConfigurationError as err:
        return ImageDescription(rejection=str(err))
    return ImageDescription(
        tuple(
            InstalledLanguage(language, image.version, image.digest, image.size_bytes)
            for language in languages
        )
    )


def check_limits(settings: Settings, language: Language) -> None:
    """Settings and a language's defaults must fit. Raises ConfigurationError naming both sides."""
    defaults = language.limits
    for name, value, most in (
        ("MAX_MEMORY_MB", defaults.memory_mb, settings.max_memory_mb),
        ("MEMORY_BUDGET_MB", defaults.memory_mb, settings.memory_budget),
        ("MAX_PROCESSES", defaults.processes, settings.max_processes),
    ):
        if value > most:
            raise ConfigurationError(
                f"setting {name}: {most} is less than the {value} that images/"
                f"{language.image_owner}/language.toml has as default"
            )
