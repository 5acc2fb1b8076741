"""Requests that must be refused: a good one with one thing wrong, and the field to be named."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from tests.docker.contract_client import FORMS, Asked, Reply
from tests.docker.contract_shapes import Json
from tests.docker.server import BEARER
from tests.docker.valid_requests import (
    KNOWN_FIELDS,
    MAX_OUTPUT_KB,
    SETTINGS,
    any_json,
    asked_with,
)

GOOD: Json = {"language": "python", "code": "print(1)"}
GOOD_FILE: Json = {"name": "main.py", "content": "print(1)"}
JSON_HEADERS = BEARER | {"Content-Type": "application/json"}
LONE = "\ud800"
"""JSON can say half a surrogate pair."""


@dataclass(frozen=True)
class Refused:
    """A request, and how it must be refused. `field`: None where none is named; `env.*` is any."""

    asked: Asked
    status: int = 400
    field: str | None = None

    def check(self, reply: Reply) -> None:
        """Raises AssertionError."""
        assert reply.status == self.status, (self, reply)
        named = [problem["field"] for problem in reply.answer.get("details", ())]
        if self.field is not None and self.field.endswith(".*"):
            assert any(name.startswith(self.field[:-1]) for name in named), (self, reply)
        elif self.field is not None:
            assert self.field in named, (self, reply)


Wrong = tuple[Json, str]
"""A body, and the field that is wrong."""

_booleans: st.SearchStrategy[Any] = st.booleans()
_lists = st.lists(any_json, max_size=2)
_objects = st.dictionaries(st.text(max_size=5), any_json, min_size=1, max_size=2)
_floats = st.floats(allow_nan=False, allow_infinity=False)
_numbers = st.integers() | _floats
_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=10)
_lone = st.sampled_from([LONE, "a\udfffb", "\udc00\ud800"])
not_text = _booleans | _numbers | _lists | _objects | _lone
not_whole = _booleans | _floats | _texts | _lists | _objects
not_list = _booleans | _numbers | _texts | _objects
not_object = _booleans | _numbers | _texts | st.lists(any_json, max_size=2)
not_encoding = not_text | _texts.filter(lambda text: text not in ("utf8", "base64"))
broken_base64 = st.sampled_from(["a", "ab=c", "ab==\n", "!!!!", "YQ", "YQ===", "ü", "YQ=="[::-1]])
_TEST = {"input": ""}
_unknown = st.text("abcdef_", min_size=3, max_size=8)


def _outside(least: int, most: int) -> st.SearchStrategy[int]:
    near = st.sampled_from([least - 1, most + 1, 0, -1, 10**30, -(10**30), 2**31, 2**63])
    return near | st.integers(max_value=least - 1) | st.integers(min_value=most + 1)


BOUNDS = {
    "timeout": (1, SETTINGS["MAX_TIMEOUT"]),
    "limits.wall_ms": (1, SETTINGS["MAX_TIMEOUT"]),
    "limits.cpu_ms": (1, SETTINGS["MAX_TIMEOUT"]),
    "limits.memory_mb": (16, SETTINGS["MAX_MEMORY_MB"]),
    "limits.output_kb": (1, MAX_OUTPUT_KB),
    "limits.processes": (4, SETTINGS["MAX_PROCESSES"]),
}
_longest = SETTINGS["MAX_ARGS_SIZE"]
_too_long = st.integers(1, 9).map(lambda more: "x" * (_longest + more))
_too_many = st.integers(1, 9).map(lambda more: [""] * (SETTINGS["MAX_ARGS"] + more))
_nul = st.sampled_from(["\0", "a\0", "\0b"])


def _top(name: str, values: st.SearchStrategy[Any], named: str = "") -> st.SearchStrategy[Wrong]:
    return values.map(lambda value: ({**GOOD, name: value}, named or name))


def _tests(values: st.SearchStrategy[Any], named: str) -> st.SearchStrategy[Wrong]:
    return _top("tests", values, named)


def _limit(path: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[Wrong]:
    _, _, name = path.rpartition(".")
    if name == path:
        return _top(name, values)
    return values.map(lambda value: ({**GOOD, "limits": {name: value}}, path))


def _words(name: str) -> list[st.SearchStrategy[Wrong]]:
    """What is wrong in a list of command-line words."""
    return [
        _top(name, not_list),
        _top(name, not_text.map(lambda value: [value]), f"{name}.0"),
        _top(name, st.just(["ok", None]), f"{name}.1"),
        _top(name, _nul.map(lambda value: ["ok", value]), f"{name}.1"),
        _top(name, _too_long.map(lambda value: [value])),
        _top(name, _too_many),
        _top(name, st.just(["x"] * 1001)),
    ]


_environment = [
    _top("env", not_object),
    _top("env", not_text.map(lambda value: {"A": value}), "env.A"),
    _top("env", st.just({"A": None}), "env.A"),
    _top("env", _nul.map(lambda value: {"A": value}), "env.A"),
    _top("env", _too_long.map(lambda value: {"A": value})),
    _top("env", st.just({f"A{number}": "" for number in range(SETTINGS["MAX_ARGS"] + 1)})),
    *(
        _top("env", st.just({name: "1"}), f"env.{name}")
        for name in ("", "1", "A B", "A=B", "A\0", "Ü", "A\n")
    ),
    _top("env", st.just({LONE: "1"}), "env.*"),  # there is no way to repeat it
]


def _files(files: Sequence[Any], named: str) -> st.SearchStrategy[Wrong]:
    return st.just(({"language": "python", "files": list(files)}, named))


def _file(name: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[Wrong]:
    """As the second file, so that its number shows."""
    return values.map(
        lambda value: (
            {"language": "python", "files": [GOOD_FILE, {**_OTHER, name: value}]},
            f"files.1.{name}",
        )
    )


_OTHER: Json = {"name": "other.py", "content": ""}
_bad_names = st.sampled_from(
    [
        *("", ".", "..", "../x.py", "a/../x.py", "a/./x.py", "/x.py", "a//x.py", "a/", "./x"),
        *("a\0.py", "a\n.py", "a\x7f.py", "a\x85.py", "\x1b[2J", "x" * 256, "ü" * 128, "main.py"),
        *("/".join("a" * 9), LONE),
    ]
)
_in_files = [
    _top("files", not_list),
    _top("files", st.just([GOOD_FILE])),
    _files([], "code"),
    _files([GOOD_FILE] + [{**_OTHER, "name": f"{number}"} for number in range(64)], "files"),
    _files([{"name": "main.py"}], "files.0.content"),
    _files([{"content": ""}], "files.0.name"),
    _files([GOOD_FILE, None], "files.1"),
    _files([GOOD_FILE, dict.fromkeys(map(str, range(40)), 1)], "files.1"),
    _files([GOOD_FILE, {**_OTHER, "name": "main.py/x"}], "files.0.name"),
    _files([{**GOOD_FILE, "name": "a/b"}, {**_OTHER, "name": "a"}], "files.1.name"),
    _files([GOOD_FILE, {**_OTHER, "content": "YR=", "encoding": "base64"}], "files.1.content"),
    not_object.map(lambda value: ({"language": "python", "files": [GOOD_FILE, value]}, "files.1")),
    _file("name", not_text | st.none() | _bad_names),
    _file("content", not_text | st.none() | st.just("x" * (SETTINGS["MAX_CODE_SIZE"] + 1))),
    _file("encoding", not_encoding),
    _unknown.flatmap(lambda name: _file(name, any_json)),
]
_plain = [
    _top("language", not_text | st.none() | st.just("")),
    _top("language", st.sampled_from(["ruby", "c,cpp", "Python ", "../c", "c\0", "x" * 5000])),
    _top("code", not_text | st.none() | st.just("")),
    _top("code", st.integers(1, 9).map(lambda more: "x" * (SETTINGS["MAX_CODE_SIZE"] + more))),
    _top("input", not_text | st.just("x" * (SETTINGS["MAX_INPUT_SIZE"] + 1))),
    _top("version", not_text | st.sampled_from(["0", "3.999", "latest", "x" * 999, "3\0"])),
    _top("encoding", not_encoding),
    _top("limits", not_object),
    _top("tests", _booleans | _numbers | _texts | _objects | st.just([])),
    _top("checker", _booleans | _numbers | _lists | st.sampled_from(["lines", "no such"])),
    _top("interactor", _booleans | _numbers | _lists | _texts),
    _tests(not_object.map(lambda value: [_TEST, value]), "tests.1"),
    _tests(st.just([{"name": "no input"}]), "tests.0.input"),
    _tests((not_text | st.none()).map(lambda value: [{"input": value}]), "tests.0.input"),
    _tests(not_text.map(lambda value: [{**_TEST, "expected": value}]), "tests.0.expected"),
    _tests(st.just([_TEST, {**_TEST, "name": "1"}]), "tests.1.name"),
    _tests(st.just([{**_TEST, "points": -1}]), "tests.0.points"),
    _unknown.map(
        lambda name: ({**GOOD, "tests": [{**_TEST, f"un{name}": 1}]}, f"tests.0.un{name}")
    ),
    broken_base64.map(lambda text: ({**GOOD, "input": text, "encoding": "base64"}, "input")),
    _unknown.flatmap(lambda name: _limit(f"limits.{name}", any_json)),
    *(_limit(path, not_whole) for path in BOUNDS),
    *(_limit(path, _outside(*bounds)) for path, bounds in BOUNDS.items()),
]
wrong_bodies = st.one_of(
    st.one_of(_plain), st.one_of(_in_files), st.one_of(_environment), st.one_of(_words("args")),
    st.one_of(_words("compile_args")),
)  # fmt: skip
wrong_fields: st.SearchStrategy[Refused] = wrong_bodies.flatmap(
    lambda wrong: asked_with(wrong[0]).map(lambda asked: Refused(asked, field=wrong[1]))
)


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except ValueError:
        return False
    return True


_no_json = st.one_of(
    st.sampled_from(
        [
            *(b"{", b"{}{}", b"{'a': 1}", b'{"code": NaN}', b"Infinity", b'{"a": 1,}', b"\xff{}"),
            *(b"[" * 100_000, b'{"a":' * 100_000, b'{"timeout": ' + b"9" * 5000 + b"}", b"nul"),
            *('{"code": "ü"}'.encode("latin-1"), '{"code": "x"}'.encode("utf-16"), b'{"a": "\n"}'),
        ]
    ),
    st.binary(min_size=1, max_size=50).filter(lambda body: not _is_json(body)),
    st.integers(1, len(json.dumps(GOOD)) - 1).map(lambda end: json.dumps(GOOD).encode()[:end]),
)
_no_object = (_booleans | _numbers | _texts | _lists | st.none()).map(
    lambda value: json.dumps(value).encode()
)
_too_large_a_number = b'{"language": "c", "code": "x", "timeout": 1e999}'  # JSON has no bound
wrong_texts: st.SearchStrategy[Refused] = st.builds(
    lambda wrong, form: Refused(Asked(wrong[0], JSON_HEADERS, form), field=wrong[1]),
    st.tuples(_no_json | _no_object, st.just("body"))
    | st.sampled_from([(_too_large_a_number, "timeout"), (b"", "language"), (b"{}", "language")]),
    st.sampled_from(FORMS),
)


@st.composite
def _without_key(draw: st.DrawFn) -> Refused:
    """Nothing but the key is looked at, so the rest may be wrong, too."""
    credentials = draw(
        st.sampled_from(
            [
                *(
                    {},
                    {"X-Api-Key": "wrong"},
                    {"X-Api-Key": ""},
                    {"Authorization": "first-key-of-tests"},
                ),
                *(
                    {"Authorization": "Basic first-key-of-tests"},
                    {"Authorization": "Bearer first-key-of-tests,"},
                ),
                *(
                    {"Authorization": "Bearer"},
                    {"X-Api-Key": "first-key-of-tests,second-key-of-tests"},
                ),
            ]
        )
    )
    body = draw(st.sampled_from([json.dumps(GOOD).encode(), b"", b"{"]))
    headers = {**credentials, "Content-Type": draw(st.sampled_from(["text/plain", *_TYPES]))}
    return Refused(Asked(body, headers, draw(st.sampled_from(FORMS))), status=401)


_TYPES = ("application/json",)
_wrong_type = st.builds(
    lambda media_type, form: Refused(
        Asked(json.dumps(GOOD).encode(), BEARER | {"Content-Type": media_type}, form), status=415
    ),
    st.sampled_from(["text/plain", "text/json", "application/x-ndjson", "multipart/form-data", ""]),
    st.sampled_from(FORMS),
)
_elsewhere = st.sampled_from(
    [
        Refused(Asked(b"", BEARER, path="/nothing"), status=404),
        Refused(Asked(b"{}", JSON_HEADERS, path="/execute/"), status=404),
        Refused(Asked(b"{}", JSON_HEADERS, path="/Execute"), status=404),
        Refused(Asked(b"", BEARER, method="GET"), status=405),
        Refused(Asked(b"{}", JSON_HEADERS, method="PUT"), status=405),
        Refused(Asked(b"", BEARER, path="/stats", method="DELETE"), status=405),
    ]
)
wrong_requests: st.SearchStrategy[Refused] = st.one_of(_without_key(), _wrong_type, _elsewhere)

_likely = st.sampled_from(["python", "c", "main.c", "utf8", "base64", "", "1", 1, 5000, -1, LONE])
_anything = st.recursive(
    _likely | any_json,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*KNOWN_FIELDS, "name", "content", "wall_ms"]), inner, max_size=4
        )
    ),
    max_leaves=8,
)
any_bodies: st.SearchStrategy[Json] = st.fixed_dictionaries(
    {"language": _likely | _anything, "code": _likely | _anything},
    optional=dict.fromkeys(KNOWN_FIELDS[2:], _anything),
)
"""Likely fields with any values: mostly wrong in several ways, now and then right."""
