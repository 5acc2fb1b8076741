"""A backend without containers, for tests of everything above it.

It understands just enough of `sh` to stand in for a real sandbox in the contract suite: commands
separated by `;` or newlines, out of `echo WORDS [>&2]`, `zeros COUNT` (NULs), `cat [FILE]`,
`. FILE` (or `/dev/stdin`), `sleep S`, `exit N`, `kill -N $$`, `exec <&-`, `lose REASON` (the
container goes away) and `take MB` (of memory: killed where that is more than the sandbox has). It
runs nothing and protects from nothing.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from orchestrator.errors import EngineError, SandboxError
from orchestrator.sandbox.contract import OutputSink
from orchestrator.sandbox.model import (
    LossReason,
    SandboxSpec,
    SourceFile,
    Stage,
    StageKind,
    StageLoss,
    StageOutcome,
)
from orchestrator.sandbox.stdin import StdinStream
from tests.fakes.script import Script


@dataclass(slots=True)
class FakeBackend:
    """Counts what it made. `fail_open`, `fail_ping`: raises what this returns, unless None."""

    fail_open: Callable[[], EngineError | SandboxError | None] = lambda: None
    fail_ping: Callable[[], EngineError | None] = lambda: None
    opened: list[SandboxSpec] = field(default_factory=list)
    live: dict[str, FakeSandbox] = field(default_factory=dict)
    min_memory_bytes: int = 0
    closed: bool = False

    async def open(self, spec: SandboxSpec) -> FakeSandbox:
        """See `Backend.open`."""
        self.opened.append(spec)
        error = self.fail_open()
        if error is not None:
            raise error
        sandbox = FakeSandbox(self, f"fake-{len(self.opened)}", spec.memory_bytes)
        self.live[sandbox.name] = sandbox
        return sandbox

    async def ping(self) -> None:
        """See `Backend.ping`."""
        error = self.fail_ping()
        if error is not None:
            raise error

    async def sweep(self) -> int:
        """Nothing is ever left."""
        return 0

    async def shutdown(self) -> None:
        """See `Backend.shutdown`."""
        for sandbox in tuple(self.live.values()):
            await sandbox.close()
        self.closed = True


class FakeSandbox:
    """Holds files, interprets scripts."""

    def __init__(self, backend: FakeBackend, name: str, memory_bytes: int) -> None:
        """Made by `FakeBackend.open` only."""
        self.name = name
        self._backend = backend
        self._memory_bytes = memory_bytes
        self._folders: dict[StageKind, dict[str, bytes]] = {kind: {} for kind in StageKind}
        self._loss: StageLoss | None = None
        self._gone = asyncio.Event()
        self._has_started = False
        self._prepared = False

    async def send_files(self, files: Sequence[SourceFile], *, build: bool, work: bool) -> None:
        """See `Sandbox.send_files`."""
        targets = ((StageKind.COMPILE, build), (StageKind.RUN, work))
        for kind, wanted in targets:
            if wanted:
                self._folders[kind].update({file.path: file.content for file in files})

    async def fetch_artefact(self, max_bytes: int) -> bytes | None:
        """See `Sandbox.fetch_artefact`."""
        files = self._folders[StageKind.COMPILE]
        artefact = json.dumps({name: content.hex() for name, content in files.items()}).encode()
        return artefact if self._loss is None and len(artefact) <= max_bytes else None

    async def send_artefact(self, artefact: bytes) -> None:
        """See `Sandbox.send_artefact`."""
        if self._loss is not None:
            raise SandboxError(self._loss.detail)
        files = {name: bytes.fromhex(content) for name, content in json.loads(artefact).items()}
        self._folders[StageKind.COMPILE].update(files)
        self._prepared = False

    async def prepare(self, argv: tuple[str, ...], env: Mapping[str, str]) -> None:  # noqa: ARG002 - the contract
        """See `Sandbox.prepare`: any `sh` will do, if its script says anything."""
        if self._loss is not None or not argv[0].endswith("sh") or "echo" not in argv[-1]:
            raise SandboxError(f"the prepared compiler '{argv[0]}' did not start")
        self._prepared = True

    async def wait_lost(self) -> None:
        """See `Sandbox.wait_lost`."""
        await self._gone.wait()

    async def set_limits(self, memory_bytes: int, processes: int) -> bool:  # noqa: ARG002 - the contract
        """See `Sandbox.set_limits`."""
        fits = memory_bytes >= self._backend.min_memory_bytes
        if fits:
            self._memory_bytes = memory_bytes
        return fits

    async def run_stage(
        self, stage: Stage, sink: OutputSink, stdin: StdinStream | None = None
    ) -> StageOutcome:
        """See `Sandbox.run_stage`."""
        by_prepared, self._prepared = self._prepared and stage.by_prepared, False
        if self._loss is not None:
            return replace(self._loss, before_stage=True)
        self._has_started = True
        script = Script(stage, sink, self._folders[stage.kind], stdin, self._memory_bytes)
        running = asyncio.create_task(script.run())
        closing = asyncio.create_task(self._gone.wait())
        try:
            done, _ = await asyncio.wait((running, closing), return_when=asyncio.FIRST_COMPLETED)
        finally:
            if stdin is not None:
                stdin.close()
            for task in (running, closing):
                task.cancel()
            await asyncio.wait((running, closing))
        if running in done:
            running.result()  # what the sink raised
        if stage.kind is StageKind.RUN:
            self._folders[StageKind.RUN].clear()  # as an agent does
        self._loss = script.loss or self._loss
        if self._loss is not None:
            self._gone.set()
        return self._loss or replace(script.report(), by_prepared=by_prepared)

    async def close(self) -> None:
        """See `Sandbox.close`."""
        self.lose(LossReason.OUTSIDE, "closed")
        self._backend.live.pop(self.name, None)

    def lose(self, reason: LossReason, detail: str = "told to") -> None:
        """Let the sandbox be gone from now on, in the middle of a stage as well."""
        self._loss = StageLoss(reason, detail, before_start=not self._has_started)
        self._gone.set()
