"""Parses and validates the text of a `language.toml`. No I/O."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
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
    ServerRule,
    SourceRule,
)
from orchestrator.languages.schema import (
    CompileTable,
    LanguageFile,
    RunTable,
    SourceTable,
    describe_error,
)

TOML_NAME = "language.toml"
BYTECODE = "__pycache__"
"""A folder that pip leaves beside every `*.py` it installs, a language's samples included."""
# A variant can't change the first three: it shares the image and its version. The others are the
# folder's own language's: a variant has its own, or none.
_NOT_A_VARIANTS = ("id", "version", "variants")
_NOT_INHERITED = ("name", "aliases", "dialects", "samples", "variants")


def parse_languages(toml: str, folder: Path) -> tuple[Language, ...]:
    """Return the languages that a `language.toml` defines: the folder's own, then its variants.

    `folder` need not exist; its name must be the `id` in the text. Raises ConfigurationError with
    one line that names file and key.
    """
    return tuple(to_language(folder, file) for file in parse_files(toml, folder))


def parse_files(toml: str, folder: Path) -> tuple[LanguageFile, ...]:
    """Parse as `parse_languages` does, into validated tables; a variant's are merged already."""
    where = file_in(folder, TOML_NAME)
    try:
        raw = tomllib.loads(toml)
    except tomllib.TOMLDecodeError as err:
        raise ConfigurationError(f"{where}: not TOML: {err}") from err
    own = _validate(raw, f"{where}: ")
    if own.id != folder.name:
        raise ConfigurationError(f"{where}: id: {own.id!r} is not the folder's name")
    files = (own, *_variants(raw, own, where))
    _check_names(files, where)
    return files


def file_in(folder: Path, file: str) -> str:
    """Return the path of `file` as messages show it: `images/<id>/<file>`."""
    return f"{folder.parent.name}/{folder.name}/{file}"


def _validate(raw: Mapping[str, Any], where: str) -> LanguageFile:
    """`where`: the prefix of an error: the file, and the key of `raw` with its dot."""
    try:
        return LanguageFile.model_validate(raw)
    except ValidationError as err:
        raise ConfigurationError(f"{where}{describe_error(err)}") from err


def _variants(raw: Mapping[str, Any], own: LanguageFile, where: str) -> Iterator[LanguageFile]:
    for variant_id, changes in own.variants.items():
        key = f"{where}: variants.{variant_id}."
        for name in _NOT_A_VARIANTS:
            if name in changes:
                raise ConfigurationError(f"{key}{name}: unknown key")
        inherited = {name: value for name, value in raw.items() if name not in _NOT_INHERITED}
        inherited |= {"id": variant_id, "pool": {**raw.get("pool", {}), "size": 0}}
        yield _validate(merge(inherited, changes), key)


def merge(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return `base` with `changes` applied recursively: tables are merged, all else replaced."""
    merged = dict(base)
    for key, value in changes.items():
        old = merged.get(key)
        if isinstance(old, Mapping) and isinstance(value, Mapping):
            value = merge(old, value)  # noqa: PLW2901 - the replacement is made of both
        merged[key] = value
    return merged


def _check_names(files: tuple[LanguageFile, ...], where: str) -> None:
    """Check that no two languages of a folder share an id or alias, in any case."""
    owners: dict[str, int] = {}
    for number, file in enumerate(files):
        table = f"variants.{file.id}." if number else ""
        names = [(file.id, "id"), *((alias, "aliases") for alias in file.aliases)]
        names += [(dialect, "dialects") for dialect in file.dialects]
        for name, key in names:
            owner = owners.setdefault(name.lower(), number)
            if owner != number:
                raise ConfigurationError(
                    f"{where}: {table}{key}: {name!r} already belongs to {files[owner].id}"
                )


def to_language(folder: Path, file: LanguageFile) -> Language:
    """Convert a validated `language.toml` into a language."""
    memory_error = file.memory_error
    return Language(
        id=file.id,
        name=file.name,
        folder=folder,
        image_owner=folder.name,
        aliases=(*file.aliases, *file.dialects),
        dialects={name.lower(): tuple(args) for name, args in file.dialects.items()},
        version_command=tuple(file.version),
        source=_to_source(file.source),
        compile=_to_command(file.compile) if file.compile else None,
        run=_to_command(file.run),
        limits=LimitDefaults(file.limits.memory_mb, file.limits.processes),
        memory_error=MemoryErrorRule(
            frozenset(memory_error.exit_codes), memory_error.stderr, memory_error.uncaught
        ),
        pool=PoolRule(file.pool.size, file.pool.memory_mb),
        server=_to_server(file.compile),
        uncaught=file.uncaught.stderr if file.uncaught else None,
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
        table.blocks,
        table.unicode_escapes,
        table.newlines,
    )


def _to_command(table: CompileTable | RunTable) -> CommandRule:
    return CommandRule(tuple(table.command), dict(table.env), tuple(table.fast or ()))
