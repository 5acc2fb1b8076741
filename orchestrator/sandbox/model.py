"""The data that the sandbox layer takes and returns. Frozen, no behaviour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum


class StageKind(StrEnum):
    """A stage of a job; each has a uid and a folder of its own: `/build` and `/work`."""

    COMPILE = "compile"
    RUN = "run"


class StageCause(StrEnum):
    """Why the agent ended a stage; NONE when the program ended by itself."""

    NONE = "none"
    WALL = "wall"
    CPU = "cpu"
    OUTPUT = "output"
    KILLED = "killed"


class Signal(IntEnum):
    """The signals that a running program can be sent, with Linux's numbers. KILL ends the stage."""

    INT = 2
    KILL = 9
    TERM = 15


class LimitHit(StrEnum):
    """A limit that a program ran into without being killed for it."""

    PROCESSES = "processes"
    DISK = "disk"
    INODES = "inodes"
    FILES = "files"
    FILE_SIZE = "file_size"


class LossReason(StrEnum):
    """Why a sandbox was lost, that is, why its stream ended before its stage did."""

    OOM = "oom"
    OUTSIDE = "outside"  # engine unreachable, or the container killed or removed by somebody else
    UNKNOWN = "unknown"


class Stream(StrEnum):
    """One of a program's output streams."""

    STDOUT = "stdout"
    STDERR = "stderr"


@dataclass(frozen=True, slots=True)
class SandboxSpec:
    """Everything that a sandbox is made from. Sizes in bytes, times in seconds."""

    job_id: str
    image: str
    memory_bytes: int
    processes: int
    lifetime_s: int
    uses_compiler: bool = True
    run_memory_bytes: int = 0
    """The memory limit after compiling; 0: the same."""
    disk_memory_bytes: int = 0
    """The most memory of which the writable folders (tmpfs) get a share; 0: the limit itself.

    It is the language's default: a pooled sandbox has its folders before its job is known.
    """


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file of the submission: a validated relative path and its bytes."""

    path: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Stage:
    """One process tree to run. Times in ms (0: no limit), output limits in bytes per stream.

    `wall_most_ms`: the most that the wall limit may grow to, by the time in which the program was
    runnable but got no CPU; 0: it does not grow.
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
    """The stack limit in KiB; 0: the sandbox's default."""
    by_prepared: bool = False
    """Whether to compile with the prepared compiler, if there is one."""


@dataclass(frozen=True, slots=True)
class StageReport:
    """The agent's report of a stage: `exit_code` is None after a signal, otherwise `signal` is."""

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
    """The part of `wall_us` beyond the limit, allowed because the program had to wait for a CPU."""
    by_prepared: bool = False
    """Whether the prepared compiler was asked first, even if it then declined."""


@dataclass(frozen=True, slots=True)
class StageLoss:
    """The outcome of a stage whose sandbox was lost."""

    reason: LossReason
    detail: str
    before_start: bool = False
    """Whether, as far as the agent had reported, nothing of this or any earlier stage had been
    executed (of a stage without a stdin stream, up to 10 ms may have been)."""
    before_stage: bool = False
    """The same of this stage alone."""


StageOutcome = StageReport | StageLoss
