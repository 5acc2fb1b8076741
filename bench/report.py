"""A run's results: as JSON, and as a table for people. Pure but for printing."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Column, Table

from bench.context import Context
from bench.goals import Judged
from bench.programs import PROGRAMS
from bench.summary import PERCENTILES, Book

_MARKS = {True: "[green]met[/]", False: "[bold red]NOT MET[/]", None: "[yellow]no figure[/]"}
_WHO = {"e2e": "ours", "bare": "bare"}
_PERCENTILES = [f"p{p}" for p in PERCENTILES]
_DIGITS = 4
_LONG = 1000


@dataclass(frozen=True, slots=True)
class About:
    """What the figures are figures of. `taken` is the day, `seconds` how long all of it took."""

    version: str
    taken: str
    seconds: float
    is_quick: bool
    machine: Mapping[str, Any]


def to_json(about: About, context: Context, goals: Sequence[Judged]) -> str:
    """Everything that is known of a run."""
    figures = {
        name: {"value": round(figure.value, _DIGITS), "unit": figure.unit, "n": figure.n}
        for name, figure in context.book.figures.items()
    }
    results = {
        **asdict(about),
        "options": asdict(context.options),
        "servers": context.servers,
        "sandbox_runtimes": sorted(context.runtimes),
        "goals": [_goal(each) for each in goals],
        "failures": [asdict(failure) for failure in context.failures],
        "figures": figures,
    }
    return json.dumps(results, indent=1, ensure_ascii=False) + "\n"


def _goal(judged: Judged) -> dict[str, Any]:
    fields = asdict(judged)
    for name in ("value", "limit"):
        fields[name] = None if fields[name] is None else round(fields[name], _DIGITS)
    return fields


def print_tables(out: Console, context: Context, goals: Sequence[Judged]) -> None:
    """The latencies, then each goal: what was measured, what was wanted."""
    out.print(_latency_table(context.book))
    table = Table(
        Column("goal", no_wrap=True),
        *map(_right, ["measured", "wanted"]),
        Column("", no_wrap=True),
        title="What must be shown",
        box=box.SIMPLE,
    )
    for each in goals:
        sign = ">=" if each.at_least else "<="
        table.add_row(
            each.title,
            _amount(each.value, each.unit),
            f"{sign} {_amount(each.limit, each.unit)}",
            _MARKS[each.met],
        )
    out.print(table)
    for failure in context.failures:
        out.print(f"failed: {failure.step}: {failure.error}", markup=False, highlight=False)


def _latency_table(book: Book) -> Table:
    columns = [f"{who}\n{p}" for who in _WHO.values() for p in _PERCENTILES]
    table = Table(
        Column("program", no_wrap=True),
        *map(_right, [*columns, "ratio", "hits"]),
        title="One at a time, in ms: pool hits, and the plain command",
        box=box.SIMPLE,
        padding=(0, 0, 0, 1),
    )
    for program in PROGRAMS:
        name = f"latency.{program.name}"
        values = [_shown(book, f"{name}.{who}.{p}") for who in _WHO for p in _PERCENTILES]
        ratio = "-"
        if book.n(f"{name}.e2e.p50"):
            ratio = f"{book[f'{name}.e2e.p50'] / book[f'{name}.bare.p50']:.2f}"
        hits = (
            f"{book[f'{name}.hits']:.0f}/{book.n(f'{name}.hits')}"
            if book.n(f"{name}.hits")
            else "-"
        )
        table.add_row(program.title, *values, ratio, hits)
    return table


def _shown(book: Book, name: str) -> str:
    if not book.n(name):
        return "-"
    return f"{book[name]:.1f}" if book[name] < _LONG else f"{book[name]:.0f}"


def _amount(value: float | None, unit: str) -> str:
    return "-" if value is None else f"{value:.2f} {unit}"


def _right(header: str) -> Column:
    return Column(header, justify="right", no_wrap=True)
