"""Whether what a program printed is right: what a checker found becomes a test's result. Pure."""

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
"""What each turn of a transcript counts beside its text: single letters are memory, too."""

_VERDICTS = {
    CheckerStatus.ACCEPTED: Verdict.ACCEPTED,
    CheckerStatus.WRONG: Verdict.WRONG_ANSWER,
    CheckerStatus.FAILED: Verdict.CHECKER_ERROR,
}


def unchecked_result(test: JudgeTest, stage: StageResult) -> TestResult:
    """A run that decides the test by itself: it failed, or nothing was expected of it."""
    return _result(test, stage, _all(test) if stage.status is Verdict.ACCEPTED else 0.0)


def check_text(test: JudgeTest, checker: TextChecker, stage: StageResult) -> TestResult:
    """An accepted run's output against what was expected."""
    difference = compare(checker, test.expected or b"", stage.stdout)
    if difference is None:
        return unchecked_result(test, stage)
    wrong = replace(stage, status=Verdict.WRONG_ANSWER)
    return replace(_result(test, wrong, 0.0), difference=difference)


def apply_checker(test: JudgeTest, stage: StageResult, outcome: CheckerOutcome) -> TestResult:
    """An accepted run's result once a checker program has seen its output.

    With points it is accepted from the test's own points on (any, where the test has none).
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
    """How much of what an answer may return of outputs and transcripts is this test's."""
    return len(result.stage.stdout) + len(result.stage.stderr) + _transcript_bytes(result)


def _transcript_bytes(result: TestResult) -> int:
    return sum(TURN_BYTES + len(turn.data) for turn in result.transcript or ())


def keep_output(result: TestResult, rule: ReturnOutputs, room: int) -> TestResult:
    """The result with what is returned of its outputs, so that it is at most `room` bytes.

    Its transcript, which is no longer than that, stays as it is; then comes stdout.
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
