"""What a test run's steps came to, out of their JUnit files: `python -m tests.report FOLDER`."""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

SLOWEST = 25


@dataclass(frozen=True, order=True)
class Case:
    """A test, set-up and tear-down included."""

    seconds: float
    name: str
    outcome: str


@dataclass(frozen=True)
class Step:
    """A run of pytest."""

    name: str
    seconds: float
    cases: tuple[Case, ...]

    def count(self, outcome: str) -> int:
        return sum(case.outcome == outcome for case in self.cases)


def read_steps(folder: Path) -> Iterator[Step]:
    """Those whose files are in `folder`, the oldest first."""
    for path in sorted(folder.glob("*.xml"), key=lambda path: path.stat().st_mtime):
        suite = next(ET.parse(path).iter("testsuite"))  # noqa: S314 - pytest's own
        cases = tuple(map(_case, suite.iter("testcase")))
        yield Step(path.stem, float(suite.get("time", "0")), cases)


def _case(element: ET.Element) -> Case:
    failed = {"failure", "error"} & {child.tag for child in element}
    skipped = element.find("skipped") is not None
    outcome = "failed" if failed else "skipped" if skipped else "passed"
    name = f"{element.get('classname', '')}::{element.get('name', '')}"
    return Case(float(element.get("time", "0")), name, outcome)


def report(steps: Iterable[Step]) -> list[str]:
    """The lines to print: the slowest tests, the steps, the sum."""
    steps = tuple(steps)
    cases = [case for step in steps for case in step.cases]
    slowest = sorted(cases, reverse=True)[:SLOWEST]
    lines = [f"the slowest {len(slowest)}:"]
    lines += [f"{case.seconds:8.1f} s  {case.name}" for case in slowest]
    lines += [f"{'':9}step: minutes, tests"]
    lines += [f"{step.name:>20}: {step.seconds / 60:.1f} min, {len(step.cases)}" for step in steps]
    counts = {
        outcome: sum(step.count(outcome) for step in steps)
        for outcome in ("passed", "failed", "skipped")
    }
    return [*lines, ", ".join(f"{count} {outcome}" for outcome, count in counts.items())]


if __name__ == "__main__":
    sys.stdout.write("\n".join(report(read_steps(Path(sys.argv[1])))) + "\n")
