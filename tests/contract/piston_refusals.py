"""Piston's contract: what is refused, in which order and words, and what is not a program."""

from __future__ import annotations

import base64
import re
from typing import Any

from tests.contract.contract_table import BEARER, KEY, SECOND_KEY
from tests.contract.piston_table import PISTON_KEY, PistonRow

FILES = [{"content": "print(1)"}]
PRINT = {"language": "python", "version": "*", "files": FILES}
API = "/api/v2"
STACK = re.compile(r'\{"stack": ".+"\}', re.DOTALL)
UNKNOWN = "runtime is unknown"
LANGUAGE, VERSION = "language is required as a string", "version is required as a string"
ARRAY, NO_TEXT = (
    "files is required as an array",
    "files must include at least one utf8 encoded file",
)
NOT_FOUND = {"message": "Not Found"}
NOT_JSON = {"message": "requests must be of type application/json"}
LIMITS = {"timeout": (10_000, 3000), "cpu_time": (10_000, 3000), "memory_limit": (-1, -1)}


def bad(name: str, json: Any, message: str) -> PistonRow:
    """A request refused with 400 and exactly this message."""
    return PistonRow(name, json, 400, {"message": message})


def unreadable(name: str, data: bytes) -> PistonRow:
    return PistonRow(name, status=400, body=STACK, data=data)


def not_json(name: str, content_type: str) -> PistonRow:
    headers = {**PISTON_KEY, "Content-Type": content_type}
    return PistonRow(name, status=415, body=NOT_JSON, data=b"{}", headers=headers)


def content(index: int) -> str:
    return f"files[{index}].content is required as a string"


def without(*names: str) -> dict[str, Any]:
    return {name: value for name, value in PRINT.items() if name not in names}


