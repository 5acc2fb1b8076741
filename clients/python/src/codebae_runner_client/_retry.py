"""When to try again, and how long to wait before."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from codebae_runner_client.errors import (
    ConnectionFailedError,
    QueueFullError,
    RunnerError,
    UnavailableError,
)


@dataclass(frozen=True, slots=True)
class Retries:
    """How often and how patiently to try again what never ran: 429, 503, no connection.

    Before the n-th of at most `times` retries there are up to `first` * 2^(n-1) seconds, a random
    part of them, or what `Retry-After` says where that is more. A wait of more than `longest`
    seconds is not begun.
    """

    times: int = 3
    first: float = 0.25
    longest: float = 30.0

    def wait(
        self, failed: int, err: RunnerError, chance: Callable[[], float] = random.random
    ) -> float | None:
        """Seconds until the next try, after `failed` of them; None: there is none."""
        if failed > self.times or not never_ran(err):
            return None
        asked = err.retry_after if isinstance(err, QueueFullError | UnavailableError) else None
        wait: float = max(self.first * 2 ** (failed - 1) * chance(), asked or 0.0)
        return wait if wait <= self.longest else None


NO_RETRIES = Retries(times=0)


def never_ran(err: RunnerError) -> bool:
    """Whether it can be sent once more without running anything twice."""
    return isinstance(err, QueueFullError | UnavailableError | ConnectionFailedError)


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """`Retry-After` in seconds, whether it is a number of them or a date; None for nonsense."""
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return max(0.0, (at - (now or datetime.now(UTC))).total_seconds())
