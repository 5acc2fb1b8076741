"""Programs that fail, as the older runner's contract has them."""

from __future__ import annotations

from orchestrator.jobs.model import Cause, StageResult, Verdict
from tests.contract.contract_table import (
    Outcome,
    failure,
    limited,
    program,
    ran,
    refused,
    signalled,
    text,
)

TIMEOUT_WALL = limited(Verdict.TIME_LIMIT, Cause.WALL)
TIMEOUT_CPU = limited(Verdict.TIME_LIMIT, Cause.CPU)
OUT_OF_MEMORY = limited(Verdict.MEMORY_LIMIT, Cause.MEMORY)

FAILING_PROGRAMS = (
    program(
        "c compile error",
        "c",
        "int main(void) { return undeclared; }\n",
        refused("main.c:1:25: error: 'undeclared' undeclared\n"),
        expected=failure(text(r"Compilation Error:\n.*error: .*undeclared.*")),
    ),
    program(
        "cpp compile error",
        "cpp",
        'int main() { int x = "text"; }\n',
        refused("main.cpp:1:22: error: invalid conversion\n"),
        expected=failure(text(r"Compilation Error:\n.*error: invalid conversion.*")),
    ),
    program(
        "java compile error",
        "java",
        "public class Main {\n    public static void main(String[] a) { int x = 1 }\n}\n",
        refused("Main.java:2: error: ';' expected\n"),
        expected=failure(text(r"Compilation Error:\n.*error: ';' expected.*")),
    ),
    program(
        "python syntax error is a runtime error",
        "python",
        "print(1\n",
        ran("", "SyntaxError: '(' was never closed\n", 1),
        expected=failure(text(r".*SyntaxError: '\(' was never closed\n")),
    ),
    program(
        "wall limit",
        "python",
        'import time\nprint("before")\ntime.sleep(60)\n',
        limited(Verdict.TIME_LIMIT, Cause.WALL, b"before\n"),
        timeout=700,
        expected=failure("Execution timed out", "before\n"),
    ),
    program(
        "wall limit, something on stderr",
        "python",
        'import sys, time\nprint("err", file=sys.stderr)\ntime.sleep(60)\n',
        limited(Verdict.TIME_LIMIT, Cause.WALL, stderr=b"err\n"),
        timeout=700,
        expected=failure("Execution timed out"),
    ),
    program(
        "CPU limit",
        "c",
        "int main(void) { for (volatile unsigned long i = 0;; i++) { } }\n",
        TIMEOUT_CPU,
        timeout=500,
        expected=failure("Execution timed out"),
    ),
    program(
        "java endless loop",
        "java",
        "public class Main {\n    public static void main(String[] a) { while (true) { } }\n}\n",
        TIMEOUT_WALL,
        timeout=1000,
        expected=failure("Execution timed out"),
    ),
    program(
        "output limit",
        "python",
        'while True:\n    print("x" * 999)\n',
        limited(Verdict.OUTPUT_LIMIT, Cause.OUTPUT, (b"x" * 999 + b"\n") * 100),
        expected=failure(
            "Output limit exceeded", text(r"[x\n]{100000}\n\[Output truncated\.\.\.\]")
        ),
    ),
    program(
        "output limit on stderr leaves stdout whole",
        "python",
        'import sys\nprint("out")\nwhile True:\n    print("x" * 999, file=sys.stderr)\n',
        Outcome(
            StageResult(
                Verdict.OUTPUT_LIMIT,
                b"out\n",
                b"x" * 100_000,
                signal=9,
                killed_by=Cause.OUTPUT,
                stderr_truncated=True,
            )
        ),
        expected=failure("Output limit exceeded", "out\n"),
    ),
    program(
        "c memory limit",
        "c",
        "#include <stdlib.h>\n#include <string.h>\nchar *volatile hoard;\nint main(void) {\n"
        "    while ((hoard = malloc(1 << 20))) memset(hoard, 1, 1 << 20);\n    return 1;\n}\n",
        OUT_OF_MEMORY,
        expected=failure("Memory limit exceeded"),
    ),
    program(
        "python memory limit",
        "python",
        'print("before")\nhoard = []\nwhile True:\n    hoard.append(b"x" * (1 << 20))\n',
        limited(Verdict.MEMORY_LIMIT, Cause.MEMORY, b"before\n"),
        expected=failure("Memory limit exceeded", "before\n"),
    ),
    program(
        "java memory limit",
        "java",
        "import java.util.*;\npublic class Main {\n    public static void main(String[] a) {\n"
        "        List<byte[]> hoard = new ArrayList<>();\n"
        "        while (true) hoard.add(new byte[1 << 20]);\n    }\n}\n",
        limited(
            Verdict.MEMORY_LIMIT,
            Cause.MEMORY,
            stderr=b'Exception in thread "main" java.lang.OutOfMemoryError: Java heap space\n',
        ),
        expected=failure("Memory limit exceeded"),
    ),
    program(
        "exit code and stderr",
        "python",
        'import sys\nprint("out")\nprint("bad", file=sys.stderr)\nsys.exit(3)\n',
        ran("out\n", "bad\n", 3),
        expected=failure("bad\n", "out\n"),
    ),
    program(
        "exit code without stderr",
        "c",
        '#include <stdio.h>\nint main(void) { puts("out"); return 7; }\n',
        ran("out\n", "", 7),
        expected=failure("Process exited with code 7", "out\n"),
    ),
    program(
        "signal without stderr: segmentation fault",
        "c",
        "int main(void) { volatile int *volatile nowhere = 0; *nowhere = 1; return 0; }\n",
        signalled(11),
        expected=failure("Process exited with code 139"),
    ),
    program(
        "signal without stderr: abort",
        "cpp",
        "#include <cstdlib>\nint main() { std::abort(); }\n",
        signalled(6),
        expected=failure("Process exited with code 134"),
    ),
    program(
        "signal without stderr: it kills itself",
        "python",
        'import os, signal\nprint("out")\nos.kill(os.getpid(), signal.SIGKILL)\n',
        signalled(9, b"out\n"),
        expected=failure("Process exited with code 137", "out\n"),
    ),
    program(
        "signal with stderr: uncaught C++ exception",
        "cpp",
        '#include <stdexcept>\nint main() { throw std::runtime_error("boom"); }\n',
        Outcome(
            StageResult(
                Verdict.RUNTIME_ERROR,
                stderr=b"terminate called\n  what():  boom\n",
                signal=6,
                killed_by=Cause.SIGNAL,
            )
        ),
        expected=failure(text(r"terminate called.*boom\n")),
    ),
    program(
        "uncaught Java exception",
        "java",
        "public class Main {\n    public static void main(String[] a) {\n"
        '        throw new IllegalStateException("boom");\n    }\n}\n',
        ran("", 'Exception in thread "main" java.lang.IllegalStateException: boom\n', 1),
        expected=failure(text(r"Exception in thread \"main\" .*IllegalStateException: boom.*")),
    ),
    program(
        "uncaught Python exception",
        "python",
        'raise ValueError("boom")\n',
        ran("", "Traceback (most recent call last):\nValueError: boom\n", 1),
        expected=failure(text(r"Traceback .*ValueError: boom\n")),
    ),
)
