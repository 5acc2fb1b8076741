"""Programs for requests that must be run: drawn, with what each prints and how it ends."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from tests.docker.contract_shapes import COMPILED, Json
from tests.docker.small_programs import source

_MAIN_NAMES = {
    "c": ("main.c", "src/main.c", "-o.c", "@x.c", "ü b.c"),
    "cpp": ("main.cpp", "src/main.cc", "-o.cxx", "@x.cpp", "ü b.cpp"),
    "java": ("Main.java",),
    "python": ("main.py", "src/tool.py", "-v.py", "@x.py", "ü b.py"),
}
_HELPERS = {
    "c": ("lib/helper.c", "int helper(void) { return 1; }\n"),
    "cpp": ("lib/helper.cpp", "int helper() { return 1; }\n"),
    "java": ("util/Helper.java", "package util;\npublic class Helper { }\n"),
    "python": ("pkg/helper.py", "def helper(): pass\n"),
}
# Java starts and compiles longest; the weights keep the whole short.
_LANGUAGES = ("python", "python", "python", "c", "c", "cpp", "java")
_SIGNALS = {"java": (9,)}  # the JVM handles the others itself
_NO_ZERO = ("exit", "signal", "sleep", "spin", "flood", "hog", "read")

line = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


@dataclass(frozen=True)
class Given:
    """What a program is given at run time."""

    stdin: bytes
    args: Sequence[str]
    token: str
    literal: bytes
    file: bytes


@dataclass(frozen=True)
class Kind:
    """How programs of a kind end when nothing is scarce but one of `limits`."""

    status: str
    prints: Callable[[Given], bytes] = lambda _: b""
    limits: Sequence[Json] = ({},)


def _line(given: Given) -> bytes:
    return given.literal + b"\n"


KINDS: Mapping[str, Kind] = {
    "print": Kind("accepted", lambda given: given.literal),
    "both": Kind("accepted", lambda given: given.literal),
    "copy": Kind("accepted", lambda given: given.stdin),
    "args": Kind("accepted", lambda given: b"".join(arg.encode() + b"\n" for arg in given.args)),
    "env": Kind("accepted", lambda given: given.token.encode()),
    "read": Kind("accepted", lambda given: given.file),
    "exit": Kind("runtime_error"),
    "broken": Kind("compile_error"),
    "signal": Kind("runtime_error", _line),
    "sleep": Kind("time_limit", _line, ({"wall_ms": 50}, {"wall_ms": 300}, {"timeout": 200})),
    "spin": Kind("time_limit", _line, ({"cpu_ms": 50}, {"cpu_ms": 300}, {"timeout": 200})),
    "hog": Kind("memory_limit", _line, ({"memory_mb": 64}, {"memory_mb": 96})),
    "flood": Kind("output_limit", lambda given: _line(given) * 20_001),
}


@dataclass(frozen=True)
class Program:
    """A program: its part of the request, and what is known of it."""

    language: str
    kind: str
    literal: bytes
    number: int
    token: str
    sources: Json
    """`code` or `files`."""
    file: bytes = b""
    run: Mapping[str, Any] = field(default_factory=dict)
    """What its run's fields are, when it ends as its kind does."""

    def stdout(self, stdin: bytes, args: Sequence[str]) -> bytes:
        return KINDS[self.kind].prints(Given(stdin, args, self.token, self.literal, self.file))

    def statuses(self, stdout: bytes, output_bytes: int) -> frozenset[str]:
        """Those possible where `output_bytes` of each stream may be printed."""
        status = KINDS[self.kind].status
        if self.kind == "broken":
            return frozenset({status if COMPILED[self.language] else "runtime_error"})
        if self.kind == "exit" and self.number == 0:
            status = "accepted"
        stderr = self.literal if self.kind in ("exit", "both") else b""
        if max(len(stdout), len(stderr)) <= output_bytes:
            return frozenset({status})
        met = {"output_limit"}
        return frozenset(met | {status} if status in ("time_limit", "memory_limit") else met)


@st.composite
def programs(draw: st.DrawFn) -> Program:
    language = draw(st.sampled_from(_LANGUAGES))
    kind = draw(st.sampled_from(list(KINDS)))
    literal = draw(_literals)
    number = draw(st.integers(0, 255))
    if kind == "signal":
        number = draw(st.sampled_from(_SIGNALS.get(language, (4, 6, 8, 9, 11, 15))))
    if kind in _NO_ZERO:
        literal = literal.replace(b"\0", b"0")  # it ends a C string
    files = draw(_data_files)
    if kind == "read":
        files |= {"to read.dat": draw(st.binary(max_size=60))}
        literal = draw(st.sampled_from(list(files))).encode()
    code = source(language, kind, literal, number)
    as_code = kind != "read" and draw(st.booleans())
    run: Json = {"exit_code": number} if kind == "exit" else {}
    if kind == "signal":
        run = {"signal": number, "killed_by": "signal"}
    return Program(
        language=language,
        kind=kind,
        literal=literal,
        number=number,
        token=draw(line),
        sources={"code": code} if as_code else {"files": draw(_files(language, code, files))},
        file=files.get(literal.decode(errors="replace"), b""),
        run=run,
    )


_short = st.binary(max_size=40) | st.text(max_size=10).map(str.encode)
_PAST_1_KB = "ü€🚀.".encode() * 110
# With the shift the cut comes within each of the characters.
_literals = st.one_of(
    _short,
    _short.map(lambda data: data * 50),
    st.integers(0, 9).map(lambda shift: b"x" * shift + _PAST_1_KB),
)
_part = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/"), min_size=1, max_size=8
).filter(lambda part: part not in (".", ".."))
# The number keeps names apart, and a file from being another's folder.
_data_files = st.lists(
    st.tuples(st.lists(_part, min_size=1, max_size=6), st.binary(max_size=40)), max_size=3
).map(
    lambda entries: {
        f"{number}/{'/'.join(parts)}.dat": content
        for number, (parts, content) in enumerate(entries)
    }
)


@st.composite
def _files(draw: st.DrawFn, language: str, code: str, data: Mapping[str, bytes]) -> list[Json]:
    """The main file first, then a helper in a folder of its own, or none, and the data."""
    files = [draw(_text_file(draw(st.sampled_from(_MAIN_NAMES[language])), code))]
    if draw(st.booleans()):
        files.append(draw(_text_file(*_HELPERS[language])))
    for name, content in data.items():
        encoded = base64.b64encode(content).decode()
        files.append({"name": name, "content": encoded, "encoding": "base64"})
    return files


@st.composite
def _text_file(draw: st.DrawFn, name: str, content: str) -> Json:
    encoding = draw(st.sampled_from(["utf8", "base64", None, ""]))
    if encoding == "base64":
        content = base64.b64encode(content.encode()).decode()
    file = {"name": name, "content": content}
    return file if encoding == "" else {**file, "encoding": encoding}
