"""The domain's words as data: submission, limits, verdict, results. Frozen, no I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from orchestrator.jobs.judging.checkers import Difference, Protocol, TextChecker
from orchestrator.sandbox.model import LimitHit, SourceFile


class Verdict(StrEnum):
    """What happened to a job, a stage or a test; there will be no others."""

    ACCEPTED = "accepted"
    WRONG_ANSWER = "wrong_answer"
    COMPILE_ERROR = "compile_error"
    RUNTIME_ERROR = "runtime_error"
    TIME_LIMIT = "time_limit"
    MEMORY_LIMIT = "memory_limit"
    OUTPUT_LIMIT = "output_limit"
    SKIPPED = "skipped"
    CHECKER_ERROR = "checker_error"
    CANCELLED = "cancelled"
    INTERNAL_ERROR = "internal_error"


class Cause(StrEnum):
    """Who or what ended a job, a stage or a test: the `killed_by` of an answer."""

    WALL = "wall"
    CPU = "cpu"
    MEMORY = "memory"
    OUTPUT = "output"
    SIGNAL = "signal"
    SANDBOX = "sandbox"
    CLIENT = "client"
    DRAIN = "drain"
    ADMIN = "admin"
    DEADLINE = "deadline"
    ENGINE = "engine"


class Phase(StrEnum):
    """Where a job under way is."""

    QUEUED = "queued"
    CREATING = "creating"
    COMPILING = "compiling"
    RUNNING = "running"


class Encoding(StrEnum):
    """How bytes travel in JSON."""

    UTF8 = "utf8"
    BASE64 = "base64"


@dataclass(frozen=True, slots=True)
class Limits:
    """A run's limits, resolved: nothing is left to default. Output per stream."""

    wall_ms: int
    cpu_ms: int
    memory_mb: int
    output_bytes: int
    processes: int


@dataclass(frozen=True, slots=True)
class Submission:
    """What a client posted, checked. The first file is the main one; no `compile_limits`: ours."""

    language: str
    files: tuple[SourceFile, ...]
    limits: Limits
    stdin: bytes = field(default=b"", repr=False)
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    compile_args: tuple[str, ...] = ()
    encoding: Encoding = Encoding.UTF8
    warnings: tuple[str, ...] = ()
    judging: Judging | None = None
    compile_limits: Limits | None = None

    @property
    def programs(self) -> tuple[Submission, ...]:
        """Those that need sandboxes of their own: itself, then its checker if that is one."""
        checker = self.judging.checker_submission if self.judging else None
        return (self,) if checker is None else (self, checker)

    @property
    def most_memory_mb(self) -> int:
        """The largest memory limit of any of its runs, in MiB."""
        return max(limits.memory_mb for limits in self._run_limits())

    @property
    def least_memory_mb(self) -> int:
        """The smallest one."""
        return min(limits.memory_mb for limits in self._run_limits())

    @property
    def most_processes(self) -> int:
        """The largest limit of processes of any of its runs."""
        return max(limits.processes for limits in self._run_limits())

    def _run_limits(self) -> Sequence[Limits]:
        return [test.limits for test in self.judging.tests] if self.judging else [self.limits]


class ReturnOutputs(StrEnum):
    """Of which tests the outputs are returned."""

    ALL = "all"
    FAILED = "failed"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class JudgeTest:
    """One test of a submission. `expected` None: whatever is printed is right."""

    name: str
    stdin: bytes = field(repr=False)
    expected: bytes | None = field(repr=False)
    limits: Limits
    points: float | None = None
    group: str | None = None


@dataclass(frozen=True, slots=True)
class CheckerProgram:
    """A checker the client sent: a program of its own, run once per test."""

    submission: Submission
    protocol: Protocol = Protocol.TESTLIB


@dataclass(frozen=True, slots=True)
class Interactor:
    """A program that the submission talks to: its stdout is the submission's stdin, and back.

    `transcript_bytes`: how much of what both say is kept to be returned; 0: nothing.
    """

    submission: Submission
    transcript_bytes: int = 0
    protocol: Protocol = Protocol.TESTLIB


