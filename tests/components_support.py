"""A server's components over the fake backend: everything but the engine."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.components import Components
from orchestrator.errors import RunnerError
from orchestrator.languages.catalog import Catalog
from orchestrator.languages.model import (
    CommandRule,
    InstalledLanguage,
    Language,
    LimitDefaults,
    MemoryErrorRule,
    SourceRule,
)
from orchestrator.sandbox.probes import ProbeResult
from orchestrator.settings import Settings
from tests.fakes.backend import FakeBackend

PASS = ProbeResult("image", "memory", passed=True, detail="out-of-memory kill")
FAIL = ProbeResult("image", "memory", passed=False, detail="exit code 0; printed survived")


def sh_language(compile_script: str | None = None) -> Language:
    """A language whose programs, and compiler, are the fake's `sh`."""
    command = None if compile_script is None else CommandRule(("sh", "-c", compile_script))
    return Language(
        id="sh",
        name="sh",
        folder=Path(),
        image_owner="sh",
        aliases=("shell",),
        version_command=(),
        source=SourceRule("main.sh", (".sh",)),
        compile=command,
        run=CommandRule(("sh", "{main}", "{args}")),
        limits=LimitDefaults(memory_mb=64, processes=16),
        memory_error=MemoryErrorRule(),
    )


@dataclass
class FakeComponents:
    """Opens components of which the self-test gives `checks`, each run of it the next list."""

    checks: list[list[ProbeResult] | RunnerError] = field(default_factory=lambda: [[PASS]])
    backend: FakeBackend = field(default_factory=FakeBackend)
    language: Language = field(default_factory=sh_language)

    @contextlib.asynccontextmanager
    async def open(self, _settings: Settings) -> AsyncIterator[Components]:
        catalog = Catalog([InstalledLanguage(self.language, "1.2", "sha256:0")])
        yield Components(self.backend, catalog, self._run_selftest)
        await self.backend.shutdown()

    async def _run_selftest(self, *, afresh: bool = False) -> AsyncIterator[ProbeResult]:  # noqa: ARG002 - the contract
        run = self.checks.pop(0)
        if isinstance(run, RunnerError):
            raise run
        for result in run:
            yield result
