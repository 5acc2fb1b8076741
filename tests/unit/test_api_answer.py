from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.api.answers.answer import to_answer
from orchestrator.api.answers.texts import TRUNCATION_MARK, decode
from orchestrator.jobs.judging.checkers import Difference
from orchestrator.jobs.model import (
    Cause,
    Encoding,
    GroupScore,
    StageResult,
    TestResult,
    TestSummary,
    Timings,
    Utterance,
    Verdict,
)
from orchestrator.sandbox.model import LimitHit
from tests.api_support import make_result

if TYPE_CHECKING:
    from orchestrator.jobs.model import JobResult

V = Verdict


def ended(status: Verdict, **fields: Any) -> JobResult:
    """A job whose run ended so; `status` and cause are the job's too."""
    run = StageResult(status, **fields)
    return make_result(status=status, run=run, killed_by=run.killed_by)


def refused(**fields: Any) -> JobResult:
    stage = StageResult(V.COMPILE_ERROR, **fields)
    return make_result(status=V.COMPILE_ERROR, compile=stage, run=None, killed_by=stage.killed_by)


OLDER_TABLE = [
    (ended(V.ACCEPTED, stdout=b"out", exit_code=0), True, "out", None),
    (ended(V.ACCEPTED, stdout=b"out", stderr=b"err", exit_code=0), True, "out", None),
    (refused(stderr=b"1: bad\n", exit_code=1), False, "", "Compilation Error:\n1: bad\n"),
    (refused(stdout=b"said here", exit_code=1), False, "", "Compilation Error:\nsaid here"),
    (
        refused(exit_code=2),
        False,
        "",
        "Compilation Error:\nThe compiler exited with code 2",
    ),
    (refused(signal=11), False, "", "Compilation Error:\nThe compiler exited with code 139"),
    (
        refused(signal=9, killed_by=Cause.WALL),
        False,
        "",
        "Compilation Error:\nThe compiler took too long",
    ),
    (
        refused(stderr=b"warning", signal=9, killed_by=Cause.MEMORY),
        False,
        "",
        "Compilation Error:\nwarning\nThe compiler ran out of memory",
    ),
    (
        refused(signal=6, killed_by=Cause.SIGNAL),
        False,
        "",
        "Compilation Error:\nThe compiler exited with code 134",
    ),
    (
        make_result(status=V.COMPILE_ERROR, run=None),
        False,
        "",
        "Compilation Error:\nThe compiler could not be run",
    ),
    (
        ended(V.TIME_LIMIT, stdout=b"so far", signal=9, killed_by=Cause.WALL),
        False,
        "so far",
        "Execution timed out",
    ),
    (ended(V.TIME_LIMIT, signal=9, killed_by=Cause.CPU), False, "", "Execution timed out"),
    (
        ended(V.OUTPUT_LIMIT, stdout=b"xx", stdout_truncated=True, killed_by=Cause.OUTPUT),
        False,
        "xx" + TRUNCATION_MARK,
        "Output limit exceeded",
    ),
    (
        ended(V.MEMORY_LIMIT, stderr=b"err", signal=9, killed_by=Cause.MEMORY),
        False,
        "",
        "Memory limit exceeded",
    ),
    (ended(V.RUNTIME_ERROR, stderr=b"trace\n", exit_code=1), False, "", "trace\n"),
    (ended(V.RUNTIME_ERROR, stderr=b"trace\n", signal=6), False, "", "trace\n"),
    (ended(V.RUNTIME_ERROR, stderr=b"a\xff", exit_code=1), False, "", "a\ufffd"),
    (ended(V.RUNTIME_ERROR, exit_code=3), False, "", "Process exited with code 3"),
    (ended(V.RUNTIME_ERROR, signal=11), False, "", "Process exited with code 139"),
    (
        ended(V.RUNTIME_ERROR, killed_by=Cause.SANDBOX),
        False,
        "",
        "Process ended unexpectedly",
    ),
    (
        make_result(status=V.RUNTIME_ERROR, run=None, killed_by=Cause.SANDBOX),
        False,
        "",
        "Process ended unexpectedly",
    ),
    (
        make_result(status=V.CANCELLED, run=None, killed_by=Cause.DRAIN),
        False,
        "",
        "Cancelled: the server is shutting down",
    ),
    (make_result(status=V.CANCELLED, run=None), False, "", "Cancelled"),
    (make_result(status=V.INTERNAL_ERROR, run=None), False, "", "Internal error"),
]


