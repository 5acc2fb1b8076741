"""An API key and what its holder may do. The key itself is never stored, only its SHA-256."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum

SHOWN = 12
"""The hexadecimal digits of its hash that name a key without a name."""
UNNAMED, ADMIN = "key-", "admin-"
RESERVED = ("cli", "piston", "samples")
"""The owners of jobs that were not sent with a key; no key may have such a name."""
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
NAMES = f"up to 64 of a-z 0-9 . _ -, not beginning with {UNNAMED} or {ADMIN}"


class Scope(StrEnum):
    """What a key may be used for. Some scopes have no routes yet (docs/reference/keys.md)."""

    RUN = "run"
    JOBS = "jobs"
    PROBLEMS_READ = "problems:read"
    PROBLEMS_WRITE = "problems:write"
    SESSIONS = "sessions"
    METRICS = "metrics"


@dataclass(frozen=True, slots=True)
class Key:
    """An API key: whose requests these are, and their share. `digest`: the SHA-256 of the key."""

    name: str
    digest: bytes
    scopes: frozenset[Scope] = frozenset(Scope)
    weight: int = 1
    max_jobs: int = 0
    """The most jobs at once; 0: as many as the server has slots."""
    rate: int = 0
    """The most submissions in any minute; 0: no limit."""


def digest_of(key: bytes) -> bytes:
    """Return the digest by which a key is stored and looked up.

    Plain SHA-256: keys are random, 128 bits or more, so a slow hash would protect nothing, and only
    make each request slow.
    """
    return hashlib.sha256(key).digest()


def unnamed_key(key: str, prefix: str = UNNAMED) -> Key:
    """Make a key out of a setting's value; its hash names it, whatever its place in the list."""
    digest = digest_of(to_bytes(key))
    return Key(prefix + digest.hex()[:SHOWN], digest)


def is_valid_name(text: str) -> bool:
    """Return whether a key in the file may have this name."""
    is_taken = text in RESERVED or text.startswith((UNNAMED, ADMIN))
    return NAME.fullmatch(text) is not None and not is_taken


def to_bytes(text: str) -> bytes:
    """Encode a text of aiohttp or `os.environ`; both decode invalid UTF-8 to lone surrogates."""
    return text.encode("utf-8", "surrogateescape")
