"""Turns a run and what its checker found into a test's result. Pure."""

from __future__ import annotations

from dataclasses import replace

from orchestrator.jobs.judging.checkers import (
    CheckerOutcome,
    CheckerStatus,
    TextChecker,
    compare,
)
from orchestrator.jobs.model import (
    JudgeTest,
    ReturnOutputs,
    StageResult,
    TestResult,
    Verdict,
)

TURN_BYTES = 64
"""What each turn of a transcript counts beside its text, in bytes: tiny turns are memory, too."""

_VERDICTS = {
    CheckerStatus.ACCEPTED: Verdict.ACCEPTED,
    CheckerStatus.WRONG: Verdict.WRONG_ANSWER,
    CheckerStatus.FAILED: Verdict.CHECKER_ERROR,
}


def unchecked_result(test: JudgeTest, stage: StageResult) -> TestResult:
    """Return the result of a test that no checker sees: its run failed, or any output is right."""
    return _result(test, stage, _all(test) if stage.status is Verdict.ACCEPTED else 0.0)


def check_text(test: JudgeTest, checker: TextChecker, stage: StageResult) -> TestResult:
    """Compare an accepted run's output with what was expected, and return the test's result."""
    difference = compare(checker, test.expected or b"", stage.stdout)
    if difference is None:
        return unchecked_result(test, stage)
    wrong = replace(stage, status=Verdict.WRONG_ANSWER)
    return replace(_result(test, wrong, 0.0), difference=difference)


def apply_checker(test: JudgeTest, stage: StageResult, outcome: CheckerOutcome) -> TestResult:
    """Return the result of an accepted run that a checker program or interactor has judged.

    A checker that gives points accepts from the test's own points on, or, where the test carries
    none, from anything above 0.
    """
    if outcome.status is CheckerStatus.POINTS:
        points = outcome.points or 0.0
        is_enough = points >= test.points if test.points else points > 0
        verdict = Verdict.ACCEPTED if is_enough else Verdict.WRONG_ANSWER
    else:
        verdict = _VERDICTS[outcome.status]
        points = _all(test) if verdict is Verdict.ACCEPTED else 0.0
    judged = _result(test, replace(stage, status=verdict), points)
    return replace(judged, message=outcome.message, judge_message=outcome.judge_message or None)


def _all(test: JudgeTest) -> float:
    return test.points or 0.0


def _result(test: JudgeTest, stage: StageResult, points: float) -> TestResult:
    won = None if test.points is None else min(points, test.points)
    return TestResult(test.name, stage, has_output=True, points=won, group=test.group)


def kept_bytes(result: TestResult) -> int:
    """Return how many bytes a test takes of the budget for returned outputs and transcripts."""
    return len(result.stage.stdout) + len(result.stage.stderr) + _transcript_bytes(result)


def _transcript_bytes(result: TestResult) -> int:
    return sum(TURN_BYTES + len(turn.data) for turn in result.transcript or ())


def keep_output(result: TestResult, rule: ReturnOutputs, room: int) -> TestResult:
    """Cut a test's outputs to what is returned: nothing, or at most `room` bytes in all.

    The transcript, which already fits, is counted first; then stdout, then stderr.
    """
    stage = result.stage
    is_wanted = rule is ReturnOutputs.ALL or (
        rule is ReturnOutputs.FAILED and stage.status is not Verdict.ACCEPTED
    )
    if not is_wanted:
        return replace(result, stage=replace(stage, stdout=b"", stderr=b""), has_output=False)
    room = max(room - _transcript_bytes(result), 0)
    stdout = stage.stdout[:room]
    stderr = stage.stderr[: room - len(stdout)]
    cut = replace(
        stage,
        stdout=stdout,
        stderr=stderr,
        stdout_truncated=stage.stdout_truncated or len(stdout) < len(stage.stdout),
        stderr_truncated=stage.stderr_truncated or len(stderr) < len(stage.stderr),
    )
    return replace(result, stage=cut)
