"""The results as one SVG: latencies, sustained rates, the queue, how near each goal is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.goals import Judged
from bench.programs import PROGRAMS
from bench.summary import Book

OURS, OTHER, BAD = "#2b6cb0", "#a0aec0", "#c53030"
BAR = 0.4
MOST = 2.0
_RATES = (
    ("containers, default", "throughput.raw_default", OTHER),
    ("containers, as ours", "throughput.raw", OTHER),
    ("Python", "throughput.python.on", OURS),
    ("C++, all off", "throughput.cpp.off", OTHER),
    ("C++", "throughput.cpp.on", OURS),
    ("Java, all off", "throughput.java.off", OTHER),
    ("Java", "throughput.java.on", OURS),
)


def draw(
    path: Path, title: str, book: Book, goals: Sequence[Judged], lengths: Sequence[int]
) -> None:
    """Write the plot. The same figures make the same bytes; text stays text."""
    mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "bench", "font.size": 8})
    figure = Figure(figsize=(12, 8.5), layout="constrained")
    figure.suptitle(title)
    ((latency, goal), (rate, queue)) = figure.subplots(2, 2)
    _draw_latency(latency, book)
    _draw_goals(goal, goals)
    _draw_rates(rate, book)
    _draw_queue(queue, book, lengths)
    figure.savefig(path, metadata={"Date": None})


def _draw_latency(axes: Axes, book: Book) -> None:
    """Bars to p50, whiskers to p95."""
    for offset, which, colour, label in (
        (-BAR / 2, "bare", OTHER, "bare"),
        (BAR / 2, "e2e", OURS, "ours, end to end"),
    ):
        rows = [
            (place + offset, book[f"{name}.p50"], book[f"{name}.p95"])
            for place, program in enumerate(PROGRAMS)
            if book.n(f"{(name := f'latency.{program.name}.{which}')}.p50")
        ]
        places, middles = [row[0] for row in rows], [row[1] for row in rows]
        spread = [[0.0] * len(rows), [row[2] - row[1] for row in rows]]
        axes.barh(places, middles, BAR, xerr=spread, color=colour, ecolor="black", label=label)
    axes.set_yticks(range(len(PROGRAMS)), [program.title for program in PROGRAMS])
    axes.invert_yaxis()
    axes.set_title("One at a time, ms: p50, p95")
    axes.legend()


def _draw_goals(axes: Axes, goals: Sequence[Judged]) -> None:
    """How much of its limit each value takes, or of what it reaches the limit is; 1 just does."""
    shares = [_share(each) for each in goals]
    colours = [OURS if each.met else BAD for each in goals]
    bars = axes.barh(range(len(goals)), [min(share, MOST) for share in shares], color=colours)
    axes.bar_label(bars, [_label(*pair) for pair in zip(goals, shares, strict=True)], padding=2)
    axes.axvline(1, color="black", linewidth=1)
    axes.set_xlim(0, MOST * 1.1)
    axes.set_yticks(range(len(goals)), [each.title for each in goals])
    axes.invert_yaxis()
    axes.set_title("Goals: met up to 1")


def _share(each: Judged) -> float:
    if not each.value or not each.limit:
        return 0.0
    share = each.limit / each.value if each.at_least else each.value / each.limit
    return max(share, 0.0)


def _label(each: Judged, share: float) -> str:
    """A bar too short or too long to be read says what it is."""
    if each.met is None:
        return "no figure"
    return f"{share:.2f}" if share else "met" if each.met else "not met"


def _draw_rates(axes: Axes, book: Book) -> None:
    rows = [(label, book[name], colour) for label, name, colour in _RATES if book.n(name)]
    bars = axes.bar(
        [row[0] for row in rows], [row[1] for row in rows], color=[row[2] for row in rows]
    )
    axes.bar_label(bars, fmt="%.1f")
    axes.tick_params("x", rotation=30)
    axes.set_title("Sustained, a second")


def _draw_queue(axes: Axes, book: Book, lengths: Sequence[int]) -> None:
    for name, label, colour in (
        ("json.cpu", "server's CPU per job", OURS),
        ("stream.cpu", "the same, all of them streams", BAD),
        ("stream.accept.p50", "time to be accepted, p50", OTHER),
    ):
        known = [length for length in lengths if book.n(f"queue.{length}.{name}")]
        values = [book[f"queue.{length}.{name}"] for length in known]
        axes.plot(known, values, marker="o", color=colour, label=label)
    axes.set_xscale("log")
    axes.set_ylim(bottom=0)
    axes.set_title("As the queue grows, ms by jobs waiting")
    axes.legend()
