"""The settings of compiles.

A part of `settings.py`; docs/reference/settings.md has a line for each.
"""

from __future__ import annotations

from functools import cached_property
from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings

from orchestrator.consistency import compile_wall

MOST_MS = 3_600_000


class CompileSettings(BaseSettings):
    """What a compile may take."""

    compile_cpu_ms: Annotated[int, Field(ge=1, le=MOST_MS)] = Field(
        10_000, description="CPU time of a compile, in ms."
    )
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
