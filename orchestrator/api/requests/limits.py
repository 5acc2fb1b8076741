"""A run's limits: what the client asked, the defaults and the server's maxima. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.api.requests.schemas import LimitsRequest
from orchestrator.errors import InvalidSubmissionError
from orchestrator.jobs.model import Limits

if TYPE_CHECKING:
    from orchestrator.api.requests.schemas import ExecuteRequest
    from orchestrator.languages.model import LimitDefaults
    from orchestrator.settings import Settings

MIN_MEMORY_MB = 16
"""Below this the agent itself and a small C program do not fit together."""
MIN_PROCESSES = 4
"""A shell with a pipe, or a runtime with a helper thread, gets by with this; less is a typo."""


WALL_PER_CPU = 3
"""Wall time of a test for each ms of its CPU time: a busy machine must not fail a right answer."""
OUTPUT_PER_EXPECTED = 2
"""How much more than what is expected of it a test may print, so that the checker can say why."""


def resolve_limits(request: ExecuteRequest, defaults: LimitDefaults, settings: Settings) -> Limits:
    """Every limit, none left to default. `limits.wall_ms` wins over `timeout`; CPU follows wall.

    Raises InvalidSubmissionError that names the field and its bounds.
    """
    asked = request.limits or LimitsRequest()
    _check("timeout", request.timeout, 1, settings.max_timeout)
    most_bytes = settings.max_test_output_size if request.tests else settings.max_output_size
    _check_all("limits", asked, most_bytes, settings)
    wall_ms = asked.wall_ms or request.timeout or settings.execution_timeout
    return Limits(
        wall_ms=wall_ms,
        cpu_ms=asked.cpu_ms or wall_ms,
        memory_mb=asked.memory_mb or defaults.memory_mb,
        output_bytes=_output_bytes(asked.output_kb, settings.max_output_size, most_bytes),
        processes=asked.processes or defaults.processes,
    )


class TestLimits:
    """What the tests of a request have in common: a test's own limits come before the job's.

    Here wall time follows CPU time, not the other way round.
    """

    def __init__(self, request: ExecuteRequest, job: Limits, settings: Settings) -> None:
        """`job`: what `resolve_limits` made of the request."""
        self._asked = request.limits or LimitsRequest()
        self._cpu_ms = self._asked.cpu_ms or request.timeout or settings.execution_timeout
        self._job = job
        self._settings = settings

    def resolve(self, field: str, own: LimitsRequest | None, expected_bytes: int) -> Limits:
        """The limits of one test. Raises InvalidSubmissionError that names what is in `field`."""
        settings, test = self._settings, own or LimitsRequest()
        most_bytes = settings.max_test_output_size
        _check_all(field, test, most_bytes, settings)
        cpu_ms = test.cpu_ms or self._cpu_ms
        following = min(WALL_PER_CPU * cpu_ms, max(cpu_ms, settings.max_timeout))
        asked_wall_ms = None if test.cpu_ms else self._asked.wall_ms
        usual_bytes = max(settings.max_output_size, OUTPUT_PER_EXPECTED * expected_bytes)
        asked_kb = test.output_kb or self._asked.output_kb
        return Limits(
            wall_ms=test.wall_ms or asked_wall_ms or following,
            cpu_ms=cpu_ms,
            memory_mb=test.memory_mb or self._job.memory_mb,
            output_bytes=_output_bytes(asked_kb, usual_bytes, most_bytes),
            processes=test.processes or self._job.processes,
        )


def checker_limits(defaults: LimitDefaults, settings: Settings, *, talks: bool = False) -> Limits:
    """What a checker program gets for each test; one that `talks` may fill the other's stdin."""
    cpu_ms = settings.checker_timeout
    most = max(settings.max_output_size, settings.max_input_size * talks)
    return Limits(
        wall_ms=WALL_PER_CPU * cpu_ms,
        cpu_ms=cpu_ms,
        memory_mb=defaults.memory_mb,
        output_bytes=most,
        processes=defaults.processes,
    )


def checker_compile_limits(defaults: LimitDefaults, settings: Settings) -> Limits:
    """What its compile gets."""
    return Limits(
        wall_ms=settings.checker_compile_wall,
        cpu_ms=settings.checker_compile_cpu_ms,
        memory_mb=defaults.memory_mb,
        output_bytes=settings.max_output_size,
        processes=defaults.processes,
    )


def _output_bytes(asked_kb: int | None, usual_bytes: int, most_bytes: int) -> int:
    return min(asked_kb * 1024 if asked_kb else usual_bytes, most_bytes)


def _check_all(field: str, asked: LimitsRequest, most_bytes: int, settings: Settings) -> None:
    _check(f"{field}.wall_ms", asked.wall_ms, 1, settings.max_timeout)
    _check(f"{field}.cpu_ms", asked.cpu_ms, 1, settings.max_timeout)
    _check(f"{field}.memory_mb", asked.memory_mb, MIN_MEMORY_MB, settings.max_memory_mb)
    _check(f"{field}.output_kb", asked.output_kb, 1, -(-most_bytes // 1024))
    _check(f"{field}.processes", asked.processes, MIN_PROCESSES, settings.max_processes)


def _check(field: str, value: int | None, least: int, most: int) -> None:
    if value is not None and not least <= value <= most:
        message = f"{field}: must be between {least} and {most}"
        raise InvalidSubmissionError(message, field=field)
