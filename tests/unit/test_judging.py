"""A submission's tests: verdicts, outputs, limits, what is told, how a job ends."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from typing import Any

import pytest

from orchestrator.jobs.events import StageEnded, StageStarted
from orchestrator.jobs.events import TestEnded as Ended
from orchestrator.jobs.events import TestStarted as Started
from orchestrator.jobs.judging.checkers import Exact
from orchestrator.jobs.model import (
    Cause,
    JudgeTest,
    Phase,
    ReturnOutputs,
    Verdict,
)
from orchestrator.sandbox.model import (
    StageKind,
)
from tests.judging_support import (
    LIMITS,
    LONG,
    MIB,
    Spy,
    V,
    judge,
    make_test,
    statuses,
    under_way,
)
from tests.sandbox_support import DEADLINE_S
from tests.service_support import Bench, Ear, cancelled, until


async def test_one_compilation_serves_all_tests_in_one_sandbox(spy: Spy) -> None:
    bench = Bench("echo compiling")
    result = await judge(bench, *[make_test(f"echo {n}", f"{n}") for n in range(5)])
    assert (result.status, result.killed_by, result.run) == (V.ACCEPTED, None, None)
    assert spy.kinds() == [StageKind.COMPILE] + [StageKind.RUN] * 5
    assert len(bench.backend.opened) == 1
    assert result.compile is not None
    assert result.compile.stdout == b"compiling\n"
    assert result.tests is not None
    assert [test.name for test in result.tests] == [f"echo {n}" for n in range(5)]
    assert result.summary is not None
    assert (result.summary.total, result.summary.passed) == (5, 5)
    await bench.settled()


async def test_every_test_finds_the_submission_s_files_and_its_own_input(spy: Spy) -> None:
    result = await judge(
        Bench(), make_test("echo 1", "echo 1"), make_test("echo 2", "echo 2"), script="cat"
    )
    assert result.status is V.ACCEPTED
    assert [file.path for _, file in spy.files] == ["main.sh"] * 2


EACH = [
    (make_test("echo 6", "6"), V.ACCEPTED, None),
    (make_test("echo whatever"), V.ACCEPTED, None),
    (make_test("echo 7", "6"), V.WRONG_ANSWER, None),
    (make_test("echo 6; exit 3", "6"), V.RUNTIME_ERROR, None),
    (make_test("kill -11 $$"), V.RUNTIME_ERROR, Cause.SIGNAL),
    (make_test("sleep 60", limits=replace(LIMITS, wall_ms=20)), V.TIME_LIMIT, Cause.WALL),
    (make_test(LONG), V.OUTPUT_LIMIT, Cause.OUTPUT),
    (make_test("lose oom"), V.MEMORY_LIMIT, Cause.MEMORY),
    (make_test("lose unknown"), V.RUNTIME_ERROR, Cause.SANDBOX),
]


@pytest.mark.parametrize(("test", "status", "cause"), EACH, ids=[test.name for test, *_ in EACH])
async def test_every_verdict_of_a_test_is_the_job_s_when_it_is_the_only_one(
    test: JudgeTest, status: Verdict, cause: Cause | None
) -> None:
    bench = Bench("echo compiling")
    result = await judge(bench, test)
    assert (result.status, result.killed_by, result.failure) == (status, cause, None)
    assert statuses(result) == [status]
    await bench.settled()


async def test_every_test_is_judged_by_itself_whatever_became_of_those_before(spy: Spy) -> None:
    bench = Bench("echo compiling")
    result = await judge(bench, *[test for test, *_ in EACH], "echo last")
    assert statuses(result) == [*(status for _, status, _ in EACH), V.ACCEPTED]
    assert (result.status, result.killed_by) == (V.WRONG_ANSWER, None)
    assert result.summary is not None
    assert (result.summary.passed, result.summary.failed) == (3, 7)
    # Two sandboxes were lost; what was compiled is put back out of the cache.
    assert len(bench.backend.opened) == 3
    assert spy.kinds().count(StageKind.COMPILE) == 1
    await bench.settled()


async def test_a_submission_that_does_not_compile_has_every_test_skipped() -> None:
    bench = Bench("echo refused >&2; exit 1")
    result = await judge(bench, "echo 1", "echo 2")
    assert (result.status, statuses(result)) == (V.COMPILE_ERROR, [V.SKIPPED] * 2)
    assert result.summary is not None
    assert result.summary.skipped == 2
    await bench.settled()


async def test_stop_on_failure_skips_the_rest_and_says_so(spy: Spy) -> None:
    tests = [make_test("echo 1", "1"), make_test("echo 1", "2"), make_test("echo 3", "3")]
    result = await judge(Bench(), *tests, listener=(ear := Ear()), stop_on_failure=True)
    assert statuses(result) == [V.ACCEPTED, V.WRONG_ANSWER, V.SKIPPED]
    assert result.status is V.WRONG_ANSWER
    assert len(spy.where()) == 2
    assert result.tests is not None
    assert ear.events[-1] == Ended(2, result.tests[2])
    assert Started(2, "echo 3") not in ear.events
    assert statuses(await judge(Bench(), *tests)) == [V.ACCEPTED, V.WRONG_ANSWER, V.ACCEPTED]


@pytest.mark.parametrize(
    ("rule", "kept"),
    [
        (ReturnOutputs.ALL, [b"1\n", b"2\n"]),
        (ReturnOutputs.FAILED, [b"", b"2\n"]),
        (ReturnOutputs.NONE, [b"", b""]),
    ],
)
async def test_outputs_are_returned_by_return_outputs(
    rule: ReturnOutputs, kept: list[bytes]
) -> None:
    tests = [make_test("echo 1", "1"), make_test("echo 2", "3")]
    result = await judge(Bench(), *tests, return_outputs=rule)
    assert result.tests is not None
    assert [test.stage.stdout for test in result.tests] == kept
    assert [test.has_output for test in result.tests] == [bool(each) for each in kept]


async def test_outputs_of_all_tests_together_are_capped_and_judged_whole() -> None:
    tests = [make_test(f"echo {n * 9}; echo err >&2", n * 9) for n in "123"]
    result = await judge(
        Bench(), *tests, return_outputs=ReturnOutputs.ALL, returned_bytes=20, checker=Exact()
    )
    assert result.tests is not None
    assert statuses(result) == [V.WRONG_ANSWER] * 3
    kept = [(test.stage.stdout, test.stage.stderr) for test in result.tests]
    assert kept == [(b"1" * 9 + b"\n", b"err\n"), (b"2" * 6, b""), (b"", b"")]
    cut = [(test.stage.stdout_truncated, test.stage.stderr_truncated) for test in result.tests]
    assert cut == [(False, False), (True, True), (True, True)]


async def test_a_listener_hears_of_the_compilation_and_of_every_test() -> None:
    result = await judge(
        Bench("exit 0"), make_test("echo 1", "1"), "exit 1", listener=(ear := Ear())
    )
    assert result.compile is not None
    assert result.tests is not None
    assert ear.events[1:] == [
        StageStarted(StageKind.COMPILE),
        StageEnded(StageKind.COMPILE, result.compile),
        Started(0, "echo 1"),
        Ended(0, result.tests[0]),
        Started(1, "exit 1"),
        Ended(1, result.tests[1]),
    ]


async def test_limits_are_set_where_they_differ_from_the_last(spy: Spy) -> None:
    small, wide = replace(LIMITS, memory_mb=32), replace(LIMITS, memory_mb=128, processes=32)
    tests = [make_test("echo 1", limits=each) for each in (LIMITS, small, small, wide)]
    bench = Bench("echo ok")
    assert (await judge(bench, *tests)).status is V.ACCEPTED
    (spec,) = bench.backend.opened
    assert (spec.memory_bytes, spec.processes) == (128 * MIB, 32)
    assert spec.run_memory_bytes == 32 * MIB
    assert spy.limits == [
        ("fake-1", 64 * MIB, 16),
        ("fake-1", 32 * MIB, 16),
        ("fake-1", 128 * MIB, 32),
    ]
    stage = spy.stages[-1][1]
    assert (stage.wall_ms, stage.cpu_ms, stage.stdout_limit) == (5000, 5000, 100)


async def test_a_large_output_is_compared_beside_the_loop() -> None:
    roomy = replace(LIMITS, output_bytes=100_000)
    lines = "; ".join("echo " + "x" * 99 for _ in range(100))
    right, wrong = ("\n".join(["x" * 99] * count) for count in (100, 99))
    tests = [make_test(lines, expected, limits=roomy) for expected in (right, wrong)]
    assert statuses(await judge(Bench(), *tests)) == [V.ACCEPTED, V.WRONG_ANSWER]


async def test_a_job_past_its_deadline_keeps_what_it_has_and_skips_the_rest() -> None:
    bench = Bench(max_job_ms=200, max_timeout=100, execution_timeout=100, compile_wall_ms=100)
    result = await judge(bench, "echo 1", "sleep 60", "echo 3", listener=(ear := Ear()))
    assert (result.status, result.killed_by) == (V.CANCELLED, Cause.DEADLINE)
    assert statuses(result) == [V.ACCEPTED, V.SKIPPED, V.SKIPPED]
    assert ear.events[-1] == Started(1, "sleep 60")
    await bench.settled()


async def test_a_caller_that_goes_away_in_the_middle_ends_it_all() -> None:
    bench = Bench("echo 1")
    task = await under_way(bench, "sleep 60", "echo 2")
    await until(lambda: bench.service.active_jobs()[0].phase is Phase.RUNNING)
    await cancelled(task)
    await bench.settled()


async def test_a_drain_that_ends_cancels_what_is_being_judged() -> None:
    bench = Bench()
    task = await under_way(bench, "sleep 60", "echo 2")
    await bench.service.finish(timeout_s=0)
    result = await task
    assert (result.status, result.killed_by) == (V.CANCELLED, Cause.DRAIN)
    assert statuses(result) == [V.SKIPPED] * 2
    await bench.settled()


async def test_a_drain_lets_tests_that_end_in_time_end() -> None:
    bench = Bench()
    task = await under_way(bench, "sleep 0.01", "echo 2")
    await bench.service.finish(timeout_s=DEADLINE_S)
    assert (await task).status is V.ACCEPTED


async def test_run_ms_is_all_tests_together() -> None:
    result = await judge(Bench(), "sleep 0.01", "sleep 0.01")
    assert result.tests is not None
    assert result.timings.run_ms == sum(test.stage.wall_ms or 0 for test in result.tests)


async def test_a_comparison_that_outlives_its_job_keeps_the_slot(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def compare_slowly(*_: Any) -> None:
        begun.set()
        go_on.wait(DEADLINE_S)
        raise ZeroDivisionError  # nobody is there to hear of it

    monkeypatch.setattr("orchestrator.jobs.judging.tests.check_text", compare_slowly)
    monkeypatch.setattr("orchestrator.jobs.judging.tests.LARGE_BYTES", 0)
    bench = Bench()
    task = await under_way(bench, make_test("echo 1", "1"))
    await until(begun.is_set)
    await cancelled(task)
    await until(lambda: not bench.backend.live)
    await asyncio.sleep(0.01)
    assert bench.admission.active == 1
    go_on.set()
    await bench.settled()
