"""Tests that a checker program judges."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.errors import EngineUnavailableError, InvalidSubmissionError
from orchestrator.jobs.events import StageEnded
from orchestrator.jobs.events import TestEnded as Ended
from orchestrator.jobs.events import TestStarted as Started
from orchestrator.jobs.model import (
    Failure,
    Verdict,
)
from orchestrator.sandbox.model import (
    Stage,
    StageKind,
)
from tests.judging_support import (
    LONG,
    MIB,
    TOLD_BY_ANSWER,
    Spy,
    V,
    checker,
    doing,
    is_second_compile,
    judge,
    make_test,
    once,
    statuses,
    under_way,
)
from tests.service_support import Bench, Ear, cancelled, until


@pytest.mark.parametrize(
    ("answer", "status", "message"),
    [
        ("echo well done", V.ACCEPTED, "well done"),
        ("echo no >&2; exit 1", V.WRONG_ANSWER, "no"),
        ("exit 3", V.CHECKER_ERROR, ""),
        ("exit 9", V.CHECKER_ERROR, "exit code 9"),
        ("echo points 4 >&2; exit 7", V.WRONG_ANSWER, ""),
        ("echo points 10 >&2; exit 7", V.ACCEPTED, ""),
        ("kill -11 $$", V.CHECKER_ERROR, "the checker crashed"),
        (LONG, V.CHECKER_ERROR, "the checker printed too much"),
        ("lose oom", V.CHECKER_ERROR, "the checker ran out of memory"),
        ("lose unknown", V.CHECKER_ERROR, "the checker failed"),
    ],
)
async def test_a_checker_program_decides_each_test_s_verdict(
    answer: str, status: Verdict, message: str
) -> None:
    bench = Bench("echo compiling", checker_compile="echo checker")
    tests = [make_test("echo out", answer, points=10.0), make_test("echo 2", "exit 0")]
    result = await judge(bench, *tests, checker=checker(TOLD_BY_ANSWER))
    assert result.tests is not None
    assert statuses(result) == [status, V.ACCEPTED]
    assert (result.tests[0].message, result.tests[0].stage.exit_code) == (message, 0)
    assert (result.status, result.killed_by) == (status, None)
    assert result.checker is not None
    assert result.checker.stdout == b"checker\n"
    await bench.settled()


async def test_a_checker_sees_input_output_and_answer_and_nothing_of_the_test_before() -> None:
    tests = [make_test("echo out", "ans"), make_test("echo 2", "ans 2")]
    script = "cat input.txt; cat output.txt; cat answer.txt; exit 1"
    result = await judge(Bench(), *tests, checker=checker(script))
    messages = [test.message for test in result.tests or ()]
    assert messages == ["echo outout\nans", "echo 22\nans 2"]


async def test_expected_outputs_never_enter_the_submission_s_sandbox(spy: Spy) -> None:
    tests = [make_test(f"echo {n}", f"echo secret {n}") for n in range(2)]
    await judge(Bench("echo 1"), *tests, checker=checker(TOLD_BY_ANSWER))
    names = {file.path: set() for _, file in spy.files} | {"answer.txt": set[str]()}
    for name, file in spy.files:
        names[file.path].add(name)
    assert names["answer.txt"] == {"fake-2"}
    assert spy.where() == ["fake-1", "fake-2"] * 2
    own = [stage.stdin for name, stage in spy.stages if name == "fake-1"]
    assert not any(b"secret" in each for each in own)


async def test_a_run_that_failed_is_not_checked(spy: Spy) -> None:
    result = await judge(Bench(), make_test("exit 1", "exit 0"), checker=checker(TOLD_BY_ANSWER))
    assert (result.status, spy.where()) == (V.RUNTIME_ERROR, ["fake-1"])
    assert (result.tests or ())[0].message is None


async def test_a_checker_that_does_not_compile_is_not_the_submission_s_fault(spy: Spy) -> None:
    bench = Bench("echo compiling", checker_compile="echo refused >&2; exit 1")
    result = await judge(bench, "echo 1", "echo 2", checker=checker(""), listener=(ear := Ear()))
    assert (result.status, result.killed_by) == (V.CHECKER_ERROR, None)
    assert statuses(result) == [V.SKIPPED] * 2
    assert result.compile is not None
    assert result.compile.status is V.ACCEPTED
    assert result.checker is not None
    assert result.checker.stderr == b"refused\n"
    assert spy.kinds() == [StageKind.COMPILE] * 2
    assert len([event for event in ear.events if isinstance(event, StageEnded)]) == 1
    await bench.settled()


async def test_a_checker_lost_to_the_engine_has_its_test_run_again_and_none_told_twice(
    spy: Spy,
) -> None:
    def is_checker(stage: Stage) -> bool:
        return "answer.txt" in stage.argv and stage.kind is StageKind.RUN

    spy.change = once(is_checker, doing("lose outside"))
    bench = Bench("echo 1", checker_compile="echo 2")
    tests = [make_test("echo 1", "exit 0"), make_test("echo 2", "exit 1")]
    result = await judge(bench, *tests, checker=checker(TOLD_BY_ANSWER), listener=(ear := Ear()))
    assert statuses(result) == [V.ACCEPTED, V.WRONG_ANSWER]
    assert [e.number for e in ear.events if isinstance(e, Started)] == [0, 1]
    assert [e.number for e in ear.events if isinstance(e, Ended)] == [0, 1]
    assert len(bench.backend.opened) == 4  # both anew
    await bench.settled()


async def test_a_checker_lost_each_time_is_our_own_failure() -> None:
    bench = Bench()
    result = await judge(bench, make_test("echo 1", ""), checker=checker("lose outside"))
    assert (result.status, result.failure) == (V.INTERNAL_ERROR, Failure.INTERNAL_ERROR)
    assert len(bench.backend.opened) == 4
    await bench.settled()


async def test_a_checker_s_sandbox_that_can_t_be_had_is_our_own_failure() -> None:
    bench = Bench()
    errors = iter([None, EngineUnavailableError("gone")] * 2)
    bench.backend.fail_open = lambda: next(errors)
    result = await judge(bench, make_test("echo 1", ""), checker=checker("exit 0"))
    assert (result.status, result.failure) == (V.INTERNAL_ERROR, Failure.ENGINE_UNAVAILABLE)
    await bench.settled()


async def test_a_sandbox_that_fails_oddly_does_not_leave_the_other_behind() -> None:
    bench = Bench()
    errors: Any = iter([None, RuntimeError("odd")])
    bench.backend.fail_open = lambda: next(errors)
    result = await judge(bench, make_test("echo 1", ""), checker=checker("exit 0"))
    assert (result.status, result.failure) == (V.INTERNAL_ERROR, Failure.INTERNAL_ERROR)
    assert len(bench.backend.opened) == 2
    await bench.settled()


async def test_a_checker_that_does_not_compile_the_second_time_is_a_checker_error(
    spy: Spy,
) -> None:
    spy.change = once(is_second_compile(), doing("exit 1"))
    bench = Bench(checker_compile="echo 2", compile_cache_mb=0)
    tests = [make_test("echo 1", "lose oom"), make_test("echo 2", "exit 0")]
    result = await judge(bench, *tests, checker=checker(TOLD_BY_ANSWER))
    assert (result.status, result.failure) == (V.CHECKER_ERROR, None)
    assert statuses(result) == [V.CHECKER_ERROR, V.SKIPPED]
    await bench.settled()


async def test_both_sandboxes_memory_is_reserved() -> None:
    one = [make_test("echo 1", "exit 0")]
    with pytest.raises(InvalidSubmissionError, match=r"limits\.memory_mb"):
        await judge(Bench(memory_mb=127), *one, checker=checker(TOLD_BY_ANSWER))
    assert (await judge(Bench(memory_mb=127), *one)).status is V.WRONG_ANSWER
    fits = Bench(memory_mb=128)
    assert (await judge(fits, *one, checker=checker(TOLD_BY_ANSWER))).status is V.ACCEPTED
    assert [spec.memory_bytes for spec in fits.backend.opened] == [64 * MIB] * 2
    await fits.settled()


async def test_a_caller_that_goes_away_while_the_checker_runs_ends_it_all() -> None:
    bench = Bench("echo 1", checker_compile="echo 2")
    task = await under_way(bench, make_test("echo 1", "sleep 60"), checker=checker(TOLD_BY_ANSWER))
    await until(lambda: len(bench.backend.live) == 2)
    await cancelled(task)
    await bench.settled()
