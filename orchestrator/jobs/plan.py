"""From a submission to what a sandbox is asked to do: pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from orchestrator.errors import InvalidSubmissionError
from orchestrator.jobs.model import JudgeTest, Submission
from orchestrator.languages.model import CommandRule, InstalledLanguage, Language, ServerRule
from orchestrator.languages.sources import compile_argv, run_argv
from orchestrator.sandbox.model import SandboxSpec, SourceFile, Stage, StageKind
from orchestrator.sandbox.spec import work_bytes
from orchestrator.settings import Settings

MIB = 1 << 20
LIFETIME_SLACK_S = 30
WALL_MOST = 3
"""How far a run's wall limit may move, in times itself, as waiting for a CPU is given back."""
STACK_16THS = 15
"""How much of its memory a run's stack may take."""
REPORT_MS = 2000
"""What is left of a job's time, at least, for the agent to end a stage and to say so."""
_COMMON_ENV = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "LANG": "C.UTF-8",
    # A sandbox's uids have no names: programs that look for theirs look here first.
    "USER": "user",
    "LOGNAME": "user",
}
# Compilers' temporary files go where the compiler's own share of memory is; /tmp is the run's.
_COMPILE_ENV = {**_COMMON_ENV, "HOME": "/build", "TMPDIR": "/build"}
_RUN_ENV = {
    **_COMMON_ENV,
    "HOME": "/work",
    "TMPDIR": "/tmp",  # noqa: S108 - inside the sandbox
    "ONLINE_JUDGE": "1",
}


@dataclass(frozen=True, slots=True)
class Plan:
    """What to make and run for one submission."""

    sandbox: SandboxSpec
    files: tuple[SourceFile, ...]
    compile: Stage | None
    run: Stage
    """Of one test, where there are tests: see `test_stage`."""
    plain: Stage | None = None
    """`compile` without what makes it fast; None: there is nothing of the kind in it."""
    compile_memory_mb: int = 0
    """What the compiler may have, should its sandbox's memory not be enough, in MiB."""
    may_use_server: bool = False
    """Whether the language's prepared compiler can't differ from `compile`'s own command."""

    @property
    def sandbox_memory_mb(self) -> int:
        """What the job reserves, in MiB."""
        return self.sandbox.memory_bytes // MIB

    @property
    def has_more_memory(self) -> bool:
        """Whether the compiler may have more than its sandbox has."""
        return self.compile_memory_mb > self.sandbox_memory_mb

    def with_more_memory(self) -> Plan:
        """The same in a sandbox of all the memory that the compiler may have, compiled plainly."""
        return replace(
            self,
            sandbox=replace(self.sandbox, memory_bytes=self.compile_memory_mb * MIB),
            compile=self.plain or self.compile,
            plain=None,
            may_use_server=False,
        )


def fit_compile_memory(plans: Sequence[Plan], budget_mb: int) -> list[Plan]:
    """A job's plans, whose compilers never want more in all than there is; the first goes first."""
    left = budget_mb - sum(plan.sandbox_memory_mb for plan in plans)
    fitted = []
    for plan in plans:
        more = max(0, min(plan.compile_memory_mb - plan.sandbox_memory_mb, left))
        left -= more
        fitted.append(replace(plan, compile_memory_mb=plan.sandbox_memory_mb + more))
    return fitted


def make_plan(
    job_id: str, submission: Submission, installed: InstalledLanguage, settings: Settings
) -> Plan:
    """The plan for a job. Raises InvalidSubmissionError when its files can't fit its memory."""
    language = installed.language
    memory_mb = submission.max_run_memory_mb
    processes = submission.max_run_processes
    if language.compile is not None:
        # A small run must not starve the compiler; the run's own limit is set after it.
        compiling = submission.compile_limits
        asked_mb = compiling.memory_mb if compiling is not None else 0
        memory_mb = max(memory_mb, language.limits.memory_mb, asked_mb)
        processes = max(processes, language.limits.processes)
    spec = SandboxSpec(
        job_id=job_id,
        image=installed.digest,  # not the tag: what was proved is what is used
        memory_bytes=memory_mb * MIB,
        processes=processes,
        lifetime_s=settings.max_job_ms // 1000 + LIFETIME_SLACK_S,
        uses_compiler=language.compile is not None,
        run_memory_bytes=submission.min_run_memory_mb * MIB,
        disk_memory_bytes=language.limits.memory_mb * MIB,
    )
    _check_files_fit(submission, spec)
    return Plan(
        sandbox=spec,
        files=submission.files,
        compile=_compile_stage(submission, language, settings, fast=settings.fast_toolchain),
        plain=_plain_stage(submission, language, settings),
        compile_memory_mb=max(memory_mb, settings.compile_memory_mb if language.compile else 0),
        run=_run_stage(submission, language, settings),
        may_use_server=_may_use_server(submission, language, memory_mb),
    )


