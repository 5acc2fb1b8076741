"""What the sandbox layer takes and gives: frozen data, no behaviour beyond arithmetic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum


class StageKind(StrEnum):
    """A stage of a job; each has a uid and a folder of its own: `/build` and `/work`."""

    COMPILE = "compile"
    RUN = "run"


class StageCause(StrEnum):
    """Why the agent ended a stage; `NONE` when the program ended by itself."""

    NONE = "none"
    WALL = "wall"
    CPU = "cpu"
    OUTPUT = "output"
    KILLED = "killed"


class Signal(IntEnum):
    """What a running program can be sent, by Linux's numbers. KILL ends the stage as well."""

    INT = 2
    KILL = 9
    TERM = 15


class LimitHit(StrEnum):
    """A limit a program was seen to run into without being ended for it."""

    PROCESSES = "processes"
    DISK = "disk"
    INODES = "inodes"
    FILES = "files"
    FILE_SIZE = "file_size"


class LossReason(StrEnum):
    """What became of a sandbox whose stream ended before its stage did."""

    OOM = "oom"
    OUTSIDE = "outside"  # engine unreachable, or the container killed or removed by somebody else
    UNKNOWN = "unknown"


class Stream(StrEnum):
    """A program's output stream."""

    STDOUT = "stdout"
    STDERR = "stderr"


@dataclass(frozen=True, slots=True)
class SandboxSpec:
    """Everything a sandbox is made from. Sizes in bytes, times in seconds."""

    job_id: str
    image: str
    memory_bytes: int
    processes: int
    lifetime_s: int
    uses_compiler: bool = True
    run_memory_bytes: int = 0
    """What the memory limit will be once the compiler is done; 0: the same."""
    disk_memory_bytes: int = 0
    """Of how much memory, at most, the writable folders get their share; 0: of the limit itself.

    The language's default: a sandbox made ahead of time has its folders before its job is known.
    """


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file of the submission: a checked relative path and its bytes."""

    path: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Stage:
    """One process tree to run. Times in ms (0 = no limit), output limits in bytes per stream.

    `wall_most_ms`: how far the wall limit may move, as time is given back in which others kept the
    program from running; 0: it does not.
    """

    kind: StageKind
    argv: tuple[str, ...]
    wall_ms: int
    cpu_ms: int
    stdout_limit: int
    stderr_limit: int
    env: Mapping[str, str] = field(default_factory=dict)
    stdin: bytes = field(default=b"", repr=False)
    wall_most_ms: int = 0
    stack_kb: int = 0
    """How far the program's stack may grow, in KiB; 0: as the sandbox has it."""
    by_prepared: bool = False
    """A compilation, by the prepared compiler if there is one that is fit for it."""


@dataclass(frozen=True, slots=True)
class StageReport:
    """What the agent saw of a stage: `exit_code` is None after a signal, else `signal` is."""

    exit_code: int | None
    signal: int | None
    cause: StageCause
    cpu_us: int
    wall_us: int
    memory_kb: int
    oom_kills: int
    limits_hit: frozenset[LimitHit] = frozenset()
    stdout_truncated: bool = False
    stderr_truncated: bool = False
    given_back_us: int = 0
    """Of `wall_us`, what is beyond the limit: others kept the program from running for so long."""
    by_prepared: bool = False
    """The prepared compiler was given it first, whether or not it declined."""


@dataclass(frozen=True, slots=True)
class StageLoss:
    """The sandbox went away in the middle of a stage."""

    reason: LossReason
    detail: str
    before_start: bool = False
    """As far as the agent had said, nothing of the stage, nor of any before it, was executed; of a
    stage without a stdin stream, 10 ms may have been."""
    before_stage: bool = False
    """Likewise of the stage alone."""


StageOutcome = StageReport | StageLoss
