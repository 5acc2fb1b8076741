"""The contract between the jobs and a backend, which makes the sandboxes that they run in.

The life of a sandbox, in this order:

1. `Backend.open(spec)` makes one and returns when its agent is ready. On any error, cancellation
   included, nothing is left behind.
2. `Sandbox.prepare(...)`, at most once; `wait_lost()`, while the sandbox waits in the pool.
3. `Sandbox.send_files(...)` and `send_artefact(...)`, any number of times while no stage runs.
4. `Sandbox.set_limits(...)`, only between stages.
5. `Sandbox.run_stage(...)`, one at a time; after a compilation, `fetch_artefact(...)`.
6. `Sandbox.close()`, once or more often, in any state, even in the middle of a stage.

A sandbox belongs to one job and is used by one task at a time, except for `close`, which any task
may call at any time. `tests/contract/` holds every backend to this.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

from orchestrator.sandbox.model import SandboxSpec, SourceFile, Stage, StageOutcome, Stream
from orchestrator.sandbox.stdin import StdinStream

OutputSink = Callable[[Stream, bytes], Awaitable[None]]
"""Takes output as it comes. While it blocks, the program's pipe is not read (backpressure)."""


class Sandbox(Protocol):
    """One single-use container (or a fake of one, in tests)."""

    @property
    def name(self) -> str:
        """The container's name, known before it is made."""
        ...

    async def send_files(self, files: Sequence[SourceFile], *, build: bool, work: bool) -> None:
        """Write files into `/build` as the compile uid (`build`), `/work` as the run uid (`work`).

        A run leaves its folder empty, so the files of the next one have to be sent again. A lost
        sandbox, or a refused file, is reported by the next stage.
        """
        ...

    async def fetch_artefact(self, max_bytes: int) -> bytes | None:
        """Return what the compilation left in `/build`: opaque bytes for `send_artefact`.

        None when they would exceed `max_bytes`, when `/build` has what can't be restored exactly
        (links, devices, odd modes, empty folders, ...), or when the sandbox is lost, which the next
        stage reports. Only between stages. After a cancelled call only `close` may follow.
        """
        ...

    async def send_artefact(self, artefact: bytes) -> None:
        """Restore into `/build`, which must be empty, what `fetch_artefact` returned.

        Returns when it is done. Raises SandboxError when it can't be (the sandbox is lost, for
        one), or EngineError.
        """
        ...

    async def prepare(self, argv: tuple[str, ...], env: Mapping[str, str]) -> None:
        """Start the prepared compiler (compile server), and return when it reports ready.

        A stage with `by_prepared` uses it. It is killed at the end of the first stage, or by
        `send_artefact`. Raises SandboxError when it is not ready in time; then, or after a
        cancelled call, only `close` may follow.
        """
        ...

    async def wait_lost(self) -> None:
        """Wait until an idle sandbox is lost or unusable.

        May be cancelled at any time, and the sandbox used at once: no byte is lost by it.
        """
        ...

    async def set_limits(self, memory_bytes: int, processes: int) -> bool:
        """Change the memory and process limits; False when more memory than that is in use.

        After False nothing has changed. Only between stages. Raises EngineError when the engine
        fails, SandboxError when the agent does not report the memory in use.
        """
        ...

    async def run_stage(
        self, stage: Stage, sink: OutputSink, stdin: StdinStream | None = None
    ) -> StageOutcome:
        """Run one stage to its end and return its outcome; a lost sandbox is an outcome, too.

        The program reads `stage.stdin`, then what is written to the stream `stdin`, if given. The
        stream is closed when this returns, unless the stage was lost before its program started.
        While `sink` blocks, `stdin` gets no credit. After a cancelled call only `close` may follow.
        """
        ...

    async def close(self) -> None:
        """Kill and remove the sandbox. Idempotent; a container that is gone already is no error.

        Raises EngineError when the engine fails to remove it; the sweep will.
        """
        ...


class Backend(Protocol):
    """Makes sandboxes, on a Docker Engine for one."""

    async def open(self, spec: SandboxSpec) -> Sandbox:
        """Make a sandbox and wait until its agent is ready.

        Raises EngineError when the engine fails, SandboxError when the agent does not start.
        """
        ...

    async def ping(self) -> None:
        """Check that the engine answers. Raises EngineUnavailableError when it does not."""
        ...

    async def sweep(self) -> int:
        """Remove leftover containers (see `sweep.py`) and return how many. Raises EngineError."""
        ...

    async def shutdown(self) -> None:
        """Close all open sandboxes, and the connections to the engine. Idempotent."""
        ...
