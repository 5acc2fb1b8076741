"""What a row of a contract table is, and how one is checked against any server."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import EllipsisType
from typing import TYPE_CHECKING, Any

from orchestrator.jobs.model import Cause, StageResult, Verdict

if TYPE_CHECKING:
    from aiohttp.test_utils import TestClient

KEY = "first-key-of-tests"
SECOND_KEY = "second-key-of-tests"
BEARER = {"Authorization": f"Bearer {KEY}"}


@dataclass(frozen=True)
class Outcome:
    """What the sandbox reports; `run` is None when the compiler refused."""

    run: StageResult | None = None
    compile: StageResult | None = None

    @property
    def status(self) -> Verdict:
        stage = self.run or self.compile
        return stage.status if stage else Verdict.ACCEPTED


@dataclass(frozen=True)
class Row:
    """A request, and what its answer must have.

    `expected` values: a pattern matches the whole string, a type is checked with isinstance (an
    int is no bool), anything else is equal, type included. `json` is sent as it is, unless `raw`
    is given; `...` sends no body.
    """

    id: str
    json: Any = ...
    status: int = 200
    expected: Mapping[str, Any] = field(default_factory=dict)
    absent: Sequence[str] = ()
    outcome: Outcome = Outcome()
    method: str = "POST"
    path: str = "/execute"
    headers: Mapping[str, str] = field(default_factory=lambda: BEARER)
    raw: bytes | None = None


async def check_row(client: TestClient[Any, Any], row: Row) -> None:
    """Send the row's request with any client that has a `request` like aiohttp's, and compare."""
    body: dict[str, Any] = {}
    if row.raw is not None:
        body = {"data": row.raw}
    elif not isinstance(row.json, EllipsisType):
        body = {"json": row.json}
    async with client.request(row.method, row.path, headers=row.headers, **body) as response:
        assert response.content_type == "application/json"
        answer = await response.json()
        assert response.status == row.status, answer
    for name, value in row.expected.items():
        assert name in answer
        assert _matches(value, answer[name]), f"{name}: {answer[name]!r}, expected {value!r}"
    assert not set(row.absent) & set(answer)


def _matches(expected: Any, actual: Any) -> bool:
    if isinstance(expected, re.Pattern):
        return isinstance(actual, str) and expected.fullmatch(actual) is not None
    if isinstance(expected, type):
        return isinstance(actual, expected) and (expected is bool or not isinstance(actual, bool))
    return type(actual) is type(expected) and bool(actual == expected)


def text(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.DOTALL)


def program(name: str, language: str, code: str, outcome: Outcome, **rest: Any) -> Row:
    """A row that runs `code`; what is in `rest` and no field of Row goes into the request."""
    fields = {key: rest.pop(key) for key in list(rest) if key in Row.__dataclass_fields__}
    expected = {"executionTime": int} | fields.pop("expected", {})
    request = {"language": language, "code": code} | rest
    return Row(name, request, expected=expected, outcome=outcome, **fields)


def success(output: str | re.Pattern[str]) -> dict[str, Any]:
    return {"success": True, "output": output, "error": None}


def failure(error: str | re.Pattern[str], output: str | re.Pattern[str] = "") -> dict[str, Any]:
    return {"success": False, "output": output, "error": error}


def ran(stdout: str | bytes = b"", stderr: str = "", code: int = 0) -> Outcome:
    status = Verdict.RUNTIME_ERROR if code else Verdict.ACCEPTED
    data = stdout.encode() if isinstance(stdout, str) else stdout
    return Outcome(StageResult(status, data, stderr.encode(), exit_code=code))


def signalled(number: int, stdout: bytes = b"") -> Outcome:
    stage = StageResult(Verdict.RUNTIME_ERROR, stdout, signal=number, killed_by=Cause.SIGNAL)
    return Outcome(stage)


def limited(status: Verdict, cause: Cause, stdout: bytes = b"", stderr: bytes = b"") -> Outcome:
    cut = cause is Cause.OUTPUT
    stage = StageResult(
        status, stdout, stderr, signal=9, killed_by=cause, stdout_truncated=cut and bool(stdout)
    )
    return Outcome(stage)


def refused(stderr: str) -> Outcome:
    return Outcome(compile=StageResult(Verdict.COMPILE_ERROR, b"", stderr.encode(), exit_code=1))
