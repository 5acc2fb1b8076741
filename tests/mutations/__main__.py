"""Spoils the code, one line at a time, and says which test notices: `make mutants`.

`python -m tests.mutations [WORD...]`: those whose names have one of the words; without, all. Fails
when one is noticed by no test at all.
"""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from tests.mutations.mutation import Mutation, load
from tests.mutations.reach import Reach, is_recorded, record
from tests.mutations.scratch import Scratch, scratch_copy
from tests.mutations.second_engine import SecondEngine, second_engine
from tests.mutations.trial import REST, TEST, UNIT, BrokenTrialError, run_tests

SURVIVED = "SURVIVED"
PROOF = "the images' own proof"


@dataclass(frozen=True, slots=True)
class Finding:
    """`speed`: of the test that noticed, or SURVIVED."""

    mutation: Mutation
    speed: str
    noticed_by: str
    seconds: float

    def __str__(self) -> str:
        name = f"{self.mutation.name:<62.62}"
        return f"{name} {self.speed:<9} {self.seconds:6.1f} s  {self.noticed_by}"


@dataclass(frozen=True, slots=True)
class Step:
    """Some tests of a speed."""

    speed: str
    marks: str
    tests: Sequence[str]


def steps(mutation: Mutation, reached: Sequence[str]) -> Iterator[Step]:
    """What to run, until something fails: the quickest first, and what is likely."""
    if mutation.is_of_the_agent:
        yield Step("test", TEST, mutation.tests)
        yield Step("test-all", REST, mutation.tests)
        return
    yield Step("unit", UNIT, reached or mutation.tests or ["tests/unit"])
    if mutation.tests:
        yield Step("test", TEST, mutation.tests)
    if not mutation.on_second_engine:  # there most tests lack their language
        yield Step("test", TEST, ["tests"])
        if mutation.tests:
            yield Step("test-all", REST, mutation.tests)
        yield Step("test-all", REST, ["tests"])


class Hunt:
    """Tries mutations on one scratch copy; the second engine is started when one needs it."""

    def __init__(self, scratch: Scratch, reach: Reach | None, resources: ExitStack) -> None:
        self._scratch = scratch
        self._reach = reach
        self._resources = resources
        self._second: SecondEngine | None = None

    def try_one(self, mutation: Mutation) -> Finding:
        """Where it is noticed first."""
        began = time.monotonic()
        speed, noticed_by = self._notice(mutation)
        return Finding(mutation, speed, noticed_by, time.monotonic() - began)

    def _notice(self, mutation: Mutation) -> tuple[str, str]:
        reached: list[str] = []
        if self._reach is not None:
            reached = self._reach.tests(mutation, self._scratch.read(mutation.file))
        env = None
        if mutation.is_of_the_agent:
            env = self._second_engine().env
            with self._scratch.spoilt(mutation):
                refusal = self._second_engine().build()
            if refusal:
                return "build", f"{PROOF}: {refusal}"
        for step in steps(mutation, reached):
            if mutation.on_second_engine and step.speed != "unit":
                env = self._second_engine().env
            say(f"... {mutation.name}: {step.speed}, {_count(step.tests)}")
            with self._scratch.spoilt(mutation):
                trial = run_tests(self._scratch, step.marks, step.tests, env)
            if trial.noticed_by:
                if step.speed != "unit" and not mutation.is_of_the_agent:
                    self._confirm(trial.noticed_by, step, env)
                return step.speed, trial.noticed_by
        return SURVIVED, ""

    def _confirm(self, test: str, step: Step, env: dict[str, str] | None) -> None:
        """A test on a real engine that fails anyhow has noticed nothing."""
        if run_tests(self._scratch, step.marks, [test], env).noticed_by:
            raise BrokenTrialError(f"{test} fails without any mutation")

    def _second_engine(self) -> SecondEngine:
        if self._second is None:
            say("... a second engine, and images on it")
            self._second = self._resources.enter_context(second_engine(self._scratch))
        return self._second

    def check_tests_of_the_agent(self, mutations: Sequence[Mutation]) -> None:
        """Those that are to notice must pass with the images as they should be."""
        tests = sorted({test for each in mutations for test in each.tests})
        if not tests:
            return
        env = self._second_engine().env
        say(f"... without any mutation: {_count(tests)}")
        for marks in (TEST, REST):
            failed = run_tests(self._scratch, marks, tests, env).noticed_by
            if failed:
                raise BrokenTrialError(f"{failed} fails without any mutation")


def _count(tests: Sequence[str]) -> str:
    return tests[0] if len(tests) == 1 else f"{len(tests)} tests or files"


def say(text: str) -> None:
    """At once, whoever reads."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main(words: Sequence[str]) -> int:
    """What to exit with."""
    chosen = [each for each in load() if not words or any(word in each.name for word in words)]
    findings = []
    with ExitStack() as resources:
        scratch = resources.enter_context(scratch_copy())
        reach = None
        if not all(each.is_of_the_agent for each in chosen):
            reach = read_reach(scratch)
        hunt = Hunt(scratch, reach, resources)
        hunt.check_tests_of_the_agent([each for each in chosen if each.is_of_the_agent])
        for mutation in chosen:
            findings.append(hunt.try_one(mutation))
            say(str(findings[-1]))
    return summarise(findings)


def read_reach(scratch: Scratch) -> Reach:
    """The record, which is made where there is none of this code."""
    if not is_recorded(scratch):
        say("... the unit tests, to see which of them reach what (some minutes)")
        record(scratch)
    return Reach()


def summarise(findings: Sequence[Finding]) -> int:
    """The table; what to exit with."""
    say("\nmutation, the speed whose test noticed it, seconds, that test")
    for finding in findings:
        say(str(finding))
    survived = sum(finding.speed == SURVIVED for finding in findings)
    say(f"{len(findings)} mutations, {survived} survived")
    return int(survived > 0 or not findings)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # the engine goes, too
    try:
        sys.exit(main(sys.argv[1:]))
    except BrokenTrialError as err:
        sys.exit(f"error: {err}")
