"""A submission and its interactor, over the fake backend: who said what, and whose verdict it is."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from orchestrator.jobs import interaction
from orchestrator.jobs.events import Printed
from orchestrator.jobs.interaction import _Side, decide
from orchestrator.jobs.model import (
    Cause,
    Interactor,
    JobResult,
    JudgeTest,
    StageResult,
    Submission,
    Verdict,
)
from orchestrator.sandbox.model import SourceFile, Stream
from tests.judging_support import LIMITS, Spy, V, judge, make_test, statuses, under_way
from tests.service_support import Bench, cancelled, until
from tests.unit.test_live import Recorder

OK = StageResult(V.ACCEPTED, exit_code=0)
CRASHED = StageResult(V.RUNTIME_ERROR, exit_code=3)
KILLED = StageResult(V.RUNTIME_ERROR, signal=9, killed_by=Cause.SIGNAL)
LATE = StageResult(V.TIME_LIMIT, signal=9, killed_by=Cause.CPU)


def exits(code: int) -> StageResult:
    return StageResult(V.RUNTIME_ERROR if code else V.ACCEPTED, exit_code=code)


def interactor(script: str, transcript_bytes: int = 0) -> Interactor:
    files = (SourceFile("main.sh", script.encode()),)
    args = ("input.txt", "output.txt", "answer.txt")
    return Interactor(Submission("checker", files, LIMITS, args=args), transcript_bytes)


async def converse(
    script: str, theirs: str, *tests: JudgeTest | str, bench: Bench | None = None, **rule: Any
) -> JobResult:
    bench = bench or Bench()
    result = await judge(
        bench, *(tests or ("hello",)), script=script, checker=interactor(theirs, **rule)
    )
    await bench.settled()
    return result


@pytest.mark.parametrize(
    ("solution", "theirs", "is_first", "status", "killed_by"),
    [
        (OK, exits(0), True, V.ACCEPTED, None),
        (OK, exits(1), True, V.WRONG_ANSWER, None),
        (OK, exits(1), False, V.WRONG_ANSWER, None),
        (OK, exits(3), False, V.CHECKER_ERROR, None),
        (OK, KILLED, True, V.CHECKER_ERROR, None),
        (CRASHED, exits(0), True, V.RUNTIME_ERROR, None),
        (CRASHED, exits(0), False, V.RUNTIME_ERROR, None),
        (CRASHED, exits(1), True, V.RUNTIME_ERROR, None),
        (LATE, exits(1), True, V.TIME_LIMIT, Cause.CPU),
        (LATE, exits(0), False, V.TIME_LIMIT, Cause.CPU),
        (KILLED, exits(1), False, V.WRONG_ANSWER, None),
        (KILLED, exits(3), False, V.CHECKER_ERROR, None),
        (KILLED, LATE, False, V.CHECKER_ERROR, None),
    ],
)
def test_who_ended_first_and_how_says_whose_verdict_it_is(
    solution: StageResult,
    theirs: StageResult,
    is_first: bool,  # noqa: FBT001 - a table's column
    status: Verdict,
    killed_by: Cause | None,
) -> None:
    stage = decide(make_test(""), solution, theirs, solution_first=is_first).stage
    assert (stage.status, stage.killed_by) == (status, killed_by)


@pytest.mark.parametrize(
    ("script", "theirs", "status", "message"),
    [
        ("cat", "cat input.txt; echo fine >&2", V.ACCEPTED, "fine"),
        ("cat", "echo no >&2; exit 1", V.WRONG_ANSWER, "no"),
        ("cat", "exit 3", V.CHECKER_ERROR, ""),
        ("cat", "kill -11 $$", V.CHECKER_ERROR, "the checker crashed"),
        ("exit 3", "cat; exit 1", V.RUNTIME_ERROR, None),
        ("exit 3", "exit 1", V.WRONG_ANSWER, ""),
        ("cat; exit 3", "exit 0", V.RUNTIME_ERROR, None),
    ],
)
async def test_two_programs_talk(
    script: str, theirs: str, status: Verdict, message: str | None
) -> None:
    result = await converse(script, theirs)
    assert (statuses(result), result.status) == ([status], status)
    assert (result.tests or ())[0].message == message


async def test_a_test_s_input_never_enters_the_submission_s_sandbox(spy: Spy) -> None:
    result = await converse("cat", "cat answer.txt", make_test("secret", "word"))
    assert statuses(result) == [V.ACCEPTED]
    assert not any(b"secret" in stage.stdin for _, stage in spy.stages)
    assert {name for name, file in spy.files if file.content == b"secret"} == {"fake-2"}


async def test_what_the_other_does_not_take_in_time_is_not_lost() -> None:
    mine = _Side(is_interactor=False, transcript=None)
    theirs = _Side(is_interactor=True, transcript=None)
    mine.other = theirs
    for text in (b"one ", b"", b"two"):
        mine.send(Printed(Stream.STDOUT, text))
        await mine.drain(asyncio.get_running_loop().time() - 1)  # its time is up
    mine.other.live.end()
    taken = Recorder(100)
    theirs.live.open(taken, 100)
    assert (bytes(taken.received), taken.ends) == (b"one two", 1)


async def test_a_program_is_held_up_while_the_other_takes_nothing() -> None:
    mine = _Side(is_interactor=False, transcript=None)
    mine.other = _Side(is_interactor=True, transcript=None)
    mine.send(Printed(Stream.STDOUT, b"word"))
    draining = asyncio.create_task(mine.drain(asyncio.get_running_loop().time() + 60))
    await asyncio.sleep(0)
    assert not draining.done()
    mine.other.live.open(Recorder(4), 4)
    await draining


@pytest.mark.parametrize("script", ["cat", "exit 1"])
async def test_a_caller_that_goes_away_ends_both(
    monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    """While both are at it, and while one is gone and the other given a moment."""
    monkeypatch.setattr(interaction, "GRACE_S", 60)
    bench = Bench()
    task = await under_way(bench, "hello", script=script, checker=interactor("cat"))
    await until(lambda: len(bench.backend.live) == 2)
    await asyncio.sleep(0.01)
    await cancelled(task)
    await bench.settled()
