"""The Docker backend: one container per sandbox, named before it is made, removed in any case."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

import structlog

from orchestrator.engine.client import EngineClient
from orchestrator.errors import EngineError
from orchestrator.sandbox.docker.sandbox import DockerSandbox
from orchestrator.sandbox.model import SandboxSpec
from orchestrator.sandbox.spec import LABEL_INSTANCE, EngineTraits, container_config
from orchestrator.sandbox.sweep import leftovers
from orchestrator.sandbox.uids import draw_uids

log = structlog.get_logger(__name__)

DEADLINE_SLACK_S = 60


class DockerBackend:
    """Makes sandboxes on one Docker Engine, for one instance (see `instance.py`)."""

    def __init__(self, engine: EngineClient, traits: EngineTraits) -> None:
        """`engine`: owned by the backend from here on; `shutdown` closes it."""
        self._engine = engine
        self.traits = traits
        self._sandboxes: dict[str, DockerSandbox] = {}
        self._background: set[asyncio.Task[None]] = set()

    def use_runtime(self, runtime: str) -> None:
        """Use this OCI runtime of the engine from now on; empty: the engine's default."""
        self.traits = replace(self.traits, runtime=runtime)

    def with_runtime(self, runtime: str) -> DockerBackend:
        """Return a backend with another runtime; this one sweeps and shuts down its sandboxes."""
        other = DockerBackend(self._engine, replace(self.traits, runtime=runtime))
        other._sandboxes, other._background = self._sandboxes, self._background
        return other

    async def open(self, spec: SandboxSpec) -> DockerSandbox:
        """See `Backend.open`."""
        uids = draw_uids({sandbox.agent_uid for sandbox in self._sandboxes.values()})
        name = f"codebae-{secrets.token_hex(8)}"
        deadline = int(time.time()) + spec.lifetime_s + DEADLINE_SLACK_S
        config = container_config(spec, uids, self.traits, deadline)
        sandbox = DockerSandbox(self._engine, name, uids.agent, self._sandboxes)
        sandbox.opening = asyncio.create_task(sandbox.open(config), name=f"open {name}")
        try:
            # Shielded: a create call that was sent can't be recalled, only cleaned up after.
            await asyncio.shield(sandbox.opening)
        except BaseException:
            await self._abandon(sandbox)
            raise
        return sandbox

    async def _abandon(self, sandbox: DockerSandbox) -> None:
        task = self._spawn(sandbox.close(), f"abandon {sandbox.name}")
        if sandbox.opening is None or sandbox.opening.done():
            await asyncio.shield(task)

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        async def guarded() -> None:
            try:
                await work
            except EngineError as err:
                log.warning("left_to_the_sweep", task=name, error=str(err))

        task = asyncio.create_task(guarded(), name=name)
        self._background.add(task)
        task.add_done_callback(self._background.discard)
        return task

    async def ping(self) -> None:
        """See `Backend.ping`."""
        await self._engine.ping()

    async def sweep(self) -> int:
        """See `Backend.sweep`: what the engine refuses is logged, and left to the next sweep."""
        found = await self._engine.list_containers([LABEL_INSTANCE])
        names = leftovers(found, self.traits.instance, frozenset(self._sandboxes), time.time())
        removed = 0
        for name in names:
            try:
                await self._engine.remove_container(name)
            except EngineError as err:
                log.warning("sweep_stuck", container=name, error=str(err))
            else:
                removed += 1
        return removed

    async def shutdown(self) -> None:
        """See `Backend.shutdown`."""
        closing = [sandbox.close() for sandbox in tuple(self._sandboxes.values())]
        await asyncio.gather(*closing, *self._background, return_exceptions=True)
        await self._engine.close()
