"""Counts of outcomes, and latency percentiles, of ended jobs: since the start and lately.

Memory is bounded: latencies are counted in a histogram of buckets 2 % wide, so that a percentile is
right to within 1 %; the last minutes are a ring of one-minute tallies.
"""

from __future__ import annotations

import math
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from orchestrator.jobs.model import Cause, JobResult, Verdict

WINDOW_MINUTES = 15
PERCENTILES = (50, 95, 99)
LATENCIES = ("queue", "sandbox", "compile", "run", "total")

_LOG_WIDTH = math.log(1.02)
_LEAST_MS = 0.001  # the agent's resolution; anything less counts as this

OutcomeKey = tuple[str, Verdict, Cause | None]
"""What outcomes are counted by: language id, verdict, and cause (`killed_by`)."""


@dataclass(frozen=True, slots=True)
class PeriodSummary:
    """Counts of outcomes, and latency percentiles, over a period of `seconds`.

    `latencies`: by name (one of LATENCIES), then by percentile (of PERCENTILES), in ms.
    """

    seconds: float
    outcomes: Mapping[OutcomeKey, int]
    latencies: Mapping[str, Mapping[int, float]]


@dataclass(slots=True)
class _Tally:
    """Counts of outcomes, and a histogram (bucket to count) of each latency."""

    outcomes: Counter[OutcomeKey] = field(default_factory=Counter)
    latencies: dict[str, Counter[int]] = field(
        default_factory=lambda: {name: Counter() for name in LATENCIES}
    )

    def count(self, result: JobResult) -> None:
        self.outcomes[result.language, result.status, result.killed_by] += 1
        for name, milliseconds in _latencies(result):
            self.latencies[name][_bucket(milliseconds)] += 1

    def add(self, other: _Tally) -> None:
        self.outcomes.update(other.outcomes)
        for name, buckets in other.latencies.items():
            self.latencies[name].update(buckets)

    def summary(self, seconds: float) -> PeriodSummary:
        latencies = {name: percentiles(buckets) for name, buckets in self.latencies.items()}
        return PeriodSummary(seconds, dict(self.outcomes), latencies)


class Statistics:
    """Counts the results of all jobs of this server. For one event loop."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` returns seconds; only differences matter."""
        self._clock = clock
        self._started = clock()
        self._all = _Tally()
        self._minutes: deque[tuple[int, _Tally]] = deque()
        self._full_minutes: tuple[int, _Tally] = (-1, _Tally())

    def record(self, result: JobResult) -> None:
        """Count the result of a job that has ended."""
        self._all.count(result)
        self._this_minute().count(result)

    def since_start(self) -> PeriodSummary:
        """Return the summary of all jobs since the server started."""
        return self._all.summary(self._clock() - self._started)

    def lately(self) -> PeriodSummary:
        """Return the summary of the last 15 minutes: 14 full ones, and the current one so far."""
        tally = _Tally()
        tally.add(self._before_this_minute())
        tally.add(self._this_minute())
        into_this_minute = (self._clock() - self._started) % 60
        window = (WINDOW_MINUTES - 1) * 60 + into_this_minute
        return tally.summary(min(window, self._clock() - self._started))

    def _before_this_minute(self) -> _Tally:
        """Return the tally of the full minutes; cached for a minute: `/stats` is polled often."""
        now = self._minute()
        if self._full_minutes[0] != now:
            self._forget_old()
            tally = _Tally()
            for minute, counted in self._minutes:
                if minute != now:
                    tally.add(counted)
            self._full_minutes = (now, tally)
        return self._full_minutes[1]

    def _this_minute(self) -> _Tally:
        self._forget_old()
        now = self._minute()
        if not self._minutes or self._minutes[-1][0] != now:
            self._minutes.append((now, _Tally()))
        return self._minutes[-1][1]

    def _forget_old(self) -> None:
        oldest = self._minute() - WINDOW_MINUTES + 1
        while self._minutes and self._minutes[0][0] < oldest:
            self._minutes.popleft()

    def _minute(self) -> int:
        return int(self._clock() - self._started) // 60


def percentiles(buckets: Mapping[int, int]) -> dict[int, float]:
    """Return each of PERCENTILES in ms, by nearest rank; empty when nothing was counted."""
    total = sum(buckets.values())
    if not total:
        return {}
    ranks = {p: math.ceil(total * p / 100) for p in PERCENTILES}
    found: dict[int, float] = {}
    seen = 0
    for bucket, count in sorted(buckets.items()):
        seen += count
        for p, rank in ranks.items():
            if rank <= seen:
                found.setdefault(p, _middle(bucket))
    return found


def _latencies(result: JobResult) -> Iterator[tuple[str, float]]:
    """Yield the latencies that the job has: without a sandbox there is no sandbox latency."""
    times = result.timings
    yield "queue", times.queue_ms
    if times.sandbox_ms:
        yield "sandbox", times.sandbox_ms
    if result.compile is not None and result.compile.wall_ms is not None:
        is_cached = times.compile_cache == "hit"
        yield "compile", times.compile_ms if is_cached else result.compile.wall_ms
    if result.run is not None and result.run.wall_ms is not None:
        yield "run", result.run.wall_ms
    yield "total", times.total_ms


def _bucket(milliseconds: float) -> int:
    return round(math.log(max(milliseconds, _LEAST_MS)) / _LOG_WIDTH)


def _middle(bucket: int) -> float:
    return math.exp(bucket * _LOG_WIDTH)