FIELDS = (
    bad("empty object", {}, LANGUAGE),
    bad("a list", [PRINT], LANGUAGE),
    PistonRow("no body", status=400, body={"message": LANGUAGE}, data=b""),
    bad("language is empty", PRINT | {"language": ""}, LANGUAGE),
    bad("language is null", PRINT | {"language": None}, LANGUAGE),
    bad("language is a number", PRINT | {"language": 3}, LANGUAGE),
    bad("language comes before version", {"files": FILES}, LANGUAGE),
    bad("no version", without("version"), VERSION),
    bad("version is empty", PRINT | {"version": ""}, VERSION),
    bad("version is a number", PRINT | {"version": 3}, VERSION),
    bad("version comes before files", {"language": "python"}, VERSION),
    bad("no files", without("files"), ARRAY),
    bad("files is null", PRINT | {"files": None}, ARRAY),
    bad("files is a text", PRINT | {"files": "print(1)"}, ARRAY),
    bad("files is an object", PRINT | {"files": {"content": ""}}, ARRAY),
    bad("files comes before runtime", without("files") | {"language": "nothing"}, ARRAY),
    bad("no content", PRINT | {"files": [{}]}, content(0)),
    bad("content is null", PRINT | {"files": [{"content": None}]}, content(0)),
    bad("second content is a number", PRINT | {"files": [*FILES, {"content": 3}]}, content(1)),
    bad("a file is a text", PRINT | {"files": ["print(1)"]}, content(0)),
    bad("content comes before runtime", PRINT | {"files": [{}], "version": "2"}, content(0)),
    PistonRow("a file is null", PRINT | {"files": [None]}, 400, {}),
    PistonRow("second file is null", PRINT | {"files": [*FILES, None]}, 400, {}),
    bad("bad content comes before null", PRINT | {"files": [{}, None]}, content(0)),
    bad("no files at all", PRINT | {"files": []}, NO_TEXT),
)
RUNTIMES = (
    bad("unknown language", PRINT | {"language": "nothing"}, f"nothing-* {UNKNOWN}"),
    bad("language in another case", PRINT | {"language": "Python"}, f"Python-* {UNKNOWN}"),
    bad("unknown version", PRINT | {"version": "2.7.x"}, f"python-2.7.x {UNKNOWN}"),
    bad("no such patch", PRINT | {"version": "3.0.0"}, f"python-3.0.0 {UNKNOWN}"),
    bad("excluded", PRINT | {"version": "<3"}, f"python-<3 {UNKNOWN}"),
    bad("invalid range", PRINT | {"version": "latest"}, f"python-latest {UNKNOWN}"),
    bad("alias", PRINT | {"language": "py", "version": "9"}, f"py-9 {UNKNOWN}"),
    bad("runtime before utf8", PRINT | {"files": [], "version": "9"}, f"python-9 {UNKNOWN}"),
    bad("half a letter", PRINT | {"language": "\ud800"}, f"\ud800-* {UNKNOWN}"),
    bad("base64 only", PRINT | {"files": [{"content": "", "encoding": "base64"}]}, NO_TEXT),
    bad("odd encoding only", PRINT | {"files": [{"content": "", "encoding": "latin1"}]}, NO_TEXT),
    bad("utf8 comes before limits", PRINT | {"files": [], "run_timeout": "1"}, NO_TEXT),
)
NUMBERS = tuple(
    bad(f"{name} is {value!r}", PRINT | {name: value}, f"If specified, {name} must be a number")
    for name, value in (
        ("compile_memory_limit", "100"),
        ("run_memory_limit", True),
        ("compile_timeout", []),
        ("run_timeout", "1000"),
        ("compile_cpu_time", {}),
        ("run_cpu_time", "x"),
    )
)
BOUNDS = tuple(
    row
    for kind in ("timeout", "cpu_time")
    for stage, most in zip(("compile", "run"), LIMITS[kind], strict=True)
    for name in (f"{stage}_{kind}",)
    for row in (
        bad(
            f"{name} too large",
            PRINT | {name: most + 1},
            f"{name} cannot exceed the configured limit of {most}",
        ),
        bad(f"{name} negative", PRINT | {name: -1}, f"{name} must be non-negative"),
    )
)
TOO_LONG = "{} cannot exceed the configured limit of {}"
ORDER = (
    bad(
        "memory comes before timeout",
        PRINT | {"compile_timeout": -1, "run_memory_limit": "x"},
        "If specified, run_memory_limit must be a number",
    ),
    bad(
        "compile comes before run",
        PRINT | {"run_timeout": 10**9, "compile_timeout": 10**9},
        TOO_LONG.format("compile_timeout", 10_000),
    ),
    bad(
        "timeout comes before cpu_time",
        PRINT | {"compile_cpu_time": "x", "run_timeout": 1e300},
        TOO_LONG.format("run_timeout", 3000),
    ),
    bad(
        "limits come before stdin",
        PRINT | {"run_cpu_time": -0.5, "stdin": 1},
        "run_cpu_time must be non-negative",
    ),
    PistonRow("stdin is a number", PRINT | {"stdin": 3}, 400, {}),
    PistonRow("stdin is false", PRINT | {"stdin": False}, 400, {}),
    PistonRow("stdin is a list", PRINT | {"stdin": ["a"]}, 400, {}),
    PistonRow(
        "a name that leads out",
        PRINT | {"files": [{"name": "a/../../x", "content": ""}]},
        400,
        re.compile(r'\{"message": "files\[0\]\.name .+"\}'),
    ),
    bad(
        "a name that is a number",
        PRINT | {"files": [{"name": 3, "content": ""}]},
        "files[0].name must be a string",
    ),
    bad("args is a number", PRINT | {"args": 5}, "args must be an array"),
    bad("an arg is a list", PRINT | {"args": ["a", []]}, "args[1] must be a string"),
)
BODIES = (
    unreadable("not JSON", b'{"language": '),
    unreadable("not UTF-8", b'{"language": "\xff"}'),
    unreadable("NaN", b'{"language": NaN}'),
    unreadable("a number", b"3"),
    unreadable("a text", b'"python"'),
    unreadable("null", b"null"),
    unreadable("true", b"true"),
    unreadable("nested deeply", b"[" * 100_000),
    unreadable("too long", b'{"language": "' + b"x" * (4 << 20) + b'"}'),
    not_json("plain text", "text/plain"),
    not_json("a form", "application/x-www-form-urlencoded"),
    not_json("JSON in capitals", "Application/JSON"),
    PistonRow(
        "no type", status=415, body=NOT_JSON, headers={**PISTON_KEY, "Content-Type": ""}, data=b"{}"
    ),
    PistonRow(
        "nearly JSON is not read",
        PRINT,
        400,
        {"message": LANGUAGE},
        headers={**PISTON_KEY, "Content-Type": "application/json-seq"},
    ),
)
UNAUTHORIZED = {"message": "Unauthorized"}
PATHS = (
    PistonRow("who it is", method="GET", path="/", body={"message": "Piston v3.1.1"}, headers={}),
    PistonRow("who it is below", method="GET", path="/piston/", body={"message": "Piston v3.1.1"}),
    PistonRow("no such path", method="GET", path=f"{API}/nothing", status=404, body=NOT_FOUND),
    PistonRow("no path", method="GET", path=API, status=404, body=NOT_FOUND),
    PistonRow("nothing below", method="GET", path="/piston/x", status=404, body=NOT_FOUND),
    PistonRow("GET execute", method="GET", status=404, body=NOT_FOUND),
    PistonRow("DELETE execute", {}, method="DELETE", status=404, body=NOT_FOUND),
    PistonRow("POST runtimes", {}, path=f"{API}/runtimes", status=404, body=NOT_FOUND),
    PistonRow("POST nothing", path=f"{API}/nothing", status=415, body=NOT_JSON),
    PistonRow("GET connect", method="GET", path=f"{API}/connect", status=404, body=NOT_FOUND),
    PistonRow("no key", PRINT, 401, UNAUTHORIZED, headers={}),
    PistonRow("wrong key", PRINT, 401, UNAUTHORIZED, headers={"Authorization": "first"}),
    PistonRow("empty key", PRINT, 401, UNAUTHORIZED, headers={"Authorization": "Bearer "}),
    PistonRow("no key, no JSON", status=401, body=UNAUTHORIZED, headers={}, path=f"{API}/packages"),
    PistonRow(
        "runtimes without a key",
        method="GET",
        path=f"{API}/runtimes",
        status=401,
        body=UNAUTHORIZED,
        headers={},
    ),
)


