"""A program of a job: the submission's own, or its checker's or interactor's."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial

from orchestrator.jobs.compile_cache import CachedCompilation, CompileCache, Key, cache_key
from orchestrator.jobs.leased_sandbox import LeasedSandbox, Leases
from orchestrator.jobs.model import Submission
from orchestrator.jobs.plan import Plan
from orchestrator.languages.model import InstalledLanguage

LARGE_BYTES = 32_768  # to search more than this takes milliseconds: not on the event loop


@dataclass(slots=True, eq=False)
class Program:
    """What is compiled and run in sandboxes of its own, and what it has of them."""

    job_id: str
    owner: str
    """The name of the key that sent it."""
    submission: Submission
    installed: InstalledLanguage
    plan: Plan
    """With more memory, once its compiler has turned out to need it."""
    leases: Leases
    cache: CompileCache | None
    """Where its compilation may be kept for its owner; None: nowhere."""
    is_cached_always: bool = False
    """Whatever is in it: who sends a checker wants it to be the same each time."""
    cache_key: Key | None = None
    """Its compilation's, once it has been looked for; None: it may not be kept."""

    async def lease(self, *, fresh: bool) -> LeasedSandbox:
        """Another sandbox for it; `fresh`: not one that has waited in the pool."""
        language = self.installed.language.image_owner
        return await self.leases.lease(language, self.plan.sandbox, fresh=fresh)

    async def find_compiled(self, *, trusted: bool) -> CachedCompilation | None:
        """Its compilation, if the cache has it and is `trusted`."""
        if self.cache is None:
            return None
        if self.cache_key is None:
            self.cache_key = await self._make_key()
        if self.cache_key is None or not trusted:
            return None
        return self.cache.get(self.cache_key)

    async def _make_key(self) -> Key | None:
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
