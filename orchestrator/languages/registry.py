"""Loads languages from their folders and validates them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from orchestrator.errors import ConfigurationError
from orchestrator.languages.definition import TOML_NAME, file_in, parse_files, to_language
from orchestrator.languages.model import Language, LanguageFolder
from orchestrator.languages.samples import read_samples
from orchestrator.languages.schema import ID_PATTERN

ALL = "all"
RESERVED = ("agent", "base")
"""Names of images that are not languages; no language may be called so."""
FIRST = ("c", "cpp", "java", "python")
"""`all` begins with these, as far as they exist."""


class LanguageRegistry:
    """The loaded languages, in the order asked for. Iterable, immutable."""

    def __init__(self, languages: Iterable[Language]) -> None:
        """Raises ConfigurationError when two languages share a name or an alias."""
        self._languages = tuple(languages)
        self._by_name: dict[str, Language] = {}
        for language in self._languages:
            for name in (language.id, *language.aliases):
                owner = self._by_name.setdefault(name.lower(), language)
                if owner is not language:
                    raise ConfigurationError(_taken(language, name, owner))

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of the languages, in order."""
        return tuple(language.id for language in self._languages)

    @property
    def owners(self) -> tuple[Language, ...]:
        """The languages that are not variants: each has an image of its own."""
        return tuple(each for each in self._languages if each.id == each.image_owner)

    def find(self, name: str) -> Language | None:
        """Return the language with that id or alias, in any case; None when there is none."""
        return self._by_name.get(name.lower())

    def __iter__(self) -> Iterator[Language]:
        return iter(self._languages)

    def __len__(self) -> int:
        return len(self._languages)


def load_languages(images_dir: Path, ids: Sequence[str]) -> LanguageRegistry:
    """Load the languages of the folders named by `ids`, in that order, variants included.

    Raises as `load_folders` does, and ConfigurationError when two share a name.
    """
    folders = load_folders(images_dir, ids)
    return LanguageRegistry(language for folder in folders for language in folder.languages)


def load_folders(images_dir: Path, ids: Sequence[str]) -> tuple[LanguageFolder, ...]:
    """Load the folders `images_dir/<id>` that `ids` names; see `wanted_ids`.

    Raises ConfigurationError with one line that names the file and the key.
    """
    return tuple(load_folder(images_dir, each) for each in wanted_ids(images_dir, ids))


def wanted_ids(images_dir: Path, ids: Sequence[str]) -> tuple[str, ...]:
    """Resolve `ids` to folder ids, in order, without reading them; `all` means every folder.

    A repeated id counts once. Raises ConfigurationError for a folder that does not exist.
    """
    if not ids:
        raise ConfigurationError("setting LANGUAGES: names no language")
    if ALL in ids:
        return folder_ids(images_dir)
    for each in ids:
        _check_exists(images_dir, each)
    return tuple(dict.fromkeys(ids))


def _check_exists(images_dir: Path, language_id: str) -> None:
    known = folder_ids(images_dir)
    if language_id not in known:
        raise ConfigurationError(
            f"language {language_id}: there is no folder {images_dir.name}/{language_id} "
            f"(LANGUAGES may name: {', '.join(known) or 'none'})"
        )


def load_folder(images_dir: Path, language_id: str) -> LanguageFolder:
    """Load the folder `images_dir/<id>`, samples included. Raises as `load_folders` does."""
    _check_exists(images_dir, language_id)
    if language_id in RESERVED:
        raise ConfigurationError(
            f"images/{language_id}: choose another name: this one's image is part of every language"
        )
    path = images_dir / language_id
    toml = _read_toml(path)
    files = parse_files(toml, path)
    if not (path / "Dockerfile").is_file():
        raise ConfigurationError(f"{file_in(path, 'Dockerfile')}: missing")
    languages = tuple(to_language(path, file) for file in files)
    samples = read_samples(languages, [file.samples for file in files])
    return LanguageFolder(language_id, path, toml, languages, samples)


def folder_ids(images_dir: Path) -> tuple[str, ...]:
    """Return the ids of all language folders; folders beginning with `_` are none."""
    try:
        entries = sorted(images_dir.iterdir())
    except OSError as err:
        raise ConfigurationError(f"setting IMAGES_DIR: {images_dir}: {err.strerror}") from err
    return sort_ids(
        each.name for each in entries if each.is_dir() and re.fullmatch(ID_PATTERN, each.name)
    )


def sort_ids(ids: Iterable[str]) -> tuple[str, ...]:
    """Sort ids as `all` does: those of FIRST, then the others by name."""
    known = sorted(ids)
    first = [language_id for language_id in FIRST if language_id in known]
    return (*first, *(language_id for language_id in known if language_id not in FIRST))


def _read_toml(folder: Path) -> str:
    where = file_in(folder, TOML_NAME)
    try:
        return (folder / TOML_NAME).read_text("utf-8")
    except FileNotFoundError as err:
        raise ConfigurationError(f"{where}: missing") from err
    except OSError as err:
        raise ConfigurationError(f"{where}: {err.strerror}") from err
    except UnicodeDecodeError as err:
        raise ConfigurationError(f"{where}: not TOML: {err}") from err


def _taken(language: Language, name: str, owner: Language) -> str:
    where = file_in(language.folder, TOML_NAME)
    table = "" if language.id == language.image_owner else f"variants.{language.id}."
    key = "id" if name == language.id else "aliases"
    return f"{where}: {table}{key}: {name!r} already belongs to {owner.id}"
