"""The keys that `serve` starts with: made up for development, and long enough for anything else."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from collections.abc import Sequence
from pathlib import Path

from orchestrator.errors import ConfigurationError
from orchestrator.sandbox.instance import has_instance
from orchestrator.settings import Settings
from orchestrator.settings.unread import names_in

NAMES = ("API_KEY", "ADMIN_KEY")
SHORTEST = 16
"""Characters of a key that is taken. What `openssl rand` gives is longer."""
OTHERS = stat.S_IRWXG | stat.S_IRWXO
MARK = "long-keys"
"""The file in STATE_DIR that says: short keys are not taken here."""


def ensure_keys(env_file: Path) -> None:
    """Make up each key that neither the environment nor `env_file` has, and keep it there.

    A file that gets one is its owner's alone from then on. Raises ConfigurationError when the file
    can't be read or written.
    """
    try:
        for name in NAMES:
            _ensure_key(name, env_file)
    except OSError as err:
        raise ConfigurationError(f"{env_file}: keys can't be kept there: {err.strerror}") from err
    except UnicodeDecodeError as err:
        raise ConfigurationError(f"{env_file}: keys can't be kept there: it is not UTF-8") from err


def _ensure_key(name: str, env_file: Path) -> None:
    text = env_file.read_text("utf-8") if env_file.exists() else ""
    if os.environ.get(name) or any(_sets(name, line) for line in text.splitlines()):
        return
    env_file.touch(mode=0o600)
    mode = env_file.stat().st_mode
    if mode & OTHERS:
        env_file.chmod(stat.S_IMODE(mode) & ~OTHERS)
    newline = "" if not text or text.endswith("\n") else "\n"
    env_file.write_text(f"{text}{newline}{name}={secrets.token_hex(16)}\n", "utf-8")


def _sets(name: str, line: str) -> bool:
    return names_in(line) == [name] and bool(line.partition("=")[2].strip(" \t\"'"))


def check_keys(settings: Settings, *, for_development: bool) -> list[str]:
    """What to warn of. Raises ConfigurationError when a key is too short to be a new one.

    A server knows no earlier keys, and to keep their hashes only for this would be to keep hints at
    keys that are short. So it is the state directory that is new or not: one without this rule's
    mark, in which a server has run, is an earlier version's, and goes on with the keys it has.
    """
    mark = settings.state_dir / MARK
    is_earlier = has_instance(settings.state_dir) and not mark.exists()
    short = [
        name
        for name, keys in zip(NAMES, (settings.api_keys, settings.admin_keys), strict=True)
        if any(len(key) < SHORTEST for key in keys)
    ]
    if short and not for_development and not is_earlier:
        raise ConfigurationError(_refusal(short))
    if not (short and is_earlier):
        with contextlib.suppress(OSError):  # said when the directory is claimed
            mark.parent.mkdir(parents=True, exist_ok=True)
            mark.touch()
    if not short or for_development:
        return []
    return [f"{_refusal(short)}. It is still taken, since an earlier version may have had it here"]


def _refusal(names: Sequence[str]) -> str:
    return (
        f"setting {' and '.join(names)}: a key of less than {SHORTEST} characters can be guessed; "
        "`openssl rand -hex 16` makes a good one"
    )
