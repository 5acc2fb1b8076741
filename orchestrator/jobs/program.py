"""A program of a job: the submission's own, or a checker or interactor sent with it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial

from orchestrator.jobs.compile_cache import CachedCompilation, CacheKey, CompileCache, cache_key
from orchestrator.jobs.leased_sandbox import LeasedSandbox, Leases
from orchestrator.jobs.model import Submission
from orchestrator.jobs.plan import Plan
from orchestrator.languages.model import InstalledLanguage

LARGE_BYTES = 32_768  # searching more than this takes milliseconds: not on the event loop


@dataclass(slots=True, eq=False)
class Program:
    """A program that is compiled and run in sandboxes of its own, with its plan and its leases."""

    job_id: str
    owner: str
    """The name of the API key that sent it."""
    submission: Submission
    installed: InstalledLanguage
    plan: Plan
    """Replaced by one with more memory if the compiler turns out to need it."""
    leases: Leases
    cache: CompileCache | None
    """The compile cache; None: the compilation is not cached."""
    is_cached_always: bool = False
    """Cache it whatever its sources contain, as of a checker: it is to be the same each time."""
    cache_key: CacheKey | None = None
    """The key of its compilation, once looked up; None: not looked up yet, or not cacheable."""

    async def lease(self, *, fresh: bool) -> LeasedSandbox:
        """Lease another sandbox; `fresh`: not from the pool. Raises EngineError, SandboxError."""
        language = self.installed.language.image_owner
        return await self.leases.lease(language, self.plan.sandbox, fresh=fresh)

    async def find_compiled(self, *, trusted: bool) -> CachedCompilation | None:
        """Return the cached compilation; None when there is none, or the cache is not `trusted`."""
        if self.cache is None:
            return None
        if self.cache_key is None:
            self.cache_key = await self._make_key()
        if self.cache_key is None or not trusted:
            return None
        return self.cache.get(self.cache_key)

    async def _make_key(self) -> CacheKey | None:
        make = partial(
            cache_key,
            self.owner,
            self.submission,
            self.plan,
            self.installed,
            always=self.is_cached_always,
        )
        if sum(len(file.content) for file in self.submission.files) <= LARGE_BYTES:
            return make()
        return await asyncio.to_thread(make)
