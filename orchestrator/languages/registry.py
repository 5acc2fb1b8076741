"""The languages that are served, loaded from their folders and checked to the last key."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from orchestrator.errors import ConfigurationError
from orchestrator.languages.model import (
    CommandRule,
    Language,
    LimitDefaults,
    MemoryErrorRule,
    PoolRule,
    Sample,
    ServerRule,
    SourceRule,
)
from orchestrator.languages.wire import (
    ID_PATTERN,
    CompileTable,
    LanguageFile,
    RunTable,
    SourceTable,
    dotted_key,
    explain,
)

TOML_NAME = "language.toml"


class Registry:
    """The languages, in the order they were asked for. Iterable; immutable."""

    def __init__(self, languages: Iterable[Language]) -> None:
        """Raises ConfigurationError when two languages share a name or an alias."""
        self._languages = tuple(languages)
        self._by_name: dict[str, Language] = {}
        for language in self._languages:
            for name in (language.id, *language.aliases):
                owner = self._by_name.setdefault(name.lower(), language)
                if owner is not language:
                    where = _where(language.folder, TOML_NAME)
                    raise ConfigurationError(
                        f"{where}: aliases: {name!r} already belongs to {owner.id}"
                    )

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids, in order."""
        return tuple(language.id for language in self._languages)

    def find(self, name: str) -> Language | None:
        """The language of that id or alias, in any case; None when there is none."""
        return self._by_name.get(name.lower())

    def __iter__(self) -> Iterator[Language]:
        return iter(self._languages)

    def __len__(self) -> int:
        return len(self._languages)


def load_languages(images_dir: Path, ids: Sequence[str]) -> Registry:
    """Load the folders `images_dir/<id>` of `ids`, in that order; a repeated id counts once.

    Raises ConfigurationError with one line that names the file and the key.
    """
    if not ids:
        raise ConfigurationError("setting LANGUAGES: names no language")
    known = _language_folders(images_dir)
    for language_id in ids:
        if language_id not in known:
            raise ConfigurationError(
                f"language {language_id}: there is no folder {images_dir.name}/{language_id} "
                f"(LANGUAGES may name: {', '.join(known) or 'none'})"
            )
    return Registry(_load(images_dir / language_id) for language_id in dict.fromkeys(ids))


def _language_folders(images_dir: Path) -> list[str]:
    """Names of the language folders; those beginning with `_` are the build's own."""
    try:
        entries = sorted(images_dir.iterdir())
    except OSError as err:
        raise ConfigurationError(f"setting IMAGES_DIR: {images_dir}: {err.strerror}") from err
    return [e.name for e in entries if e.is_dir() and re.fullmatch(ID_PATTERN, e.name)]


def _load(folder: Path) -> Language:
    where = _where(folder, TOML_NAME)
    raw = _read_toml(folder)
    try:
        file = LanguageFile.model_validate(raw)
    except ValidationError as err:
        raise ConfigurationError(f"{where}: {explain(err)}") from err
    if file.id != folder.name:
        raise ConfigurationError(f"{where}: id: {file.id!r} is not the folder's name")
    if not (folder / "Dockerfile").is_file():
        raise ConfigurationError(f"{_where(folder, 'Dockerfile')}: missing")
    _check_samples(folder, file)
    return _to_language(folder, file)


def _read_toml(folder: Path) -> dict[str, Any]:
    where = _where(folder, TOML_NAME)
    try:
        return tomllib.loads((folder / TOML_NAME).read_text("utf-8"))
    except FileNotFoundError as err:
        raise ConfigurationError(f"{where}: missing") from err
    except OSError as err:
        raise ConfigurationError(f"{where}: {err.strerror}") from err
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as err:
        raise ConfigurationError(f"{where}: not TOML: {err}") from err


def _check_samples(folder: Path, file: LanguageFile) -> None:
    """Every sample declared is there, every file there is declared, and one says hello."""
    where = _where(folder, TOML_NAME)
    if not any(Path(name).stem == "hello" and s.stdout for name, s in file.samples.items()):
        raise ConfigurationError(f"{where}: samples: there is no hello with a stdout")
    for name in file.samples:
        if not (folder / "samples" / name).is_file():
            raise ConfigurationError(
                f"{where}: samples.{dotted_key(name)}: there is no file samples/{name}"
            )
    for path in sorted((folder / "samples").iterdir()):
        if path.name not in file.samples:
            raise ConfigurationError(
                f"{where}: samples: samples/{path.name} is there but not declared"
            )


def _to_language(folder: Path, file: LanguageFile) -> Language:
    memory_error = file.memory_error
    return Language(
        id=file.id,
        name=file.name,
        folder=folder,
        aliases=tuple(file.aliases),
        version_command=tuple(file.version),
        source=_to_source(file.source),
        compile=_to_command(file.compile) if file.compile else None,
        run=_to_command(file.run),
        limits=LimitDefaults(file.limits.memory_mb, file.limits.processes),
        memory_error=MemoryErrorRule(frozenset(memory_error.exit_codes), memory_error.stderr),
        samples=tuple(
            Sample(name, s.status, s.input, s.stdout, s.exit_code)
            for name, s in file.samples.items()
        ),
        pool=PoolRule(file.pool.size, file.pool.memory_mb),
        server=_to_server(file.compile),
        uncacheable=file.compile.uncacheable if file.compile else None,
    )


def _to_server(table: CompileTable | None) -> ServerRule | None:
    if table is None or table.server is None:
        return None
    server = table.server
    return ServerRule(tuple(server.command), dict(server.env), server.memory_mb)


def _to_source(table: SourceTable) -> SourceRule:
    return SourceRule(
        table.name,
        tuple(table.extensions),
        table.name_from,
        table.name_template,
        table.ignore,
    )


def _to_command(table: CompileTable | RunTable) -> CommandRule:
    return CommandRule(tuple(table.command), dict(table.env), tuple(table.fast or ()))


def _where(folder: Path, file: str) -> str:
    """The file as messages name it: from the folder of the languages down."""
    return f"{folder.parent.name}/{folder.name}/{file}"