def test_stage(run: Stage, test: JudgeTest) -> Stage:
    """The stage of one test of a submission whose `Plan.run` is `run`.

    A wall limit that was asked for may move as far as the one that would follow CPU time.
    """
    limits = test.limits
    return replace(
        run,
        wall_ms=limits.wall_ms,
        cpu_ms=limits.cpu_ms,
        wall_most_ms=max(limits.wall_ms, WALL_MOST * limits.cpu_ms),
        stack_kb=stack_kb(limits.memory_mb),
        stdout_limit=limits.output_bytes,
        stderr_limit=min(limits.output_bytes, run.stderr_limit),
        stdin=test.stdin,
    )


def stack_kb(memory_mb: int) -> int:
    """How far the stack of a run with so much memory may grow, in KiB.

    A little less than the memory: recursion without end is to be told by its signal, or by what the
    language itself says of it.
    """
    return memory_mb * 1024 * STACK_16THS // 16


def with_time_given_back(run: Stage, left_ms: float) -> Stage:
    """The stage of a run without tests whose job has `left_ms` to live: its wall limit may move.

    With tests, wall time is three times the CPU time from the start (`test_stage`).
    """
    most_ms = min(WALL_MOST * run.wall_ms, left_ms - REPORT_MS)
    return replace(run, wall_most_ms=max(run.wall_ms, int(most_ms)))


def pooled_spec(installed: InstalledLanguage, settings: Settings) -> SandboxSpec:
    """What a sandbox that waits is made from: whatever a job of default limits would get."""
    language = installed.language
    memory_bytes = language.limits.memory_mb * MIB
    waiting_s = 2 * math.ceil(settings.pool_max_age)  # it may be kept a little beyond its age
    return SandboxSpec(
        job_id="pool",
        image=installed.digest,
        memory_bytes=memory_bytes,
        processes=language.limits.processes,
        lifetime_s=waiting_s + settings.max_job_ms // 1000 + LIFETIME_SLACK_S,
        uses_compiler=language.compile is not None,
        run_memory_bytes=memory_bytes,
        disk_memory_bytes=memory_bytes,
    )


def _may_use_server(submission: Submission, language: Language, memory_mb: int) -> bool:
    """Sources alone, compiled as usual: nothing there that a compiler could load or run.

    With another memory limit the compiler's own heap would be another one, too.
    """
    return (
        language.server is not None
        and not submission.compile_args
        and memory_mb <= language.limits.memory_mb
        and all(path.endswith(language.source.extensions) for path in _paths(submission))
    )


def _check_files_fit(submission: Submission, spec: SandboxSpec) -> None:
    size = sum(len(file.content) for file in submission.files)
    room = work_bytes(spec) // 2
    if size > room:
        raise InvalidSubmissionError(
            f"files: {size} bytes in all, but limits.memory_mb of "
            f"{submission.min_run_memory_mb} leaves room for {room}",
            field="files",
        )


def compile_env(rule: CommandRule | ServerRule) -> dict[str, str]:
    """The environment a compiler gets."""
    return {**_COMPILE_ENV, **rule.env}


def _plain_stage(submission: Submission, language: Language, settings: Settings) -> Stage | None:
    if language.compile is None or not language.compile.fast or not settings.fast_toolchain:
        return None
    return _compile_stage(submission, language, settings, fast=False)


def _compile_stage(
    submission: Submission, language: Language, settings: Settings, *, fast: bool
) -> Stage | None:
    if language.compile is None:
        return None
    limits, most = submission.compile_limits, settings.max_output_size
    output_bytes = most if limits is None else min(limits.output_bytes, most)
    return Stage(
        kind=StageKind.COMPILE,
        argv=compile_argv(language, _paths(submission), submission.compile_args, fast=fast),
        env=compile_env(language.compile),
        wall_ms=settings.compile_wall if limits is None else limits.wall_ms,
        cpu_ms=settings.compile_cpu_ms if limits is None else limits.cpu_ms,
        stdout_limit=output_bytes,
        stderr_limit=output_bytes,
    )


def _run_stage(submission: Submission, language: Language, settings: Settings) -> Stage:
    limits = submission.limits
    return Stage(
        kind=StageKind.RUN,
        argv=run_argv(
            language,
            _paths(submission),
            submission.args,
            fast=settings.fast_toolchain,
            memory_mb=submission.max_run_memory_mb,
        ),
        env={**_RUN_ENV, **language.run.env, **submission.env},
        wall_ms=limits.wall_ms,
        cpu_ms=limits.cpu_ms,
        stack_kb=stack_kb(limits.memory_mb),
        stdout_limit=limits.output_bytes,
        stderr_limit=limits.output_bytes,
        stdin=submission.stdin,
    )


def _paths(submission: Submission) -> list[str]:
    return [file.path for file in submission.files]
