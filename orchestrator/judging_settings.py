"""The settings of judging: tests, checkers and interactors.

A part of `settings.py`; docs/reference/settings.md has a line for each.
"""

from __future__ import annotations

from functools import cached_property
from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings

from orchestrator.consistency import usual_compile_wall

Milliseconds = Annotated[int, Field(ge=1, le=3_600_000)]
Bytes = Annotated[int, Field(ge=1, le=1 << 30)]


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
