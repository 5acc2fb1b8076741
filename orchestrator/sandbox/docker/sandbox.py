"""A sandbox that is a Docker container: the stream to its agent, and the engine's calls."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from orchestrator.engine.attach import AttachStream, attach
from orchestrator.engine.client import EngineClient
from orchestrator.errors import (
    ContainerNotFoundError,
    EngineConflictError,
    EngineError,
    EngineUnavailableError,
    SandboxError,
)
from orchestrator.sandbox.contract import OutputSink
from orchestrator.sandbox.model import (
    LossReason,
    SourceFile,
    Stage,
    StageLoss,
    StageOutcome,
)
from orchestrator.sandbox.protocol.session import AgentSession, StreamEndedError
from orchestrator.sandbox.spec import pids_limit
from orchestrator.sandbox.stdin import StdinStream

# The time the agent may take, beyond a stage's wall limit, to kill, drain and report.
AGENT_GRACE_S = 10.0
READY_TIMEOUT_S = 15.0
PACK_TIMEOUT_S = 10.0
PREPARE_TIMEOUT_S = 30.0
MEASURE_TIMEOUT_S = 10.0
HEADROOM_BYTES = 1 << 20
"""The part of a lowered memory limit that must be free for the agent to start a program."""
OOM_NEWS_TRIES = 3
OOM_NEWS_S = 0.1
MAX_DIAGNOSTICS = 2048
SIGKILLED = 128 + 9


class DockerSandbox:
    """One container. Only `DockerBackend.open` makes one."""

    def __init__(
        self, engine: EngineClient, name: str, agent_uid: int, sandboxes: dict[str, DockerSandbox]
    ) -> None:
        """`sandboxes`: the backend's sandboxes by name; this one is in it until it is removed."""
        self.name = name
        self.agent_uid = agent_uid
        self.opening: asyncio.Task[None] | None = None
        self._engine = engine
        self._sandboxes = sandboxes
        self._stream: AttachStream | None = None
        self._session = AgentSession(self)
        self._diagnostics = bytearray()
        self._is_late = False
        self._memory_bytes = 0
        self._closing: asyncio.Task[None] | None = None
        sandboxes[name] = self

    async def open(self, config: dict[str, Any]) -> None:
        """Create, attach, start, and wait for the agent's greeting, in this order.

        Raises EngineError when the engine is at fault, SandboxError when the agent is.
        """
        await self._engine.create_container(self.name, config)
        self._memory_bytes = config["HostConfig"]["Memory"]
        self._stream = await attach(
            self._engine.socket_path,
            self.name,
            version=await self._engine.api_version(),
            timeout_s=self._engine.timeout_s,
        )
        await self._engine.start_container(self.name)
        try:
            async with asyncio.timeout(READY_TIMEOUT_S):
                await self._session.greet()
        except TimeoutError as err:
            raise SandboxError(f"The agent was not ready in {READY_TIMEOUT_S:g} s") from err
        except SandboxError as err:
            loss = await self._find_out_why(err)
            # An engine's fault says nothing about the image; the agent's does.
            kind = EngineError if loss.reason is LossReason.OUTSIDE else SandboxError
            raise kind(f"The agent did not start: {loss.detail}{self._engine.remark}") from err

    async def read(self) -> bytes | None:
        """See `Transport.read`; what the agent writes to stderr is kept for diagnostics."""
        if self._stream is None:
            return None
        while True:
            outputs = await self._stream.read()
            if outputs is None:
                return None
            for output in outputs:
                if output.is_stderr and len(self._diagnostics) < MAX_DIAGNOSTICS:
                    self._diagnostics += output.data[:MAX_DIAGNOSTICS]
            data = b"".join(output.data for output in outputs if not output.is_stderr)
            if data:
                return data

    async def write(self, data: bytes) -> None:
        """See `Transport.write`."""
        if self._stream is None:
            raise EngineUnavailableError("The sandbox is not attached")
        await self._stream.write(data)

    def post(self, data: bytes) -> None:
        """See `Transport.post`."""
        if self._stream is not None:
            self._stream.post(data)

    async def send_files(self, files: Sequence[SourceFile], *, build: bool, work: bool) -> None:
        """See `Sandbox.send_files`."""
        await self._session.send_files(files, build=build, work=work)

    async def fetch_artefact(self, max_bytes: int) -> bytes | None:
        """See `Sandbox.fetch_artefact`."""
        try:
            async with asyncio.timeout(PACK_TIMEOUT_S):
                return await self._session.fetch_artefact(max_bytes)
        except TimeoutError:
            self._is_late = True  # a late answer would be taken for the next stage's
        except SandboxError:
            pass  # the next stage reports why
        return None

    async def send_artefact(self, artefact: bytes) -> None:
        """See `Sandbox.send_artefact`."""
        try:
            async with asyncio.timeout(PACK_TIMEOUT_S):
                await self._session.send_artefact(artefact)
        except TimeoutError as err:
            raise SandboxError(f"The artefact was not taken in {PACK_TIMEOUT_S:g} s") from err

    async def prepare(self, argv: tuple[str, ...], env: Mapping[str, str]) -> None:
        """See `Sandbox.prepare`."""
        try:
            async with asyncio.timeout(PREPARE_TIMEOUT_S):
                await self._session.prepare(argv, env)
        except TimeoutError as err:
            late = f"The prepared compiler was not ready in {PREPARE_TIMEOUT_S:g} s"
            raise SandboxError(late) from err

    async def wait_lost(self) -> None:
        """See `Sandbox.wait_lost`."""
        await self._session.wait_lost()

    async def set_limits(self, memory_bytes: int, processes: int) -> bool:
        """See `Sandbox.set_limits`.

        The memory in use is checked here: cgroup v2 accepts any limit, and then kills processes.
        """
        if memory_bytes < self._memory_bytes and await self._holds_more_than(memory_bytes):
            return False
        try:
            await self._engine.update_limits(self.name, memory_bytes, pids_limit(processes))
        except EngineConflictError:
            return False
        self._memory_bytes = memory_bytes
        return True

    async def _holds_more_than(self, memory_bytes: int) -> bool:
        """Ask the agent; False of a lost sandbox, which the engine then reports."""
        try:
            async with asyncio.timeout(MEASURE_TIMEOUT_S):
                return await self._session.measure() > memory_bytes - HEADROOM_BYTES
        except TimeoutError as err:
            late = f"The agent did not say in {MEASURE_TIMEOUT_S:g} s what memory is in use"
            raise SandboxError(late) from err
        except SandboxError:
            return False

    async def run_stage(
        self, stage: Stage, sink: OutputSink, stdin: StdinStream | None = None
    ) -> StageOutcome:
        """See `Sandbox.run_stage`. The deadline here is never below the agent's own."""
        if self._is_late:
            return StageLoss(LossReason.OUTSIDE, "the agent did not hand out an artefact in time")
        try:
            async with asyncio.timeout(_deadline_s(stage)):
                return await self._session.run_stage(stage, sink, stdin)
        except TimeoutError:
            loss = await self._give_up()
        except SandboxError as err:
            loss = await self._find_out_why(err)
        return replace(
            loss,
            before_start=not self._session.has_started,
            before_stage=not self._session.stage_has_started,
        )

    async def _give_up(self) -> StageLoss:
        """Kill a sandbox whose agent did not report in time, unless it is the engine that hangs."""
        late = "the agent did not report in time"
        await self._hang_up()
        try:
            await self._engine.ping()
        except EngineUnavailableError as err:
            return StageLoss(LossReason.OUTSIDE, f"{late}: {err}")
        await self._engine.kill_container(self.name)
        return StageLoss(LossReason.UNKNOWN, late)

    async def _find_out_why(self, symptom: SandboxError) -> StageLoss:
        """Ask the engine why the stream of a container ended early, or made no sense."""
        try:
            await self._hang_up()
            await self._engine.wait_container(self.name, deadline_s=self._engine.timeout_s)
            state = await self._final_state()
        except ContainerNotFoundError:
            return StageLoss(LossReason.OUTSIDE, "the container was removed from outside")
        except EngineError as err:
            return StageLoss(LossReason.OUTSIDE, str(err))
        if state.get("OOMKilled"):
            return StageLoss(LossReason.OOM, "the engine reports an out-of-memory kill")
        if state["ExitCode"] == SIGKILLED:
            return StageLoss(LossReason.OUTSIDE, "the container was killed from outside")
        if state["ExitCode"] == 0 and isinstance(symptom, StreamEndedError):
            # The agent saw its stdin end before we closed it: the connection was cut in between.
            return StageLoss(LossReason.OUTSIDE, "the connection to the sandbox broke")
        said = self._diagnostics.decode("utf-8", "replace").strip()
        detail = f"{symptom}; exit status {state['ExitCode']} {state.get('Error', '')} {said}"
        return StageLoss(LossReason.UNKNOWN, detail.strip())

    async def _final_state(self) -> dict[str, Any]:
        """Return the container's final state; the engine may learn of an OOM kill a moment late."""
        tries = OOM_NEWS_TRIES
        while True:
            state: dict[str, Any] = (await self._engine.inspect_container(self.name))["State"]
            tries -= 1
            if tries == 0 or state.get("OOMKilled") or state["ExitCode"] != SIGKILLED:
                return state
            await asyncio.sleep(OOM_NEWS_S)

    async def close(self) -> None:
        """See `Sandbox.close`: closes the stream, which ends the agent, removes the container."""
        if self._closing is None:
            self._closing = asyncio.create_task(self._close(), name=f"close {self.name}")
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        try:
            if self.opening is not None:
                # A container that is still being made can't be removed yet, and would be left over.
                await asyncio.wait([self.opening])
            await self._hang_up()
            await self._engine.remove_container(self.name)
        finally:
            del self._sandboxes[self.name]

    async def _hang_up(self) -> None:
        """Close the stream, which ends the agent, and with it all processes.

        Always before other engine calls: while output is unread, the engine may never answer a call
        about a container that has ended.
        """
        if self._stream is not None:
            await self._stream.abort()


def _deadline_s(stage: Stage) -> float | None:
    """Return a stage's deadline in s, above the agent's own; None: its lifetime bounds it."""
    wall_ms = max(stage.wall_ms, stage.wall_most_ms)
    return wall_ms / 1000 + AGENT_GRACE_S if stage.wall_ms else None
