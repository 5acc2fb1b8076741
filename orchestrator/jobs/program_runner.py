"""A program that is run several times: each run uses the sandbox of the last one, where it can.

The agent leaves nothing of a run for the next one: everything is killed, the folders are emptied
and the files written afresh. Where it can't, or where a run took the sandbox with it, the next one
gets a fresh sandbox.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from orchestrator.jobs.attempt import Progress
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
        self, progress: Progress, sandbox: LeasedSandbox | None = None, *, is_retry: bool = False
    ) -> None:
        """`sandbox`: one that is ready, and fresh; else one is leased when it is needed.

        `is_retry`: an attempt was lost; nothing that waits or is cached is trusted any more.
        """
        self._progress = progress
        self._is_retry = is_retry
        self._sandbox = sandbox
        self._is_fresh = True

    @property
    def program(self) -> Program:
        """What is run."""
        return self._progress.program

    @property
    def uncaught(self) -> re.Pattern[str] | None:
        """What an exception that nobody caught looks like on its stderr; None: not known."""
        return self.program.installed.language.uncaught

    async def get_ready(self) -> bool:
        """Have a sandbox with the program in it; False: it does not compile."""
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
        """Run it once, `files` beside its own; None: it had to be compiled again, and was refused.

        An `internal_error` is the attempt's failure as well.
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
        """As `run`, once ready; None: the sandbox was not fit, and nothing was executed in it."""
        sandbox = self._sandbox
        if sandbox is None:
            return None
        was_fresh, self._is_fresh = self._is_fresh, False
        if not await sandbox.set_limits(limits):
            await self._discard_sandbox()
            # What a run before it has left may be in the way; what compile left always is.
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
        """It is of no more use; it is closed once more with all others of the program."""
        sandbox, self._sandbox = self._sandbox, None
        if sandbox is not None:
            await sandbox.discard()
