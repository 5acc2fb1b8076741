"""Piston's limits: what may be asked, in its order and words, and what it means here. No I/O."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator.api.piston.errors import refusal
from orchestrator.api.requests.limits import MIN_MEMORY_MB
from orchestrator.jobs.model import Limits
from orchestrator.languages.model import LimitDefaults
from orchestrator.settings import Settings

MIB = 1 << 20
STAGES = ("compile", "run")
CONSTRAINTS = ("memory_limit", "timeout", "cpu_time")


@dataclass(frozen=True, slots=True)
class StageLimits:
    """What both stages get."""

    compile: Limits
    run: Limits


def configured_limits(settings: Settings) -> dict[str, int]:
    """By field: the most that may be asked, and what is given to who asks nothing.

    Times in ms, memory in bytes; -1: no such limit. No time is more than any job may have here.
    """
    return {
        "compile_memory_limit": settings.piston_compile_memory_limit,
        "run_memory_limit": settings.piston_run_memory_limit,
        "compile_timeout": min(settings.piston_compile_timeout, settings.compile_wall),
        "run_timeout": min(settings.piston_run_timeout, settings.max_timeout),
        "compile_cpu_time": min(settings.piston_compile_cpu_time, settings.compile_cpu_ms),
        "run_cpu_time": min(settings.piston_run_cpu_time, settings.max_timeout),
    }


def resolve_limits(
    body: Mapping[str, object], defaults: LimitDefaults, settings: Settings, output_bytes: int
) -> StageLimits:
    """Every limit of both stages. `output_bytes`: per stream. Raises PistonError."""
    configured = configured_limits(settings)
    asked = {
        name: _asked(name, body.get(name), configured[name])
        for constraint in CONSTRAINTS
        for name in (f"{stage}_{constraint}" for stage in STAGES)
    }

    def limits(stage: str) -> Limits:
        memory = asked[f"{stage}_memory_limit"]
        return Limits(
            wall_ms=max(1, math.ceil(asked[f"{stage}_timeout"])),
            cpu_ms=max(1, math.ceil(asked[f"{stage}_cpu_time"])),
            memory_mb=_memory_mb(memory, settings.max_memory_mb) or defaults.memory_mb,
            output_bytes=output_bytes,
            processes=defaults.processes,
        )

    return StageLimits(limits("compile"), limits("run"))


def _asked(name: str, value: object, configured: int) -> float:
    """What is asked, or what is configured where nothing is: 0 is nothing, too."""
    if value is None or value is False or value == "":
        return configured
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise refusal(f"If specified, {name} must be a number")
    if value == 0:
        return configured
    if configured <= 0:
        return value
    if value > configured:
        raise refusal(f"{name} cannot exceed the configured limit of {configured}")
    if value < 0:
        raise refusal(f"{name} must be non-negative")
    return value


def _memory_mb(limit: float, most_mb: int) -> int:
    """Bytes as whole MiB within what this server gives; 0: no such limit."""
    if limit <= 0:
        return 0
    return max(MIN_MEMORY_MB, math.ceil(min(limit, most_mb * MIB) / MIB))


def piston_output_bytes(settings: Settings) -> int:
    """Most bytes of a stage's stdout, and of its stderr."""
    return min(settings.piston_output_max_size, settings.max_output_size)
