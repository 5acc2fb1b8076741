"""The settings of Piston's API, most of them under the names that Piston itself reads.

A part of `settings.py`; docs/reference/settings.md has a line for each.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings

Milliseconds = Annotated[int, Field(ge=1, le=3_600_000)]
MemoryLimit = Annotated[int, Field(ge=-1, le=1 << 40)]


class PistonSettings(BaseSettings):
    """What `/api/v2` gives, and to whom."""

    piston_needs_key: bool = Field(
        True,  # noqa: FBT003 - pydantic's own form
        description="Whether Piston's API takes only requests with one of API_KEY's or "
        "KEYS_FILE's keys.",
    )
    piston_max_body_size: Annotated[int, Field(ge=1, le=1 << 30)] = Field(
        4 << 20, description="Piston's API: most bytes of a request body, unpacked."
    )
    piston_compile_timeout: Milliseconds = Field(
        10_000, description="Piston's API: longest wall time of a compile, in ms."
    )
    piston_run_timeout: Milliseconds = Field(
        3000, description="Piston's API: longest wall time of a run, in ms."
    )
    piston_compile_cpu_time: Milliseconds = Field(
        10_000, description="Piston's API: longest CPU time of a compile, in ms."
    )
    piston_run_cpu_time: Milliseconds = Field(
        3000, description="Piston's API: longest CPU time of a run, in ms."
    )
    piston_compile_memory_limit: MemoryLimit = Field(
        -1, description="Piston's API: most memory of a compile, in bytes; -1: nothing is refused."
    )
    piston_run_memory_limit: MemoryLimit = Field(
        -1, description="Piston's API: most memory of a run, in bytes; -1: nothing is refused."
    )
    piston_output_max_size: Annotated[int, Field(ge=1, le=1 << 30)] = Field(
        1024, description="Piston's API: most bytes of stdout, and of stderr, a stage may print."
    )
