"""A submission and its interactor, over the fake backend: what is expected is the interactor."""

from __future__ import annotations

import asyncio

import pytest

from orchestrator.errors import EngineUnavailableError
from orchestrator.jobs.judging.checker_program import read_interactor
from orchestrator.jobs.judging.interaction import decide
from orchestrator.jobs.model import Cause, Failure, Interactor, JobResult, StageResult, Verdict
from orchestrator.jobs.model import Utterance as Said
from tests.judging_support import LIMITS, TOLD_BY_ANSWER, V, checker, judge, make_test, statuses
from tests.service_support import Bench, cancelled, until

DONE = StageResult(V.ACCEPTED, exit_code=0)
FAILED = StageResult(V.RUNTIME_ERROR, exit_code=3)
KILLED = StageResult(V.RUNTIME_ERROR, signal=9, killed_by=Cause.SIGNAL)


def interactor(transcript_bytes: int = 0, script: str = TOLD_BY_ANSWER) -> Interactor:
    return Interactor(checker(script).submission, transcript_bytes)


async def talk(
    bench: Bench, script: str, answer: str, transcript_bytes: int = 0, wall_ms: int = 5000
) -> JobResult:
    limits = LIMITS.__class__(wall_ms, wall_ms, 64, 100, 16)
    test = make_test("input", answer, points=10.0, limits=limits)
    rule = interactor(transcript_bytes)
    result = await judge(bench, test, script=script, checker=rule)
    await bench.settled()
    return result


def said(exit_code: int, message: bytes = b"") -> StageResult:
    status = V.ACCEPTED if exit_code == 0 else V.RUNTIME_ERROR
    return StageResult(status, stderr=message, exit_code=exit_code)


@pytest.mark.parametrize(
    ("solution", "exit_code", "solution_first", "verdict", "cause"),
    [
        (DONE, 0, True, V.ACCEPTED, None),
        (DONE, 0, False, V.ACCEPTED, None),
        (DONE, 1, True, V.WRONG_ANSWER, None),
        (DONE, 1, False, V.WRONG_ANSWER, None),
        (DONE, 3, True, V.CHECKER_ERROR, None),
        (FAILED, 0, True, V.RUNTIME_ERROR, None),
        (FAILED, 0, False, V.RUNTIME_ERROR, None),
        (FAILED, 1, True, V.RUNTIME_ERROR, None),
        (FAILED, 1, False, V.WRONG_ANSWER, None),
        (KILLED, 1, False, V.WRONG_ANSWER, None),
        (KILLED, 3, False, V.CHECKER_ERROR, None),
        (KILLED, 1, True, V.RUNTIME_ERROR, Cause.SIGNAL),
        (FAILED, 7, False, V.RUNTIME_ERROR, None),
    ],
)
def test_an_interaction_s_verdict_depends_on_who_ended_first_and_how(
    solution: StageResult,
    exit_code: int,
    solution_first: bool,  # noqa: FBT001 - a column
    verdict: Verdict,
    cause: Cause | None,
) -> None:
    says = read_interactor(said(exit_code, b"points 1"), interactor(""))
    result = decide(make_test("t"), solution, says, solution_first=solution_first)
    assert (result.stage.status, result.stage.killed_by) == (verdict, cause)


@pytest.mark.parametrize(
    ("script", "answer", "status", "cause", "message"),
    [
        pytest.param("cat", "echo 5; exit 0", V.ACCEPTED, None, "", id="it listens"),
        pytest.param("echo 5", "cat; exit 0", V.ACCEPTED, None, "", id="it speaks"),
        pytest.param("cat", "echo no >&2; exit 1", V.WRONG_ANSWER, None, "no", id="no"),
        pytest.param("cat", "exit 3", V.CHECKER_ERROR, None, "", id="interactor fails"),
        pytest.param("exit 0", "cat; exit 1", V.WRONG_ANSWER, None, "", id="early exit"),
        pytest.param("exit 3", "cat; exit 1", V.RUNTIME_ERROR, None, None, id="it fails first"),
        pytest.param("exit 3", "exit 0", V.RUNTIME_ERROR, None, None, id="it fails, yes"),
        pytest.param("exit 3", "sleep 0.02; exit 1", V.WRONG_ANSWER, None, "", id="as it is told"),
        pytest.param(
            "echo " + "x" * 200, "cat; exit 0", V.OUTPUT_LIMIT, Cause.OUTPUT, None, id="flood"
        ),
        pytest.param("lose oom", "cat; exit 0", V.MEMORY_LIMIT, Cause.MEMORY, None, id="hungry"),
        pytest.param(
            "cat", "kill -11 $$", V.CHECKER_ERROR, None, "the checker crashed", id="crash"
        ),
    ],
)
async def test_an_interaction_is_judged(
    script: str, answer: str, status: Verdict, cause: Cause | None, message: str | None
) -> None:
    result = await talk(Bench("echo compiling"), script, answer)
    assert (result.status, result.killed_by) == (status, cause)
    assert result.tests is not None
    assert result.tests[0].message == message
    assert result.tests[0].points == (10.0 if status is V.ACCEPTED else 0.0)


