"""What holds a real server's answers against the contract can fail: a spoiled answer is refused.

One spoiling for each kind of check in `tests/docker/{http,stream}_contract.py`.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from tests.docker.contract_shapes import ContractViolationError, Json
from tests.docker.http_contract import check_answer, check_error
from tests.docker.stream_contract import check_stream, parse_ndjson, parse_sse

HEADERS = {"Content-Type": "application/json; charset=utf-8", "X-Request-Id": "a1"}
DETAILS = [{"field": "limits.wall_ms", "message": "must be between 1 and 60000"}]
INVALID = {"error": "limits.wall_ms: must be", "code": "invalid", "details": DETAILS}
RUN: Json = {
    "status": "accepted",
    "stdout": "hi\n",
    "stderr": "",
    "exit_code": 0,
    "signal": None,
    "killed_by": None,
    "limits_hit": [],
    "cpu_ms": 1.5,
    "wall_ms": 2.25,
    "wall_given_back_ms": None,
    "memory_kb": 900,
    "stdout_truncated": False,
    "stderr_truncated": False,
}
ANSWER: Json = {
    "success": True,
    "output": "hi\n",
    "error": None,
    "executionTime": 40,
    "id": "a1",
    "language": "python",
    "version": "3.11.2",
    "status": "accepted",
    "compile": None,
    "run": RUN,
    "tests": None,
    "summary": None,
    "checker": None,
    "warnings": [],
    "timings": {
        "queue_ms": 0.1,
        "sandbox_ms": 20.0,
        "compile_ms": 0.0,
        "run_ms": 2.25,
        "total_ms": 40.4,
        "pool": "miss",
        "compile_cache": None,
    },
}
QUEUED: Json = {"event": "queued", "position": 0}
STAGE: Json = {"event": "stage", "name": "run"}
HI: Json = {"event": "stdout", "data": "hi\n"}
EXIT: Json = {"event": "exit", "name": "run", **RUN}
RESULT: Json = {"event": "result", **ANSWER}


def spoiled(path: str, value: Any = ...) -> Json:
    """The answer with another value at `path`, or with none."""
    answer = copy.deepcopy(ANSWER)
    *folders, name = path.split(".")
    at = answer
    for folder in folders:
        at = at[folder]
    if value is ...:
        del at[name]
    else:
        at[name] = value
    return answer


SPOILED: dict[str, Callable[[], object]] = {
    "a field is missing": lambda: check_answer(spoiled("version")),
    "a stage's field is missing": lambda: check_answer(spoiled("run.signal")),
    "a field too many": lambda: check_answer(spoiled("run.more", 1)),
    "a field of another type": lambda: check_answer(spoiled("run.cpu_ms", "1")),
    "a number that is none": lambda: check_answer(spoiled("run.cpu_ms", float("nan"))),
    "a limit hit twice": lambda: check_answer(spoiled("run.limits_hit", ["disk", "disk"])),
    "times that don't add up": lambda: check_answer(spoiled("timings.run_ms", 2.3)),
    "a status that is none": lambda: check_answer(spoiled("status", "ok")),
    "a status without its error": lambda: check_answer(spoiled("status", "time_limit")),
    "success that was none": lambda: check_answer(spoiled("success", value=False)),
    "output that was not printed": lambda: check_answer(spoiled("output", "hi")),
    "output that is not base64": lambda: check_answer(ANSWER, "base64"),
    "a compile of what has none": lambda: check_answer(spoiled("compile", RUN)),
    "a 5xx that is none of ours": lambda: check_error(500, HEADERS, INVALID),
    "a code of another status": lambda: check_error(413, HEADERS, INVALID),
    "a refusal without details": lambda: check_error(400, HEADERS, INVALID | {"details": []}),
    "busy, without a time to come back": lambda: check_error(
        429, HEADERS, {"error": "Full", "code": "queue_full"}
    ),
    "no request id": lambda: check_error(400, {"Content-Type": HEADERS["Content-Type"]}, INVALID),
    "a stream without an end": lambda: check_stream([QUEUED, STAGE, HI, EXIT]),
    "a stream that goes on": lambda: check_stream([QUEUED, STAGE, HI, EXIT, RESULT, QUEUED]),
    "a stage that does not end": lambda: check_stream([QUEUED, STAGE, HI, RESULT]),
    "streamed output that is not the result's": lambda: check_stream(
        [QUEUED, STAGE, HI, HI, EXIT, RESULT]
    ),
    "an exit that is not the result's": lambda: check_stream(
        [QUEUED, STAGE, HI, EXIT | {"exit_code": 1}, RESULT]
    ),
    "an event that is none": lambda: check_stream([{"event": "waiting"}, QUEUED, RESULT]),
    "no NDJSON": lambda: parse_ndjson('{"event":"ping"}'),
    "no server-sent events": lambda: parse_sse('event: stage\ndata: {"event":"ping"}\n\n'),
}


def test_valid_answers_and_streams_pass_the_contract_checks() -> None:
    check_answer(ANSWER)
    check_error(400, HEADERS, INVALID)
    assert check_stream([QUEUED, STAGE, HI, EXIT, RESULT]) == ANSWER


@pytest.mark.parametrize("check", SPOILED.values(), ids=SPOILED)
def test_each_violation_fails_the_contract_checks(check: Callable[[], object]) -> None:
    with pytest.raises(ContractViolationError):
        check()
