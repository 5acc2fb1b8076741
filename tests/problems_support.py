"""The corpus of problems: `problems/<name>/problem.toml`, and `submissions/` with known outcomes.

`problem.toml`, for the whole problem:

    statement          what is to be programmed, in a line
    checker            as in the request; a program has `file`, in this folder, instead of `code`
    interactor         likewise; not together with `checker`
    timeout, limits, stop_on_failure    as in the request
    tests              name, input, expected, limits, points and group, as in the request; without
                       `input` the nth is `tests/NN.in`, with `tests/NN.out` if there is one

and for each of `[[submissions]]`:

    file               in `submissions/`; its ending says the language
    name               optional: what the tests call it, where a file is sent in several ways
    request            optional: fields of the request that differ from the problem's
    checker, interactor    optional: instead of the problem's
    status, killed_by  the job's verdict and what caused it
    tests              the outcome of each test, `verdict` or `verdict/killed_by`, or one for all;
                       may be left out for `accepted`, and is for `compile_error`
    points, score, max_score, groups    optional: what each test, the job and each group has to have
    messages           optional: a part of each test's message, or one for all of them

An unknown or missing field, a file that nobody names or that is not there, an outcome that is none,
or outcomes that contradict each other raise ProblemError, with the place.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.jobs.model import Cause, Verdict
from tests.outcomes import Outcome, parse_outcome

PROBLEMS = Path(__file__).parent / "problems"
PATIENCE_MS = 30_000
LANGUAGES = {".c": "c", ".cpp": "cpp", ".java": "java", ".py": "python"}

_PROGRAMS = ("checker", "interactor")
_OF_REQUEST = ("timeout", "limits", "stop_on_failure")
_PROBLEM = {"statement", "tests", "submissions", *_PROGRAMS, *_OF_REQUEST}
_TEST = {"name", "input", "expected", "limits", "points", "group"}
_FIGURES = ("points", "score", "max_score", "groups")
_SUBMISSION = {"file", "name", "request", "status", "killed_by", "tests", "messages"}
_SUBMISSION |= {*_PROGRAMS, *_FIGURES}
_REQUEST = {"checker", *_OF_REQUEST}
# Never the fault of a submission, and never right.
_NEVER = frozenset({Verdict.INTERNAL_ERROR, Verdict.CANCELLED})


class ProblemError(Exception):
    """A problem that can't be used; says which, and where."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """What the answer must say; `None` for what is left open. `tests` is empty: none has run."""

    job: Outcome
    tests: tuple[Outcome, ...]
    points: tuple[float, ...] | None
    score: float | None
    max_score: float | None
    groups: Mapping[str, float] | None
    messages: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Case:
    """One submission to one problem: the body of `POST /execute`, and what must come of it."""

    problem: str
    name: str
    body: Mapping[str, Any]
    expected: Expectation

    @property
    def id(self) -> str:
        """As the tests name it."""
        return f"{self.problem}/{self.name}"


def load(folder: Path = PROBLEMS) -> list[Case]:
    """Every submission of every problem. Raises ProblemError for the first that can't be used."""
    return [
        case for path in sorted(folder.iterdir()) if path.is_dir() for case in load_problem(path)
    ]


