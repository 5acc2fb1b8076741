"""The settings of jobs: compiles, judging, what sandboxes read from the disk.

A part of `settings.py`; docs/reference/settings.md has a line for each.
"""

from __future__ import annotations

from functools import cached_property
from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings

from orchestrator.settings.consistency import compile_wall, usual_compile_wall

MOST_MS = 3_600_000
Milliseconds = Annotated[int, Field(ge=1, le=MOST_MS)]
Bytes = Annotated[int, Field(ge=1, le=1 << 30)]


class CompileSettings(BaseSettings):
    """What a compile may take."""

    compile_cpu_ms: Milliseconds = Field(10_000, description="CPU time of a compile, in ms.")
    compile_wall_ms: Annotated[int, Field(ge=0, le=MOST_MS)] = Field(
        0,
        description="Wall time of a compile, in ms; 0 means 4 times COMPILE_CPU_MS, 40000 at "
        "least, so that no compile fails because the machine is busy.",
    )

    compile_memory_mb: Annotated[int, Field(ge=16, le=65_536)] = Field(
        512,
        description="Memory a compiler may have that needs more than its language's default, in "
        "MiB; no more than MEMORY_BUDGET_MB has room for counts.",
    )

    @cached_property
    def compile_wall(self) -> int:
        """`COMPILE_WALL_MS`, resolved, in ms."""
        return compile_wall(vars(self))


class JudgingSettings(BaseSettings):
    """What a submission with tests may ask for, and what its checker gets."""

    max_tests: Annotated[int, Field(ge=1, le=1000)] = Field(
        500, description="Most `tests` of a submission."
    )
    max_tests_size: Bytes = Field(
        4 << 20, description="Most bytes of all tests' `input` and `expected` together."
    )
    max_test_output_size: Bytes = Field(
        4 << 20, description="Most bytes of stdout a test may be allowed to print."
    )
    max_transcript: Bytes = Field(
        65_536,
        description="Most bytes of what is said in one interaction that are returned, 64 for each "
        "turn included.",
    )
    checker_timeout: Milliseconds = Field(
        10_000,
        description="CPU time of a checker or interactor for one test, in ms.",
    )
    checker_compile_cpu_ms: Milliseconds = Field(
        20_000,
        description="CPU time of the compile of a checker or interactor, in ms; its wall time "
        "follows as COMPILE_WALL_MS does by default.",
    )

    @cached_property
    def checker_compile_wall(self) -> int:
        """The wall time of such a compile, in ms."""
        return usual_compile_wall(self.checker_compile_cpu_ms)


class DiskSettings(BaseSettings):
    """How much of the disk's time a sandbox may take."""

    disk_read_mb: Annotated[int, Field(ge=0, le=1_000_000)] = Field(
        64, description="What a sandbox may read from the disk, in MiB a second; 0: no bound."
    )
    disk_device: Annotated[str, Field(pattern=r"^(/dev/[A-Za-z0-9._/-]+)?$")] = Field(
        "",
        description="The disk that the engine's images are on, as the engine sees it (/dev/vda); "
        "empty: found by itself where the engine's folder is on this machine.",
    )