Checker = TextChecker | CheckerProgram | Interactor


@dataclass(frozen=True, slots=True)
class Judging:
    """What a submission is judged by: at least one test, names distinct."""

    tests: tuple[JudgeTest, ...]
    checker: Checker
    stop_on_failure: bool = False
    return_outputs: ReturnOutputs = ReturnOutputs.FAILED
    returned_bytes: int = 1_000_000
    """Of all tests' outputs together, at most."""

    @property
    def checker_submission(self) -> Submission | None:
        """The checker program or interactor, which runs in a sandbox of its own."""
        if isinstance(self.checker, CheckerProgram | Interactor):
            return self.checker.submission
        return None


@dataclass(frozen=True, slots=True)
class StageResult:
    """One stage as the client is told of it; `None` for what is not known or does not apply."""

    status: Verdict
    stdout: bytes = field(default=b"", repr=False)
    stderr: bytes = field(default=b"", repr=False)
    exit_code: int | None = None
    signal: int | None = None
    killed_by: Cause | None = None
    limits_hit: tuple[LimitHit, ...] = ()
    cpu_ms: float | None = None
    wall_ms: float | None = None
    wall_given_back_ms: float | None = None
    memory_kb: int | None = None
    stdout_truncated: bool = False
    stderr_truncated: bool = False


@dataclass(frozen=True, slots=True)
class Utterance:
    """What one side of an interaction said, until the other side did."""

    by_interactor: bool
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class TestResult:
    """One test as the client is told of it; the stage's `status` is the test's verdict.

    The stage's outputs are what is returned of them: with `has_output` False, nothing. `points`
    None: the test has none to give.
    """

    name: str
    stage: StageResult
    has_output: bool = False
    difference: Difference | None = None
    message: str | None = None
    judge_message: str | None = None
    points: float | None = None
    group: str | None = None
    transcript: tuple[Utterance, ...] | None = None


@dataclass(frozen=True, slots=True)
class GroupScore:
    """A group of tests: its points count only when `passed`, when all of its tests are."""

    name: str
    passed: bool
    points: float
    max_points: float


@dataclass(frozen=True, slots=True)
class Summary:
    """All tests together. Times in ms, memory in KiB; None where no test was run.

    `score` is None when no test has points to give.
    """

    total: int
    passed: int
    failed: int
    skipped: int
    max_cpu_ms: float | None
    total_cpu_ms: float | None
    max_wall_ms: float | None
    total_wall_ms: float | None
    max_memory_kb: int | None
    score: float | None
    max_score: float | None
    groups: tuple[GroupScore, ...] = ()


@dataclass(frozen=True, slots=True)
class Timings:
    """Where a job's time went, in ms. `pool` says whether a waiting sandbox was leased.

    `compile_cache` says whether the compilation was found there; None: it was not looked for.
    """

    queue_ms: float
    sandbox_ms: float
    compile_ms: float
    run_ms: float
    total_ms: float
    pool: str = "miss"
    compile_cache: str | None = None


class Failure(StrEnum):
    """Why a result is `internal_error`: the slug of the 503 that a caller without a stream gets."""

    ENGINE_UNAVAILABLE = "engine_unavailable"
    INTERNAL_ERROR = "internal_error"


@dataclass(frozen=True, slots=True)
class JobResult:
    """How a job ended: exactly one of these per accepted job."""

    id: str
    language: str
    version: str
    status: Verdict
    killed_by: Cause | None
    compile: StageResult | None
    run: StageResult | None
    timings: Timings
    encoding: Encoding = Encoding.UTF8
    warnings: tuple[str, ...] = ()
    failure: Failure | None = None
    tests: tuple[TestResult, ...] | None = None
    summary: Summary | None = None
    checker: StageResult | None = None
    """The compilation of the client's own checker, where there was one."""