def basic(text: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(text.encode()).decode()}"}


KEYS = tuple(
    PistonRow(f"key {name}", {}, 400, {"message": LANGUAGE}, headers=headers)
    for name, headers in (
        ("bare", {"Authorization": SECOND_KEY}),
        ("as a bearer's", BEARER),
        ("in x-api-key", {"X-Api-Key": KEY}),
        ("as a password", basic(f"user:{KEY}")),
        ("as a password alone", basic(f":{KEY}")),
        ("as a user", basic(f"{KEY}:")),
    )
)
BAD_BASIC = tuple(
    PistonRow(f"no key in {name}", {}, 401, UNAUTHORIZED, headers=headers)
    for name, headers in (
        ("a wrong password", basic("user:other")),
        ("what is not base64", {"Authorization": "Basic ???"}),
        ("nothing", {"Authorization": "Basic"}),
    )
)
SAME_PATHS = tuple(
    PistonRow(f"POST {path}", {}, 400, {"message": LANGUAGE}, path=path)
    for path in (
        f"{API}/execute/",
        f"/piston{API}/execute",
        f"/piston{API}/execute/",
        f"{API}/piston/execute",
    )
)
PACKAGES = (
    PistonRow(
        "install what does not exist",
        {"language": "nothing", "version": "1.0.0"},
        404,
        {"message": "Requested package nothing-1.0.0 does not exist"},
        path=f"{API}/packages",
    ),
    PistonRow(
        "install nothing",
        {},
        404,
        {"message": "Requested package undefined-undefined does not exist"},
        path=f"{API}/packages",
    ),
    PistonRow(
        "remove what does not exist",
        {"language": "python", "version": None},
        404,
        {"message": "Requested package python-null does not exist"},
        path=f"{API}/packages",
        method="DELETE",
    ),
    PistonRow(
        "install what is installed",
        {"language": "python", "version": "3.x"},
        path=f"{API}/packages/",
        body=re.compile(r'\{"language": "python", "version": "3\.\d+\.\d+"\}'),
    ),
    PistonRow(
        "remove what is installed",
        {"language": "python", "version": "*"},
        403,
        {"message": "Packages are not removed over this API"},
        path=f"{API}/packages",
        method="DELETE",
    ),
)
REFUSALS = (
    *FIELDS,
    *RUNTIMES,
    *NUMBERS,
    *BOUNDS,
    *ORDER,
    *BODIES,
    *PATHS,
    *KEYS,
    *BAD_BASIC,
    *SAME_PATHS,
    *PACKAGES,
)
