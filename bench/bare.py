"""The plain command in a container that runs already: what ours is measured against.

The container is a sandbox of ours (same image, memory and CPU caps, runtime), opened once per
program, whose agent times the command: neither HTTP nor the engine nor the making of a container
is in the figure.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace

from bench.context import Context
from bench.errors import BenchError
from bench.programs import Program
from orchestrator.engine.client import EngineClient
from orchestrator.jobs.plan import pooled_spec
from orchestrator.sandbox.contract import Sandbox
from orchestrator.sandbox.docker.backend import DockerBackend
from orchestrator.sandbox.instance import claim_instance
from orchestrator.sandbox.model import Stage, StageKind, StageReport, Stream
from orchestrator.sandbox.spec import EngineTraits

LIFETIME_S = 3600
WALL_MS = 60_000
OUTPUT_LIMIT = 100_000
_ENV = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": "/build"}


class Bare:
    """A running container for one program."""

    def __init__(self, sandbox: Sandbox, program: Program) -> None:
        self._sandbox = sandbox
        self._stage = Stage(
            kind=StageKind.COMPILE,  # whose folder keeps what is in it between two stages
            argv=("/bin/sh", "-c", program.command),
            env=_ENV,
            wall_ms=WALL_MS,
            cpu_ms=WALL_MS,
            stdout_limit=OUTPUT_LIMIT,
            stderr_limit=OUTPUT_LIMIT,
        )

    async def run(self) -> tuple[float, str]:
        """The command once: wall time in ms, and what it printed. Raises BenchError."""
        printed = {Stream.STDOUT: bytearray(), Stream.STDERR: bytearray()}

        async def keep(stream: Stream, data: bytes) -> None:
            printed[stream] += data

        outcome = await self._sandbox.run_stage(self._stage, keep)
        if not isinstance(outcome, StageReport) or outcome.exit_code != 0:
            raise BenchError(f"the plain command: {outcome}: {printed[Stream.STDERR].decode()}")
        return outcome.wall_us / 1000, printed[Stream.STDOUT].decode()


@contextlib.asynccontextmanager
async def bare_backend(context: Context, runtime: str) -> AsyncIterator[DockerBackend]:
    """Makes such containers, as an instance of its own: no server's sweep is in charge of them."""
    with claim_instance(context.state_dir / "bare") as instance:
        settings = context.settings
        traits = EngineTraits(instance=instance, cpus=settings.cpus_per_job, runtime=runtime)
        engine = EngineClient(settings.docker_host, timeout_s=settings.engine_timeout, threads=2)
        backend = DockerBackend(engine, traits)
        try:
            await backend.sweep()
            yield backend
        finally:
            await backend.shutdown()


@contextlib.asynccontextmanager
async def open_bare(
    context: Context, backend: DockerBackend, program: Program
) -> AsyncIterator[Bare]:
    """A container of the program's language, its source in it."""
    spec = pooled_spec(context.installed[program.language], context.settings)
    # With /build, where the command is run, for Python too.
    spec = replace(spec, uses_compiler=True, lifetime_s=LIFETIME_S)
    sandbox = await backend.open(spec)
    try:
        await sandbox.send_files([program.source], build=True, work=False)
        yield Bare(sandbox, program)
    finally:
        await sandbox.close()
