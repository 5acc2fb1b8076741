"""The contract's checks can fail: what is right passes, and each spoiled answer is refused."""

from __future__ import annotations

import base64
import copy
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.docker.contract_shapes import ContractViolationError, Json
from tests.docker.http_contract import check_answer, check_error

HEADERS = {"Content-Type": "application/json; charset=utf-8", "X-Request-Id": "a1"}
BUSY = HEADERS | {"Retry-After": "1"}


def make_stage(**changes: Any) -> Json:
    stage: Json = {
        "status": "accepted",
        "stdout": "",
        "stderr": "",
        "exit_code": 0,
        "signal": None,
        "killed_by": None,
        "limits_hit": [],
        "cpu_ms": 1.5,
        "wall_ms": 2.25,
        "memory_kb": 900,
        "stdout_truncated": False,
        "stderr_truncated": False,
    }
    return stage | changes


def make_answer(
    run: Json | None, compiled: Json | None = None, error: str | None = None, **changes: Any
) -> Json:
    last = run or compiled or {}
    compile_ms = (compiled or {}).get("wall_ms") or 0.0
    run_ms = (run or {}).get("wall_ms") or 0.0
    timings = {
        "queue_ms": 0.1,
        "sandbox_ms": 20.0,
        "compile_ms": compile_ms,
        "run_ms": run_ms,
        "total_ms": 40.4,
        "pool": "miss",
        "compile_cache": None,
    }
    answer: Json = {
        "success": last.get("status") == "accepted",
        "output": run["stdout"] if run else "",
        "error": error,
        "executionTime": 40,
        "id": "a1",
        "language": "c" if compiled else "python",
        "version": "12.2.0",
        "status": last.get("status"),
        "compile": compiled,
        "run": run,
        "tests": None,
        "summary": None,
        "checker": None,
        "warnings": [],
        "timings": timings,
    }
    return answer | changes


OK = make_answer(make_stage(stdout="hi\n"))
COMPILED = make_answer(make_stage(stdout="hi\n"), make_stage(stderr="a warning"))
REFUSED = make_stage(status="compile_error", stderr="no such name", exit_code=1)
KILLED = make_stage(status="runtime_error", exit_code=None, signal=11, killed_by="signal")
SLOW = make_stage(status="time_limit", exit_code=None, signal=9, killed_by="wall")
FLOOD = SLOW | {"status": "output_limit", "killed_by": "output", "stdout": "yyy"}
FLOOD |= {"stdout_truncated": True}
FULL = SLOW | {"status": "memory_limit", "killed_by": "memory"}
UNMEASURED = {"exit_code": None, "signal": None, "cpu_ms": None, "wall_ms": None, "memory_kb": None}
LOST = make_stage(status="runtime_error", killed_by="sandbox", **UNMEASURED)
COMPILER_KILLED = REFUSED | {"killed_by": "wall", "exit_code": None, "signal": 9}

RIGHT = {
    "accepted": OK,
    "compiled": COMPILED,
    "refused by the compiler": make_answer(None, REFUSED, "Compilation Error:\nno such name"),
    "compiler too slow": make_answer(
        None, COMPILER_KILLED, "Compilation Error:\nno such name\nThe compiler took too long"
    ),
    "signal": make_answer(KILLED, error="Process exited with code 139"),
    "exit code": make_answer(
        make_stage(status="runtime_error", exit_code=3), error="Process exited with code 3"
    ),
    "stderr": make_answer(make_stage(status="runtime_error", exit_code=3, stderr="oh"), error="oh"),
    "time limit": make_answer(SLOW, error="Execution timed out"),
    "memory limit": make_answer(FULL, error="Memory limit exceeded"),
    "output limit": make_answer(
        FLOOD, error="Output limit exceeded", output="yyy\n[Output truncated...]"
    ),
    "lost": make_answer(LOST, error="Process ended unexpectedly"),
    "cancelled": make_answer(
        None, status="cancelled", error="Cancelled: the server is shutting down", success=False
    ),
}


