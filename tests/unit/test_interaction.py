"""A submission and its interactor, over the fake backend: who says what, whose verdict it is."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import EngineError
from orchestrator.jobs.events import Printed
from orchestrator.jobs.judging import interaction
from orchestrator.jobs.judging.checker_program import read_interactor
from orchestrator.jobs.judging.checking import TURN_BYTES
from orchestrator.jobs.judging.interaction import Transcript, _Side, decide
from orchestrator.jobs.model import (
    Cause,
    Failure,
    Interactor,
    JobResult,
    JudgeTest,
    ReturnOutputs,
    StageResult,
    Submission,
    Utterance,
    Verdict,
)
from orchestrator.sandbox.model import SourceFile, Stage, Stream
from tests.fakes.backend import FakeSandbox
from tests.judging_support import LIMITS, Spy, V, judge, make_test, statuses, under_way
from tests.sandbox_support import DEADLINE_S
from tests.service_support import Bench, cancelled, until
from tests.unit.test_stdin import Recorder

OK = StageResult(V.ACCEPTED, exit_code=0)
CRASHED = StageResult(V.RUNTIME_ERROR, exit_code=3)
KILLED = StageResult(V.RUNTIME_ERROR, signal=9, killed_by=Cause.SIGNAL)
FLOOD = StageResult(V.OUTPUT_LIMIT, signal=9, killed_by=Cause.OUTPUT)
LATE = StageResult(V.TIME_LIMIT, signal=9, killed_by=Cause.CPU)


def exits(code: int) -> StageResult:
    return StageResult(V.RUNTIME_ERROR if code else V.ACCEPTED, exit_code=code)


def interactor(script: str, transcript_bytes: int = 0) -> Interactor:
    files = (SourceFile("main.sh", script.encode()),)
    args = ("input.txt", "output.txt", "answer.txt")
    return Interactor(Submission("checker", files, LIMITS, args=args), transcript_bytes)


async def converse(
    script: str, theirs: str, *tests: JudgeTest, transcript_bytes: int = 0, **judging: Any
) -> JobResult:
    bench = Bench()
    rule = interactor(theirs, transcript_bytes)
    made = tests or (make_test("hello"),)
    result = await judge(bench, *made, script=script, checker=rule, **judging)
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
        (FLOOD, LATE, False, V.OUTPUT_LIMIT, Cause.OUTPUT),
        (FLOOD, exits(3), False, V.OUTPUT_LIMIT, Cause.OUTPUT),
        (FLOOD, exits(1), False, V.WRONG_ANSWER, None),
        (LATE, exits(3), False, V.CHECKER_ERROR, None),
    ],
)
def test_decide_goes_by_who_ended_first_and_how(
    solution: StageResult,
    theirs: StageResult,
    is_first: bool,  # noqa: FBT001 - a table's column
    status: Verdict,
    killed_by: Cause | None,
) -> None:
    says = read_interactor(theirs, interactor(""))
    stage = decide(make_test(""), solution, says, solution_first=is_first).stage
    assert (stage.status, stage.killed_by) == (status, killed_by)


@pytest.mark.parametrize(
    ("script", "theirs", "status", "message"),
    [
        ("cat", "cat input.txt; echo fine >&2", V.ACCEPTED, "fine"),
        ("cat", "echo no >&2; exit 1", V.WRONG_ANSWER, "no"),
        ("cat", "exit 3", V.CHECKER_ERROR, ""),
        ("cat", "kill -11 $$", V.CHECKER_ERROR, "the checker crashed"),
        ("echo word", "cat; exit 1", V.WRONG_ANSWER, ""),
        ("cat", "echo points 1 >&2; exit 7", V.ACCEPTED, ""),
        ("cat", "echo points 1; exit 7", V.CHECKER_ERROR, "exit code 7 without points"),
        ("exit 3", "cat; exit 1", V.RUNTIME_ERROR, None),
        ("exit 3", "exit 1", V.WRONG_ANSWER, ""),
        ("cat; exit 3", "exit 0", V.RUNTIME_ERROR, None),
    ],
)
async def test_submission_and_interactor_exchange_their_outputs(
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


@given(st.lists(st.tuples(st.booleans(), st.binary(min_size=1, max_size=200)), max_size=20))
def test_a_transcript_is_cut_at_its_limit(said: list[tuple[bool, bytes]]) -> None:
    whole, cut = Transcript(10**6), Transcript(300)
    for by_interactor, data in said:
        whole.add(data, by_interactor=by_interactor)
        cut.add(data, by_interactor=by_interactor)
    turns, kept = whole.utterances(), cut.utterances()
    assert b"".join(turn.data for turn in turns) == b"".join(data for _, data in said)
    assert all(one.by_interactor != two.by_interactor for one, two in pairwise(turns))
    assert kept[:-1] == turns[: max(len(kept) - 1, 0)]
    for last, turn in zip(kept[-1:], turns[len(kept) - 1 :], strict=False):
        assert last.by_interactor is turn.by_interactor
        assert turn.data.startswith(last.data)
    assert sum(TURN_BYTES + len(turn.data) for turn in kept) <= 300
    if sum(TURN_BYTES + len(turn.data) for turn in turns) <= 300:
        assert kept == turns


async def test_transcripts_are_returned_as_far_as_there_is_room_for_them_and_outputs() -> None:
    turn = TURN_BYTES + 5
    result = await converse(
        "cat",
        "cat input.txt",
        *map(make_test, ("hello", "again", "never")),
        transcript_bytes=1000,
        return_outputs=ReturnOutputs.ALL,
        returned_bytes=2 * turn + 5 + turn,
    )
    assert statuses(result) == [V.ACCEPTED] * 3
    tests = result.tests or ()
    assert [test.transcript for test in tests] == [
        (
            Utterance(by_interactor=True, data=b"hello"),
            Utterance(by_interactor=False, data=b"hello"),
        ),
        (Utterance(by_interactor=True, data=b"again"),),
        (),
    ]
    assert [test.stage.stdout for test in tests] == [b"hello", b"", b""]
    assert [test.stage.stdout_truncated for test in tests] == [False, True, True]


async def test_a_transcript_that_was_not_asked_for_is_none() -> None:
    (test,) = (await converse("cat", "cat input.txt")).tests or ()
    assert test.transcript is None


async def test_output_that_the_other_side_does_not_read_in_time_is_not_lost() -> None:
    mine = _Side(is_interactor=False, transcript=None)
    theirs = _Side(is_interactor=True, transcript=None)
    mine.other = theirs
    for text in (b"one ", b"", b"two"):
        mine.send(Printed(Stream.STDOUT, text))
        await mine.drain(asyncio.get_running_loop().time() - 1)  # its time is up
    mine.other.stdin.end()
    taken = Recorder(100)
    theirs.stdin.attach(taken, 100)
    assert (bytes(taken.received), taken.ends) == (b"one two", 1)


async def test_a_program_is_held_up_while_the_other_takes_nothing() -> None:
    mine = _Side(is_interactor=False, transcript=None)
    mine.other = _Side(is_interactor=True, transcript=None)
    mine.send(Printed(Stream.STDOUT, b"word"))
    draining = asyncio.create_task(mine.drain(asyncio.get_running_loop().time() + 60))
    await asyncio.sleep(0)
    assert not draining.done()
    mine.other.stdin.attach(Recorder(4), 4)
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


@pytest.mark.parametrize("who", ["both", "interactor"])
async def test_an_engine_error_on_one_side_ends_the_other_at_once(spy: Spy, who: str) -> None:
    def fail(_: FakeSandbox, stage: Stage) -> Stage:
        if who == "both" or "answer.txt" in stage.argv:
            raise EngineError("gone")
        return stage

    spy.change = fail
    patient = make_test("hello", limits=replace(LIMITS, wall_ms=1000 * 10 * int(DEADLINE_S)))
    async with asyncio.timeout(DEADLINE_S):
        result = await converse("cat", "cat", patient)
    assert (result.status, result.failure) == (V.INTERNAL_ERROR, Failure.INTERNAL_ERROR)