@pytest.mark.parametrize(("result", "success", "output", "error"), OLDER_TABLE)
def test_the_older_fields(result: JobResult, success: bool, output: str, error: str | None) -> None:  # noqa: FBT001 - a column
    answer = to_answer(result)
    assert (answer["success"], answer["output"], answer["error"]) == (success, output, error)
    assert answer["executionTime"] == 42


@pytest.mark.parametrize("status", Verdict)
@pytest.mark.parametrize("cause", [None, *Cause])
def test_every_verdict_with_every_cause_has_an_answer(status: Verdict, cause: Cause | None) -> None:
    run = StageResult(status, killed_by=cause)
    answer = to_answer(make_result(status=status, run=run, compile=run, killed_by=cause))
    assert json.loads(json.dumps(answer)) == answer
    assert answer["success"] is (status is Verdict.ACCEPTED)
    assert (answer["error"] is None) is answer["success"]


def test_all_the_fields_of_ours() -> None:
    run = StageResult(
        V.RUNTIME_ERROR,
        b"out",
        b"err",
        exit_code=None,
        signal=9,
        killed_by=Cause.SIGNAL,
        limits_hit=(LimitHit.PROCESSES, LimitHit.FILE_SIZE),
        cpu_ms=1.23456,
        wall_ms=2,
        wall_given_back_ms=0.5,
        memory_kb=1000,
        stderr_truncated=True,
    )
    result = make_result(
        id="abc",
        language="c",
        version="12.2",
        status=V.RUNTIME_ERROR,
        killed_by=Cause.SIGNAL,
        run=run,
        timings=Timings(1.00049, 2, 3, 4, 10.6, pool="hit", compile_cache="miss"),
        warnings=("careful",),
    )
    assert to_answer(result) == {
        "success": False,
        "output": "out",
        "error": "err",
        "executionTime": 11,
        "id": "abc",
        "language": "c",
        "version": "12.2",
        "status": "runtime_error",
        "compile": None,
        "run": {
            "status": "runtime_error",
            "stdout": "out",
            "stderr": "err",
            "exit_code": None,
            "signal": 9,
            "killed_by": "signal",
            "limits_hit": ["processes", "file_size"],
            "cpu_ms": 1.235,
            "wall_ms": 2,
            "wall_given_back_ms": 0.5,
            "memory_kb": 1000,
            "stdout_truncated": False,
            "stderr_truncated": True,
        },
        "tests": None,
        "summary": None,
        "checker": None,
        "warnings": ["careful"],
        "timings": {
            "queue_ms": 1.0,
            "sandbox_ms": 2,
            "compile_ms": 3,
            "run_ms": 4,
            "total_ms": 10.6,
            "pool": "hit",
            "compile_cache": "miss",
        },
    }


def test_a_cut_in_the_middle_of_a_character_leaves_it_out() -> None:
    cut = "aé✓".encode()[:-1]
    answer = to_answer(ended(V.OUTPUT_LIMIT, stdout=cut, stdout_truncated=True))
    assert answer["output"] == "aé" + TRUNCATION_MARK
    assert answer["run"]["stdout"] == "aé"
    assert to_answer(ended(V.ACCEPTED, stdout=cut))["output"] == "aé\ufffd"


