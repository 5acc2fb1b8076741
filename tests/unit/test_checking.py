from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.jobs.judging.checker_program import checker_files, program_stage, read_checker
from orchestrator.jobs.judging.checkers import (
    CheckerOutcome,
    CheckerProtocol,
    CheckerStatus,
    Lines,
    Tokens,
)
from orchestrator.jobs.judging.checking import (
    apply_checker,
    check_text,
    keep_output,
    unchecked_result,
)
from orchestrator.jobs.model import (
    Cause,
    CheckerProgram,
    JudgeTest,
    Limits,
    ReturnOutputs,
    StageResult,
    Submission,
    TestResult,
    Verdict,
)
from orchestrator.sandbox.model import SourceFile, Stage, StageKind

OK = StageResult(Verdict.ACCEPTED, b"1 2\n", b"err", exit_code=0, cpu_ms=1.0)

PROGRAM = CheckerProgram(Submission("python", (), Limits(1, 1, 64, 100, 16)))
VALIDATOR = CheckerProgram(PROGRAM.submission, CheckerProtocol.KATTIS)


def make_test(**changes: Any) -> JudgeTest:
    fields = {"name": "t", "stdin": b"in", "expected": b"1 2\n"}
    return JudgeTest(**(fields | {"limits": Limits(1, 1, 64, 100, 16)} | changes))


def says(status: CheckerStatus, points: float | None = None) -> CheckerOutcome:
    return CheckerOutcome(status, points, "said")


def test_a_checker_is_given_three_files() -> None:
    assert checker_files(make_test(), b"out") == (
        SourceFile("input.txt", b"in"),
        SourceFile("output.txt", b"out"),
        SourceFile("answer.txt", b"1 2\n"),
    )
    assert checker_files(make_test(expected=None), b"")[2] == SourceFile("answer.txt", b"")


def test_a_kattis_validator_has_the_output_on_stdin_and_not_as_a_file() -> None:
    files = checker_files(make_test(), b"out", CheckerProtocol.KATTIS)
    assert [file.path for file in files] == ["input.txt", "answer.txt"]
    run = Stage(StageKind.RUN, ("main", "input.txt"), {}, 1, 1, 1, 1, b"")
    stage = program_stage(run, CheckerProtocol.KATTIS, b"out")
    assert stage.argv[-2:] == run.argv
    assert stage.stdin == b"out"
    assert program_stage(run, CheckerProtocol.TESTLIB, b"out") == run


@pytest.mark.parametrize(
    ("exit_code", "stderr", "status", "message", "judge"),
    [
        (42, b"\0\0\0", CheckerStatus.ACCEPTED, "", ""),
        (42, b"note\0well done\0seed 5\0", CheckerStatus.ACCEPTED, "well done", "seed 5\nnote"),
        (43, b"\0too large\0case 7\0", CheckerStatus.WRONG, "too large", "case 7"),
        (42, b"\0\0\0 2.5\n", CheckerStatus.POINTS, "", ""),
        (42, b"\0\0\0many", CheckerStatus.FAILED, "score.txt has no finite number >= 0", ""),
        (0, b"\0\0\0", CheckerStatus.FAILED, "exit code 0", ""),
        (1, b"Traceback\0\0\0", CheckerStatus.FAILED, "exit code 1", "Traceback"),
        (139, b"\0\0\0", CheckerStatus.FAILED, "signal 11", ""),
        (43, b"a\0b\0c\0d\0", CheckerStatus.WRONG, "c", "d\nab"),
    ],
)
def test_a_kattis_validator_decides_by_exit_codes_42_and_43_and_its_feedback_files(
    exit_code: int, stderr: bytes, status: CheckerStatus, message: str, judge: str
) -> None:
    stage = StageResult(Verdict.RUNTIME_ERROR, stderr=stderr, exit_code=exit_code)
    said = read_checker(stage, VALIDATOR)
    assert (said.status, said.message, said.judge_message) == (status, message, judge)
    assert said.points == (2.5 if status is CheckerStatus.POINTS else None)


