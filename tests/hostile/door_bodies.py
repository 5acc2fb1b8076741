"""The largest bodies of many kinds, legal and not: each costs as much as its kind can."""

from __future__ import annotations

import json

_SH = '{"language":"sh","code":"echo 1",'
_SIZE = 4_190_000


def _json(**fields: object) -> str:
    return json.dumps({"language": "sh", "code": "cat"} | fields)


def _list_of(value: str) -> str:
    return _SH + '"z":[' + ",".join([value] * (_SIZE // (len(value) + 1) - 20)) + "]}"


def _test(checker: str, unit: str) -> str:
    text = unit * (1_300_000 // len(json.dumps(unit)))
    return _json(checker=checker, tests=[{"input": text, "expected": text[: -len(unit)] + "2 "}])


def _c_files(unit: str) -> str:
    content = unit * (99_000 // len(unit))
    files = [{"name": f"f{number}.c", "content": content} for number in range(38)]
    return json.dumps({"language": "c", "files": files})


def _base64_files() -> list[dict[str, str]]:
    file = {"encoding": "base64", "content": "ZWNobyAx" * 8000}
    return [file | {"name": f"f{number}.sh"} for number in range(60)]


BODIES: dict[str, tuple[int, str]] = {
    "unknown fields": (400, _SH + ",".join(f'"{number}":1' for number in range(250_000)) + "}"),
    "lists": (400, _list_of("[]")),
    "objects": (400, _list_of("{}")),
    "numbers": (400, _list_of("1e5")),
    "strings": (400, _list_of('""')),
    "nested": (400, _SH + '"z":' + "[" * 1_000_000 + "]" * 1_000_000 + "}"),
    "a number": (400, _SH + '"timeout":' + "9" * _SIZE + "}"),
    "blanks": (400, " " * _SIZE),
    "escapes": (400, '{"language":"sh","code":"' + "\\n" * (_SIZE // 2 - 20) + '"}'),
    "escapes in a name": (200, _SH + '"' + "\\n" * (_SIZE // 2 - 20) + '":1}'),
    "wide text": (200, _SH + '"z":"' + "😀" * 1_040_000 + '"}'),
    "a long file name": (400, _json(code="", files=[{"name": "a" * _SIZE, "content": "x"}])),
    "a deep file name": (400, _json(code="", files=[{"name": "a/" * 2_000_000, "content": "x"}])),
    "a long language": (400, _json(language="é" * 650_000)),
    "a long version": (400, _json(version="1" * 4_000_000)),
    "long arguments": (400, _json(args=["x"] * 64 + ["y" * 4_000_000])),
    "wrong tests": (400, _json(tests=[{str(field): 1 for field in range(8)}] * 1000)),
    "base64": (200, _json(code="", files=_base64_files())),
    "many tests": (200, _json(tests=[{"input": "1\n" * 1300, "expected": "1\n" * 1300}] * 500)),
    "failing tests": (200, _json(code="echo 1", tests=[{"input": "", "expected": "2"}] * 500)),
    "lines": (200, _test("lines", "1\n")),
    "tokens": (200, _test("tokens", "1 ")),
    "floats": (200, _test("float", "1.5 ")),
    "unordered lines": (200, _test("unordered_lines", "1\n")),
    "C with #": (200, _c_files("# ")),
    "C with _": (200, _c_files("__DAT")),
    "C with include": (200, _c_files("# include <a>\n")),
    "C with asm": (200, _c_files("__as ")),
    "C with dots": (200, _c_files("..a")),
    "C of one letter": (200, _c_files("a")),
}
"""By name: the status that it is answered with, and it."""
