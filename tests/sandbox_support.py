"""What tests of sandboxes share: specs, stages, a sink that keeps what it is given."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from orchestrator.sandbox.model import (
    SandboxSpec,
    Stage,
    StageCause,
    StageKind,
    StageReport,
    Stream,
)
from orchestrator.sandbox.spec import LABEL_INSTANCE, EngineTraits
from tests.slowness import SLOWNESS

if TYPE_CHECKING:
    from orchestrator.engine.client import EngineClient, Json
    from orchestrator.sandbox.contract import Sandbox

IMAGE = "codebae-runner/python:current"
SOCKET = os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"
DEADLINE_S = 60.0 * SLOWNESS
"""How long a test waits for what must happen: a hang becomes a failure, nothing is timed by it."""


def make_traits(instance: str = "ffffffffffffffff", **changes: Any) -> EngineTraits:
    fields = {"cpus": 1.0, "runtime": ""} | changes
    return EngineTraits(instance=instance, **fields)


def make_spec(**changes: Any) -> SandboxSpec:
    fields = {
        "job_id": "job-1",
        "image": IMAGE,
        "memory_bytes": 64 << 20,
        "processes": 16,
        "lifetime_s": 60,
    }
    return SandboxSpec(**(fields | changes))


def make_stage(script: str = "", **changes: Any) -> Stage:
    """A run of `sh -c script`, with limits that it does not meet."""
    fields = {
        "kind": StageKind.RUN,
        "argv": ("/bin/sh", "-c", script),
        "wall_ms": 20_000,
        "cpu_ms": 20_000,
        "stdout_limit": 100_000,
        "stderr_limit": 100_000,
        "env": {"PATH": "/usr/bin:/bin"},
    }
    return Stage(**(fields | changes))


def make_report(**changes: Any) -> StageReport:
    """A program that exited with 0, having used next to nothing, unless `changes` say otherwise."""
    fields: dict[str, Any] = {
        "exit_code": 0,
        "signal": None,
        "cause": StageCause.NONE,
        "cpu_us": 1000,
        "wall_us": 2000,
        "memory_kb": 100,
        "oom_kills": 0,
    }
    return StageReport(**(fields | changes))


@dataclass
class Collector:
    """A sink; `take` is what a stage is given. `first` is set with the first byte."""

    stdout: bytearray = field(default_factory=bytearray)
    stderr: bytearray = field(default_factory=bytearray)
    first: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, stream: Stream, data: bytes) -> None:
        (self.stdout if stream is Stream.STDOUT else self.stderr).extend(data)
        self.first.set()


async def run_script(
    sandbox: Sandbox, script: str, **changes: Any
) -> tuple[StageReport, bytes, bytes]:
    """Run `sh -c script` where no loss is expected; the report, stdout and stderr."""
    output = Collector()
    report = await sandbox.run_stage(make_stage(script, **changes), output.take)
    assert isinstance(report, StageReport), report
    return report, bytes(output.stdout), bytes(output.stderr)


async def containers_of(engine: EngineClient, instance: str) -> list[Json]:
    """The containers with that instance's label, stopped ones too."""
    return await engine.list_containers([f"{LABEL_INSTANCE}={instance}"])
