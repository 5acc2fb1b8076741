"""Which settings contradict one another: those that were named, as a default follows. No I/O."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

COMPILE_SLACK = 4
"""Wall time per CPU time: a compiler that gets a quarter of a CPU still uses all that it may."""
LEAST_COMPILE_WALL_MS = 40_000
JOBS_PER_CPU = 3
"""A program that gets a third of a CPU has used its CPU time when its wall time ends for good."""
WITHIN = (
    ("max_code_size", "max_body_size"),
    ("max_file_size", "max_body_size"),
    ("max_input_size", "max_body_size"),
    ("max_tests_size", "max_body_size"),
    ("max_args_size", "max_body_size"),
    ("max_transcript", "max_returned_output"),
    ("checker_timeout", "max_job_ms"),
    ("checker_compile_cpu_ms", "max_job_ms"),
)
"""What could never be used to the full: the first would have to be in the second."""

_MIB = 1 << 20
LESS = (
    ("piston_run_timeout", "max_timeout", 1),
    ("piston_compile_cpu_time", "compile_cpu_ms", 1),
    ("piston_run_cpu_time", "max_timeout", 1),
    ("piston_compile_memory_limit", "max_memory_mb", _MIB),
    ("piston_run_memory_limit", "max_memory_mb", _MIB),
    ("piston_output_max_size", "max_output_size", 1),
)
"""What is taken, but for no more than the second (times the third), as settings.md has it."""


def compile_wall(values: Mapping[str, Any]) -> int:
    """`COMPILE_WALL_MS`, resolved, in ms."""
    return int(values["compile_wall_ms"]) or usual_compile_wall(int(values["compile_cpu_ms"]))


def usual_compile_wall(cpu_ms: int) -> int:
    """The wall time of a compile that may take so much CPU time, both in ms."""
    return max(LEAST_COMPILE_WALL_MS, COMPILE_SLACK * cpu_ms)


def least_held_mb(values: Mapping[str, Any]) -> int:
    """The least `MAX_HELD_MB`: half of it must do for the largest request."""
    largest = 2 * values["max_body_size"] + 8 * values["max_output_size"]
    largest += values["max_test_output_size"] + values["max_returned_output"]
    return int(-(-2 * (largest + values["stream_buffer"] + _MIB) // _MIB))


def contradictions(values: Mapping[str, Any], named: AbstractSet[str]) -> Iterator[str]:
    """Why the server should not start. `values` by field; `named`: those that are no defaults."""
    needed = compile_wall(values) + values["max_timeout"]
    if needed > values["max_job_ms"]:
        by_default = "" if values["compile_wall_ms"] else " by default"
        yield (
            f"MAX_JOB_MS ({values['max_job_ms']}) is less than COMPILE_WALL_MS + MAX_TIMEOUT "
            f"({compile_wall(values)}{by_default} + {values['max_timeout']}): "
            f"raise it to {needed}, or lower one of these"
        )
    if 0 < values["max_held_mb"] < least_held_mb(values):
        yield (
            f"MAX_HELD_MB ({values['max_held_mb']}) is too little for the largest request: raise "
            f"it to {least_held_mb(values)}, or lower MAX_BODY_SIZE or MAX_OUTPUT_SIZE"
        )
    for inner, outer in WITHIN:
        if inner in named and values[inner] > values[outer]:
            yield f"{inner.upper()} is larger than {outer.upper()}, which it has to fit into"


def crowded(slots: int, cpus: int) -> Iterator[str]:
    """Whether a full machine still gives each job the CPU that it is measured by."""
    if slots > JOBS_PER_CPU * cpus:
        yield (
            f"MAX_JOBS: {slots} jobs at once are more than {JOBS_PER_CPU} for each CPU ({cpus}): "
            "on a full machine one may meet its wall limit for want of a CPU"
        )


def overruled(values: Mapping[str, Any], named: AbstractSet[str]) -> Iterator[str]:
    """What was named and does less than it says, or nothing."""
    for name, bound, factor in LESS:
        if name in named and values[name] > values[bound] * factor:
            yield f"{name.upper()} is larger than {bound.upper()}, which counts instead"
    if "piston_compile_timeout" in named and values["piston_compile_timeout"] > compile_wall(
        values
    ):
        yield "PISTON_COMPILE_TIMEOUT is larger than COMPILE_WALL_MS, which counts instead"
    if "max_output_size" in named and values["max_output_size"] > values["max_test_output_size"]:
        yield "MAX_OUTPUT_SIZE is larger than MAX_TEST_OUTPUT_SIZE: tests may print less"
    if {"memory_budget_mb", "max_memory_mb"} <= named and (
        0 < values["memory_budget_mb"] < values["max_memory_mb"]
    ):
        yield "MAX_MEMORY_MB is larger than MEMORY_BUDGET_MB: no job can have that much"
    if {"engine_patience", "engine_interval"} & named and (
        0 < values["engine_patience"] < values["engine_interval"]
    ):
        yield "ENGINE_PATIENCE is shorter than ENGINE_INTERVAL: an engine that is back is seen late"
    if values["compile_server"] == "on" and values["pool"].strip() == "0":
        yield "COMPILE_SERVER=on does nothing with POOL=0: no sandbox waits"
    if values["image_registry"] and values["engine"] != "embedded":
        yield "IMAGE_REGISTRY does nothing without ENGINE=embedded"