@pytest.mark.parametrize("answer", RIGHT.values(), ids=RIGHT)
def test_a_right_answer_passes(answer: Json) -> None:
    check_answer(answer)


def test_a_right_answer_in_base64_passes_and_its_error_is_text() -> None:
    encoded = base64.b64encode(b"oh \xff\xe2\x98").decode()
    stage = make_stage(status="runtime_error", exit_code=3, stderr=encoded)
    check_answer(make_answer(stage, error="oh \ufffd\ufffd"), "base64")
    flood = FLOOD | {"stdout": base64.b64encode(b"yyy").decode()}
    check_answer(make_answer(flood, error="Output limit exceeded"), "base64")


def put(path: str, *, to: object) -> Callable[[Json], None]:
    def spoil(answer: Json) -> None:
        *folders, name = path.split(".")
        for folder in folders:
            answer = answer[folder]
        answer[name] = to

    return spoil


def drop(path: str) -> Callable[[Json], None]:
    def spoil(answer: Json) -> None:
        *folders, name = path.split(".")
        for folder in folders:
            answer = answer[folder]
        del answer[name]

    return spoil


SPOILED = [
    *[("accepted", drop(name)) for name in OK],
    *[("accepted", drop(f"run.{name}")) for name in make_stage()],
    *[("accepted", drop(f"timings.{name}")) for name in OK["timings"]],
    *[("accepted", put(f"{where}more", to=1)) for where in ("", "run.", "timings.")],
    *[("accepted", put(f"run.{name}", to="1")) for name in ("exit_code", "cpu_ms", "memory_kb")],
    *[("accepted", put(f"run.{name}", to=1)) for name in ("exit_code", "stdout", "signal")],
    *[("accepted", put(f"run.{name}", to=None)) for name in ("exit_code", "wall_ms", "stdout")],
    *[
        ("accepted", put("run.cpu_ms", to=value))
        for value in (-1, float("nan"), float("inf"), True)
    ],
    *[("accepted", put("run.limits_hit", to=value)) for value in (["x"], ["disk", "disk"], None)],
    *[("accepted", put("executionTime", to=value)) for value in (41, 40.4, -40, "40")],
    *[("accepted", put("status", to=value)) for value in ("skipped", "ok", "cancelled", None)],
    *[("accepted", put("success", to=value)) for value in (False, 1)],
    *[("accepted", put("warnings", to=value)) for value in (None, [1])],
    ("accepted", put("language", to="c")),
    ("accepted", put("language", to="ruby")),
    ("accepted", put("compile", to=make_stage())),
    ("accepted", put("tests", to=[])),
    ("accepted", put("error", to="")),
    ("accepted", put("output", to="hi")),
    ("accepted", put("run", to=None)),
    ("accepted", put("run.status", to="wrong_answer")),
    ("accepted", put("run.killed_by", to="wall")),
    ("accepted", put("run.stdout_truncated", to=True)),
    ("accepted", put("timings.pool", to="cold")),
    ("accepted", put("timings.run_ms", to=2.3)),
    ("accepted", put("timings.sandbox_ms", to=41.0)),
    ("compiled", put("compile", to=None)),
    ("compiled", put("compile.status", to="compile_error")),
    ("compiled", put("run", to=None)),
    ("refused by the compiler", put("error", to="Compilation Error:\n")),
    ("refused by the compiler", put("run", to=make_stage())),
    ("refused by the compiler", put("compile.exit_code", to=0)),
    ("refused by the compiler", put("compile.killed_by", to="signal")),
    ("compiler too slow", put("error", to="Compilation Error:\nno such name")),
    ("signal", put("error", to="Process exited with code 11")),
    ("signal", put("run.exit_code", to=139)),
    ("signal", put("run.signal", to=None)),
    ("signal", put("run.signal", to=65)),
    ("signal", put("run.killed_by", to=None)),
    ("exit code", put("run.exit_code", to=0)),
    ("exit code", put("run.exit_code", to=256)),
    ("stderr", put("error", to="Process exited with code 3")),
    ("time limit", put("run.killed_by", to="memory")),
    ("time limit", put("error", to="timed out")),
    ("memory limit", put("run.killed_by", to="cpu")),
    ("output limit", put("output", to="yyy")),
    ("output limit", put("run.stdout_truncated", to=False)),
    ("lost", put("run.exit_code", to=0)),
    ("cancelled", put("error", to=None)),
]


