"""What a long run shows while it goes on, and the table at its end."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields

from tests.docker.process_figures import Figures

EVERY = 100


@dataclass
class Report:
    """Counts answers; `say` shows a line to whoever runs the tests."""

    say: Callable[[str], None]
    total: int
    started: float = field(default_factory=time.monotonic)
    latencies: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """Seconds, by language."""

    @property
    def answered(self) -> int:
        return sum(map(len, self.latencies.values()))

    def count(self, language: str, seconds: float) -> None:
        self.latencies[language].append(seconds)
        if self.answered % EVERY == 0:
            self.say(
                f"{self.answered} of {self.total} jobs, {self.per_second():.1f}/s, "
                f"{time.monotonic() - self.started:.0f} s"
            )

    def per_second(self) -> float:
        return self.answered / (time.monotonic() - self.started)

    def show(self, rows: Sequence[tuple[str, Figures]]) -> None:
        """The figures, one line per moment they were taken at; then the latencies."""
        names = [each.name for each in fields(Figures)]
        self.say("server after".ljust(14) + "".join(name.rjust(15) for name in names))
        for title, figures in rows:
            values = [getattr(figures, name) for name in names]
            cells = [f"{value:.1f}" if isinstance(value, float) else str(value) for value in values]
            self.say(title.ljust(14) + "".join(cell.rjust(15) for cell in cells))
        self.say(f"{self.answered} jobs, {self.per_second():.2f}/s")
        for language, seconds in sorted(self.latencies.items()):
            p50, p95 = percentile(seconds, 50), percentile(seconds, 95)
            self.say(f"{language:<8}{len(seconds):>5} jobs   p50 {p50:.2f} s   p95 {p95:.2f} s")


def percentile(values: Sequence[float], percent: int) -> float:
    """By nearest rank."""
    rank = -(-len(values) * percent // 100)
    return sorted(values)[max(rank, 1) - 1]
