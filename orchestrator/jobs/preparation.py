"""A sandbox with a program in it, ready to run: leased, then compiled there or restored."""

from __future__ import annotations

import time

from orchestrator.jobs.attempt import Progress
from orchestrator.jobs.compile_cache import CachedCompilation
from orchestrator.jobs.compiling import compile_program
from orchestrator.jobs.events import NULL_LISTENER, Listener, Printed, StageEnded
from orchestrator.jobs.leased_sandbox import LeasedSandbox
from orchestrator.jobs.model import Phase, Verdict
from orchestrator.jobs.stages import announce_stage
from orchestrator.sandbox.model import StageKind, Stream

_NO_NEWS = {Verdict.ACCEPTED, Verdict.INTERNAL_ERROR}  # of a program that has compiled before


async def lease(progress: Progress, *, is_retry: bool) -> LeasedSandbox:
    """Lease a sandbox for the program; in a retry, none that waits in the pool is trusted.

    `Job.close_sandboxes` closes it. Raises EngineError, SandboxError.
    """
    progress.phase = Phase.CREATING
    return await progress.program.lease(fresh=is_retry)


async def send_and_compile(
    progress: Progress, sandbox: LeasedSandbox, listener: Listener, *, is_retry: bool
) -> bool:
    """Send the program's files and compile them, or restore what they compiled to before.

    In a retry, no cached compilation is trusted. Whether there is something to run; `progress` says
    why not. Raises EngineError, SandboxError.
    """
    known = await progress.program.find_compiled(trusted=not is_retry)
    if progress.compile is not None:
        listener = NULL_LISTENER  # it has been reported
    if known is not None:
        await _restore(progress, sandbox, known, listener)
        return True
    return await _compile(progress, sandbox, listener)


async def _compile(progress: Progress, sandbox: LeasedSandbox, listener: Listener) -> bool:
    program, stage = progress.program, progress.program.plan.compile
    await sandbox.send_files(program.plan.files, build=stage is not None)
    if stage is None:
        return True
    compiled = await compile_program(progress, stage, sandbox, listener)
    if compiled is None:
        return False
    if progress.compile is None or compiled.status not in _NO_NEWS:
        progress.compile = compiled  # else it stays as it was reported
    if compiled.status is not Verdict.ACCEPTED:
        return False
    if program.cache is not None and program.cache_key is not None:
        # Before the program runs: nothing it does can reach what others will be given.
        artefact = await sandbox.fetch_artefact(program.cache.max_artefact_bytes)
        if artefact is not None:
            program.cache.put(program.cache_key, CachedCompilation(compiled, artefact))
    return True


async def _restore(
    progress: Progress, sandbox: LeasedSandbox, known: CachedCompilation, listener: Listener
) -> None:
    """Put what the compilation left in its place; report it as it was."""
    started = time.monotonic()
    progress.phase = Phase.COMPILING
    await sandbox.send_files(progress.program.plan.files, build=False)
    await sandbox.send_artefact(known.artefact)
    if progress.compile is not None:
        return
    announce_stage(
        progress, StageKind.COMPILE, listener
    )  # now that the sandbox is known to be there
    progress.compile = known.result
    for stream, data in (
        (Stream.STDOUT, known.result.stdout),
        (Stream.STDERR, known.result.stderr),
    ):
        if data:
            listener.send(Printed(stream, data))
    listener.send(StageEnded(StageKind.COMPILE, known.result))
    progress.restored_s = time.monotonic() - started
