"""Figures out of samples: pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

PERCENTILES = (50, 95, 99)


def percentile(samples: Sequence[float], p: float) -> float:
    """The p-th percentile (0 < p <= 100) by nearest rank, so always one of the samples.

    Raises ValueError without samples, or for another `p`.
    """
    if not samples or not 0 < p <= 100:  # noqa: PLR2004 - per cent
        raise ValueError(f"no {p}-th percentile of {len(samples)} samples")
    return sorted(samples)[math.ceil(len(samples) * p / 100) - 1]


def per_second(finished: Sequence[float], start: float, seconds: float) -> float:
    """How many of the times `finished` (s) lie in the window of `seconds` from `start`, per second.

    Raises ValueError when the window has no length.
    """
    if seconds <= 0:
        raise ValueError("a window must have a length")
    return sum(start < moment <= start + seconds for moment in finished) / seconds


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value; `n` is how many samples it was made of."""

    value: float
    unit: str
    n: int


class Book:
    """Every figure of a run, by a dotted name such as `latency.python_hello.e2e.p50`."""

    def __init__(self) -> None:
        self._figures: dict[str, Figure] = {}

    def __getitem__(self, name: str) -> float:
        """The value. Raises KeyError when it was not measured."""
        return self._figures[name].value

    @property
    def figures(self) -> Mapping[str, Figure]:
        """All of them, in the order in which they were measured."""
        return self._figures

    def put(self, name: str, value: float, unit: str, n: int = 1) -> float:
        """Keep a figure; its value again."""
        self._figures[name] = Figure(value, unit, n)
        return value

    def put_percentiles(self, name: str, samples: Sequence[float], unit: str = "ms") -> None:
        """Keep `name.p50` and so on; nothing where there are no samples."""
        for p in PERCENTILES if samples else ():
            self.put(f"{name}.p{p}", percentile(samples, p), unit, len(samples))

    def n(self, name: str) -> int:
        """How many samples the figure was made of; 0 when it was not measured."""
        figure = self._figures.get(name)
        return figure.n if figure else 0
