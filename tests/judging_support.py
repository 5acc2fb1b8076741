"""Submissions with tests, over the fake backend: each test's input is what its program does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from orchestrator.jobs.events import NULL_LISTENER, Listener
from orchestrator.jobs.events import TestStarted as Started
from orchestrator.jobs.judging.checkers import Lines
from orchestrator.jobs.model import (
    CheckerProgram,
    JobResult,
    JudgeTest,
    Judging,
    Limits,
    Submission,
    Verdict,
)
from orchestrator.sandbox.contract import OutputSink
from orchestrator.sandbox.model import (
    LossReason,
    SourceFile,
    Stage,
    StageKind,
    StageOutcome,
)
from orchestrator.sandbox.stdin import StdinStream
from tests.fakes.backend import FakeSandbox
from tests.service_support import Bench, Ear, until

LIMITS = Limits(wall_ms=5000, cpu_ms=5000, memory_mb=64, output_bytes=100, processes=16)
MIB = 1 << 20
LONG = "echo " + "x" * 200
V = Verdict
TOLD_BY_ANSWER = ". ./answer.txt"
"""A checker that does what the test expects."""


def make_test(script: str, expected: str | None = None, **changes: Any) -> JudgeTest:
    """Named by its script, which is its input."""
    wanted = None if expected is None else expected.encode()
    fields: dict[str, Any] = {"name": script, "stdin": script.encode(), "expected": wanted}
    return JudgeTest(**(fields | {"limits": LIMITS} | changes))


def checker(script: str) -> CheckerProgram:
    files = (SourceFile("main.sh", script.encode()),)
    args = ("input.txt", "output.txt", "answer.txt")
    return CheckerProgram(Submission("checker", files, LIMITS, args=args))


async def judge(
    bench: Bench,
    *tests: JudgeTest | str,
    listener: Listener = NULL_LISTENER,
    script: str = ". /dev/stdin",
    **judging: Any,
) -> JobResult:
    made = tuple(make_test(test) if isinstance(test, str) else test for test in tests)
    judged = Judging(**({"tests": made, "checker": Lines()} | judging))
    return await bench.run(script, listener, judging=judged)


def statuses(result: JobResult) -> list[Verdict]:
    assert result.tests is not None
    return [test.stage.status for test in result.tests]


Change = Callable[[FakeSandbox, Stage], Stage]


class Spy:
    """Sees every stage and every file before a sandbox does; `change` may make it another stage."""

    def __init__(self) -> None:
        self.stages: list[tuple[str, Stage]] = []
        self.files: list[tuple[str, SourceFile]] = []
        self.limits: list[tuple[str, int, int]] = []
        self.change: Change = lambda _, stage: stage
        self.is_busy: Callable[[str], bool] = lambda _: False

    def kinds(self) -> list[StageKind]:
        return [stage.kind for _, stage in self.stages]

    def where(self) -> list[str]:
        """The sandbox of each run."""
        return [name for name, stage in self.stages if stage.kind is StageKind.RUN]


def watch(monkeypatch: pytest.MonkeyPatch) -> Spy:
    """See every sandbox of a test."""
    spy = Spy()
    run, send, limit = FakeSandbox.run_stage, FakeSandbox.send_files, FakeSandbox.set_limits

    async def run_stage(
        sandbox: FakeSandbox, stage: Stage, sink: OutputSink, stdin: StdinStream | None = None
    ) -> StageOutcome:
        spy.stages.append((sandbox.name, stage))
        return await run(sandbox, spy.change(sandbox, stage), sink, stdin)

    async def send_files(sandbox: FakeSandbox, files: Any, **where: bool) -> None:
        spy.files += [(sandbox.name, file) for file in files]
        await send(sandbox, files, **where)

    async def set_limits(sandbox: FakeSandbox, memory_bytes: int, processes: int) -> bool:
        spy.limits.append((sandbox.name, memory_bytes, processes))
        return not spy.is_busy(sandbox.name) and await limit(sandbox, memory_bytes, processes)

    monkeypatch.setattr(FakeSandbox, "run_stage", run_stage)
    monkeypatch.setattr(FakeSandbox, "send_files", send_files)
    monkeypatch.setattr(FakeSandbox, "set_limits", set_limits)
    return spy


def once(matches: Callable[[Stage], bool], then: Callable[[FakeSandbox, Stage], Stage]) -> Change:
    """The first stage that matches is another one."""
    left = [True]

    def change(sandbox: FakeSandbox, stage: Stage) -> Stage:
        if not (left and matches(stage)):
            return stage
        left.clear()
        return then(sandbox, stage)

    return change


def doing(script: str) -> Callable[[FakeSandbox, Stage], Stage]:
    return lambda _, stage: replace(stage, argv=("sh", "-c", script))


def gone(reason: LossReason) -> Callable[[FakeSandbox, Stage], Stage]:
    """The sandbox is lost before the stage begins in it."""

    def lose(sandbox: FakeSandbox, stage: Stage) -> Stage:
        sandbox.lose(reason)
        return stage

    return lose


def runs(script: str) -> Callable[[Stage], bool]:
    """Whether a stage is the run of the test of that script."""
    return lambda stage: stage.kind is StageKind.RUN and stage.stdin == script.encode()


def is_second_compile() -> Callable[[Stage], bool]:
    seen: list[Stage] = []

    def matches(stage: Stage) -> bool:
        if stage.kind is StageKind.COMPILE:
            seen.append(stage)
        return len(seen) == 2

    return matches


async def under_way(bench: Bench, *tests: JudgeTest | str, **judging: Any) -> Any:
    """A job in its first test."""
    task = asyncio.create_task(judge(bench, *tests, listener=(ear := Ear()), **judging))
    await until(lambda: any(isinstance(event, Started) for event in ear.events))
    return task
