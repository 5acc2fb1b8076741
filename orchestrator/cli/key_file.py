"""Changes KEYS_FILE: whole or not at all, and what people have written in it stays as it is."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import tomlkit
from tomlkit.items import AoT

from orchestrator.access.key_file import parse_keys
from orchestrator.access.model import NAMES, Key, Scope, digest_of, is_valid_name
from orchestrator.errors import ConfigurationError

PREFIX = "cbr_"
"""What a key of ours begins with: those who look for leaked ones find it."""
_BYTES = 32
_MODE = 0o600
_FIRST = "# codebae-runner's keys: docs/reference/keys.md. Kept are their hashes alone.\n\n"


@dataclass(frozen=True, slots=True)
class Rights:
    """What a new key may have; see `access.model.Key`."""

    scopes: tuple[Scope, ...] = (Scope.RUN,)
    weight: int = 1
    max_jobs: int = 0
    rate: int = 0


def add_key(path: Path, name: str, rights: Rights) -> str:
    """A new key of that name. It is returned here, once, and kept nowhere; its hash is.

    Raises ConfigurationError: the name is taken or is none, or the file can't be changed.
    """
    if not is_valid_name(name):
        raise ConfigurationError(f"{name!r} is no name for a key: {NAMES}")
    key = PREFIX + secrets.token_urlsafe(_BYTES)

    def add(document: tomlkit.TOMLDocument) -> None:
        if any(entry.get("name") == name for entry in _entries(document)):
            raise ConfigurationError(f"there is a key {name} already: revoke it, or take another")
        table = tomlkit.table()
        table["name"] = name
        table["sha256"] = digest_of(key.encode()).hex()
        for field in ("weight", "max_jobs", "rate"):
            if getattr(rights, field) != getattr(Rights(), field):
                table[field] = getattr(rights, field)
        table["scopes"] = [scope.value for scope in rights.scopes]
        table.add(tomlkit.nl())
        entries = document.setdefault("keys", tomlkit.aot())
        entries.append(table)

    _change(path, add)
    return key


def remove_key(path: Path, name: str) -> None:
    """Raises ConfigurationError: there is no such key, or the file can't be changed."""

    def remove(document: tomlkit.TOMLDocument) -> None:
        entries = _entries(document)
        for number, entry in enumerate(entries):
            if entry.get("name") == name:
                del entries[number]
                return
        raise ConfigurationError(f"{path}: there is no key {name}")

    _change(path, remove)


def _entries(document: tomlkit.TOMLDocument) -> AoT:
    entries = document.get("keys", tomlkit.aot())
    if not isinstance(entries, AoT):
        raise ConfigurationError("only keys written as [[keys]] can be changed")
    return entries


def _change(path: Path, work: Callable[[tomlkit.TOMLDocument], None]) -> None:
    """What it was is checked before, and what it becomes before it is written."""
    path = path.resolve()  # a link stays one
    try:
        with _locked(path.parent):
            text = path.read_text("utf-8") if path.exists() else _FIRST
            _read(text, path)
            document = tomlkit.parse(text)
            work(document)
            after = tomlkit.dumps(document)
            _read(after, path)
            _replace(path, after)
    except (OSError, UnicodeDecodeError) as err:
        reason = err.strerror if isinstance(err, OSError) else "it is not UTF-8"
        raise ConfigurationError(f"{path}: can't be changed: {reason}") from err


def _read(text: str, path: Path) -> tuple[Key, ...]:
    return parse_keys(text, str(path))


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Who else changes a file in it waits."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _replace(path: Path, text: str) -> None:
    """Owner and mode stay as they are; a new file is its owner's alone."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            if path.exists():
                found = path.stat()
                os.fchown(file.fileno(), found.st_uid, found.st_gid)
                os.fchmod(file.fileno(), found.st_mode & 0o777)
            else:
                os.fchmod(file.fileno(), _MODE)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
