"""The older runner's contract, request by request: real programs and what must be answered.

`tests/contract/test_older_contract.py` runs the rows against the HTTP side alone, where `outcome`
stands for what a sandbox would report; the Docker suite runs the same rows for real. The server
must know the keys KEY and SECOND_KEY, and otherwise have default settings.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.contract.contract_table import (
    BEARER,
    KEY,
    SECOND_KEY,
    Row,
    program,
    ran,
    success,
    text,
)
from tests.contract.older_contract_failures import FAILING_PROGRAMS
from tests.contract.older_contract_successes import PROGRAMS


def bad(name: str, json: Any, error: str, **rest: Any) -> Row:
    """A request refused with 400 and exactly this text."""
    expected = {"error": error, "code": "invalid"}
    return Row(name, json, 400, expected, absent=("success", "output"), **rest)


MISSING = "Missing language or code"
PRINT = {"language": "python", "code": "print(1)"}
LONG = "#" * 100_001

REFUSALS = (
    bad("empty object", {}, MISSING),
    bad("no body", ..., MISSING, headers=BEARER | {"Content-Type": "application/json"}),
    bad("no language", {"code": "print(1)"}, MISSING),
    bad("no code", {"language": "python"}, MISSING),
    bad("empty language", {"language": "", "code": "print(1)"}, MISSING),
    bad("empty code", {"language": "python", "code": ""}, MISSING),
    bad("null code", {"language": "python", "code": None}, MISSING),
    bad("code is a number", {"language": "python", "code": 42}, MISSING),
    bad("language is a list", {"language": ["python"], "code": "print(1)"}, MISSING),
    bad("code too long", {"language": "python", "code": LONG}, "Code exceeds maximum size"),
    program(
        "code as long as can be",
        "python",
        "print(1)".ljust(100_000, "\n"),
        ran("1\n"),
        expected=success("1\n"),
    ),
    bad("unsupported language", {"language": "cobol", "code": "X"}, "Unsupported language"),
    bad(
        "code too long comes before unsupported language",
        {"language": "cobol", "code": LONG},
        "Code exceeds maximum size",
    ),
    bad("missing comes before unsupported", {"language": "cobol"}, MISSING),
    bad("negative timeout", PRINT | {"timeout": -1}, "timeout: must be between 1 and 60000"),
    bad("timeout of zero", PRINT | {"timeout": 0}, "timeout: must be between 1 and 60000"),
    bad("absurd timeout", PRINT | {"timeout": 10**30}, "timeout: must be between 1 and 60000"),
    bad("timeout is a string", PRINT | {"timeout": "5000"}, "timeout: must be a whole number"),
    bad("timeout is a bool", PRINT | {"timeout": True}, "timeout: must be a whole number"),
    bad("input is a number", PRINT | {"input": 1}, "input: must be a string"),
    bad("body is a list", [PRINT], "The body must be a JSON object"),
    Row(
        "body is not JSON",
        raw=b'{"language": "python", ',
        headers=BEARER | {"Content-Type": "application/json"},
        status=400,
        expected={"error": text("The body is not valid JSON: .*"), "code": "invalid"},
    ),
    Row(
        "body is not called JSON",
        raw=b"language=python&code=1",
        headers=BEARER | {"Content-Type": "application/x-www-form-urlencoded"},
        status=415,
        expected={"error": str, "code": "unsupported_media_type"},
    ),
)


def unauthorized(name: str, headers: Mapping[str, str], json: Any = PRINT) -> Row:
    expected = {"error": "Unauthorized", "code": "unauthorized"}
    return Row(name, json, 401, expected, absent=("success",), headers=headers)


UNAUTHORIZED = (
    unauthorized("no key", {}),
    unauthorized("wrong key", {"Authorization": "Bearer wrong"}),
    unauthorized("wrong x-api-key", {"x-api-key": "wrong"}),
    unauthorized("a key's beginning", {"Authorization": f"Bearer {KEY[:-1]}"}),
    unauthorized("all keys at once", {"Authorization": f"Bearer {KEY}, {SECOND_KEY}"}),
    unauthorized("empty key", {"Authorization": "Bearer ", "x-api-key": ""}),
    unauthorized("another scheme", {"Authorization": f"Basic {KEY}"}),
    unauthorized("no scheme", {"Authorization": KEY}),
    unauthorized("who asks comes before what", {}, {}),
)

OTHERS = (
    Row(
        "health is public",
        method="GET",
        path="/health",
        headers={},
        expected={"status": "healthy", "activeJobs": 0, "uptime": float},
    ),
    Row(
        "stats are public",
        method="GET",
        path="/stats",
        headers={},
        expected={"activeJobs": 0, "jobs": []},
        absent=("slots", "pool", "compile_cache", "since_start", "last_15_minutes"),
    ),
    Row(
        "stats of a key's",
        method="GET",
        path="/stats",
        expected={"activeJobs": 0, "jobs": [], "slots": dict, "since_start": dict},
    ),
    Row("unknown path", PRINT, 404, {"error": "Not Found", "code": "not_found"}, path="/run"),
    Row(
        "wrong method",
        status=405,
        expected={"error": "Method Not Allowed", "code": "method_not_allowed"},
        method="GET",
    ),
)

ROWS: tuple[Row, ...] = PROGRAMS + FAILING_PROGRAMS + REFUSALS + UNAUTHORIZED + OTHERS