async def test_a_deadlock_ends_with_the_submission_s_time() -> None:
    result = await talk(Bench(), "cat", "cat; exit 1", wall_ms=50)
    assert (result.status, result.killed_by) == (V.TIME_LIMIT, Cause.WALL)


async def test_points_given_by_the_interactor_are_the_test_s() -> None:
    result = await talk(Bench(), "cat", "echo points 4 >&2; exit 7")
    assert result.tests is not None
    assert (result.status, result.tests[0].points) == (V.WRONG_ANSWER, 4.0)


@pytest.mark.parametrize("room", [0, 99_999])
async def test_a_transcript_is_returned_where_it_was_asked_for(room: int) -> None:
    result = await talk(Bench(), "cat", "echo 5; exit 0", transcript_bytes=room)
    assert result.tests is not None
    transcript = result.tests[0].transcript
    if room == 0:
        assert transcript is None
    else:
        assert transcript is not None
        assert transcript[0] == Said(by_interactor=True, data=b"5\n")


async def test_each_test_has_an_interaction_of_its_own() -> None:
    bench = Bench("echo compiling", checker_compile="echo checker")
    tests = [make_test("1", "echo 5; exit 0"), make_test("2", "exit 1"), make_test("3", "exit 0")]
    result = await judge(bench, *tests, script="cat", checker=interactor())
    assert statuses(result) == [V.ACCEPTED, V.WRONG_ANSWER, V.ACCEPTED]
    assert len(bench.backend.opened) == 2
    await bench.settled()


async def test_an_interactor_that_does_not_compile_is_not_the_submission_s_fault() -> None:
    bench = Bench("echo compiling", checker_compile="echo refused >&2; exit 1")
    result = await judge(bench, make_test("1", "exit 0"), script="cat", checker=interactor())
    assert (result.status, statuses(result)) == (V.CHECKER_ERROR, [V.SKIPPED])
    assert result.checker is not None
    assert result.checker.stderr == b"refused\n"
    await bench.settled()


@pytest.mark.parametrize("who", ["submission", "interactor"])
async def test_a_sandbox_the_engine_lost_has_the_test_run_again(who: str) -> None:
    bench = Bench()
    scripts = {"submission": ("lose outside", "cat; exit 0"), "interactor": ("cat", "lose outside")}
    script, answer = scripts[who]
    result = await talk(bench, script, answer)
    assert (result.status, result.failure) == (V.INTERNAL_ERROR, Failure.INTERNAL_ERROR)
    assert len(bench.backend.opened) == 4


async def test_an_engine_that_is_away_ends_both() -> None:
    bench = Bench(engine_patience=0)
    made = iter([None, EngineUnavailableError("gone"), None, EngineUnavailableError("gone")])
    bench.backend.fail_open = lambda: next(made)
    result = await talk(bench, "cat", "exit 0")
    assert (result.status, result.failure) == (V.INTERNAL_ERROR, Failure.ENGINE_UNAVAILABLE)


async def test_a_caller_who_goes_away_ends_both() -> None:
    bench = Bench()
    test = make_test("1", "cat")
    task = asyncio.create_task(judge(bench, test, script="cat", checker=interactor()))
    await until(lambda: len(bench.backend.live) == 2)
    await cancelled(task)
    await bench.settled()
