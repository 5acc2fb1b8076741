"""The compile cache: an LRU cache of clean compilations, bounded by bytes.

An artefact is opaque here: bytes that the agent packed out of `/build` once every process of the
compilation was dead, and that only another sandbox's agent unpacks. An entry is only ever found by
an identical submission with the same API key.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

from orchestrator.jobs.model import StageResult, Submission
from orchestrator.jobs.plan import Plan
from orchestrator.languages.model import InstalledLanguage
from orchestrator.sandbox.protocol.frames import PROTOCOL_VERSION

ARTEFACT_SHARE = 16
"""An artefact may take at most one part in this many of the cache."""
MAX_ARTEFACT_BYTES = (1 << 32) - 1  # the agent counts in 32 bits
PIECE_CHARACTERS = 32_768
OVERLAP_CHARACTERS = 1024
"""How far pieces overlap: more than the longest match of `uncacheable`, white space aside."""
_FORMAT = 1
_OVERHEAD = 512  # about what an entry takes beside its contents, in bytes

CacheKey = bytes


@dataclass(frozen=True, slots=True)
class CachedCompilation:
    """A cache entry: the result of a clean compilation, and its artefact (`/build`, packed)."""

    result: StageResult
    artefact: bytes

    @property
    def size(self) -> int:
        """The bytes that the entry takes in the cache."""
        return len(self.artefact) + len(self.result.stdout) + len(self.result.stderr) + _OVERHEAD


@dataclass(frozen=True, slots=True)
class CacheStats:
    """The cache's size (`entries`, `bytes` of at most `max_bytes`), and its hits and misses."""

    entries: int
    bytes: int
    max_bytes: int
    hits: int
    misses: int


class CompileCache:
    """An LRU cache of compilations, bounded by bytes. For one event loop."""

    def __init__(self, max_bytes: int) -> None:
        """`max_bytes` bounds all entries together; 0 disables the cache."""
        self._max_bytes = max_bytes
        self._entries: OrderedDict[CacheKey, CachedCompilation] = OrderedDict()
        self._bytes = 0
        self._hits = 0
        self._misses = 0

    @property
    def max_artefact_bytes(self) -> int:
        """The largest artefact that the cache takes, in bytes."""
        return min(self._max_bytes // ARTEFACT_SHARE, MAX_ARTEFACT_BYTES)

    def stats(self) -> CacheStats:
        """Return the figures for `/stats`."""
        return CacheStats(
            len(self._entries), self._bytes, self._max_bytes, self._hits, self._misses
        )

    def get(self, key: CacheKey) -> CachedCompilation | None:
        """Return the entry of `key` and count a hit; or return None and count a miss."""
        found = self._entries.get(key)
        if found is None:
            self._misses += 1
            return None
        self._hits += 1
        self._entries.move_to_end(key)
        return found

    def put(self, key: CacheKey, compiled: CachedCompilation) -> None:
        """Add an entry unless it is too large; evict the least recently used to make room."""
        if len(compiled.artefact) > self.max_artefact_bytes or key in self._entries:
            return
        self._entries[key] = compiled
        self._bytes += compiled.size
        while self._bytes > self._max_bytes:
            _, oldest = self._entries.popitem(last=False)
            self._bytes -= oldest.size


def cache_key(
    owner: str,
    submission: Submission,
    plan: Plan,
    installed: InstalledLanguage,
    *,
    always: bool = False,
) -> CacheKey | None:
    """Return the cache key of a compilation: a digest of all that bears on its outcome.

    None when it must not be cached: there is nothing to compile, or its text matches the language's
    `uncacheable` pattern; `always` skips that check (a checker is to be the same each time).
    `owner`: the name of the API key. Each field is hashed with its length, so that no part of one
    can be taken for a part of the next.
    """
    stage = plan.compile
    if stage is None or not (always or _is_cacheable(submission, installed)):
        return None
    digest = hashlib.sha256()
    fields = [
        f"{_FORMAT} {PROTOCOL_VERSION}",
        owner,
        installed.digest,
        f"{plan.sandbox.memory_bytes} {plan.sandbox.processes} {stage.wall_ms} {stage.cpu_ms}",
        f"{stage.stdout_limit} {stage.stderr_limit} {len(stage.argv)} {len(stage.env)}",
        *stage.argv,
        *(f"{name}={value}" for name, value in stage.env.items()),
    ]
    contents = (part for file in submission.files for part in (file.path.encode(), file.content))
    for field in (*(text.encode() for text in fields), *contents):
        digest.update(len(field).to_bytes(8, "big"))
        digest.update(field)
    return digest.digest()


def _is_cacheable(submission: Submission, installed: InstalledLanguage) -> bool:
    """Return whether no text looks as if it could compile to something else the next time."""
    pattern = installed.language.uncacheable
    return pattern is None or not any(map(pattern.search, _texts(submission)))


def _texts(submission: Submission) -> Iterator[str]:
    yield from submission.compile_args
    for file in submission.files:
        yield file.path
        yield from pieces(file.content.decode("latin-1"))  # every byte is some character


def pieces(text: str) -> Iterator[str]:
    """Split a text into overlapping pieces of whole lines (long lines are cut).

    A regular expression holds the interpreter for as long as it searches one piece.
    """
    start = 0
    while start < len(text):
        end = text.find("\n", start + PIECE_CHARACTERS, start + 2 * PIECE_CHARACTERS)
        end = start + 2 * PIECE_CHARACTERS if end < 0 else end
        earliest = max(start - 2 * OVERLAP_CHARACTERS, 0)
        before = text.rfind("\n", earliest, max(start - OVERLAP_CHARACTERS, 0)) + 1
        yield text[before or earliest : end]
        start = end
