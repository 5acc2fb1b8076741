"""What a checker or interactor program says by how it ends: testlib's conventions."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from enum import StrEnum

from orchestrator.jobs.checkers.numbers import read_number

MESSAGE_CHARACTERS = 1000

_ACCEPTED = 0
_WRONG = frozenset({1, 2, 4, 8})  # wrong answer, presentation, dirt, unexpected end of file
_FAILED = 3
_POINTS = 7
_POINTS_WORD = re.compile(rb"\s*points(?:\s+(\S*)|\Z)")
_CONTROLS = {code: None for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\n\t"}


class CheckerStatus(StrEnum):
    """What it decided."""

    ACCEPTED = "accepted"
    WRONG = "wrong"
    POINTS = "points"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class CheckerSays:
    """`points`: finite and >= 0 with POINTS, else None. `message`: at most 1000 characters."""

    status: CheckerStatus
    points: float | None
    message: str


def read_exit(exit_code: int, stdout: bytes, stderr: bytes) -> CheckerSays:
    """FAILED is the checker's own fault, or that of the expected answer; never the submission's."""
    if exit_code == _POINTS:
        return _read_points(stdout, stderr)
    message = _clean(stderr) or _clean(stdout)
    if exit_code == _ACCEPTED:
        return CheckerSays(CheckerStatus.ACCEPTED, None, message)
    if exit_code in _WRONG:
        return CheckerSays(CheckerStatus.WRONG, None, message)
    if exit_code == _FAILED:
        return CheckerSays(CheckerStatus.FAILED, None, message)
    return _failed(f"exit code {exit_code}", message)


def _read_points(stdout: bytes, stderr: bytes) -> CheckerSays:
    on_stderr, on_stdout = _POINTS_WORD.match(stderr), _POINTS_WORD.match(stdout)
    word = on_stderr or on_stdout
    if word is None:
        return _failed("exit code 7 without points", _clean(stderr) or _clean(stdout))
    points = _points(word[1] or b"")
    if points is None:
        said = _clean(stderr if on_stderr else stdout)
        return _failed("exit code 7 with points that are no finite number >= 0", said)
    if on_stderr:
        stderr = stderr[word.end() :]
    else:
        stdout = stdout[word.end() :]
    return CheckerSays(CheckerStatus.POINTS, points, _clean(stderr) or _clean(stdout))


def _points(token: bytes) -> float | None:
    number = read_number(token)
    if number is None or not number.is_finite() or number < 0:
        return None
    points = abs(float(number))  # also makes 0 of -0
    return points if math.isfinite(points) else None


def _failed(why: str, message: str) -> CheckerSays:
    text = f"{why}: {message}" if message else why
    return CheckerSays(CheckerStatus.FAILED, None, text[:MESSAGE_CHARACTERS])


def _clean(text: bytes) -> str:
    cleaned = text.decode("utf-8", "replace").translate(_CONTROLS).strip()
    return cleaned[:MESSAGE_CHARACTERS].rstrip()
