"""The instance id: survives restarts, so that a server knows its own leftover containers."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path

from orchestrator.errors import ConfigurationError, StateInUseError

FILE = "instance"
_ID = re.compile(r"[0-9a-f]{16}")


@contextlib.contextmanager
def claim_instance(state_dir: Path) -> Iterator[str]:
    """Lock and return the id kept in `state_dir`, made on first use; unlocked with the context.

    Raises StateInUseError when another process has it (each would sweep the other's containers),
    ConfigurationError when the folder can't be written.
    """
    path = state_dir / FILE
    try:
        state_dir.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as err:
        raise ConfigurationError(f"setting STATE_DIR: {path} can't be written: {err}") from err
    try:
        _lock(descriptor, state_dir)
        yield _read_or_make(descriptor)
    finally:
        os.close(descriptor)


def has_instance(state_dir: Path) -> bool:
    """Return whether a server has ever claimed `state_dir`."""
    return (state_dir / FILE).exists()


def temporary_instance() -> str:
    """Return an id for a command that may run beside a server, and keeps no state.

    If the command is killed, any server's sweep removes its containers after their deadline.
    """
    return secrets.token_hex(8)


def _lock(descriptor: int, state_dir: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as err:
        raise StateInUseError(
            f"setting STATE_DIR: {state_dir} is in use by another server; give each one its own"
        ) from err


def _read_or_make(descriptor: int) -> str:
    known = os.pread(descriptor, 64, 0).decode("ascii", "replace").strip()
    if _ID.fullmatch(known):
        return known
    fresh = secrets.token_hex(8)
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{fresh}\n".encode(), 0)
    return fresh
