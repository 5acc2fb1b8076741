"""Programs and flags at which a faster compile could give itself away."""

from __future__ import annotations

from pathlib import Path

Job = dict[str, object]

_FOLDER = Path(__file__).parent / "programs"
_ORDINARY = """\
#include <iostream>
#include <vector>
#include <algorithm>
int main() {
    std::vector<int> v{3, 1, 2};
    std::sort(v.begin(), v.end());
    std::cout << v[0] << sizeof(long);
}
"""
_ONE = "#include <iostream>\nint f();\nint main() { std::cout << f(); }\n"
_SIGN = "#include <iostream>\nint main() { volatile char c = -1; std::cout << (c < 0); }\n"
_OTHER = "#include <vector>\nint f() { return std::vector<int>(3).size(); }\n"


def jobs() -> list[Job]:
    """A submission each: every flag, every program, and sources beside each other."""
    return [*_flags(), *_programs(), *_several_files()]


def _flags() -> list[Job]:
    lines = (_FOLDER / "fast_flags.txt").read_text().splitlines()
    rows = [{"language": "cpp", "code": _ORDINARY, "compile_args": line.split()} for line in lines]
    return [*rows, {"language": "cpp", "code": _SIGN, "compile_args": ["-funsigned-char"]}]


def _programs() -> list[Job]:
    """`==== LANGUAGE` begins a program."""
    _, *parts = (_FOLDER / "fast_toolchain.txt").read_text().split("==== ")
    pairs = (part.split("\n", 1) for part in parts)
    return [{"language": language, "code": code, "input": "12\n"} for language, code in pairs]


def _several_files() -> list[Job]:
    """Headers named like the standard's, and two sources, one of them named like an option."""
    rows: list[Job] = []
    for name in ("own.h", "iostream", "vector"):
        header = {"name": name, "content": "#include <vector>\nint from_here = 1;\n"}
        main = {"name": "main.cpp", "content": f'#include "{name}"\n' + _ORDINARY}
        rows.append({"language": "cpp", "files": [main, header]})
        rows.append({"language": "cpp", "files": [main, header], "compile_args": ["-I."]})
    for name in ("f.cpp", "-f.cpp"):
        files = [{"name": "main.cpp", "content": _ONE}, {"name": name, "content": _OTHER}]
        rows.append({"language": "cpp", "files": files})
    return rows
