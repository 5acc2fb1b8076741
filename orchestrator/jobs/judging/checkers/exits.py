"""Reads the decision of a checker or interactor from its exit, by testlib's or Kattis' rules."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from enum import StrEnum

from orchestrator.jobs.judging.checkers.numbers import read_number

MESSAGE_CHARACTERS = 1000
JUDGE_MESSAGE_CHARACTERS = 4000

_KATTIS_ACCEPTED = 42
_KATTIS_WRONG = 43
_SIGNALS = range(129, 193)  # how a shell reports a signal: 128 + its number
_ACCEPTED = 0
_WRONG = frozenset({1, 2, 4, 8})  # wrong answer, presentation, dirt, unexpected end of file
_FAILED = 3
_POINTS = 7
_POINTS_WORD = re.compile(rb"\s*points(?:\s+(\S*)|\Z)")
_CONTROLS = {code: None for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\n\t"}


class CheckerStatus(StrEnum):
    """The decision of a checker program; FAILED: its own fault, never the submission's."""

    ACCEPTED = "accepted"
    WRONG = "wrong"
    POINTS = "points"
    FAILED = "failed"


class CheckerProtocol(StrEnum):
    """How a checker program is called, and how it reports its decision."""

    TESTLIB = "testlib"
    KATTIS = "kattis"


@dataclass(frozen=True, slots=True)
class CheckerOutcome:
    """What a checker program or interactor decided.

    `points`: finite and >= 0 with POINTS, else None. `message`: for the submitter, at most 1000
    characters. `judge_message`: for the problem's author alone, its last 4000 characters.
    """

    status: CheckerStatus
    points: float | None
    message: str
    judge_message: str = ""


@dataclass(frozen=True, slots=True)
class KattisFeedback:
    """The files of a Kattis validator's feedback folder; empty where it wrote none."""

    team: bytes = b""
    judge: bytes = b""
    score: bytes = b""


def read_exit(
    exit_code: int, stdout: bytes, stderr: bytes, uncaught: re.Pattern[str] | None = None
) -> CheckerOutcome:
    """Read the exit of a testlib checker or interactor.

    FAILED is the fault of the checker or of the expected answer, never of the submission.
    `uncaught`: the pattern of an uncaught exception on stderr in the checker's language; an exit
    code that such an exception happens to cause is a crash, not a decision.
    """
    if exit_code == _POINTS:
        return _read_points(stdout, stderr)
    message = _clean(stderr) or _clean(stdout)
    if exit_code == _ACCEPTED:
        return CheckerOutcome(CheckerStatus.ACCEPTED, None, message)
    if exit_code in _WRONG:
        if uncaught is not None and uncaught.search(stderr.decode("utf-8", "replace")):
            return crashed(f"exit code {exit_code}, by an exception", stdout, stderr)
        return CheckerOutcome(CheckerStatus.WRONG, None, message)
    if exit_code == _FAILED:
        return CheckerOutcome(CheckerStatus.FAILED, None, message)
    return crashed(_exit(exit_code), stdout, stderr)


def read_validator(
    exit_code: int, stdout: bytes, stderr: bytes, feedback: KattisFeedback
) -> CheckerOutcome:
    """Read the exit of a Kattis validator: 42 accepts, 43 rejects, anything else is a failure."""
    told = "\n".join(filter(None, (_end_of(feedback.judge), _end_of(stderr))))
    told = told[-JUDGE_MESSAGE_CHARACTERS:]
    team = _clean(feedback.team)
    if exit_code == _KATTIS_WRONG:
        return CheckerOutcome(CheckerStatus.WRONG, None, team, told)
    if exit_code != _KATTIS_ACCEPTED:
        outcome = crashed(_exit(exit_code), stdout, stderr)
        return replace(outcome, judge_message=told or outcome.judge_message)
    if not feedback.score.strip():
        return CheckerOutcome(CheckerStatus.ACCEPTED, None, team, told)
    points = _points(feedback.score.strip())
    if points is None:
        return CheckerOutcome(
            CheckerStatus.FAILED, None, "score.txt has no finite number >= 0", told
        )
    return CheckerOutcome(CheckerStatus.POINTS, points, team, told)


def crashed(how: str, stdout: bytes, stderr: bytes) -> CheckerOutcome:
    """Return the outcome of a checker that crashed; what it printed is for the author alone."""
    return CheckerOutcome(CheckerStatus.FAILED, None, how, _end_of(stderr) or _end_of(stdout))


def _exit(code: int) -> str:
    return f"signal {code - 128}" if code in _SIGNALS else f"exit code {code}"


def _read_points(stdout: bytes, stderr: bytes) -> CheckerOutcome:
    on_stderr, on_stdout = _POINTS_WORD.match(stderr), _POINTS_WORD.match(stdout)
    word = on_stderr or on_stdout
    if word is None:
        return crashed("exit code 7 without points", stdout, stderr)
    points = _points(word[1] or b"")
    if points is None:
        how = "exit code 7 with points that are no finite number >= 0"
        return crashed(how, stdout, stderr if on_stderr else b"")
    if on_stderr:
        stderr = stderr[word.end() :]
    else:
        stdout = stdout[word.end() :]
    return CheckerOutcome(CheckerStatus.POINTS, points, _clean(stderr) or _clean(stdout))


def _points(token: bytes) -> float | None:
    number = read_number(token)
    if number is None or not number.is_finite() or number < 0:
        return None
    points = abs(float(number))  # also makes 0 of -0
    return points if math.isfinite(points) else None


def _clean(text: bytes) -> str:
    cleaned = text.decode("utf-8", "replace").translate(_CONTROLS).strip()
    return cleaned[:MESSAGE_CHARACTERS].rstrip()


def _end_of(text: bytes) -> str:
    cleaned = text.decode("utf-8", "replace").translate(_CONTROLS).strip()
    return cleaned[-JUDGE_MESSAGE_CHARACTERS:]
