"""The domain model: submission, limits, verdict, results. Frozen data, no I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from orchestrator.jobs.judging.checkers import CheckerProtocol, Difference, TextChecker
from orchestrator.sandbox.model import LimitHit, SourceFile


class Verdict(StrEnum):
    """How a stage, a test or a job ended. A closed set."""

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
    """How far a job has come that has not ended."""

    QUEUED = "queued"
    CREATING = "creating"
    COMPILING = "compiling"
    RUNNING = "running"


class Encoding(StrEnum):
    """How bytes are represented in JSON: of inputs in a request, of outputs in an answer."""

    UTF8 = "utf8"
    BASE64 = "base64"


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of a run, with all defaults filled in. `output_bytes` counts per stream."""

    wall_ms: int
    cpu_ms: int
    memory_mb: int
    output_bytes: int
    processes: int


@dataclass(frozen=True, slots=True)
class Submission:
    """A validated submission. The first file is the main one.

    `compile_limits` None: the server's own.
    """

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
        """The submissions that need sandboxes of their own: this one, then its checker's."""
        checker = self.judging.checker_submission if self.judging else None
        return (self,) if checker is None else (self, checker)

    @property
    def max_run_memory_mb(self) -> int:
        """The largest memory limit of its runs (one run, or one per test), in MiB."""
        return max(limits.memory_mb for limits in self._run_limits())

    @property
    def min_run_memory_mb(self) -> int:
        """The smallest memory limit of its runs, in MiB."""
        return min(limits.memory_mb for limits in self._run_limits())

    @property
    def max_run_processes(self) -> int:
        """The largest process limit of its runs."""
        return max(limits.processes for limits in self._run_limits())

    def _run_limits(self) -> Sequence[Limits]:
        return [test.limits for test in self.judging.tests] if self.judging else [self.limits]


class ReturnOutputs(StrEnum):
    """The tests whose outputs are returned."""

    ALL = "all"
    FAILED = "failed"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class JudgeTest:
    """One test of a submission. `expected` None: any output is right."""

    name: str
    stdin: bytes = field(repr=False)
    expected: bytes | None = field(repr=False)
    limits: Limits
    points: float | None = None
    group: str | None = None


@dataclass(frozen=True, slots=True)
class CheckerProgram:
    """A checker sent by the client: a program of its own, run once per test."""

    submission: Submission
    protocol: CheckerProtocol = CheckerProtocol.TESTLIB


@dataclass(frozen=True, slots=True)
class Interactor:
    """A program that the submission talks to: the stdout of each is the other's stdin.

    `transcript_bytes`: how much of the conversation is returned, per test; 0: nothing.
    """

    submission: Submission
    transcript_bytes: int = 0
    protocol: CheckerProtocol = CheckerProtocol.TESTLIB


Checker = TextChecker | CheckerProgram | Interactor


@dataclass(frozen=True, slots=True)
class Judging:
    """The tests and the checker that judge a submission: at least one test, distinct names."""

    tests: tuple[JudgeTest, ...]
    checker: Checker
    stop_on_failure: bool = False
    return_outputs: ReturnOutputs = ReturnOutputs.FAILED
    returned_bytes: int = 1_000_000
    """The most bytes returned of all tests' outputs and transcripts together."""

    @property
    def checker_submission(self) -> Submission | None:
        """The checker program or interactor, as a submission to run; None: a built-in checker."""
        if isinstance(self.checker, CheckerProgram | Interactor):
            return self.checker.submission
        return None


@dataclass(frozen=True, slots=True)
class StageResult:
    """The result of one stage, as the client sees it. None: not known, or does not apply."""

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
    """One turn of an interaction's transcript: what one side said before the other spoke again."""

    by_interactor: bool
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class TestResult:
    """The result of one test, as the client sees it; `stage.status` is the test's verdict.

    The stage's outputs are cut to what is returned, and empty if `has_output` is False. `points`:
    the points won; None when the test carries none.
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
    """The score of a group of tests: its points count only if all of its tests were accepted."""

    name: str
    passed: bool
    points: float
    max_points: float


@dataclass(frozen=True, slots=True)
class TestSummary:
    """Totals over all tests of a job. Times in ms, memory in KiB; None where no test was run.

    `score` and `max_score` are None when no test carries points.
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
    """Where a job's time went, in ms. `pool`: "hit" when a waiting sandbox was leased, or "miss".

    `compile_cache`: "hit" or "miss"; None when the cache was not consulted.
    """

    queue_ms: float
    sandbox_ms: float
    compile_ms: float
    run_ms: float
    total_ms: float
    pool: str = "miss"
    compile_cache: str | None = None


class Failure(StrEnum):
    """Why a result is `internal_error`; also the `code` of the 503 that replaces such an answer."""

    ENGINE_UNAVAILABLE = "engine_unavailable"
    INTERNAL_ERROR = "internal_error"


@dataclass(frozen=True, slots=True)
class JobResult:
    """The result of a job. Every accepted job has exactly one."""

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
    summary: TestSummary | None = None
    checker: StageResult | None = None
    """The compile stage of the client's own checker program or interactor, if there was one."""
