"""The sandboxes that a program of a job leases: each from its lease until it is closed."""

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
    """A sandbox that one program uses, and nobody else before or after it."""

    _sandbox: Sandbox
    limits: tuple[int, int]
    """Memory in bytes, and processes, that it has at the moment."""
    is_hit: bool = False
    """It was waiting in the pool."""
    is_prepared: bool = False
    """And a prepared compiler with it."""

    @property
    def container(self) -> str:
        """The container's name."""
        return self._sandbox.name

    async def set_limits(self, limits: Limits) -> bool:
        """Set a run's limits, unless it has them; False: more memory than that is in use."""
        wanted = (limits.memory_mb * MIB, limits.processes)
        if self.limits == wanted:
            return True
        if not await self._sandbox.set_limits(*wanted):
            return False
        self.limits = wanted
        return True

    async def send_files(self, files: Sequence[SourceFile], *, build: bool) -> None:
        """Write files into the run's folder, with `build` into the compiler's as well."""
        await self._sandbox.send_files(files, build=build, work=True)

    async def send_artefact(self, artefact: bytes) -> None:
        """Put a compilation back. Raises SandboxError, EngineError."""
        await self._sandbox.send_artefact(artefact)

    async def fetch_artefact(self, max_bytes: int) -> bytes | None:
        """What a compilation left; None: more than `max_bytes`, or not to be put back exactly."""
        return await self._sandbox.fetch_artefact(max_bytes)

    async def run_stage(
        self, stage: Stage, sink: OutputSink, stdin: StdinStream | None
    ) -> StageOutcome:
        """Run one stage to its end. One lost before anything ran in it was lost in the pool."""
        outcome = await self._sandbox.run_stage(stage, sink, stdin)
        if self.is_hit and isinstance(outcome, StageLoss) and outcome.before_start:
            return replace(outcome, reason=LossReason.OUTSIDE)
        return outcome

    async def discard(self) -> None:
        """Close one that is of no more use; where that fails, `Leases.close` tries again."""
        with contextlib.suppress(EngineError):
            await self._sandbox.close()


class Leases:
    """All the sandboxes of one program of a job, one after the other."""

    def __init__(self, pool: Pool, job_id: str, *, patience_s: float) -> None:
        """`patience_s`: for how long the engine is asked again for what its machine is short of."""
        self.opening_s = 0.0
        """How long it took to open them, all together."""
        self.last: LeasedSandbox | None = None
        self._pool = pool
        self._job_id = job_id
        self._patience_s = patience_s
        self._openings: list[asyncio.Future[Lease]] = []

    async def lease(self, language: str, spec: SandboxSpec, *, fresh: bool) -> LeasedSandbox:
        """Another sandbox; `fresh`: not one that has waited. Raises EngineError, SandboxError."""
        started = time.monotonic()
        lease = await self._open(language, spec, fresh=fresh)
        self.opening_s += time.monotonic() - started
        limits = (spec.memory_bytes, spec.processes)
        self.last = LeasedSandbox(lease.sandbox, limits, lease.is_hit, lease.is_prepared)
        return self.last

    async def _open(self, language: str, spec: SandboxSpec, *, fresh: bool) -> Lease:
        """What the engine's machine is short of now it may have again in a moment."""
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
        """Close all that were opened, and those still being opened once they are."""
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
