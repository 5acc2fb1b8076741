"""The sandboxes leased for one program of a job, each from its lease until it is closed."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import structlog

from orchestrator.errors import EngineError, EngineShortageError, SandboxError
from orchestrator.jobs.model import Limits
from orchestrator.jobs.plan import MIB
from orchestrator.sandbox.contract import OutputSink, Sandbox
from orchestrator.sandbox.model import (
    LossReason,
    SandboxSpec,
    SourceFile,
    Stage,
    StageLoss,
    StageOutcome,
)
from orchestrator.sandbox.pool import Lease, Pool
from orchestrator.sandbox.stdin import StdinStream

SHORTAGE_PAUSE_S = 0.5

log = structlog.get_logger(__name__)


@dataclass(slots=True, eq=False)
class LeasedSandbox:
    """A sandbox leased to one program; it is never used by another, before or after."""

    _sandbox: Sandbox
    limits: tuple[int, int]
    """The limits it has at the moment: memory in bytes, number of processes."""
    is_hit: bool = False
    """Whether it was waiting in the pool."""
    is_prepared: bool = False
    """Whether its prepared compiler (the compile server) is running."""

    @property
    def container(self) -> str:
        """The container's name."""
        return self._sandbox.name

    async def set_limits(self, limits: Limits) -> bool:
        """Set the limits of a run if they differ. False when more memory than that is in use."""
        wanted = (limits.memory_mb * MIB, limits.processes)
        if self.limits == wanted:
            return True
        if not await self._sandbox.set_limits(*wanted):
            return False
        self.limits = wanted
        return True

    async def send_files(self, files: Sequence[SourceFile], *, build: bool) -> None:
        """Write files into `/work`, the run's folder; with `build` into `/build` as well."""
        await self._sandbox.send_files(files, build=build, work=True)

    async def send_artefact(self, artefact: bytes) -> None:
        """Restore a compilation's artefact into `/build`. Raises SandboxError, EngineError."""
        await self._sandbox.send_artefact(artefact)

    async def fetch_artefact(self, max_bytes: int) -> bytes | None:
        """Return what the compilation left in `/build`, as an artefact.

        None when that is larger than `max_bytes`, or could not be restored exactly.
        """
        return await self._sandbox.fetch_artefact(max_bytes)

    async def run_stage(
        self, stage: Stage, sink: OutputSink, stdin: StdinStream | None
    ) -> StageOutcome:
        """Run one stage to its end.

        A pooled sandbox lost before anything ran in it had died in the pool: `LossReason.OUTSIDE`.
        """
        outcome = await self._sandbox.run_stage(stage, sink, stdin)
        if self.is_hit and isinstance(outcome, StageLoss) and outcome.before_start:
            return replace(outcome, reason=LossReason.OUTSIDE)
        return outcome

    async def discard(self) -> None:
        """Close a sandbox that is of no more use; if that fails, `Leases.close` tries again."""
        with contextlib.suppress(EngineError):
            await self._sandbox.close()


class Leases:
    """All sandboxes that one program of a job has leased."""

    def __init__(self, pool: Pool, job_id: str, *, patience_s: float) -> None:
        """`patience_s`: for how long a lease is retried while the engine is short of resources."""
        self.opening_s = 0.0
        """Seconds spent on opening sandboxes, in all."""
        self.last: LeasedSandbox | None = None
        """The sandbox leased last."""
        self._pool = pool
        self._job_id = job_id
        self._patience_s = patience_s
        self._openings: list[asyncio.Future[Lease]] = []

    async def lease(self, language: str, spec: SandboxSpec, *, fresh: bool) -> LeasedSandbox:
        """Lease another sandbox; `fresh`: not from the pool. Raises EngineError, SandboxError."""
        started = time.monotonic()
        lease = await self._open(language, spec, fresh=fresh)
        self.opening_s += time.monotonic() - started
        limits = (spec.memory_bytes, spec.processes)
        self.last = LeasedSandbox(lease.sandbox, limits, lease.is_hit, lease.is_prepared)
        return self.last

    async def _open(self, language: str, spec: SandboxSpec, *, fresh: bool) -> Lease:
        """Open a sandbox, with exponential backoff while the engine is short of resources."""
        until = time.monotonic() + self._patience_s
        pause_s = SHORTAGE_PAUSE_S
        while True:
            opening = self._pool.open(language, spec, fresh=fresh)
            self._openings.append(opening)
            try:
                # Shielded: a caller that hangs up keeps the slot until the container is gone again.
                return await asyncio.shield(opening)
            except EngineShortageError as err:
                if time.monotonic() + pause_s > until:
                    raise
                log.warning("engine_short", job_id=self._job_id, again_in_s=pause_s, error=str(err))
            await asyncio.sleep(pause_s)
            pause_s *= 2

    async def close(self) -> None:
        """Close all leased sandboxes, including those that are still being opened. Idempotent."""
        while self._openings:
            opening = self._openings[-1]
            try:
                # Shielded, and taken off the list only then: an interruption here must not make
                # anybody forget a container.
                lease = await asyncio.shield(opening)
            except Exception as err:
                # It has left nothing behind; whatever it failed at, the others are to be closed.
                if not isinstance(err, EngineError | SandboxError):
                    log.exception("opening_failed", job_id=self._job_id)
            else:
                await self._close(lease.sandbox)
            self._openings.remove(opening)

    async def _close(self, sandbox: Sandbox) -> None:
        try:
            await sandbox.close()
        except EngineError as err:
            log.warning("left_to_the_sweep", job_id=self._job_id, error=str(err))
