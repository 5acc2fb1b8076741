"""The domain's words as data: submission, limits, verdict, results. Frozen, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from orchestrator.sandbox.model import LimitHit, SourceFile


class Verdict(StrEnum):
    """What happened to a stage or a job; closed (DESIGN: judging)."""

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
    """Who or what ended it: the `killed_by` of an answer."""

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
    """What a client posted, checked. The first file is the main one."""

    language: str
    files: tuple[SourceFile, ...]
    limits: Limits
    stdin: bytes = field(default=b"", repr=False)
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    compile_args: tuple[str, ...] = ()
    encoding: Encoding = Encoding.UTF8
    warnings: tuple[str, ...] = ()


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
    memory_kb: int | None = None
    stdout_truncated: bool = False
    stderr_truncated: bool = False


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


@dataclass(frozen=True, slots=True)
class ActiveJob:
    """A job under way, as `/stats` shows it. `duration_ms` since it was accepted."""

    id: str
    language: str
    duration_ms: int
    phase: Phase = Phase.QUEUED
