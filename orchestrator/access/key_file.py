"""Reads `KEYS_FILE`: TOML with a `[[keys]]` table for each key (docs/reference/keys.md)."""

from __future__ import annotations

import os
import stat
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from orchestrator.access.model import NAMES, RESERVED, Key, Scope, is_valid_name
from orchestrator.errors import ConfigurationError

MAX_BYTES = 1 << 20
MOST_WEIGHT, MOST_JOBS, MOST_RATE = 100, 1024, 10_000
OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
OTHERS = stat.S_IRWXG | stat.S_IRWXO
FileState = tuple[int, ...]
"""Identifies a version of the file: device, inode, size and times; differs after any change."""


class KeyEntry(BaseModel):
    """One `[[keys]]` table."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: str
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    weight: Annotated[int, Field(ge=1, le=MOST_WEIGHT)] = 1
    max_jobs: Annotated[int, Field(ge=0, le=MOST_JOBS)] = 0
    rate: Annotated[int, Field(ge=0, le=MOST_RATE)] = 0
    scopes: list[Annotated[Scope, Field(strict=False)]] = [Scope.RUN]

    @field_validator("name")
    @classmethod
    def _is_one(cls, value: str) -> str:
        if not is_valid_name(value):
            raise ValueError(f"{NAMES}, and none of {', '.join(RESERVED)}")
        return value


class _Whole(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    keys: list[KeyEntry] = []


@dataclass(frozen=True, slots=True)
class KeyFile:
    """The file as it was read. `remarks`: warnings about its mode."""

    keys: tuple[Key, ...]
    state: FileState
    remarks: tuple[str, ...] = ()


def read_keys(path: Path) -> KeyFile:
    """Read the file. Raises ConfigurationError, in one line, when it is unreadable or invalid."""
    try:
        with path.open("rb") as file:
            found = os.fstat(file.fileno())
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise ConfigurationError(f"{path}: larger than {MAX_BYTES} bytes")
        text = data.decode()
    except (OSError, UnicodeDecodeError) as err:
        reason = err.strerror if isinstance(err, OSError) else "it is not UTF-8"
        raise ConfigurationError(f"{path}: can't be read: {reason}") from err
    return KeyFile(parse_keys(text, str(path)), _state(found), tuple(_remarks(path, found)))


def state_of(path: Path) -> FileState:
    """Return the file's state, or, when it can't be read, one that stands for the error."""
    try:
        return _state(path.stat())
    except OSError as err:
        return (err.errno or 0,)


def parse_keys(text: str, where: str) -> tuple[Key, ...]:
    """Parse the text of a key file. Raises ConfigurationError, which names `where` and field."""
    try:
        whole = _Whole.model_validate(tomllib.loads(text))
    except RecursionError as err:
        raise ConfigurationError(f"{where}: not TOML: nested too deep") from err
    except tomllib.TOMLDecodeError as err:
        raise ConfigurationError(f"{where}: not TOML: {err}") from err
    except ValidationError as err:
        first = err.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        said = first["msg"].removeprefix("Value error, ")
        raise ConfigurationError(f"{where}: {field}: {said}") from err
    for what in ("name", "sha256"):
        seen: set[str] = set()
        for number, entry in enumerate(whole.keys):
            value = getattr(entry, what)
            if value in seen:
                raise ConfigurationError(f"{where}: keys.{number}.{what}: another key has it")
            seen.add(value)
    return tuple(_to_key(entry) for entry in whole.keys)


def _to_key(entry: KeyEntry) -> Key:
    return Key(
        name=entry.name,
        digest=bytes.fromhex(entry.sha256),
        scopes=frozenset(entry.scopes),
        weight=entry.weight,
        max_jobs=entry.max_jobs,
        rate=entry.rate,
    )


def _state(found: os.stat_result) -> FileState:
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _remarks(path: Path, found: os.stat_result) -> list[str]:
    if found.st_mode & OTHERS_WRITE:
        return [f"{path} can be written by others than its owner, who so give themselves keys"]
    if found.st_mode & OTHERS:
        return [f"{path} can be read by others than its owner: chmod 600 is enough"]
    return []