def load_problem(folder: Path) -> list[Case]:
    """The submissions of one problem. Raises ProblemError."""
    path = folder / "problem.toml"
    try:
        problem = tomllib.loads(path.read_text("utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ProblemError(f"{path}: {error}") from error
    where = str(path)
    _check_fields(where, problem, _PROBLEM, required=("statement", "tests", "submissions"))
    body = {name: problem[name] for name in _OF_REQUEST if name in problem}
    body["tests"] = [_test(folder, k, test) for k, test in enumerate(problem["tests"], start=1)]
    body |= _judge(folder, where, problem)
    cases = [_case(folder, body, entry) for entry in problem["submissions"]]
    _check_complete(folder, where, problem, cases)
    return cases


def _check_fields(
    where: str, table: Mapping[str, Any], known: set[str], required: tuple[str, ...]
) -> None:
    unknown, missing = table.keys() - known, set(required) - table.keys()
    if unknown:
        raise ProblemError(f"{where}: unknown: {', '.join(sorted(unknown))}")
    if missing:
        raise ProblemError(f"{where}: missing: {', '.join(sorted(missing))}")


def _check_complete(
    folder: Path, where: str, problem: Mapping[str, Any], cases: list[Case]
) -> None:
    named = {entry["file"] for entry in problem["submissions"]}
    there = {path.name for path in (folder / "submissions").iterdir()}
    if there - named:
        raise ProblemError(f"{where}: nobody names {', '.join(sorted(there - named))}")
    names = [case.name for case in cases]
    if len(set(names)) < len(names):
        raise ProblemError(f"{where}: two submissions have the same name")


def _test(folder: Path, number: int, test: Mapping[str, Any]) -> dict[str, Any]:
    where = f"{folder}: test {number}"
    _check_fields(where, test, _TEST, required=())
    if "input" in test:
        return dict(test)
    if "expected" in test:
        raise ProblemError(f"{where}: expected, but no input")
    source, answer = (folder / "tests" / f"{number:02}{end}" for end in (".in", ".out"))
    files = {"input": _text(where, source)}
    if answer.exists():
        files["expected"] = _text(where, answer)
    return {**test, **files}


def _text(where: str, path: Path) -> str:
    try:
        return path.read_bytes().decode()  # as it is: read_text would make LF of CRLF
    except (OSError, UnicodeDecodeError) as error:
        raise ProblemError(f"{where}: {path.name}: {error}") from error


def _judge(folder: Path, where: str, table: Mapping[str, Any]) -> dict[str, Any]:
    """The checker or the interactor that a table names, as the request has it."""
    if all(name in table for name in _PROGRAMS):
        raise ProblemError(f"{where}: both a checker and an interactor")
    found: dict[str, Any] = {name: table[name] for name in _PROGRAMS if name in table}
    for name, value in found.items():
        if isinstance(value, dict) and "file" in value:
            code = _text(f"{where}: {name}", folder / value["file"])
            rest = {key: value[key] for key in value if key != "file"}
            found[name] = rest | {"code": code}
    return found


def _case(folder: Path, problem: Mapping[str, Any], entry: Mapping[str, Any]) -> Case:
    where = f"{folder}: {entry.get('name', entry.get('file', 'a submission'))}"
    _check_fields(where, entry, _SUBMISSION, required=("file", "status"))
    path = folder / "submissions" / entry["file"]
    if path.suffix not in LANGUAGES:
        raise ProblemError(f"{where}: no language has {path.suffix}")
    request = entry.get("request", {})
    _check_fields(where, request, _REQUEST, required=())
    body = {
        "language": LANGUAGES[path.suffix],
        "code": _text(where, path),
        **problem,
        **request,
        **_judge(folder, where, entry),
    }
    expected = _expected(where, body, entry)
    return Case(folder.name, entry.get("name", entry["file"]), _patient(body, expected), expected)


def _patient(body: Mapping[str, Any], expected: Expectation) -> Mapping[str, Any]:
    """With much wall time where it is not to run out: on a busy machine it would."""
    if Cause.WALL in {outcome.cause for outcome in (expected.job, *expected.tests)}:
        return body
    return {**body, "limits": {**body.get("limits", {}), "wall_ms": PATIENCE_MS}}


def _expected(where: str, body: Mapping[str, Any], entry: Mapping[str, Any]) -> Expectation:
    cause = f"/{entry['killed_by']}" if "killed_by" in entry else ""
    job = _outcome(where, entry["status"] + cause)
    count = len(body["tests"])
    default = None if job.verdict is Verdict.COMPILE_ERROR else entry["status"]
    told = _each(where, entry.get("tests", default), count)
    tests = tuple(_outcome(where, text) for text in told or ())
    _check_outcomes(where, job, tests, stops=body.get("stop_on_failure", False))
    groups = entry.get("groups")
    if groups is not None and groups.keys() != {test.get("group") for test in body["tests"]}:
        raise ProblemError(f"{where}: groups: not those of the tests")
    return Expectation(
        job,
        tests,
        points=_each(where, entry.get("points"), count),
        score=entry.get("score"),
        max_score=entry.get("max_score"),
        groups=groups,
        messages=_each(where, entry.get("messages"), count),
    )


def _each(where: str, value: Any, count: int) -> tuple[Any, ...] | None:
    """One for each test, from a list, or from one that goes for all."""
    if value is None:
        return None
    values = tuple(value) if isinstance(value, list) else (value,) * count
    if len(values) != count:
        raise ProblemError(f"{where}: {len(values)} given for {count} tests")
    return values


def _outcome(where: str, text: str) -> Outcome:
    try:
        outcome = parse_outcome(text)
    except ValueError as error:
        raise ProblemError(f"{where}: {error}") from error
    if outcome.verdict in _NEVER:
        raise ProblemError(f"{where}: {text} is never right")
    return outcome


def _check_outcomes(where: str, job: Outcome, tests: tuple[Outcome, ...], *, stops: bool) -> None:
    if job.verdict is Verdict.COMPILE_ERROR:
        if tests:
            raise ProblemError(f"{where}: no test is run of what does not compile")
        return
    skipped = Outcome(Verdict.SKIPPED)
    if job.verdict is Verdict.CHECKER_ERROR and set(tests) == {skipped}:
        return  # the checker does not compile
    failed = [test for test in tests if test.verdict is not Verdict.ACCEPTED]
    if job != (failed[0] if failed else Outcome(Verdict.ACCEPTED)):
        raise ProblemError(f"{where}: {job} is not the outcome of the first test that failed")
    after = tests[tests.index(failed[0]) + 1 :] if failed else ()
    if (set(after) != {skipped} and after) if stops else skipped in tests:
        raise ProblemError(f"{where}: skipped is what follows the first failure, if it stops")
