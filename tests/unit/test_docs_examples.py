"""What README, tutorial and capacity page show: requests that are taken, figures as measured."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from orchestrator.settings import Settings
from tests.api_support import make_settings
from tests.checkout import ROOT
from tests.unit.test_api_submission import convert

README = (ROOT / "README.md").read_text()
TUTORIAL = (ROOT / "docs" / "tutorials" / "first-ten-minutes.md").read_text()
CAPACITY = (ROOT / "docs" / "howto" / "plan-capacity.md").read_text()
RESULTS = json.loads((ROOT / "bench" / "results" / "0.1.0.json").read_text())["figures"]

_HEREDOC = re.compile(r"-d @- <<'EOF'\n(.*?)\n\s*EOF$", re.MULTILINE | re.DOTALL)
_QUOTED = re.compile(r"-d '(\{.*\})'")
PROGRAMS = {
    "Python hello": "python_hello",
    "C++ hello": "cpp_hello",
    "C++ with `bits/stdc++.h`": "cpp_bits",
    "Java hello": "java_hello",
    "Java with streams": "java_realistic",
}


def requests(text: str) -> list[str]:
    return [*_HEREDOC.findall(text), *_QUOTED.findall(text)]


def row(text: str, title: str) -> list[str]:
    """The first row of a table that begins so, without its first cell."""
    (line, *_) = (line for line in text.splitlines() if line.startswith(f"| {title} |"))
    return [cell.strip() for cell in line.split("|")[2:-1]]


def value(figure: str) -> float:
    return float(RESULTS[figure]["value"])


@pytest.mark.parametrize("body", [*requests(README), *requests(TUTORIAL)])
def test_every_request_is_a_submission(body: str) -> None:
    assert convert(json.loads(body)).warnings == ()


def test_the_requests_are_found() -> None:
    assert (len(requests(README)), len(requests(TUTORIAL))) == (2, 4)


@pytest.mark.parametrize(("title", "program"), PROGRAMS.items())
def test_latencies_in_the_readme_are_those_of_the_results(title: str, program: str) -> None:
    wanted = [value(f"latency.{program}.{kind}.p50") for kind in ("e2e", "bare")]
    shown = [float(cell.removesuffix(" ms")) for cell in row(README, title)]
    assert shown == pytest.approx(wanted, rel=0.005)


@pytest.mark.parametrize(
    ("title", "language"),
    [("Python hello", "python"), ("C++ hello", "cpp"), ("Java hello", "java")],
)
def test_rates_of_the_capacity_page_are_those_of_the_results(title: str, language: str) -> None:
    rate = value(f"throughput.{language}.on")
    per_s, cpu = row(CAPACITY, title)
    assert float(per_s) == pytest.approx(rate, abs=0.05)
    assert float(cpu.removesuffix(" s")) == pytest.approx(2 / rate, abs=0.01)


@pytest.mark.parametrize(("cpus", "gb"), [(2, 1), (2, 2), (4, 4), (8, 16)])
def test_slots_and_memory_of_the_capacity_page_are_the_defaults(
    cpus: int, gb: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Settings, "cpus", cpus)
    monkeypatch.setattr(Settings, "total_memory_mb", 1024 * gb)
    settings: Any = make_settings()
    shown = [int(cell) for cell in row(CAPACITY, f"{cpus} CPUs, {gb} GB")]
    assert shown == [settings.slots, settings.memory_budget, settings.pool_budget]
