"""Small programs, one per language and behaviour, as text with a few places to fill in.

They write bytes, so that what they print is known to the byte. `@...@` is a place.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_C_HEAD = """\
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
"""
_C_BODIES = {
    "print": "const char text[] = @literal@; fwrite(text, 1, sizeof text - 1, stdout);",
    "both": """\
const char text[] = @literal@;
    for (size_t i = 0; i + 1 < sizeof text; i++)
        if (write(1, text + i, 1) + write(2, text + i, 1) != 2) return 1;""",
    "copy": "int c; while ((c = getchar()) != EOF) putchar(c);",
    "sum": """\
char word[256]; long a, b;
    if (scanf("%255s %ld %ld", word, &a, &b) == 3) printf("%s %ld\\n", word, a + b);""",
    "args": "for (int i = 1; i < argc; i++) puts(argv[i]);",
    "env": 'fputs(getenv("TOKEN"), stdout);',
    "read": """\
FILE *file = fopen(@literal@, "rb"); int c;
    while ((c = getc(file)) != EOF) putchar(c);""",
    "exit": "fputs(@literal@, stderr); return @number@;",
    "signal": "puts(@literal@); fflush(stdout); raise(@number@); pause();",
    "sleep": "puts(@literal@); fflush(stdout); for (;;) pause();",
    "spin": "puts(@literal@); fflush(stdout); for (volatile long i = 0;; i++) continue;",
    "flood": "for (;;) puts(@literal@);",
    "drip": "for (;;) { puts(@literal@); fflush(stdout); usleep(20000); }",
    "hog": """\
puts(@literal@); fflush(stdout);
    for (;;) memset(malloc(1 << 20), 1, 1 << 20);""",
    "broken": "return @name@;",
}
_PYTHON = {
    "print": "import sys\nsys.stdout.buffer.write(@literal@)",
    "both": """\
import os
for byte in @literal@:
    os.write(1, bytes([byte]))
    os.write(2, bytes([byte]))""",
    "copy": "import sys\nsys.stdout.buffer.write(sys.stdin.buffer.read())",
    "sum": "word, a, b = input().split()\nprint(word, int(a) + int(b))",
    "args": """\
import os, sys
for arg in sys.argv[1:]:
    sys.stdout.buffer.write(os.fsencode(arg) + b"\\n")""",
    "env": "import os\nos.write(1, os.environb[b'TOKEN'])",
    "read": "import os, sys\nsys.stdout.buffer.write(open(os.fsdecode(@literal@), 'rb').read())",
    "exit": "import os\nos.write(2, @literal@)\nos._exit(@number@)",
    "signal": """\
import os, time
os.write(1, @literal@ + b"\\n")
os.kill(os.getpid(), @number@)
time.sleep(60)""",
    "sleep": "import os, time\nos.write(1, @literal@ + b'\\n')\ntime.sleep(60)",
    "spin": "import os\nos.write(1, @literal@ + b'\\n')\nwhile True:\n    pass",
    "flood": "import os\nwhile True:\n    os.write(1, @literal@ + b'\\n')",
    "drip": """\
import os, time
while True:
    os.write(1, @literal@ + b"\\n")
    time.sleep(0.02)""",
    "hog": """\
import os
os.write(1, @literal@ + b"\\n")
hoard = []
while True:
    hoard.append(b"x" * (1 << 20))""",
    "broken": "return @name@ 1",
}
_JAVA_HEAD = "import java.nio.file.*;\nimport java.util.*;\n"
_JAVA_BODIES = {
    "print": "System.out.write(@bytes@);",
    "both": """\
for (byte one : @bytes@) {
            System.out.write(one); System.out.flush();
            System.err.write(one); System.err.flush();
        }""",
    "copy": "System.in.transferTo(System.out);",
    "sum": """\
Scanner in = new Scanner(System.in);
        System.out.println(in.next() + " " + (in.nextLong() + in.nextLong()));""",
    "args": "for (String arg : args) System.out.write((arg + '\\n').getBytes(\"UTF-8\"));",
    "env": 'System.out.write(System.getenv("TOKEN").getBytes("UTF-8"));',
    "read": 'System.out.write(Files.readAllBytes(Path.of(new String(@bytes@, "UTF-8"))));',
    "exit": "System.err.write(@bytes@); System.exit(@number@);",
    "signal": """\
System.out.write(@bytes@); System.out.println();
        long self = ProcessHandle.current().pid();
        new ProcessBuilder("sh", "-c", "kill -@number@ " + self).start().waitFor();
        Thread.sleep(60_000);""",
    "sleep": "System.out.write(@bytes@); System.out.println(); Thread.sleep(60_000);",
    "spin": """\
System.out.write(@bytes@); System.out.println();
        for (long i = 0; ; i++) turns = i;""",
    "flood": "for (;;) { System.out.write(@bytes@); System.out.println(); }",
    "drip": """\
for (;;) { System.out.write(@bytes@); System.out.println(); Thread.sleep(20); }""",
    "hog": """\
System.out.write(@bytes@); System.out.println();
        for (List<byte[]> hoard = new ArrayList<>(); ; ) hoard.add(new byte[1 << 20]);""",
    "broken": "return @name@;",
}
LANGUAGES = ("c", "cpp", "java", "python")
EXTENSIONS = {"c": ".c", "cpp": ".cpp", "java": ".java", "python": ".py"}


def source(language: str, kind: str, data: bytes = b"", number: int = 0, name: str = "x") -> str:
    """The program's code, with `data` as its literal."""
    values = {"number": str(number), "name": name}
    if language == "python":
        return _fill(_PYTHON[kind], {**values, "literal": repr(data)}) + "\n"
    if language == "java":
        body = _fill(_JAVA_BODIES[kind], {**values, "bytes": _java_bytes(data)})
        main = f"public static void main(String[] args) throws Exception {{\n        {body}\n    "
        flush = "System.out.flush(); }" if kind in ("print", "copy", "args", "env", "read") else "}"
        return (
            f"{_JAVA_HEAD}\npublic class Main {{\n    static volatile long turns;\n\n"
            f"    {main}{flush}\n}}\n"
        )
    body = _fill(_C_BODIES[kind], {**values, "literal": _c_literal(data)})
    return f"{_C_HEAD}\nint main(int argc, char **argv) {{\n    {body}\n}}\n"


def _fill(text: str, values: Mapping[str, str]) -> str:
    return re.sub("@([a-z]+)@", lambda found: values[found[1]], text)


def _c_literal(data: bytes) -> str:
    """Octal escapes end after three digits, whatever follows."""
    return '"' + "".join(f"\\{byte:03o}" for byte in data) + '"'


def _java_bytes(data: bytes) -> str:
    return "new byte[] {" + ", ".join(f"(byte) {byte}" for byte in data) + "}"