def test_the_output_of_a_killed_validator_is_for_its_author_alone() -> None:
    stage = StageResult(
        Verdict.TIME_LIMIT, stderr=b"case 1\0", signal=9, killed_by=Cause.CPU, exit_code=None
    )
    said = read_checker(stage, VALIDATOR)
    assert (said.status, said.message) == (CheckerStatus.FAILED, "the checker took too long")
    assert said.judge_message == "case 1"


def test_a_run_that_failed_decides_its_test() -> None:
    failed = StageResult(Verdict.TIME_LIMIT, killed_by=Cause.CPU)
    result = unchecked_result(make_test(points=3.0, group="g"), failed)
    assert result == TestResult("t", failed, has_output=True, points=0.0, group="g")
    assert unchecked_result(make_test(points=3.0), OK).points == 3.0
    assert unchecked_result(make_test(), OK).points is None


def test_a_text_checker_s_difference_is_in_the_test_s_result() -> None:
    assert check_text(make_test(points=2.0), Lines(), OK) == TestResult(
        "t", OK, has_output=True, points=2.0
    )
    wrong = check_text(make_test(points=2.0, expected=b"1 3\n"), Tokens(), OK)
    assert wrong.stage.status is Verdict.WRONG_ANSWER
    assert (wrong.stage.exit_code, wrong.stage.killed_by, wrong.stage.cpu_ms) == (0, None, 1.0)
    assert wrong.points == 0.0
    assert wrong.difference is not None
    assert (wrong.difference.line, wrong.difference.column) == (1, 3)
    assert (wrong.difference.expected, wrong.difference.got) == (b"3", b"2")


@pytest.mark.parametrize(
    ("stage", "status", "message"),
    [
        (StageResult(Verdict.ACCEPTED, exit_code=0), CheckerStatus.ACCEPTED, ""),
        (
            StageResult(Verdict.RUNTIME_ERROR, b"out", b"err", exit_code=1),
            CheckerStatus.WRONG,
            "err",
        ),
        (StageResult(Verdict.RUNTIME_ERROR, b"out", exit_code=2), CheckerStatus.WRONG, "out"),
        (StageResult(Verdict.RUNTIME_ERROR, exit_code=3), CheckerStatus.FAILED, ""),
        (
            StageResult(Verdict.RUNTIME_ERROR, exit_code=9),
            CheckerStatus.FAILED,
            "exit code 9",
        ),
        (
            StageResult(Verdict.TIME_LIMIT, signal=9, killed_by=Cause.WALL),
            CheckerStatus.FAILED,
            "the checker took too long",
        ),
        (
            StageResult(Verdict.TIME_LIMIT, signal=9, killed_by=Cause.CPU),
            CheckerStatus.FAILED,
            "the checker took too long",
        ),
        (
            StageResult(Verdict.MEMORY_LIMIT, exit_code=1, killed_by=Cause.MEMORY),
            CheckerStatus.FAILED,
            "the checker ran out of memory",
        ),
        (
            StageResult(Verdict.OUTPUT_LIMIT, exit_code=0, killed_by=Cause.OUTPUT),
            CheckerStatus.FAILED,
            "the checker printed too much",
        ),
        (
            StageResult(Verdict.RUNTIME_ERROR, signal=11, killed_by=Cause.SIGNAL),
            CheckerStatus.FAILED,
            "the checker crashed",
        ),
        (
            StageResult(Verdict.RUNTIME_ERROR, killed_by=Cause.SANDBOX),
            CheckerStatus.FAILED,
            "the checker failed",
        ),
    ],
)
def test_a_checker_program_s_exit_decides(
    stage: StageResult, status: CheckerStatus, message: str
) -> None:
    said = read_checker(stage, PROGRAM)
    assert (said.status, said.points, said.message) == (status, None, message)


@pytest.mark.parametrize("verdict", Verdict)
@pytest.mark.parametrize("cause", [None, *Cause])
def test_a_checker_that_met_a_limit_accepts_nothing(verdict: Verdict, cause: Cause | None) -> None:
    said = read_checker(StageResult(verdict, exit_code=0, killed_by=cause), PROGRAM)
    assert (said.status is CheckerStatus.ACCEPTED) == (cause is None)


