"""The contract between the jobs and whatever runs them.

The life of a sandbox, in this order:

1. `Backend.open(spec)` makes one and returns when its agent is ready. On any error, cancellation
   included, nothing is left behind.
2. `Sandbox.prepare(...)` at most once; `wait_lost()`, as long as nothing else is wanted of it.
3. `Sandbox.send_files(...)` and `send_artefact(...)`, any number of times while no stage runs.
4. `Sandbox.set_limits(...)`, at most between stages.
5. `Sandbox.run_stage(...)`, one at a time; after a compilation, `fetch_artefact(...)`.
6. `Sandbox.close()`, exactly once or several times, in any state, also in the middle of a stage.

A sandbox belongs to one job and is used by one task at a time, except for `close`, which anyone may
call at any time. `tests/contract/` holds every backend to this.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

from orchestrator.sandbox.model import SandboxSpec, SourceFile, Stage, StageOutcome, Stream
from orchestrator.sandbox.stdin import StdinStream

OutputSink = Callable[[Stream, bytes], Awaitable[None]]
"""Takes output as it comes. While it waits, the program's pipe is not read."""


class Sandbox(Protocol):
    """One single-use container (or what stands for it in tests)."""

    @property
    def name(self) -> str:
        """The container's name, known before it is made."""
        ...

    async def send_files(self, files: Sequence[SourceFile], *, build: bool, work: bool) -> None:
        """Write files as the compile uid's (`build`), as the run uid's (`work`), or both.

        A run leaves its folder empty, so the next one's files are sent again. A sandbox that is
        gone, or that refuses a file, says so with the next stage.
        """
        ...

    async def fetch_artefact(self, max_bytes: int) -> bytes | None:
        """What the compilation left in `/build`: bytes for `send_artefact`, and for nobody else.

        None when it would take more than `max_bytes`, when it holds what can't be put back exactly
        (links, devices, odd modes, empty folders, ...), or when the sandbox is lost, which the next
        stage will say. Only between stages. Cancelling it leaves the sandbox fit for `close` only.
        """
        ...

    async def send_artefact(self, artefact: bytes) -> None:
        """Put back into `/build` what `fetch_artefact` gave, in place of a compilation.

        `/build` must still be empty. Returns when it is done; raises SandboxError when it can't be,
        as when the sandbox is lost, or EngineError.
        """
        ...

    async def prepare(self, argv: tuple[str, ...], env: Mapping[str, str]) -> None:
        """Start a compiler ahead of time, and return when it says that it is ready.

        It is what a stage with `by_prepared` uses, and never lives longer than until the end of the
        first stage, or the next `send_artefact`. Raises SandboxError when it is not ready in time;
        the sandbox is then fit for `close` only, as after cancelling.
        """
        ...

    async def wait_lost(self) -> None:
        """Return once the sandbox is gone, or of no more use; for one that waits to be used.

        May be cancelled at any time, and the sandbox used at once: nothing is lost by it.
        """
        ...

    async def set_limits(self, memory_bytes: int, processes: int) -> bool:
        """Change memory and process limits; False when more memory than that is in use.

        Then they stay as they were, and so does all else. Only between stages. Raises EngineError
        when the engine can't be asked, SandboxError when the agent does not say what is in use.
        """
        ...

    async def run_stage(
        self, stage: Stage, sink: OutputSink, stdin: StdinStream | None = None
    ) -> StageOutcome:
        """Run one stage to its end and say what happened; a lost sandbox is an outcome too.

        The program reads `stage.stdin`, then what is written to the stream `stdin`, if there is
        one. The stream is closed when this returns, unless the stage was lost before its program
        started. While `sink` waits, `stdin` is not told what the program has taken. Cancelling this
        leaves the sandbox fit for `close` only.
        """
        ...

    async def close(self) -> None:
        """Kill and remove whatever there is. Never raises on what is gone already; idempotent.

        Raises EngineError when the engine would not do it; the sweep will.
        """
        ...


class Backend(Protocol):
    """Makes sandboxes."""

    async def open(self, spec: SandboxSpec) -> Sandbox:
        """Make a sandbox and wait until its agent is ready.

        Raises EngineError when the engine can't or won't, SandboxError when the agent won't start.
        """
        ...

    async def ping(self) -> None:
        """Ask whether sandboxes can be made at all. Raises EngineUnavailableError when not."""
        ...

    async def sweep(self) -> int:
        """Remove leftovers (see `sweep.py`); how many there were. Raises EngineError."""
        ...

    async def shutdown(self) -> None:
        """Close what is open and let go of the engine. Idempotent."""
        ...
