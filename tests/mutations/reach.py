"""Which unit tests reach which lines: the coverage of one run of them all, kept in `.state`."""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from coverage import CoverageData

from tests.mutations.mutation import Mutation, function_around
from tests.mutations.scratch import STATE, Scratch, digest
from tests.mutations.trial import UNIT, BrokenTrialError

DATA, STAMP, LOG = STATE / "coverage", STATE / "coverage.of", STATE / "coverage.log"
# Lines are enough, and a tenth of the branches' size.
CONFIGURATION = "[run]\nsource = orchestrator\nbranch = false\nrelative_files = true\n"

Lines = dict[int, list[str]]
"""The contexts of each line: `TEST|setup`, `TEST|run`, `TEST|teardown`, or nothing."""


def is_recorded(scratch: Scratch) -> bool:
    """Whether there is a record of just this code and these tests."""
    return DATA.is_file() and STAMP.is_file() and STAMP.read_text("ascii") == digest(scratch)


def record(scratch: Scratch) -> None:
    """Run the unit tests, all of which must pass: some minutes."""
    configuration, data = scratch.beside / "coverage.ini", scratch.beside / "coverage"
    configuration.write_text(CONFIGURATION, "ascii")
    command = ["nice", "-n", "10", str(scratch.python), "-m", "pytest", "-q", "-p", "no:randomly"]
    coverage = ["--cov", f"--cov-config={configuration}", "--cov-context=test", "--cov-report="]
    with LOG.open("wb") as log:
        ended = subprocess.run(
            [*command, *coverage, "-m", UNIT, "tests"],
            cwd=scratch.root,
            env=scratch.env(COVERAGE_FILE=str(data)),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if ended.returncode != 0:
        raise BrokenTrialError(f"the unit tests fail without any mutation: see {LOG}")
    STAMP.unlink(missing_ok=True)
    data.replace(DATA)
    STAMP.write_text(digest(scratch), "ascii")


class Reach:
    """The record, read."""

    def __init__(self, path: Path = DATA) -> None:
        data = CoverageData(str(path))
        data.read()
        self._lines = {name: data.contexts_by_lineno(name) for name in data.measured_files()}
        self._breadth: Counter[str] = Counter()
        for lines in self._lines.values():
            self._breadth.update(_tests_of(lines.values()))

    def tests(self, mutation: Mutation, text: str) -> list[str]:
        """The tests that reach what is changed of the file's `text`; the most specific first.

        Those that reach the lines; else, of a statement of several lines, the function; else, of
        what is done when a module is imported, anything in the file.
        """
        lines = self._lines.get(mutation.file)
        if lines is None:
            return []
        changed = mutation.lines(text)
        for wanted in (changed, function_around(text, changed), range(len(text))):
            tests = set(_tests_of(lines.get(number, []) for number in wanted))
            if tests:
                return sorted(tests, key=lambda test: (self._breadth[test], test))
        return []


def _tests_of(lines: Iterable[Iterable[str]]) -> Iterator[str]:
    """The tests of these lines' contexts, a test once for each line that it reaches."""
    for contexts in lines:
        yield from {context.rpartition("|")[0] for context in contexts if "|" in context}
