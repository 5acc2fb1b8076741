"""One build of a language at a time on a machine: a lock that dies with its holder."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import BusyLanguageError, ConfigurationError

MARK = b"candidate\n"


@dataclass(frozen=True, slots=True)
class LanguageLock:
    """A lock that is held. Its mark outlives a crash, and says that there may be a candidate."""

    descriptor: int

    def mark(self) -> None:
        """Note that there may be a candidate from now on."""
        os.pwrite(self.descriptor, MARK, 0)

    def clear(self) -> None:
        """Note that there is no candidate any more."""
        os.ftruncate(self.descriptor, 0)


def is_marked(state_dir: Path, language_id: str) -> bool:
    """Whether a build is under way here, or was when its process was killed."""
    try:
        return _path(state_dir, language_id).stat().st_size > 0
    except OSError:
        return False


@contextlib.contextmanager
def language_lock(state_dir: Path, language_id: str) -> Iterator[LanguageLock]:
    """Hold the language's images while the context lasts.

    Raises BusyLanguageError when another build, or a rollback, holds them, ConfigurationError when
    the folder can't be written.
    """
    path = _path(state_dir, language_id)
    try:
        state_dir.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as err:
        raise ConfigurationError(f"setting STATE_DIR: {path} can't be written: {err}") from err
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield LanguageLock(descriptor)
    except BlockingIOError as err:
        raise BusyLanguageError(language_id) from err
    finally:
        os.close(descriptor)


def _path(state_dir: Path, language_id: str) -> Path:
    return state_dir / f"language-{language_id}.lock"
