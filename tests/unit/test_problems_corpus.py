"""The corpus of problems is whole, is read strictly, and what holds answers against it can fail."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestrator.jobs.model import Cause, Verdict
from tests.outcomes import Outcome
from tests.problems_answer import differences, outcomes
from tests.problems_support import Case, ProblemError, load, load_problem

CORPUS = load()
JUDGED = set(Verdict) - {Verdict.INTERNAL_ERROR, Verdict.CANCELLED}
CHECKERS = {"exact", "lines", "tokens", "unordered_lines", "float", "program"}

PROBLEM = """
statement = "Print the number."
timeout = 500
tests = [{ name = "one", input = "1\\r\\n", expected = "1" , points = 2, group = "g" }, {}]

[[submissions]]
file = "right.py"
status = "wrong_answer"
tests = ["accepted", "wrong_answer"]
points = [2, 0]
score = 2
messages = "words"
"""
ANSWER: dict[str, Any] = {
    "status": "wrong_answer",
    "success": False,
    "output": "",
    "error": "Test 2 (2): wrong answer",
    "compile": None,
    "run": None,
    "tests": [
        {
            "name": "one",
            "status": "accepted",
            "killed_by": None,
            "message": "many words",
            "points": 2,
        },
        {
            "name": "2",
            "status": "wrong_answer",
            "killed_by": None,
            "message": "words",
            "points": 0,
        },
    ],
    "summary": {"total": 2, "passed": 1, "failed": 1, "skipped": 0, "score": 2, "max_score": 2},
}


def _folder(path: Path, text: str = PROBLEM) -> Path:
    for name in ("submissions", "tests"):
        (path / name).mkdir()
    (path / "problem.toml").write_text(text)
    (path / "submissions" / "right.py").write_text("print(input())\n")
    (path / "tests" / "02.in").write_bytes(b"2\r\n")
    return path


def _judge(case: Case) -> str:
    if "interactor" in case.body:
        return "interactor"
    checker = case.body.get("checker", "lines")
    return str(checker if isinstance(checker, str) else checker["type"])


def test_the_corpus_has_every_verdict_and_judge_and_language() -> None:
    expected = [case.expected for case in CORPUS]
    told = {o.verdict for each in expected for o in (each.job, *each.tests)}
    assert told == JUDGED
    assert {_judge(case) for case in CORPUS} == CHECKERS | {"interactor"}
    assert {case.body["language"] for case in CORPUS} == {"c", "cpp", "java", "python"}
    limits = {case.expected.job for case in CORPUS if _judge(case) == "interactor"}
    assert {Outcome(Verdict.TIME_LIMIT, cause) for cause in (Cause.CPU, Cause.WALL)} <= limits


def test_each_problem_is_solved_in_two_languages_and_missed_in_some_ways() -> None:
    for problem in {case.problem for case in CORPUS}:
        cases = [case for case in CORPUS if case.problem == problem]
        right = {c.body["language"] for c in cases if c.expected.job.verdict is Verdict.ACCEPTED}
        assert len(right) >= 2, problem
        assert len({case.expected.job.verdict for case in cases}) >= 3, problem
        assert 2 <= len(cases[0].body["tests"]) <= 8, problem


def test_a_problem_is_read_in_full(tmp_path: Path) -> None:
    (case,) = load_problem(_folder(tmp_path))
    assert case.body == {
        "language": "python",
        "code": "print(input())\n",
        "timeout": 500,
        "limits": {"wall_ms": 30_000},  # what is not to run out does not
        "tests": [
            {"name": "one", "input": "1\r\n", "expected": "1", "points": 2, "group": "g"},
            {"input": "2\r\n"},
        ],
    }
    assert case.expected.job == Outcome(Verdict.WRONG_ANSWER)
    assert [str(outcome) for outcome in case.expected.tests] == ["accepted", "wrong_answer"]
    assert case.expected.messages == ("words", "words")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("statement", "statements", "unknown: statements"),
        ('statement = "Print the number."', "", "missing: statement"),
        ("timeout = 500", "timeout = ", "Invalid value"),
        ("{}]", "{}, {}]", "test 3: 03.in"),
        ("timeout = 500", 'checker = "lines"\ninteractor = {}', "both a checker"),
        ('"right.py"', '"right.rs"', "no language has .rs"),
        ("points = [2, 0]", "points = [2]", "1 given for 2 tests"),
        ('"accepted", "wrong', '"acepted", "wrong', "'acepted' is not a valid Verdict"),
        ('"accepted", "wrong', '"cancelled", "wrong', "cancelled is never right"),
        ('status = "wrong_answer"', 'status = "accepted"', "accepted is not the outcome"),
    ],
)
def test_a_problem_that_is_wrong_is_refused_by_name(
    tmp_path: Path, old: str, new: str, says: str
) -> None:
    assert old in PROBLEM
    folder = _folder(tmp_path, PROBLEM.replace(old, new, 1))
    with pytest.raises(ProblemError, match=str(folder)) as refused:
        load_problem(folder)
    assert says in str(refused.value)


def test_a_file_that_nobody_names_is_refused(tmp_path: Path) -> None:
    (_folder(tmp_path) / "submissions" / "forgotten.c").write_text("")
    with pytest.raises(ProblemError, match=r"nobody names forgotten\.c"):
        load_problem(tmp_path)


def _set(*path: str | int, value: object) -> Callable[[dict[str, Any]], None]:
    def change(answer: dict[str, Any]) -> None:
        place: Any = answer
        for step in path[:-1]:
            place[step] = place[step].copy()
            place = place[step]
        place[path[-1]] = value

    return change


def test_the_answer_that_is_expected_has_no_differences(tmp_path: Path) -> None:
    (case,) = load_problem(_folder(tmp_path))
    assert differences(case, ANSWER) == []
    assert outcomes(ANSWER) == ("wrong_answer", "accepted", "wrong_answer")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (_set("status", value="accepted"), "status: 'accepted', not 'wrong_answer'"),
        (_set("success", value=True), "success: True, not False"),
        (_set("run", value={}), "run: {}, not None"),
        (_set("output", value="2\n"), "output: '2\\n', not ''"),
        (_set("error", value="Test 1 (one): wrong answer"), "error: "),
        (_set("tests", value=[]), "names: [], not ['one', '2']"),
        (_set("tests", 1, "name", value="two"), "names: ['one', 'two'], not ['one', '2']"),
        (_set("tests", 0, "killed_by", value="cpu"), "test one: 'accepted/cpu', not 'accepted'"),
        (_set("tests", 1, "points", value=1), "test 2: points: 1, not 0"),
        (_set("tests", 1, "message", value=None), "test 2: message: None, without 'words'"),
        (_set("summary", "passed", value=2), "summary: "),
        (_set("summary", "score", value=0), "score: 0, not 2"),
    ],
)
def test_whatever_differs_is_told(
    tmp_path: Path, change: Callable[[dict[str, Any]], None], says: str
) -> None:
    (case,) = load_problem(_folder(tmp_path))
    answer = ANSWER.copy()
    change(answer)
    (told,) = differences(case, answer)
    assert told.startswith(says)
