"""Piston's contract: real programs, and what must be answered."""

from __future__ import annotations

import base64
from typing import Any

from orchestrator.jobs.model import Cause, StageResult, Verdict
from orchestrator.sandbox.model import SourceFile
from tests.contract.contract_table import Outcome, limited, ran, refused, signalled, text
from tests.contract.piston_table import PistonRow, Stage

MORE = text(".{900,1024}")
ANYTHING = text(".*")  # it may have the time to complain of its broken pipe
ECHO = "import sys; print([sys.stdin.read(), sys.argv[1:]])"
HELLO_C = '#include <stdio.h>\nint main(void) { puts("hi"); }'


def failed(code: int, **fields: Any) -> Stage:
    return Stage(code, None, "RE", f"Exited with error status {code}", **fields)


def killed(status: str, message: str, **fields: Any) -> Stage:
    return Stage(None, "SIGKILL", status, message, **fields)


def python(
    name: str, code: str, outcome: Outcome, run: Stage, *, asked: Any = None, **rest: Any
) -> PistonRow:
    """A row that runs `code`; what is in `rest` goes into the request."""
    request = {"language": "python", "version": "*", "files": [{"content": code}]} | rest
    return PistonRow(name, request, outcome=outcome, run=run, asked=asked or {})


def compiled(
    name: str, language: str, code: str, outcome: Outcome, run: Stage, **rest: Any
) -> PistonRow:
    """The same for a language that is compiled first, without a word."""
    request = {"language": language, "version": "*", "files": [{"content": code}]} | rest
    outcome = Outcome(outcome.run, outcome.compile or ran().run)
    canonical = {"cpp": "c++", "g++": "c++"}.get(language, language)
    expected = run if outcome.run is None else Stage()
    return PistonRow(name, request, outcome=outcome, run=run, compile=expected, language=canonical)


def cut_stderr(status: Verdict) -> Outcome:
    stage = StageResult(
        status, stderr=b"x" * 1024, signal=9, killed_by=Cause.OUTPUT, stderr_truncated=True
    )
    return Outcome(stage)


ENDINGS = (
    python("prints", "print('hi')", ran("hi\n"), Stage(stdout="hi\n", output="hi\n")),
    python("says nothing", "", ran(), Stage()),
    python("exit 3", "exit(3)", ran(code=3), failed(3)),
    python(
        "raises",
        "1/0",
        ran(stderr="ZeroDivisionError\n", code=1),
        failed(1, stderr=text(".*ZeroDivisionError.*")),
    ),
    python(
        "ended by a signal of its own",
        "import os; os.kill(os.getpid(), 9)",
        signalled(9),
        failed(137),
    ),
    python(
        "wall",
        "import time; time.sleep(9)",
        limited(Verdict.TIME_LIMIT, Cause.WALL),
        killed("TO", "Time limit exceeded (wall clock)"),
        run_timeout=300,
    ),
    python(
        "CPU",
        "while True: pass",
        limited(Verdict.TIME_LIMIT, Cause.CPU),
        killed("TO", "Time limit exceeded"),
        run_cpu_time=200,
    ),
    python(
        "stdout as long as may be",
        "print('x' * 1023)",
        ran("x" * 1023 + "\n"),
        Stage(stdout="x" * 1023 + "\n"),
    ),
    python(
        "stdout too long",
        "print('x' * 5000)",
        limited(Verdict.OUTPUT_LIMIT, Cause.OUTPUT, b"x" * 1024),
        killed("OL", "stdout length exceeded", stdout=MORE, stderr=ANYTHING),
    ),
    python(
        "stdout ends within a character",
        "print('x' + 'é' * 5000)",
        limited(Verdict.OUTPUT_LIMIT, Cause.OUTPUT, b"x" + "é".encode() * 511 + b"\xc3"),
        killed("OL", "stdout length exceeded", stdout="x" + "é" * 511, stderr=ANYTHING),
    ),
    python(
        "stderr too long",
        "import sys; sys.stderr.write('x' * 5000)",
        cut_stderr(Verdict.OUTPUT_LIMIT),
        killed("EL", "stderr length exceeded", stderr=MORE, output=MORE),
    ),
    python(
        "out of memory",
        "x = []\nwhile True: x.append(b'x' * 1_000_000)",
        limited(Verdict.MEMORY_LIMIT, Cause.MEMORY),
        failed(137),
    ),
    compiled(
        "out of memory in C",
        "c",
        "#include <stdlib.h>\n#include <string.h>\n"
        "int main(void) { for (;;) memset(malloc(1 << 20), 1, 1 << 20); }",
        limited(Verdict.MEMORY_LIMIT, Cause.MEMORY),
        failed(137),
        run_memory_limit=64_000_000,
    ),
    compiled("C", "c", HELLO_C, ran("hi\n"), Stage(stdout="hi\n")),
    compiled("segfault", "c", "int main(void) { *(int *)0 = 1; }", signalled(11), failed(139)),
    compiled(
        "C++ under another name",
        "g++",
        '#include <iostream>\nint main() { std::cout << "hi"; return 4; }',
        ran("hi", code=4),
        failed(4, stdout="hi"),
    ),
    compiled(
        "refused by the compiler",
        "c++",
        "int main() { x }",
        refused("file0.code.cpp:1: error: 'x' was not declared\n"),
        failed(1, stderr=text(r"file0\.code\.\w+:.*error.*"), output=text(".*error.*")),
    ),
    compiled(
        "the compiler says too much",
        "c",
        "\n".join(f"int f{n}(void) {{ return x{n}; }}" for n in range(50)),
        Outcome(compile=cut_stderr(Verdict.COMPILE_ERROR).run),
        killed("EL", "stderr length exceeded", stderr=MORE),
    ),
    compiled(
        "Java is named after its public class",
        "java",
        'public class Foo { public static void main(String[] a) { System.out.println("hi"); } }',
        ran("hi\n"),
        Stage(stdout="hi\n"),
        version="17",
    ),
)