def test_base64_carries_every_byte_and_no_mark_while_error_stays_text() -> None:
    run = StageResult(V.RUNTIME_ERROR, b"\xff\x00", b"e\xff", exit_code=1, stdout_truncated=True)
    answer = to_answer(make_result(status=V.RUNTIME_ERROR, run=run, encoding=Encoding.BASE64))
    assert base64.b64decode(answer["output"]) == b"\xff\x00"
    assert base64.b64decode(answer["run"]["stdout"]) == b"\xff\x00"
    assert base64.b64decode(answer["run"]["stderr"]) == b"e\xff"
    assert answer["run"]["stdout_truncated"] is True
    assert answer["error"] == "e\ufffd"


@given(st.binary(), st.booleans())
def test_any_bytes_become_text(data: bytes, truncated: bool) -> None:  # noqa: FBT001 - drawn
    decode(data, truncated=truncated).encode()


@given(st.text(), st.integers(min_value=0))
def test_cut_text_is_a_beginning_of_the_text(text: str, cut: int) -> None:
    data = text.encode()
    shown = decode(data[: cut % (len(data) + 1)], truncated=True)
    assert text.startswith(shown)
    assert decode(data, truncated=False) == text


def judged(status: Verdict, *tests: TestResult, **changes: Any) -> JobResult:
    """A job with tests; its cause is that of the first that was not accepted."""
    stages = [test.stage for test in tests if test.stage.status is not V.ACCEPTED]
    killed_by = stages[0].killed_by if stages else None
    fields = {"status": status, "killed_by": killed_by, "run": None, "tests": tests}
    return make_result(**(fields | changes))


def one(status: Verdict, **fields: Any) -> TestResult:
    return TestResult("small", StageResult(status, **fields))


PASSED = TestResult("1", StageResult(V.ACCEPTED, exit_code=0))
REFUSED = StageResult(V.COMPILE_ERROR, stderr=b"1: bad\n", exit_code=1)
LOST = StageResult(V.RUNTIME_ERROR, killed_by=Cause.SANDBOX)


@pytest.mark.parametrize(
    ("result", "error"),
    [
        (judged(V.ACCEPTED, PASSED), None),
        (
            judged(V.WRONG_ANSWER, PASSED, one(V.WRONG_ANSWER, exit_code=0), one(V.TIME_LIMIT)),
            "Test 2 (small): wrong answer",
        ),
        (judged(V.TIME_LIMIT, one(V.TIME_LIMIT, signal=9)), "Test 1 (small): time limit"),
        (judged(V.MEMORY_LIMIT, one(V.MEMORY_LIMIT)), "Test 1 (small): memory limit"),
        (judged(V.OUTPUT_LIMIT, one(V.OUTPUT_LIMIT)), "Test 1 (small): output limit"),
        (judged(V.CHECKER_ERROR, one(V.CHECKER_ERROR)), "Test 1 (small): checker error"),
        (
            judged(V.RUNTIME_ERROR, one(V.RUNTIME_ERROR, exit_code=3, stderr=b"trace")),
            "Test 1 (small): runtime error (exit code 3)",
        ),
        (
            judged(V.RUNTIME_ERROR, one(V.RUNTIME_ERROR, signal=11, killed_by=Cause.SIGNAL)),
            "Test 1 (small): runtime error (signal 11)",
        ),
        (
            judged(V.RUNTIME_ERROR, one(V.RUNTIME_ERROR, killed_by=Cause.SANDBOX)),
            "Test 1 (small): runtime error",
        ),
        (
            judged(V.RUNTIME_ERROR, one(V.SKIPPED), compile=LOST, killed_by=Cause.SANDBOX),
            "Process ended unexpectedly",
        ),
        (
            judged(V.COMPILE_ERROR, one(V.SKIPPED), compile=REFUSED),
            "Compilation Error:\n1: bad\n",
        ),
        (
            judged(V.CHECKER_ERROR, one(V.SKIPPED), checker=REFUSED),
            "Checker compilation error:\n1: bad\n",
        ),
        (
            judged(V.CANCELLED, PASSED, one(V.SKIPPED), killed_by=Cause.DEADLINE),
            "Cancelled: the job took longer than this server allows",
        ),
        (
            judged(V.INTERNAL_ERROR, PASSED, one(V.SKIPPED), killed_by=Cause.ENGINE),
            "Internal error",
        ),
    ],
)
def test_the_older_error_with_tests(result: JobResult, error: str | None) -> None:
    answer = to_answer(result)
    assert (answer["success"], answer["error"]) == (error is None, error)
    assert (answer["output"], answer["run"]) == ("", None)


