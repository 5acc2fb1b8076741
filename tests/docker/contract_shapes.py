"""What JSON values the HTTP contract has: exact keys, types and closed sets, as data."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from enum import StrEnum
from typing import Any

from orchestrator.jobs.model import Cause, Verdict
from orchestrator.sandbox.model import LimitHit

Json = dict[str, Any]
Predicate = Callable[[object], bool]

COMPILED = {"c": True, "cpp": True, "java": True, "python": False}


class ContractViolationError(AssertionError):
    """An answer that the contract does not allow."""


def require(holds: bool, why: str, shown: object) -> None:  # noqa: FBT001 - it reads as a sentence
    if not holds:
        raise ContractViolationError(f"{why}: {shown!r}")


def is_text(value: object) -> bool:
    return isinstance(value, str)


def is_bool(value: object) -> bool:
    return isinstance(value, bool)


def is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def is_milliseconds(value: object) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and math.isfinite(value) and value >= 0  # type: ignore[arg-type]


def is_none(value: object) -> bool:
    return value is None


def is_object(value: object) -> bool:
    return isinstance(value, dict)


def optional(predicate: Predicate) -> Predicate:
    return lambda value: value is None or predicate(value)


def one_of(allowed: Collection[str] | type[StrEnum]) -> Predicate:
    return lambda value: isinstance(value, str) and value in list(allowed)


def list_of(predicate: Predicate) -> Predicate:
    return lambda value: isinstance(value, list) and all(map(predicate, value))


STAGE_SHAPE: Mapping[str, Predicate] = {
    "status": one_of(Verdict),
    "stdout": is_text,
    "stderr": is_text,
    "exit_code": optional(is_count),
    "signal": optional(is_count),
    "killed_by": optional(one_of(Cause)),
    "limits_hit": list_of(one_of(LimitHit)),
    "cpu_ms": optional(is_milliseconds),
    "wall_ms": optional(is_milliseconds),
    "wall_given_back_ms": optional(is_milliseconds),
    "memory_kb": optional(is_count),
    "stdout_truncated": is_bool,
    "stderr_truncated": is_bool,
}
ANSWER_SHAPE: Mapping[str, Predicate] = {
    "success": is_bool,
    "output": is_text,
    "error": optional(is_text),
    "executionTime": is_count,
    "id": is_text,
    "language": one_of(COMPILED),
    "version": is_text,
    "status": one_of(Verdict),
    "compile": optional(is_object),
    "run": optional(is_object),
    "tests": is_none,
    "summary": is_none,
    "checker": is_none,
    "warnings": list_of(is_text),
    "timings": is_object,
}
TIMINGS_SHAPE: Mapping[str, Predicate] = {
    **dict.fromkeys(
        ("queue_ms", "sandbox_ms", "compile_ms", "run_ms", "total_ms"), is_milliseconds
    ),
    "pool": one_of(("hit", "miss")),
    "compile_cache": optional(one_of(("hit", "miss"))),
}
PROBLEM_SHAPE: Mapping[str, Predicate] = {"field": is_text, "message": is_text}


def check_shape(value: object, shape: Mapping[str, Predicate], what: str) -> None:
    """Exactly the keys of `shape`, each with a value it allows."""
    require(isinstance(value, dict), f"{what} is no object", value)
    assert isinstance(value, dict)
    require(set(value) == set(shape), f"{what} has other fields", sorted(set(value) ^ set(shape)))
    for name, predicate in shape.items():
        require(predicate(value[name]), f"{what}.{name} has a value it can't have", value[name])
