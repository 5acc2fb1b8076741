"""Requests that must be run, drawn from the whole model, and what is known of their answers."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from tests.docker.contract_client import FORMS, Asked
from tests.docker.contract_shapes import COMPILED, Json
from tests.docker.http_contract import bytes_of, text_of
from tests.docker.server import API_KEYS
from tests.docker.valid_programs import KINDS, Program, line, programs

SETTINGS = {
    "MAX_CODE_SIZE": 30_000,
    "MAX_INPUT_SIZE": 50_000,
    "MAX_OUTPUT_SIZE": 20_000,
    "MAX_BODY_SIZE": 2_500_000,
    "MAX_FILES": 64,
    "MAX_ARGS": 8,
    "MAX_ARGS_SIZE": 1024,
    "MAX_MEMORY_MB": 512,
    "MAX_PROCESSES": 512,
    "MAX_TIMEOUT": 30_000,
    "EXECUTION_TIMEOUT": 20_000,
}
"""Of the server that is asked: bounds that requests reach without being large."""
MAX_OUTPUT_KB = -(-SETTINGS["MAX_OUTPUT_SIZE"] // 1024)
ALIASES = {
    "c": ("c", "gcc", "C"),
    "cpp": ("cpp", "c++", "CPP"),
    "java": ("java", "java17", "Java"),
    "python": ("python", "py", "Python"),
}
KNOWN_FIELDS = (
    *("language", "code", "files", "input", "timeout", "args", "env", "compile_args", "version"),
    *("limits", "encoding", "tests", "checker"),
)
_FLAGS = {
    **dict.fromkeys(("c", "cpp"), ("-DX=1", "-Wall", "-g", "-O0", "-I.")),
    "java": ("-nowarn", "-g", "-Xlint:all", "-parameters"),
}
_KEYS = API_KEYS.split(",")
_CONTENT_TYPES = ("application/json", "application/json; charset=utf-8", "Application/JSON")

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(line, inner, max_size=2),
    max_leaves=4,
)
unknown_fields = st.dictionaries(
    (text | st.sampled_from(["x" * 100, "\ud800", "Language", "limits.wall_ms"])).filter(
        lambda name: name not in KNOWN_FIELDS
    ),
    any_json,
    max_size=3,
)


@dataclass(frozen=True)
class Wanted:
    """A request that must be answered with 200, and what its answer must have."""

    asked: Asked
    language: str
    statuses: frozenset[str]
    """Those possible; empty: any."""
    stdout: bytes = field(repr=False)
    """All that is printed, were it not cut."""
    output_bytes: int
    warnings: int
    run: Mapping[str, Any] = field(default_factory=dict)

    def check(self, answer: Json) -> None:
        """Raises AssertionError."""
        status, run = answer["status"], answer["run"]
        assert answer["language"] == self.language, (self, answer)
        assert status in (self.statuses or {status}), (self, answer)
        assert len(answer["warnings"]) == self.warnings, (self, answer)
        if run is None:
            return
        for stream in ("stdout", "stderr"):
            assert self._size(run[stream]) <= self.output_bytes, (self, answer)
        if status == "accepted" or run["stdout_truncated"]:
            assert run["stdout"] == self._expected_stdout(self.stdout), (self, answer)
        if self.statuses == {status} and status != "output_limit":  # which may come before the end
            assert {name: run[name] for name in self.run} == self.run, (self, answer)

    def _size(self, output: str) -> int:
        """As text at least as many bytes were printed as there are characters."""
        return len(bytes_of(output) if self.asked.encoding == "base64" else output)

    def _expected_stdout(self, whole: bytes) -> str:
        encoded = base64.b64encode(whole[: self.output_bytes]).decode()
        if self.asked.encoding == "base64":
            return encoded
        cut = {"stdout": encoded, "stdout_truncated": len(whole) > self.output_bytes}
        return text_of(cut, "stdout", "base64")


@st.composite
def wanted(draw: st.DrawFn, versions: Mapping[str, str]) -> Wanted:
    """`versions`: what each language's image reports."""
    program = draw(programs())
    tight = draw(st.integers(0, 9)) >= 8
    limits = draw(_limits(program.kind, tight=tight))
    encoding = draw(st.sampled_from([None, "utf8", "base64"]))
    stdin = draw(st.binary(max_size=60) if encoding == "base64" else text.map(str.encode))
    given = base64.b64encode(stdin).decode() if encoding == "base64" else stdin.decode()
    args = draw(st.lists(line, max_size=4))
    compile_args = draw(_compile_args(program.language))
    unknown = draw(unknown_fields)
    body: Json = {
        "language": draw(st.sampled_from(ALIASES[program.language])),
        **program.sources,
        "input": given or draw(st.sampled_from(["", None])),
        "args": args or None,
        "env": draw(_environment(program)),
        "compile_args": compile_args,
        "version": draw(_version(versions[program.language])),
        "encoding": encoding,
        **limits,
        **unknown,
    }
    output_kb = (limits["limits"] or {}).get("output_kb") or MAX_OUTPUT_KB
    output_bytes = min(output_kb * 1024, SETTINGS["MAX_OUTPUT_SIZE"])
    stdout = program.stdout(stdin, args)
    useless = bool(compile_args) and not COMPILED[program.language]
    return Wanted(
        asked=draw(asked_with(_thinned(draw, body), encoding or "utf8")),
        language=program.language,
        statuses=frozenset() if tight else program.statuses(stdout, output_bytes),
        stdout=stdout,
        output_bytes=output_bytes,
        warnings=len(unknown) + useless,
        run=program.run,
    )