@pytest.mark.parametrize(
    ("said", "worth", "status", "points"),
    [
        (says(CheckerStatus.ACCEPTED), 10.0, Verdict.ACCEPTED, 10.0),
        (says(CheckerStatus.ACCEPTED), None, Verdict.ACCEPTED, None),
        (says(CheckerStatus.WRONG), 10.0, Verdict.WRONG_ANSWER, 0.0),
        (says(CheckerStatus.FAILED), 10.0, Verdict.CHECKER_ERROR, 0.0),
        (says(CheckerStatus.FAILED), None, Verdict.CHECKER_ERROR, None),
        (says(CheckerStatus.POINTS, 10.0), 10.0, Verdict.ACCEPTED, 10.0),
        (says(CheckerStatus.POINTS, 99.0), 10.0, Verdict.ACCEPTED, 10.0),
        (says(CheckerStatus.POINTS, 9.5), 10.0, Verdict.WRONG_ANSWER, 9.5),
        (says(CheckerStatus.POINTS, 0.0), 10.0, Verdict.WRONG_ANSWER, 0.0),
        (says(CheckerStatus.POINTS, 0.5), None, Verdict.ACCEPTED, None),
        (says(CheckerStatus.POINTS, 0.0), None, Verdict.WRONG_ANSWER, None),
        (says(CheckerStatus.POINTS, 0.5), 0.0, Verdict.ACCEPTED, 0.0),
        (says(CheckerStatus.POINTS, 0.0), 0.0, Verdict.WRONG_ANSWER, 0.0),
    ],
)
def test_a_checker_program_s_decision_becomes_the_test_s_verdict_and_points(
    said: CheckerOutcome, worth: float | None, status: Verdict, points: float | None
) -> None:
    result = apply_checker(make_test(points=worth), OK, said)
    assert (result.stage.status, result.points, result.message) == (status, points, "said")
    assert (result.stage.exit_code, result.stage.stdout) == (0, OK.stdout)


@given(st.integers(1, 100), st.integers(0, 100))
def test_points_a_checker_gives_are_the_points_it_said(worth: int, given: int) -> None:
    result = apply_checker(
        make_test(points=float(worth)), OK, says(CheckerStatus.POINTS, float(given))
    )
    assert result.points == min(worth, given)
    assert (result.stage.status is Verdict.ACCEPTED) == (given >= worth)


@pytest.mark.parametrize(
    ("rule", "status", "is_kept"),
    [
        (ReturnOutputs.ALL, Verdict.ACCEPTED, True),
        (ReturnOutputs.ALL, Verdict.WRONG_ANSWER, True),
        (ReturnOutputs.FAILED, Verdict.ACCEPTED, False),
        (ReturnOutputs.FAILED, Verdict.WRONG_ANSWER, True),
        (ReturnOutputs.FAILED, Verdict.TIME_LIMIT, True),
        (ReturnOutputs.NONE, Verdict.WRONG_ANSWER, False),
    ],
)
def test_outputs_are_returned_by_the_return_outputs_rule(
    rule: ReturnOutputs,
    status: Verdict,
    is_kept: bool,  # noqa: FBT001 - a table's column
) -> None:
    stage = StageResult(status, b"out", b"err", stdout_truncated=True)
    kept = keep_output(TestResult("t", stage, has_output=True), rule, room=100)
    assert kept.has_output is is_kept
    assert (kept.stage.stdout, kept.stage.stderr) == ((b"out", b"err") if is_kept else (b"", b""))
    assert (kept.stage.stdout_truncated, kept.stage.stderr_truncated) == (True, False)


@given(st.binary(max_size=20), st.binary(max_size=20), st.integers(0, 50))
def test_returned_outputs_are_cut_to_the_bytes_left(out: bytes, err: bytes, room: int) -> None:
    stage = StageResult(Verdict.WRONG_ANSWER, out, err)
    kept = keep_output(TestResult("t", stage, has_output=True), ReturnOutputs.ALL, room).stage
    assert len(kept.stdout) + len(kept.stderr) == min(room, len(out) + len(err))
    assert out.startswith(kept.stdout)
    assert err.startswith(kept.stderr)
    assert kept.stdout_truncated == (kept.stdout != out)
    assert kept.stderr_truncated == (kept.stderr != err)
