"""A compilation, in as many stages as it takes: fast, then plainly, then with more memory.

Each has the whole of the compiler's time and output. Nobody is to see what an earlier one printed,
so output is reported at the end.
"""

from __future__ import annotations

from dataclasses import replace

from orchestrator.jobs.attempt import Progress
from orchestrator.jobs.events import JobEvent, Listener, StageEnded
from orchestrator.jobs.leased_sandbox import LeasedSandbox
from orchestrator.jobs.model import StageResult, Verdict
from orchestrator.jobs.program import Program
from orchestrator.jobs.stages import announce_stage, execute, judge
from orchestrator.jobs.verdict import NEARLY_ALL_MEMORY, Captured
from orchestrator.languages.model import MemoryErrorRule
from orchestrator.sandbox.model import (
    LossReason,
    Stage,
    StageCause,
    StageLoss,
    StageOutcome,
)

DECLINED = 75
"""A fast compile's exit code when the plain one is to be made in its place; `fastcc` has it."""


async def compile_program(
    progress: Progress, stage: Stage, sandbox: LeasedSandbox, listener: Listener
) -> StageResult | None:
    """What the compile stage came to; None: with more memory it may come to something else.

    Then the program's plan is the one to try, and `progress` says so. What was tried in vain is not
    reported.
    """
    announce_stage(progress, stage.kind, listener)
    program, kept = progress.program, RecordingListener()
    by_prepared = sandbox.is_prepared and program.plan.may_use_server
    outcome, output = await execute(sandbox, replace(stage, by_prepared=by_prepared), kept)
    plain = program.plan.plain
    if plain and has_declined(outcome, output) and not _needs_memory(program, outcome, output):
        outcome, output = await execute(sandbox, plain, kept)
    if _needs_memory(program, outcome, output):
        program.plan = program.plan.with_more_memory()
        progress.needs_memory = True
        return None
    for event in kept.events:
        listener.send(event)
    # The compiler's memory is the sandbox's, however little of it the run is left.
    limits = replace(program.submission.limits, memory_mb=program.plan.sandbox_memory_mb)
    result = judge(progress, stage.kind, outcome, output, limits)
    if result.status is not Verdict.INTERNAL_ERROR:
        listener.send(StageEnded(stage.kind, result))
    return result


def _needs_memory(program: Program, outcome: StageOutcome, output: Captured) -> bool:
    plan, signs = program.plan, program.installed.language.memory_error
    cap_kb = plan.sandbox.memory_bytes // 1024
    return plan.has_more_memory and lacks_memory(outcome, output, cap_kb, signs)


def has_declined(outcome: StageOutcome, output: Captured) -> bool:
    """Whether a fast compile was given up, so that only the plain one can tell."""
    is_silent = not output.stdout and not output.stderr
    return not isinstance(outcome, StageLoss) and outcome.exit_code == DECLINED and is_silent


def lacks_memory(
    outcome: StageOutcome, output: Captured, cap_kb: int, signs: MemoryErrorRule
) -> bool:
    """Whether a compilation failed in a way that more memory than `cap_kb` might have prevented.

    Generous, since it costs a compilation and no verdict: who is near the limit spends his time on
    reading the compiler's own pages again.
    """
    if isinstance(outcome, StageLoss):
        return outcome.reason is LossReason.OOM
    if outcome.cause is StageCause.NONE and outcome.exit_code == 0:
        return False
    if outcome.cause in {StageCause.OUTPUT, StageCause.KILLED}:
        return False
    if outcome.oom_kills or outcome.memory_kb >= NEARLY_ALL_MEMORY * cap_kb:
        return True
    text = output.stderr.decode("utf-8", "replace")
    return any(sign.search(text) for sign in (signs.stderr, signs.uncaught) if sign)


class RecordingListener:
    """A listener that keeps what it hears: no more of it than stages may print."""

    has_heard = False

    def __init__(self) -> None:
        self.events: list[JobEvent] = []

    def send(self, event: JobEvent) -> None:
        """Keep it."""
        self.events.append(event)

    async def drain(self, deadline: float) -> None:
        """All is kept."""
