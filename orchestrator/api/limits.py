"""A run's limits: what the client asked, the defaults and the server's maxima. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.api.schemas import LimitsRequest
from orchestrator.errors import InvalidSubmissionError
from orchestrator.jobs.model import Limits

if TYPE_CHECKING:
    from orchestrator.api.schemas import ExecuteRequest
    from orchestrator.languages.model import LimitDefaults
    from orchestrator.settings import Settings

MIN_MEMORY_MB = 16
"""Below this the agent itself and a small C program do not fit together."""
MIN_PROCESSES = 4
"""A shell with a pipe, or a runtime with a helper thread, gets by with this; less is a typo."""


def resolve_limits(request: ExecuteRequest, defaults: LimitDefaults, settings: Settings) -> Limits:
    """Every limit, none left to default. `limits.wall_ms` wins over `timeout`; CPU follows wall.

    Raises InvalidSubmissionError that names the field and its bounds.
    """
    asked = request.limits or LimitsRequest()
    most_kb = -(-settings.max_output_size // 1024)
    _check("timeout", request.timeout, 1, settings.max_timeout)
    _check("limits.wall_ms", asked.wall_ms, 1, settings.max_timeout)
    _check("limits.cpu_ms", asked.cpu_ms, 1, settings.max_timeout)
    _check("limits.memory_mb", asked.memory_mb, MIN_MEMORY_MB, settings.max_memory_mb)
    _check("limits.output_kb", asked.output_kb, 1, most_kb)
    _check("limits.processes", asked.processes, MIN_PROCESSES, settings.max_processes)
    wall_ms = asked.wall_ms or request.timeout or settings.execution_timeout
    return Limits(
        wall_ms=wall_ms,
        cpu_ms=asked.cpu_ms or wall_ms,
        memory_mb=asked.memory_mb or defaults.memory_mb,
        output_bytes=min((asked.output_kb or most_kb) * 1024, settings.max_output_size),
        processes=asked.processes or defaults.processes,
    )


def _check(field: str, value: int | None, least: int, most: int) -> None:
    if value is not None and not least <= value <= most:
        message = f"{field}: must be between {least} and {most}"
        raise InvalidSubmissionError(message, field=field)