def _thinned(draw: st.DrawFn, body: Json) -> Json:
    """`null` is the same as no such field: some of either."""
    absent = [name for name in KNOWN_FIELDS if body.get(name) is None]
    as_null = draw(st.sets(st.sampled_from(absent))) if absent else set()
    given = {name: value for name, value in body.items() if name not in absent}
    return given | dict.fromkeys(as_null)


@st.composite
def asked_with(draw: st.DrawFn, body: object, encoding: str = "utf8") -> Asked:
    """A request with that body: in any form, with any of the keys, sent in any way."""
    key = draw(st.sampled_from(_KEYS))
    credentials = draw(
        st.sampled_from(
            [
                {"Authorization": f"Bearer {key}"},
                {"authorization": f"bearer  {key}"},
                {"X-Api-Key": key},
                {"X-Api-Key": key, "Authorization": "Bearer wrong"},
            ]
        )
    )
    headers = {**credentials, "Content-Type": draw(st.sampled_from(_CONTENT_TYPES))}
    request_id = draw(st.none() | st.from_regex("[A-Za-z0-9._-]{1,40}", fullmatch=True))
    if request_id is not None:
        headers["X-Request-Id"] = request_id
    start = draw(st.sampled_from([b"", b"\xef\xbb\xbf", b" \n"]))
    return Asked(start + json.dumps(body).encode(), headers, draw(st.sampled_from(FORMS)), encoding)


def _environment(program: Program) -> st.SearchStrategy[dict[str, str] | None]:
    """Names that mean nothing to anybody."""
    names = st.from_regex("X[A-Za-z0-9_]{0,8}", fullmatch=True)
    some = st.dictionaries(names, line, max_size=3)
    if program.kind == "env":
        return some.map(lambda env: {**env, "TOKEN": program.token})
    return st.none() | some


_ROOMY: Mapping[str, Sequence[int | None]] = {
    "timeout": (None, 20_000, 30_000),
    "wall_ms": (None, 20_000, 30_000),
    "cpu_ms": (None, 20_000, 30_000),
    "memory_mb": (None, 192, 512),
    "output_kb": (None, 1, 2, MAX_OUTPUT_KB),
    "processes": (None, 256, 512),
}
_TIGHT: Mapping[str, Sequence[int | None]] = {
    "timeout": (None, 1, 50, 1000),
    "wall_ms": (1, 20, 100, 1000),
    "cpu_ms": (1, 20, 100, 1000),
    "memory_mb": (16, 20, 40, 64),
    "output_kb": (1, MAX_OUTPUT_KB),
    "processes": (4, 5, 16),
}


@st.composite
def _limits(draw: st.DrawFn, kind: str, *, tight: bool) -> Json:
    """`timeout` and `limits`."""
    choices = _TIGHT if tight else _ROOMY
    given = {name: draw(st.sampled_from(values)) for name, values in choices.items()}
    own = draw(st.sampled_from(KINDS[kind].limits))
    given |= {name: value for name, value in own.items() if not tight}
    timeout = given.pop("timeout")
    if "timeout" in own:
        given["wall_ms"] = None  # which would win
    limits = {name: value for name, value in given.items() if value or draw(st.booleans())}
    return {"timeout": timeout, "limits": limits or draw(st.sampled_from([None, {}]))}


def _compile_args(language: str) -> st.SearchStrategy[list[str] | None]:
    """Those that change nothing; where nothing is compiled, any."""
    flags = _FLAGS.get(language)
    return st.none() | st.lists(st.sampled_from(flags) if flags else line, max_size=3)


def _version(version: str) -> st.SearchStrategy[str | None]:
    """All that it begins with, by components."""
    ends = [end for end in range(1, len(version)) if not version[end].isalnum()]
    starts = [version[:end] for end in ends if version[end - 1].isalnum()]
    return st.sampled_from([None, *starts, version])
