"""What is sent: JSON objects as they are, typed.

The fields' meaning is the server's (docs/reference/http.md and judging.md).
"""

from __future__ import annotations

from typing import Literal, TypedDict

Encoding = Literal["utf8", "base64"]
CheckerName = Literal["exact", "lines", "tokens", "unordered_lines", "float"]


class _Named(TypedDict):
    name: str
    content: str


class File(_Named, total=False):
    """A file of a submission."""

    encoding: Encoding


class Limits(TypedDict, total=False):
    """A run's limits: ms, MiB, KiB per stream, processes with threads."""

    wall_ms: int
    cpu_ms: int
    memory_mb: int
    output_kb: int
    processes: int


class _WithInput(TypedDict):
    input: str


class Test(_WithInput, total=False):
    """A test; without `expected` whatever is printed is right."""

    name: str
    expected: str | None
    limits: Limits
    points: float
    group: str


class _WithType(TypedDict):
    type: Literal["exact", "lines", "tokens", "unordered_lines", "float", "program"]


class Checker(_WithType, total=False):
    """A checker with options."""

    abs: float
    rel: float
    language: str
    code: str
    files: list[File]
    protocol: Literal["testlib", "kattis"]
    args: list[str]


class _WithLanguage(TypedDict):
    language: str


class Interactor(_WithLanguage, total=False):
    """A program that the submission talks to."""

    code: str
    files: list[File]
    protocol: Literal["testlib", "kattis"]
    args: list[str]
    transcript: bool


class Submission(_WithLanguage, total=False):
    """What to run: `code` or `files`."""

    code: str
    files: list[File]
    input: str
    timeout: int
    args: list[str]
    env: dict[str, str]
    compile_args: list[str]
    version: str
    limits: Limits
    encoding: Encoding
    tests: list[Test]
    checker: CheckerName | Checker
    interactor: Interactor
    stop_on_failure: bool
    return_outputs: Literal["all", "failed", "none"]