def echo(name: str, expected: str, asked: Any, **rest: Any) -> PistonRow:
    output = expected + "\n"
    return python(name, ECHO, ran(output), Stage(stdout=output), asked=asked, **rest)


def files(name: str, given: list[dict[str, Any]], asked: Any, stdout: str) -> PistonRow:
    expected = Stage(stdout=stdout)
    return python(name, "", ran(stdout), expected, asked={"files": asked}, files=given)


INPUTS = (
    echo("stdin by default", r"['\n', []]", {"stdin": b"\n"}),
    echo("stdin is null", r"['\n', []]", {"stdin": b"\n"}, stdin=None),
    echo("stdin gets a newline", r"['a\n', []]", {"stdin": b"a\n"}, stdin="a"),
    echo("stdin has its newline", r"['a\n', []]", {"stdin": b"a\n"}, stdin="a\n"),
    echo("stdin is no ASCII", r"['é\n', []]", {"stdin": "é\n".encode()}, stdin="é"),
    echo("half a character", "['\ufffd\\n', []]", {"stdin": b"\xef\xbf\xbd\n"}, stdin="\ud800"),
    echo("args", r"['\n', ['a b', '']]", {"args": ("a b", "")}, args=["a b", ""]),
    echo("args are null", r"['\n', []]", {"args": ()}, args=None),
    echo("numbers", r"['\n', ['1', '2.5', '3']]", {"args": ("1", "2.5", "3")}, args=[1, 2.5, 3.0]),
    echo(
        "other args",
        r"['\n', ['true', 'null']]",
        {"args": ("true", "null")},
        args=[True, None],
    ),
    echo("args are a text", r"['\n', ['a', 'é']]", {"args": ("a", "é")}, args="aé"),
    echo("falsy limits", r"['\n', []]", {}, run_timeout=0, run_cpu_time="", compile_timeout=None),
    echo("memory without a limit", r"['\n', []]", {}, run_memory_limit=-1, compile_memory_limit=-1),
    echo("less time", r"['\n', []]", {}, run_timeout=2999.5, run_cpu_time=3000),
    echo("much memory", r"['\n', []]", {}, run_memory_limit=10**15),
    echo("a version", r"['\n', []]", {}, version="3"),
    echo("a minor version", r"['\n', []]", {}, version=">=3.8 <4 || 2.7.x"),
    echo("an alias", r"['\n', []]", {}, language="py3"),
    echo("unknown fields", r"['\n', []]", {}, whatever=1, timeout="x", input=3),
)
MAIN = "print(open('data').read() + __file__)"
FILES = (
    files(
        "the first text is the main one",
        [
            {"name": "data", "content": base64.b64encode(b"hi").decode(), "encoding": "base64"},
            {"name": "run.py", "content": MAIN, "encoding": "utf8"},
        ],
        (SourceFile("run.py", MAIN.encode()), SourceFile("data", b"hi")),
        "hi/work/run.py\n",
    ),
    files(
        "hex, and no name",
        [{"content": "6869", "name": "data", "encoding": "hex"}, {"content": MAIN}],
        (SourceFile("file1.code", MAIN.encode()), SourceFile("data", b"hi")),
        "hi/work/file1.code\n",
    ),
    files(
        "an encoding that is none is utf8",
        [{"content": MAIN, "name": "a.py", "encoding": "x"}, {"name": "data", "content": "hi"}],
        (SourceFile("a.py", MAIN.encode()), SourceFile("data", b"hi")),
        "hi/work/a.py\n",
    ),
    files(
        "of two with one name the last counts",
        [
            {"content": MAIN, "name": "./a/../a.py"},
            {"name": "data", "content": "ho"},
            {"name": "/data", "content": "hi"},
        ],
        (SourceFile("a.py", MAIN.encode()), SourceFile("data", b"hi")),
        "hi/work/a.py\n",
    ),
    files(
        "subfolders",
        [{"name": "a/b/c.py", "content": MAIN}, {"name": "data", "content": "hi"}],
        (SourceFile("a/b/c.py", MAIN.encode()), SourceFile("data", b"hi")),
        "hi/work/a/b/c.py\n",
    ),
)
PROGRAMS = (*ENDINGS, *INPUTS, *FILES)
