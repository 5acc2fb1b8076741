"""A key, and what its holder may do. The key itself is nowhere: its SHA-256 is."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum

SHOWN = 12
"""Hexadecimal digits of a hash that tell a key without a name from others."""
UNNAMED, ADMIN = "key-", "admin-"
RESERVED = ("cli", "piston", "samples")
"""Names that jobs have which nobody sent with a key."""
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
NAMES = f"up to 64 of a-z 0-9 . _ -, not beginning with {UNNAMED} or {ADMIN}"


class Scope(StrEnum):
    """What a key may be for. Of some the routes are still to come (docs/reference/keys.md)."""

    RUN = "run"
    JOBS = "jobs"
    PROBLEMS_READ = "problems:read"
    PROBLEMS_WRITE = "problems:write"
    SESSIONS = "sessions"
    METRICS = "metrics"


@dataclass(frozen=True, slots=True)
class Key:
    """Whose requests these are. `digest`: the SHA-256 of what they send."""

    name: str
    digest: bytes
    scopes: frozenset[Scope] = frozenset(Scope)
    weight: int = 1
    max_jobs: int = 0
    """Most at once; 0: as many as the server has slots."""
    rate: int = 0
    """Most submissions in any minute; 0: any number."""


def digest_of(key: bytes) -> bytes:
    """What is kept of a key.

    Plain SHA-256: keys are random, 128 bits and more, so that there is nothing for a slow hash to
    protect; it would only make each request slow.
    """
    return hashlib.sha256(key).digest()


def unnamed_key(key: str, prefix: str = UNNAMED) -> Key:
    """A key of a setting: known by its hash, wherever in the list it is."""
    digest = digest_of(to_bytes(key))
    return Key(prefix + digest.hex()[:SHOWN], digest)


def is_valid_name(text: str) -> bool:
    """Whether a key in the file may be called so."""
    is_taken = text in RESERVED or text.startswith((UNNAMED, ADMIN))
    return NAME.fullmatch(text) is not None and not is_taken


def to_bytes(text: str) -> bytes:
    """Both aiohttp and `os.environ` stand for bytes that aren't UTF-8 with lone surrogates."""
    return text.encode("utf-8", "surrogateescape")
