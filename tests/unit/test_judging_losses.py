"""Sandboxes lost in the middle of a submission's tests."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.errors import EngineUnavailableError
from orchestrator.jobs.events import StageEnded, StageStarted
from orchestrator.jobs.events import TestEnded as Ended
from orchestrator.jobs.events import TestStarted as Started
from orchestrator.jobs.model import (
    Cause,
    Failure,
    Verdict,
)
from orchestrator.sandbox.model import (
    LossReason,
    Stage,
    StageKind,
)
from tests.fakes.backend import FakeSandbox
from tests.judging_support import (
    LIMITS,
    Spy,
    V,
    doing,
    gone,
    is_second_compile,
    judge,
    make_test,
    once,
    runs,
    statuses,
)
from tests.service_support import Bench, Ear


@pytest.mark.parametrize("compile_script", [None, "echo compiling"])
@pytest.mark.parametrize("cache_mb", [0, 32])
async def test_a_sandbox_lost_to_the_engine_in_a_test_costs_nobody_anything(
    spy: Spy, compile_script: str | None, cache_mb: int
) -> None:
    spy.change = once(runs("echo 2"), doing("echo partial; lose outside"))
    bench = Bench(compile_script, compile_cache_mb=cache_mb)
    result = await judge(bench, "echo 1", "echo 2", "echo 3", listener=(ear := Ear()))
    assert (result.status, result.failure) == (V.ACCEPTED, None)
    assert spy.where() == ["fake-1", "fake-1", "fake-2", "fake-2"]
    assert result.tests is not None
    told = [event for event in ear.events if isinstance(event, Started | Ended)]
    assert told == [
        event
        for number, test in enumerate(result.tests)
        for event in (Started(number, test.name), Ended(number, test))
    ]
    ends = [event for event in ear.events if isinstance(event, StageEnded)]
    if compile_script is None:
        assert ends == []
    else:
        assert result.compile is not None
        assert ends == [StageEnded(StageKind.COMPILE, result.compile)]
    await bench.settled()


async def test_a_job_goes_on_as_long_as_each_attempt_comes_further(spy: Spy) -> None:
    losses = [once(runs(f"echo {n}"), doing("lose outside")) for n in range(4)]

    def change(sandbox: FakeSandbox, stage: Stage) -> Stage:
        for loss in losses:
            stage = loss(sandbox, stage)
        return stage

    spy.change = change
    bench = Bench()
    result = await judge(bench, *[f"echo {n}" for n in range(4)])
    assert result.status is V.ACCEPTED
    assert len(bench.backend.opened) == 5
    await bench.settled()


async def test_a_test_that_loses_its_sandbox_each_time_is_our_own_failure() -> None:
    bench = Bench()
    result = await judge(bench, "echo 1", "lose outside", "echo 3", listener=(ear := Ear()))
    assert (result.status, result.failure) == (V.INTERNAL_ERROR, Failure.INTERNAL_ERROR)
    assert statuses(result) == [V.ACCEPTED, V.SKIPPED, V.SKIPPED]
    assert ear.events[1:-1] == [Started(0, "echo 1"), Ended(0, (result.tests or ())[0])]
    assert ear.events[-1] == Started(1, "lose outside")
    # The attempt that got the first test's result is not held against the second one.
    assert len(bench.backend.opened) == 2
    await bench.settled()


async def test_an_engine_that_goes_away_between_two_tests_is_waited_for() -> None:
    bench = Bench()
    errors = iter([None, EngineUnavailableError("gone"), None])
    bench.backend.fail_open = lambda: next(errors)
    result = await judge(bench, "lose oom", "echo 1")
    assert (statuses(result), result.failure) == ([V.MEMORY_LIMIT, V.ACCEPTED], None)
    await bench.settled()


async def test_a_sandbox_that_is_compiled_in_again_is_told_of_as_the_first(spy: Spy) -> None:
    bench = Bench("echo compiling", compile_cache_mb=0)
    result = await judge(bench, "lose oom", "echo 2", listener=(ear := Ear()))
    assert spy.kinds() == [StageKind.COMPILE, StageKind.RUN] * 2
    assert result.compile is not None
    assert [e for e in ear.events if isinstance(e, StageStarted | StageEnded)] == [
        StageStarted(StageKind.COMPILE),
        StageEnded(StageKind.COMPILE, result.compile),
    ]
    assert statuses(result) == [V.MEMORY_LIMIT, V.ACCEPTED]


async def test_a_compilation_found_in_the_cache_after_a_loss_was_no_hit_of_the_job_s() -> None:
    bench = Bench("echo compiling")
    first = await judge(bench, "lose oom", "echo 2")
    assert first.timings.compile_cache == "miss"
    assert (await judge(bench, "lose oom", "echo 2")).timings.compile_cache == "hit"


async def test_a_submission_that_does_not_compile_the_second_time_is_a_compile_error(
    spy: Spy,
) -> None:
    spy.change = once(is_second_compile(), doing("echo refused >&2; exit 1"))
    bench = Bench("echo compiling", compile_cache_mb=0)
    result = await judge(bench, "lose oom", "echo 2", "echo 3")
    assert (result.status, result.failure) == (V.COMPILE_ERROR, None)
    assert statuses(result) == [V.MEMORY_LIMIT, V.SKIPPED, V.SKIPPED]
    assert result.compile is not None
    assert result.compile.stderr == b"refused\n"
    await bench.settled()


async def test_a_sandbox_lost_when_it_is_compiled_in_again_is_replaced(spy: Spy) -> None:
    spy.change = once(is_second_compile(), doing("lose outside"))
    bench = Bench("echo compiling", compile_cache_mb=0)
    result = await judge(bench, "lose oom", "echo 2", listener=(ear := Ear()))
    assert statuses(result) == [V.MEMORY_LIMIT, V.ACCEPTED]
    assert (result.status, result.failure) == (V.MEMORY_LIMIT, None)
    assert len([event for event in ear.events if isinstance(event, StageEnded)]) == 1
    await bench.settled()


@pytest.mark.parametrize("reason", LossReason)
async def test_a_sandbox_lost_before_a_test_began_in_it_is_replaced(
    spy: Spy, reason: LossReason
) -> None:
    spy.change = once(runs("echo 2"), gone(reason))
    bench = Bench("echo compiling")
    result = await judge(bench, "echo 1", "echo 2")
    assert (result.status, spy.where()) == (V.ACCEPTED, ["fake-1", "fake-1", "fake-2"])
    assert len(bench.backend.opened) == 2
    await bench.settled()


@pytest.mark.parametrize(
    ("reason", "status", "failure"),
    [
        (LossReason.OOM, V.MEMORY_LIMIT, None),
        (LossReason.UNKNOWN, V.RUNTIME_ERROR, None),
        (LossReason.OUTSIDE, V.INTERNAL_ERROR, Failure.INTERNAL_ERROR),
    ],
)
async def test_a_sandbox_lost_before_a_test_each_time_is_judged_by_how_it_was(
    spy: Spy, reason: LossReason, status: Verdict, failure: Failure | None
) -> None:
    def change(sandbox: FakeSandbox, stage: Stage) -> Stage:
        return gone(reason)(sandbox, stage) if runs("echo 1")(stage) else stage

    spy.change = change
    bench = Bench("echo compiling")
    result = await judge(bench, "echo 1")
    assert (result.status, result.failure) == (status, failure)
    assert len(bench.backend.opened) == (4 if failure else 2)
    await bench.settled()


async def test_memory_that_a_test_before_left_in_use_is_no_fault_of_the_next(spy: Spy) -> None:
    spy.is_busy = lambda name: name == "fake-1"
    small = replace(LIMITS, memory_mb=32)
    bench = Bench("echo ok")
    result = await judge(bench, "echo 1", make_test("echo 2", limits=small))
    assert (result.status, spy.where()) == (V.ACCEPTED, ["fake-1", "fake-2"])
    await bench.settled()


async def test_memory_that_the_compilation_left_in_use_is_a_memory_limit(spy: Spy) -> None:
    spy.is_busy = lambda _: True
    small = replace(LIMITS, memory_mb=32)
    bench = Bench("echo ok")
    result = await judge(bench, "echo 1", make_test("echo 2", limits=small), "echo 3")
    assert statuses(result) == [V.ACCEPTED, V.MEMORY_LIMIT, V.ACCEPTED]
    assert (result.status, result.killed_by) == (V.MEMORY_LIMIT, Cause.MEMORY)
    await bench.settled()


async def test_after_a_loss_neither_the_pool_nor_the_compile_cache_is_used(spy: Spy) -> None:
    spy.change = once(runs("echo 1"), doing("lose outside"))
    result = await judge(Bench("echo compiling"), "echo 1", "lose oom", "echo 3")
    assert statuses(result) == [V.ACCEPTED, V.MEMORY_LIMIT, V.ACCEPTED]
    assert spy.kinds().count(StageKind.COMPILE) == 3