@pytest.mark.parametrize(("name", "spoil"), SPOILED)
def test_a_spoiled_answer_is_refused(name: str, spoil: Callable[[Json], None]) -> None:
    answer = copy.deepcopy(RIGHT[name])
    spoil(answer)
    with pytest.raises(ContractViolationError):
        check_answer(answer)


@pytest.mark.parametrize("text", ["hi\n", "aGk", "aGl=", "aGk=\n"])
def test_output_that_is_not_base64_is_refused(text: str) -> None:
    with pytest.raises(ContractViolationError):
        check_answer(make_answer(make_stage(stdout=text)), "base64")


DETAILS = [{"field": "limits.wall_ms", "message": "must be between 1 and 60000"}]
INVALID = {"error": "limits.wall_ms: must be", "code": "invalid", "details": DETAILS}
TOO_LARGE = {"error": "The body is too long", "code": "too_large"}
DRAINING = {"error": "Stopping", "code": "draining"}
ASKED = HEADERS | {"WWW-Authenticate": 'Bearer realm="r"'}
UNAUTHORIZED = {
    "error": "Unauthorized",
    "code": "unauthorized",
    "details": [{"field": "Authorization", "message": "is missing"}],
}


@pytest.mark.parametrize(
    ("status", "headers", "answer"),
    [
        (400, HEADERS, INVALID),
        (401, ASKED, UNAUTHORIZED),
        (405, HEADERS | {"Allow": "POST"}, {"error": "No", "code": "method_not_allowed"}),
        (413, HEADERS, TOO_LARGE),
        (429, BUSY, {"error": "Full", "code": "queue_full"}),
        (503, BUSY, DRAINING),
    ],
)
def test_a_right_error_passes(status: int, headers: Mapping[str, str], answer: Json) -> None:
    check_error(status, headers, answer)


@pytest.mark.parametrize(
    ("status", "headers", "answer"),
    [
        (500, HEADERS, {"error": "Oh", "code": "internal_error"}),
        (422, HEADERS, INVALID),
        (400, HEADERS, TOO_LARGE),
        (400, HEADERS, {"error": "Bad", "code": "invalid"}),
        (400, HEADERS, INVALID | {"details": []}),
        (400, HEADERS, INVALID | {"details": DETAILS * 11}),
        (400, HEADERS, INVALID | {"details": [{"field": "", "message": "bad"}]}),
        (400, HEADERS, INVALID | {"details": [{"field": "code"}]}),
        (400, HEADERS, INVALID | {"error": ""}),
        (400, BUSY, INVALID),
        (400, {"Content-Type": "text/plain", "X-Request-Id": "a"}, INVALID),
        (400, {"Content-Type": HEADERS["Content-Type"]}, INVALID),
        (400, HEADERS | {"X-Request-Id": "a b"}, INVALID),
        (401, ASKED, UNAUTHORIZED | {"error": "Who?"}),
        (401, ASKED, {"error": "Unauthorized", "code": "unauthorized"}),
        (401, HEADERS, UNAUTHORIZED),
        (400, ASKED, INVALID),
        (405, HEADERS, {"error": "No", "code": "method_not_allowed"}),
        (413, HEADERS, TOO_LARGE | {"details": DETAILS}),
        (413, HEADERS, TOO_LARGE | {"success": False}),
        (429, HEADERS, {"error": "Full", "code": "queue_full"}),
        (503, BUSY | {"Retry-After": "0"}, DRAINING),
        (503, BUSY, {"error": "Full", "code": "queue_full"}),
    ],
)
def test_a_spoiled_error_is_refused(status: int, headers: Mapping[str, str], answer: Json) -> None:
    with pytest.raises(ContractViolationError):
        check_error(status, headers, answer)
