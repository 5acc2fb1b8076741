"""Compiles a program in up to three stages: fast, then plainly, then with more memory.

Each stage has the compiler's whole time and output limits. The output of a superseded stage is
never reported, so events are held back until the last one is known.
"""

from __future__ import annotations

from dataclasses import replace

from orchestrator.jobs.attempt import ProgramProgress
from orchestrator.jobs.events import JobEvent, Listener, StageEnded
from orchestrator.jobs.leased_sandbox import LeasedSandbox
from orchestrator.jobs.model import StageResult, Verdict
from orchestrator.jobs.program import Program
from orchestrator.jobs.stages import announce_stage, execute, judge
from orchestrator.jobs.verdict import NEARLY_ALL_MEMORY, CapturedOutput
from orchestrator.languages.model import MemoryErrorRule
from orchestrator.sandbox.model import (
    LossReason,
    Stage,
    StageCause,
    StageLoss,
    StageOutcome,
)

DECLINED = 75
"""The exit code of `fastcc` when the fast compile gives up in favour of the plain one."""


async def compile_program(
    progress: ProgramProgress, stage: Stage, sandbox: LeasedSandbox, listener: Listener
) -> StageResult | None:
    """Compile a program, and return the result of the stage that counts.

    None when the compiler needs more memory: nothing is reported, the program's plan then has that
    memory, and `progress.needs_memory` is set. Raises EngineError, SandboxError.
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


def _needs_memory(program: Program, outcome: StageOutcome, output: CapturedOutput) -> bool:
    plan, signs = program.plan, program.installed.language.memory_error
    cap_kb = plan.sandbox.memory_bytes // 1024
    return plan.has_more_memory and lacks_memory(outcome, output, cap_kb, signs)


def has_declined(outcome: StageOutcome, output: CapturedOutput) -> bool:
    """Return whether the fast compile gave up, so that the plain one has to be run."""
    is_silent = not output.stdout and not output.stderr
    return not isinstance(outcome, StageLoss) and outcome.exit_code == DECLINED and is_silent


def lacks_memory(
    outcome: StageOutcome, output: CapturedOutput, cap_kb: int, signs: MemoryErrorRule
) -> bool:
    """Return whether a compilation failed in a way that more memory than `cap_kb` might prevent.

    Errs towards yes, which costs a compilation but never a verdict: near the limit a compiler
    spends its time on reading its own evicted pages again, and meets other limits.
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
    """A listener that records events; bounded by the output limits of the stages."""

    has_heard = False

    def __init__(self) -> None:
        self.events: list[JobEvent] = []

    def send(self, event: JobEvent) -> None:
        """Record the event."""
        self.events.append(event)

    async def drain(self, deadline: float) -> None:
        """Return at once: everything is recorded."""
