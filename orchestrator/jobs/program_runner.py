"""Runs one program several times, in the same sandbox where that is safe.

Between two runs the agent kills every process, empties the folders and writes the files afresh.
Where it can't, or where a run took the sandbox with it, the next run gets a fresh sandbox.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from orchestrator.jobs.attempt import ProgramProgress
from orchestrator.jobs.events import NULL_LISTENER, Listener
from orchestrator.jobs.leased_sandbox import LeasedSandbox
from orchestrator.jobs.model import Cause, Limits, Phase, StageResult, Verdict
from orchestrator.jobs.preparation import lease, send_and_compile
from orchestrator.jobs.program import Program
from orchestrator.jobs.stages import execute, judge
from orchestrator.sandbox.model import SourceFile, Stage, StageLoss
from orchestrator.sandbox.stdin import StdinStream


class ProgramRunner:
    """Runs one program in one attempt. Raises EngineError and SandboxError throughout."""

    def __init__(
        self,
        progress: ProgramProgress,
        sandbox: LeasedSandbox | None = None,
        *,
        is_retry: bool = False,
    ) -> None:
        """`sandbox`: a fresh one with the program in it; None: one is leased when it is needed.

        `is_retry`: an attempt was lost, so neither the pool nor the compile cache is used.
        """
        self._progress = progress
        self._is_retry = is_retry
        self._sandbox = sandbox
        self._is_fresh = True

    @property
    def program(self) -> Program:
        """The program that this runs."""
        return self._progress.program

    @property
    def uncaught(self) -> re.Pattern[str] | None:
        """The pattern of an uncaught exception on the program's stderr; None: not known."""
        return self.program.installed.language.uncaught

    async def get_ready(self) -> bool:
        """Make sure that a sandbox with the compiled program is there; False: did not compile."""
        if self._sandbox is None:
            self._is_fresh = True
            progress, is_retry = self._progress, self._is_retry
            sandbox = await lease(progress, is_retry=is_retry)
            if not await send_and_compile(progress, sandbox, NULL_LISTENER, is_retry=is_retry):
                return False
            self._sandbox = sandbox
        return True

    async def run(
        self, stage: Stage, limits: Limits, files: Sequence[SourceFile] = ()
    ) -> StageResult | None:
        """Run the program once, with `files` beside its own.

        Returns None when it had to be compiled again in a fresh sandbox, and did not compile. A
        result of `internal_error` also makes the attempt fail.
        """
        for is_last in (False, True):
            if not await self.get_ready():
                break
            result = await self.try_once(stage, limits, files, is_last=is_last)
            if result is not None:
                return result
        return None

    async def try_once(  # noqa: PLR0913 - what a run has to do with
        self,
        stage: Stage,
        limits: Limits,
        files: Sequence[SourceFile] = (),
        *,
        is_last: bool,
        listener: Listener = NULL_LISTENER,
        stdin: StdinStream | None = None,
    ) -> StageResult | None:
        """Run as `run` does, in the sandbox that `get_ready` left.

        Returns None when that sandbox turned out unfit before anything of the stage was executed;
        with `is_last` a lost sandbox is judged instead.
        """
        sandbox = self._sandbox
        if sandbox is None:
            return None
        was_fresh, self._is_fresh = self._is_fresh, False
        if not await sandbox.set_limits(limits):
            await self._discard_sandbox()
            # Memory left by an earlier run is not this run's fault; memory left by compiling is.
            return StageResult(Verdict.MEMORY_LIMIT, killed_by=Cause.MEMORY) if was_fresh else None
        sent = files if was_fresh else (*self.program.plan.files, *files)
        if sent:
            await sandbox.send_files(sent, build=False)
        self._progress.phase = Phase.RUNNING
        outcome, output = await execute(sandbox, stage, listener, stdin)
        if isinstance(outcome, StageLoss):
            await self._discard_sandbox()
            if outcome.before_stage and not is_last:
                return None
        return judge(self._progress, stage.kind, outcome, output, limits)

    async def _discard_sandbox(self) -> None:
        """Close the current sandbox early; `Leases.close` closes it again with all others."""
        sandbox, self._sandbox = self._sandbox, None
        if sandbox is not None:
            await sandbox.discard()
