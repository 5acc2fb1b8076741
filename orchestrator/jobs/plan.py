"""Plans a submission: the sandbox to make and the stages to run in it. Pure."""

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
"""The wall limit grows by the time a run waited for a CPU, to at most this many times itself."""
STACK_16THS = 15
"""The share of its memory limit that a run's stack may take, in sixteenths."""
REPORT_MS = 2000
"""The end of a job's time that is kept for the agent to end a stage and report it."""
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
    """The sandbox to make, and the stages to run in it, for one program."""

    sandbox: SandboxSpec
    files: tuple[SourceFile, ...]
    compile: Stage | None
    run: Stage
    """The run stage; with tests, the template that `test_stage` adapts to each."""
    plain: Stage | None = None
    """`compile` without the fast toolchain's arguments; None when it has none."""
    compile_memory_mb: int = 0
    """The memory a compiler may have when the sandbox's is not enough, in MiB."""
    may_use_server: bool = False
    """Whether the prepared compiler is sure to do the same as the command of `compile`."""

    @property
    def sandbox_memory_mb(self) -> int:
        """The sandbox's memory, which the job reserves, in MiB."""
        return self.sandbox.memory_bytes // MIB

    @property
    def has_more_memory(self) -> bool:
        """Whether the compiler may have more memory than the sandbox has."""
        return self.compile_memory_mb > self.sandbox_memory_mb

    def with_more_memory(self) -> Plan:
        """Return a plan that compiles plainly, with all the memory that the compiler may have."""
        return replace(
            self,
            sandbox=replace(self.sandbox, memory_bytes=self.compile_memory_mb * MIB),
            compile=self.plain or self.compile,
            plain=None,
            may_use_server=False,
        )


def fit_compile_memory(plans: Sequence[Plan], budget_mb: int) -> list[Plan]:
    """Cap the compilers' extra memory so that all plans of a job together fit `budget_mb`.

    Earlier plans are served first.
    """
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
    """Plan one program of a job. Raises InvalidSubmissionError when its files exceed its memory."""
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
    """Return the stage of one test; `run`: the submission's `Plan.run`.

    The wall limit may grow to three times the CPU limit, even where a smaller one was asked for.
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
    """Return how far the stack of a run may grow, in KiB.

    A little less than its memory: endless recursion is to show as a signal, or as the language's
    own error, rather than as a memory limit.
    """
    return memory_mb * 1024 * STACK_16THS // 16


def with_time_given_back(run: Stage, left_ms: float) -> Stage:
    """Let the wall limit of a run without tests grow by the time it waits for a CPU.

    `left_ms`: the time until the job's deadline, which bounds it. With tests see `test_stage`.
    """
    most_ms = min(WALL_MOST * run.wall_ms, left_ms - REPORT_MS)
    return replace(run, wall_most_ms=max(run.wall_ms, int(most_ms)))


def pooled_spec(installed: InstalledLanguage, settings: Settings) -> SandboxSpec:
    """Return what a pooled sandbox is made from: what a job with default limits would get."""
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
    """Only for plain sources with default arguments: nothing that a compiler could load or run.

    With another memory limit the compiler's own heap would differ, too.
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
    """Return the environment of a compiler: the common one, and the language's own."""
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
