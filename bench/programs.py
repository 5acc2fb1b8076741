"""The programs that are measured, each with the plain command it is compared with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.sandbox.model import SourceFile

SOURCES = Path(__file__).parent / "sources"


@dataclass(frozen=True, slots=True)
class Program:
    """A file in `sources/`; `name` as figures have it, `path` as the plain command has it."""

    name: str
    title: str
    language: str
    file: str
    path: str
    command: str

    @property
    def code(self) -> str:
        """Its source."""
        return (SOURCES / self.file).read_text("utf-8")

    @property
    def source(self) -> SourceFile:
        """Its source as a sandbox takes it."""
        return SourceFile(self.path, self.code.encode())

    @property
    def request(self) -> dict[str, Any]:
        """The body of POST /execute."""
        return {"language": self.language, "code": self.code}


# What people type: nothing of what makes ours faster.
_C = ("c", "main.c", "gcc -O2 -std=gnu17 main.c -o a.out -lm && ./a.out")
_CPP = ("cpp", "main.cpp", "g++ -O2 -std=c++17 main.cpp -o a.out && ./a.out")
_JAVA = ("java", "Main.java", "javac Main.java && java Main")
_PYTHON = ("python", "main.py", "python3 -u main.py")


def _program(name: str, title: str, file: str, how: tuple[str, str, str]) -> Program:
    language, path, command = how
    return Program(name, title, language, file, path, command)


PROGRAMS: tuple[Program, ...] = (
    _program("c_hello", "C hello", "hello.c", _C),
    _program("c_realistic", "C, a hash table", "realistic.c", _C),
    _program("cpp_hello", "C++ hello", "hello.cpp", _CPP),
    _program("cpp_realistic", "C++, a graph", "realistic.cpp", _CPP),
    _program("cpp_bits", "C++ bits/stdc++.h", "stdcpp.cpp", _CPP),
    _program("java_hello", "Java hello", "hello.java", _JAVA),
    _program("java_realistic", "Java streams", "realistic.java", _JAVA),
    _program("python_hello", "Python hello", "hello.py", _PYTHON),
    _program("python_realistic", "Python, a graph", "realistic.py", _PYTHON),
)

HELLOS = {
    program.language: program for program in PROGRAMS if program.name == f"{program.language}_hello"
}
