"""What a row of Piston's contract is, and how one is checked against any server."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from orchestrator.jobs.model import StageResult, Verdict
from tests.contract.contract_table import KEY, Outcome

if TYPE_CHECKING:
    from aiohttp.test_utils import TestClient

PISTON_KEY = {"Authorization": KEY}
STAGE_KEYS = [
    *("signal", "stdout", "stderr", "code", "output"),
    *("memory", "message", "status", "cpu_time", "wall_time"),
]


NOTHING = Outcome(StageResult(Verdict.ACCEPTED, exit_code=0))


@dataclass(frozen=True)
class Stage:
    """What a stage's answer must have; a pattern matches the whole text."""

    code: int | None = 0
    signal: str | None = None
    status: str | None = None
    message: str | None = None
    stdout: str | re.Pattern[str] = ""
    stderr: str | re.Pattern[str] = ""
    output: str | re.Pattern[str] | None = None


@dataclass(frozen=True)
class PistonRow:
    """A request, and what must be answered.

    `body`: the answer, in full and in its order, or a pattern; or else `run` and `compile`.
    `data`: sent as it is; `json` otherwise, unless it is `...`. `outcome`: what a sandbox reports,
    where there is none; `asked`: fields of the submission that it is given.
    """

    id: str
    json: Any = ...
    status: int = 200
    body: Any = ...
    method: str = "POST"
    path: str = "/api/v2/execute"
    headers: Mapping[str, str] = field(default_factory=lambda: PISTON_KEY)
    data: bytes | None = None
    outcome: Outcome = NOTHING
    run: Stage | None = None
    compile: Stage | None = None
    language: str = "python"
    asked: Mapping[str, Any] = field(default_factory=dict)


async def check_row(client: TestClient[Any, Any], row: PistonRow) -> None:
    """Send the row's request and compare, key order included."""
    data = row.data
    headers = {"Content-Type": "application/json", **row.headers}
    if row.json is not ...:
        data = json.dumps(row.json).encode()
    elif data is None:
        headers = {**row.headers}
    body = None if data is None else io.BytesIO(data)  # aiohttp warns of long ones as bytes
    async with client.request(row.method, row.path, headers=headers, data=body) as response:
        text = await response.text()
        assert response.status == row.status, text
        assert response.content_type == "application/json"
    answer = json.loads(text)
    if isinstance(row.body, re.Pattern):
        assert row.body.fullmatch(text), text
    elif row.body is not ...:
        assert text == json.dumps(row.body)
    if row.run is not None:
        _check_answer(answer, row)


def _check_answer(answer: dict[str, Any], row: PistonRow) -> None:
    compiled = ["compile"] if row.compile is not None else []
    assert list(answer) == [*compiled, "run", "language", "version"]
    assert answer["language"] == row.language
    assert re.fullmatch(r"\d+\.\d+\.\d+", answer["version"])
    for expected, name in ((row.compile, "compile"), (row.run, "run")):
        if expected is not None:
            _check_stage(answer[name], expected)
    if compiled and answer["compile"]["code"] != 0:
        assert answer["run"] == answer["compile"]


def _check_stage(stage: dict[str, Any], expected: Stage) -> None:
    assert list(stage) == STAGE_KEYS
    for name in ("code", "signal", "status", "message", "stdout", "stderr"):
        assert _matches(getattr(expected, name), stage[name]), (name, stage[name])
    if expected.output is not None:
        assert _matches(expected.output, stage["output"]), stage["output"]
    assert sorted(stage["output"]) == sorted(stage["stdout"] + stage["stderr"])
    for name in ("memory", "cpu_time", "wall_time"):
        assert stage[name] is None or type(stage[name]) is int


def _matches(expected: Any, actual: Any) -> bool:
    if isinstance(expected, re.Pattern):
        return expected.fullmatch(actual) is not None
    return type(expected) is type(actual) and bool(expected == actual)
