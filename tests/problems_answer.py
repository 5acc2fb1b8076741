"""What an answer to a submission of the corpus says, held against what it must say. No I/O."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from orchestrator.jobs.model import Verdict
from tests.outcomes import Outcome
from tests.problems_support import Case


def outcomes(answer: Mapping[str, Any]) -> tuple[str, ...]:
    """The job's verdict and each test's with its cause: what must be the same in every run."""
    tests = answer["tests"] or []
    return (answer["status"], *(_outcome(test) for test in tests))


def differences(case: Case, answer: Mapping[str, Any]) -> list[str]:
    """All in which the answer is not what the case expects; empty: it is right."""
    expected = case.expected
    compiled = expected.job.verdict is not Verdict.COMPILE_ERROR
    return [
        *_differ("status", str(expected.job.verdict), answer["status"]),
        *_differ("success", expected.job.verdict is Verdict.ACCEPTED, answer["success"]),
        *_differ("run", None, answer["run"]),
        *_differ("output", "", answer["output"]),
        *(_of_tests(case, answer) if compiled else _without_tests(answer)),
        *_of_score(case, answer),
    ]


def _outcome(test: Mapping[str, Any]) -> str:
    return f"{test['status']}/{test['killed_by']}" if test["killed_by"] else str(test["status"])


def _differ(what: str, expected: object, got: object) -> Iterator[str]:
    if expected != got:
        yield f"{what}: {got!r}, not {expected!r}"


def _without_tests(answer: Mapping[str, Any]) -> Iterator[str]:
    yield from _differ("compile", "compile_error", (answer["compile"] or {}).get("status"))
    for test in answer["tests"] or []:
        yield from _differ(f"test {test['name']}", "skipped", test["status"])
    if not answer["error"].startswith("Compilation Error:\n"):
        yield f"error: {answer['error']!r}"


def _of_tests(case: Case, answer: Mapping[str, Any]) -> Iterator[str]:
    tests = answer["tests"]
    expected = case.expected
    names = [test.get("name", str(k)) for k, test in enumerate(case.body["tests"], start=1)]
    yield from _differ("names", names, [test["name"] for test in tests])
    if len(tests) != len(expected.tests):
        return
    for k, test in enumerate(tests):
        where = f"test {names[k]}"
        yield from _differ(where, str(expected.tests[k]), _outcome(test))
        if expected.points is not None:
            yield from _differ(f"{where}: points", expected.points[k], test["points"])
        message = expected.messages[k] if expected.messages is not None else ""
        if message not in (test["message"] or ""):
            yield f"{where}: message: {test['message']!r}, without {message!r}"
    yield from _of_error(names, expected.tests, answer["error"])
    yield from _of_counts(expected.tests, answer["summary"])


def _of_error(names: list[str], tests: tuple[Outcome, ...], error: str | None) -> Iterator[str]:
    failed = [k for k, test in enumerate(tests) if test.verdict is not Verdict.ACCEPTED]
    if not failed:
        yield from _differ("error", None, error)
        return
    if all(test.verdict is Verdict.SKIPPED for test in tests):
        if not (error or "").startswith("Checker compilation error:\n"):
            yield f"error: {error!r}, not the compiler's"
        return
    begin = f"Test {failed[0] + 1} ({names[failed[0]]}): "
    if tests[failed[0]].verdict is Verdict.WRONG_ANSWER:
        yield from _differ("error", f"{begin}wrong answer", error)
    elif not (error or "").startswith(begin):
        yield f"error: {error!r}, not {begin}…"


def _of_counts(tests: tuple[Outcome, ...], summary: Mapping[str, Any]) -> Iterator[str]:
    verdicts = [test.verdict for test in tests]
    passed, skipped = verdicts.count(Verdict.ACCEPTED), verdicts.count(Verdict.SKIPPED)
    counts = {
        "total": len(tests),
        "passed": passed,
        "failed": len(tests) - passed - skipped,
        "skipped": skipped,
    }
    yield from _differ("summary", counts, {name: summary[name] for name in counts})


def _of_score(case: Case, answer: Mapping[str, Any]) -> Iterator[str]:
    expected = case.expected
    for name, value in (("score", expected.score), ("max_score", expected.max_score)):
        if value is not None:
            yield from _differ(name, value, answer["summary"][name])
    if expected.groups is not None:
        told = {group["name"]: group["points"] for group in answer["summary"]["groups"]}
        yield from _differ("groups", expected.groups, told)