def test_all_the_fields_of_a_test() -> None:
    stage = StageResult(
        V.WRONG_ANSWER, b"\xff", b"", exit_code=0, cpu_ms=1.23456, wall_ms=2.0, memory_kb=5
    )
    test = TestResult(
        "small",
        stage,
        has_output=True,
        difference=Difference(1, 2, b"a\xc3", b"\xff"),
        message="said",
        judge_message="for judges",
        points=2.5,
        group="g",
        transcript=(
            Utterance(by_interactor=True, data=b"?"),
            Utterance(by_interactor=False, data=b"\xff"),
        ),
    )
    (fields,) = to_answer(judged(V.WRONG_ANSWER, test))["tests"]
    assert fields == {
        "name": "small",
        "status": "wrong_answer",
        "stdout": "\ufffd",
        "stderr": "",
        "exit_code": 0,
        "signal": None,
        "killed_by": None,
        "limits_hit": [],
        "cpu_ms": 1.235,
        "wall_ms": 2.0,
        "wall_given_back_ms": None,
        "memory_kb": 5,
        "stdout_truncated": False,
        "stderr_truncated": False,
        "difference": {"line": 1, "column": 2, "expected": "a\ufffd", "got": "\ufffd"},
        "message": "said",
        "judge_message": "for judges",
        "transcript": [
            {"from": "interactor", "data": "?"},
            {"from": "submission", "data": "\ufffd"},
        ],
        "points": 2.5,
        "group": "g",
    }
    (fields,) = to_answer(judged(V.WRONG_ANSWER, test, encoding=Encoding.BASE64))["tests"]
    assert (fields["stdout"], fields["stderr"]) == ("/w==", "")
    assert fields["difference"] == {"line": 1, "column": 2, "expected": "YcM=", "got": "/w=="}


def test_outputs_that_are_not_returned_are_null_and_not_empty() -> None:
    (fields,) = to_answer(judged(V.ACCEPTED, PASSED))["tests"]
    assert (fields["stdout"], fields["stderr"]) == (None, None)
    assert (fields["difference"], fields["message"], fields["points"]) == (None, None, None)


def test_all_the_fields_of_a_summary() -> None:
    summary = TestSummary(
        total=4,
        passed=1,
        failed=2,
        skipped=1,
        max_cpu_ms=1.00049,
        total_cpu_ms=2.0,
        max_wall_ms=3.0,
        total_wall_ms=4.0,
        max_memory_kb=5,
        score=1.5,
        max_score=2.0,
        groups=(GroupScore("g", passed=False, points=0.0, max_points=0.5),),
    )
    assert to_answer(judged(V.ACCEPTED, PASSED, summary=summary))["summary"] == {
        "total": 4,
        "passed": 1,
        "failed": 2,
        "skipped": 1,
        "max_cpu_ms": 1.0,
        "total_cpu_ms": 2.0,
        "max_wall_ms": 3.0,
        "total_wall_ms": 4.0,
        "max_memory_kb": 5,
        "score": 1.5,
        "max_score": 2.0,
        "groups": [{"name": "g", "passed": False, "points": 0.0, "max_points": 0.5}],
    }


def test_a_checker_s_compilation_is_a_stage_of_the_answer() -> None:
    answer = to_answer(judged(V.CHECKER_ERROR, one(V.SKIPPED), checker=REFUSED))
    assert answer["checker"]["stderr"] == "1: bad\n"
    assert answer["checker"].keys() == to_answer(ended(V.ACCEPTED))["run"].keys()
