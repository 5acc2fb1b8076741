"""A program that is run again and again: each run in the sandbox of the last, and none the wiser.

The agent leaves nothing of a run for the next one: everything is killed, the folders are emptied
and the files written afresh. Where it can't, or where a run took the sandbox with it, the next one
gets a fresh sandbox.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence

from orchestrator.errors import EngineError
from orchestrator.jobs.building import Means, get_ready
from orchestrator.jobs.events import SILENCE, Listener
from orchestrator.jobs.job import Job
from orchestrator.jobs.model import Cause, Limits, Phase, StageResult, Verdict
from orchestrator.jobs.stages import execute, judge, set_limits
from orchestrator.sandbox.backend import Sandbox
from orchestrator.sandbox.model import SourceFile, Stage, StageLoss
from orchestrator.sandbox.stdin import StdinStream


class Runner:
    """Runs one job's program. Raises EngineError and SandboxError throughout."""

    def __init__(
        self, job: Job, means: Means, sandbox: Sandbox | None = None, *, is_anew: bool = False
    ) -> None:
        """`sandbox`: one that is ready, and fresh; else one is made when it is needed.

        `is_anew`: as `get_ready` has it, for each that is made.
        """
        self.job = job
        self._means = means
        self._is_anew = is_anew
        self._sandbox = sandbox
        self._is_fresh = True

    @property
    def uncaught(self) -> re.Pattern[str] | None:
        """What an exception that nobody caught looks like on its stderr; None: not known."""
        return self.job.installed.language.uncaught

    async def get_ready(self) -> bool:
        """Have a sandbox; False: the program does not compile."""
        if self._sandbox is None:
            self._is_fresh = True
            self._sandbox = await get_ready(self.job, self._means, SILENCE, is_anew=self._is_anew)
        return self._sandbox is not None

    async def run(
        self, stage: Stage, limits: Limits, files: Sequence[SourceFile] = ()
    ) -> StageResult | None:
        """Run it once, `files` beside its own; None: it had to be compiled again, and was refused.

        An `internal_error` is the job's failure as well.
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
        listener: Listener = SILENCE,
        live: StdinStream | None = None,
    ) -> StageResult | None:
        """As `run`, once ready; None: the sandbox was not fit, and nothing was executed in it."""
        sandbox = self._sandbox
        if sandbox is None:
            return None
        was_fresh, self._is_fresh = self._is_fresh, False
        if not await set_limits(self.job, sandbox, limits):
            await self._let_go()
            # What a run before it has left may be in the way; what compile left always is.
            return StageResult(Verdict.MEMORY_LIMIT, killed_by=Cause.MEMORY) if was_fresh else None
        sent = files if was_fresh else (*self.job.plan.files, *files)
        if sent:
            await sandbox.send_files(sent, build=False, work=True)
        self.job.phase = Phase.RUNNING
        outcome, output = await execute(self.job, sandbox, stage, listener, live)
        if isinstance(outcome, StageLoss):
            await self._let_go()
            if outcome.before_stage and not is_last:
                return None
        return judge(self.job, stage.kind, outcome, output, limits)

    async def _let_go(self) -> None:
        """Of a sandbox that is no more use; whoever closes the job's knows of it, too."""
        sandbox, self._sandbox = self._sandbox, None
        if sandbox is not None:
            with contextlib.suppress(EngineError):
                await sandbox.close()
