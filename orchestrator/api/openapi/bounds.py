"""What a request's fields may be on this very server: its settings, as JSON Schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orchestrator.api.requests.judging import CHECKER_TYPES, MAX_NAME, MAX_POINTS
from orchestrator.api.requests.limits import MIN_MEMORY_MB, MIN_PROCESSES
from orchestrator.jobs.model import ReturnOutputs

if TYPE_CHECKING:
    from orchestrator.settings import Settings

Json = dict[str, Any]


def add_bounds(schemas: Json, settings: Settings) -> None:
    """Put them into the components' `schemas`, where they are said once for all requests."""
    for (model, field), words in _bounds(settings).items():
        found = schemas[model]["properties"][field]
        # An optional field is `anyOf` what it may be, and null.
        target = next((each for each in found.get("anyOf", ()) if "type" in each), found)
        target.update(words)


def _bounds(settings: Settings) -> dict[tuple[str, str], Json]:
    code = {"maxLength": settings.max_code_size}
    name = {"minLength": 1, "maxLength": MAX_NAME}
    words = {"maxItems": settings.max_args}
    return _limits(settings) | {
        ("ExecuteRequest", "code"): code,
        ("ExecuteRequest", "files"): {"maxItems": settings.max_files},
        ("ExecuteRequest", "args"): words,
        ("ExecuteRequest", "compile_args"): words,
        ("ExecuteRequest", "env"): {
            "maxProperties": settings.max_args,
            "propertyNames": {"pattern": "^[A-Za-z_][A-Za-z0-9_]*$"},
        },
        ("ExecuteRequest", "tests"): {"minItems": 1, "maxItems": settings.max_tests},
        ("ExecuteRequest", "return_outputs"): {"enum": [each.value for each in ReturnOutputs]},
        ("ExecuteRequest", "checker"): {
            "enum": [each for each in CHECKER_TYPES if each != "program"]
        },
        ("FileRequest", "name"): {"minLength": 1},
        ("TestRequest", "name"): name,
        ("TestRequest", "group"): name,
        ("TestRequest", "points"): {"minimum": 0, "maximum": MAX_POINTS},
        ("CheckerRequest", "type"): {"enum": list(CHECKER_TYPES)},
        ("CheckerRequest", "abs"): {"minimum": 0},
        ("CheckerRequest", "rel"): {"minimum": 0},
        ("CheckerRequest", "code"): code,
        ("InteractorRequest", "code"): code,
    }


def _limits(settings: Settings) -> dict[tuple[str, str], Json]:
    """Those of a run's limits."""
    time = {"minimum": 1, "maximum": settings.max_timeout}
    output_kb = -(-max(settings.max_output_size, settings.max_test_output_size) // 1024)
    return {
        ("ExecuteRequest", "timeout"): time,
        ("LimitsRequest", "wall_ms"): time,
        ("LimitsRequest", "cpu_ms"): time,
        ("LimitsRequest", "memory_mb"): {
            "minimum": MIN_MEMORY_MB,
            "maximum": settings.max_memory_mb,
        },
        ("LimitsRequest", "output_kb"): {"minimum": 1, "maximum": output_kb},
        ("LimitsRequest", "processes"): {
            "minimum": MIN_PROCESSES,
            "maximum": settings.max_processes,
        },
    }
