"""The compile cache: what compiled cleanly once need not be compiled again.

An artefact is opaque here: bytes that the agent packed out of `/build` once every process of the
compilation was dead, and that nobody but another sandbox's agent unpacks. It is found again only by
whoever sent the very same submission with the same API key.
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
"""No artefact may take more than this part of the cache."""
MAX_ARTEFACT_BYTES = (1 << 32) - 1  # as the agent counts
PIECE_CHARACTERS = 32_768
OVERLAP_CHARACTERS = 1024
"""Longer than anything that is looked for, but for white space."""
_FORMAT = 1
_OVERHEAD = 512  # bytes of an entry beside its contents, about

Key = bytes


@dataclass(frozen=True, slots=True)
class CachedCompilation:
    """A clean compilation: its result, as it was, and what it left in `/build`."""

    result: StageResult
    artefact: bytes

    @property
    def size(self) -> int:
        """What it takes of the cache, in bytes."""
        return len(self.artefact) + len(self.result.stdout) + len(self.result.stderr) + _OVERHEAD


@dataclass(frozen=True, slots=True)
class CacheStats:
    """What is kept, in bytes of at most `max_bytes`; how many looked for theirs in vain, or not."""

    entries: int
    bytes: int
    max_bytes: int
    hits: int
    misses: int


class CompileCache:
    """Bounded by bytes; the least recently used goes first. For one event loop."""

    def __init__(self, max_bytes: int) -> None:
        """0 keeps nothing."""
        self._max_bytes = max_bytes
        self._entries: OrderedDict[Key, CachedCompilation] = OrderedDict()
        self._bytes = 0
        self._hits = 0
        self._misses = 0

    @property
    def max_artefact_bytes(self) -> int:
        """Bytes; what is larger need not be fetched."""
        return min(self._max_bytes // ARTEFACT_SHARE, MAX_ARTEFACT_BYTES)

    def state(self) -> CacheStats:
        """For `/stats`."""
        return CacheStats(
            len(self._entries), self._bytes, self._max_bytes, self._hits, self._misses
        )

    def get(self, key: Key) -> CachedCompilation | None:
        """The compilation of that key, which counts as a hit; None counts as a miss."""
        found = self._entries.get(key)
        if found is None:
            self._misses += 1
            return None
        self._hits += 1
        self._entries.move_to_end(key)
        return found

    def put(self, key: Key, compiled: CachedCompilation) -> None:
        """Keep it, unless it is too large; the oldest make room."""
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
) -> Key | None:
    """What two compilations have in common when their outcome is the same; None: not this one's.

    `owner` stands for the API key. Fields are told apart by their lengths, so that none can be
    mistaken for a part of its neighbour. `always`: whatever is in it, since whoever sent it wants
    it to be the same each time, as of a checker.
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
    """Whether nothing in it looks as if it might compile to something else the next time."""
    pattern = installed.language.uncacheable
    return pattern is None or not any(map(pattern.search, _texts(submission)))


def _texts(submission: Submission) -> Iterator[str]:
    yield from submission.compile_args
    for file in submission.files:
        yield file.path
        yield from pieces(file.content.decode("latin-1"))  # every byte is some character


def pieces(text: str) -> Iterator[str]:
    """A text in pieces that overlap, of whole lines unless they are long.

    Nothing else is done in this process while one is searched.
    """
    start = 0
    while start < len(text):
        end = text.find("\n", start + PIECE_CHARACTERS, start + 2 * PIECE_CHARACTERS)
        end = start + 2 * PIECE_CHARACTERS if end < 0 else end
        earliest = max(start - 2 * OVERLAP_CHARACTERS, 0)
        before = text.rfind("\n", earliest, max(start - OVERLAP_CHARACTERS, 0)) + 1
        yield text[before or earliest : end]
        start = end
