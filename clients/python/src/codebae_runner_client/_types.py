"""What is sent and what comes back: JSON objects as they are, typed.

The fields' meaning is the server's (docs/reference/http.md and judging.md).
"""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

Verdict = Literal[
    "accepted",
    "wrong_answer",
    "compile_error",
    "runtime_error",
    "time_limit",
    "memory_limit",
    "output_limit",
    "skipped",
    "checker_error",
    "cancelled",
    "internal_error",
]
Encoding = Literal["utf8", "base64"]
StageName = Literal["compile", "run"]
CheckerName = Literal["exact", "lines", "tokens", "unordered_lines", "float"]


class _Named(TypedDict):
    name: str
    content: str


class File(_Named, total=False):
    """A file of a submission."""

    encoding: Encoding


class Limits(TypedDict, total=False):
    """A run's limits: ms, MiB, KiB per stream, processes with threads."""

    wall_ms: int
    cpu_ms: int
    memory_mb: int
    output_kb: int
    processes: int


class _WithInput(TypedDict):
    input: str


class Test(_WithInput, total=False):
    """A test; without `expected` whatever is printed is right."""

    name: str
    expected: str | None
    limits: Limits
    points: float
    group: str


class _WithType(TypedDict):
    type: Literal["exact", "lines", "tokens", "unordered_lines", "float", "program"]


class Checker(_WithType, total=False):
    """A checker with options."""

    abs: float
    rel: float
    language: str
    code: str
    files: list[File]
    protocol: Literal["testlib", "kattis"]
    args: list[str]


class _WithLanguage(TypedDict):
    language: str


class Interactor(_WithLanguage, total=False):
    """A program that the submission talks to."""

    code: str
    files: list[File]
    protocol: Literal["testlib", "kattis"]
    args: list[str]
    transcript: bool


class Submission(_WithLanguage, total=False):
    """What to run: `code` or `files`."""

    code: str
    files: list[File]
    input: str
    timeout: int
    args: list[str]
    env: dict[str, str]
    compile_args: list[str]
    version: str
    limits: Limits
    encoding: Encoding
    tests: list[Test]
    checker: CheckerName | Checker
    interactor: Interactor
    stop_on_failure: bool
    return_outputs: Literal["all", "failed", "none"]


class _Outcome(TypedDict):
    status: Verdict
    exit_code: int | None
    signal: int | None
    killed_by: str | None
    limits_hit: list[str]
    cpu_ms: float | None
    wall_ms: float | None
    wall_given_back_ms: float | None
    memory_kb: int | None
    stdout_truncated: bool
    stderr_truncated: bool


class StageResult(_Outcome):
    """How a stage went."""

    stdout: str
    stderr: str


class Difference(TypedDict):
    """Where an output first differs."""

    line: int
    column: int
    expected: str
    got: str


Utterance = TypedDict("Utterance", {"from": Literal["interactor", "submission"], "data": str})


class TestResult(_Outcome):
    """How a test went."""

    name: str
    stdout: str | None
    stderr: str | None
    difference: Difference | None
    message: str | None
    judge_message: str | None
    transcript: list[Utterance] | None
    points: float | None
    group: str | None


class Group(TypedDict):
    """Tests that count together."""

    name: str
    passed: bool
    points: float
    max_points: float


class Summary(TypedDict):
    """All tests together."""

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
    groups: list[Group]


class Timings(TypedDict):
    """Where the time went, ms."""

    queue_ms: float
    sandbox_ms: float
    compile_ms: float
    run_ms: float
    total_ms: float
    pool: Literal["hit", "miss"]
    compile_cache: Literal["hit", "miss"] | None


class _Common(TypedDict):
    success: bool
    output: str
    error: str | None
    executionTime: int
    id: str
    language: str
    version: str
    status: Verdict
    compile: StageResult | None
    run: StageResult | None
    checker: StageResult | None
    warnings: list[str]
    timings: Timings


class Answer(_Common):
    """What became of a submission."""

    tests: list[TestResult] | None
    summary: Summary | None


class Judgement(_Common):
    """What became of a submission with tests."""

    tests: list[TestResult]
    summary: Summary


class LanguageLimits(TypedDict):
    """What a run has when the request says nothing else."""

    wall_ms: int
    memory_mb: int
    processes: int


class Language(TypedDict):
    """A language a program may be in."""

    id: str
    name: str
    version: str
    aliases: list[str]
    dialects: NotRequired[dict[str, list[str]]]
    extensions: list[str]
    compiled: bool
    limits: LanguageLimits


class _State(TypedDict):
    status: Literal["healthy", "unhealthy"]
    activeJobs: int
    uptime: float


class Health(_State, total=False):
    """Whether programs can be run; `reason`: why not."""

    reason: str
