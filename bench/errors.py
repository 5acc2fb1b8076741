"""What can go wrong with a measurement: it is reported, and the others go on."""

from __future__ import annotations

from orchestrator.errors import RunnerError


class BenchError(RunnerError):
    """A measurement could not be made; the message says which and why."""
