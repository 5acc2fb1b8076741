"""Prepares a sandbox for a program: leases it, then compiles there or restores from the cache."""

from __future__ import annotations

import time

from orchestrator.jobs.attempt import ProgramProgress
from orchestrator.jobs.compile_cache import CachedCompilation
from orchestrator.jobs.compiling import compile_program
from orchestrator.jobs.events import NULL_LISTENER, Listener, Printed, StageEnded
from orchestrator.jobs.leased_sandbox import LeasedSandbox
from orchestrator.jobs.model import Phase, Verdict
from orchestrator.jobs.stages import announce_stage
from orchestrator.sandbox.model import StageKind, Stream

_UNREPORTED = {Verdict.ACCEPTED, Verdict.INTERNAL_ERROR}  # when it is compiled a second time


async def lease(progress: ProgramProgress, *, is_retry: bool) -> LeasedSandbox:
    """Lease a sandbox for the program; in a retry a new one, never one from the pool.

    `Job.close_sandboxes` closes it. Raises EngineError, SandboxError.
    """
    progress.phase = Phase.CREATING
    return await progress.program.lease(fresh=is_retry)


async def send_and_compile(
    progress: ProgramProgress, sandbox: LeasedSandbox, listener: Listener, *, is_retry: bool
) -> bool:
    """Send the program's files and compile them, or restore a cached compilation.

    A retry never uses the cache. Returns whether there is a program to run; if not, `progress` says
    why. Raises EngineError, SandboxError.
    """
    known = await progress.program.find_compiled(trusted=not is_retry)
    if progress.compile is not None:
        listener = NULL_LISTENER  # an earlier attempt has reported the compilation
    if known is not None:
        await _restore(progress, sandbox, known, listener)
        return True
    return await _compile(progress, sandbox, listener)


async def _compile(progress: ProgramProgress, sandbox: LeasedSandbox, listener: Listener) -> bool:
    program, stage = progress.program, progress.program.plan.compile
    await sandbox.send_files(program.plan.files, build=stage is not None)
    if stage is None:
        return True
    compiled = await compile_program(progress, stage, sandbox, listener)
    if compiled is None:
        return False
    if progress.compile is None or compiled.status not in _UNREPORTED:
        progress.compile = compiled  # else the result that was reported stays
    if compiled.status is not Verdict.ACCEPTED:
        return False
    if program.cache is not None and program.cache_key is not None:
        # Before the program runs: nothing it does can reach what others will be given.
        artefact = await sandbox.fetch_artefact(program.cache.max_artefact_bytes)
        if artefact is not None:
            program.cache.put(program.cache_key, CachedCompilation(compiled, artefact))
    return True


async def _restore(
    progress: ProgramProgress, sandbox: LeasedSandbox, known: CachedCompilation, listener: Listener
) -> None:
    """Restore a cached artefact, and report the cached result as if it had just been compiled."""
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
