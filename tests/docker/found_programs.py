"""What programs may count on (docs/reference/programs.md): a request, and what it prints."""

from __future__ import annotations

from typing import Any

MAIN = 'public static void main(String[] a) { System.out.println("%s"); }'


def _main(says: str) -> str:
    return MAIN % says


def _java(*files: tuple[str, str], **more: Any) -> dict[str, Any]:
    return {
        "language": "java",
        "files": [{"name": name, "content": content} for name, content in files],
        **more,
    }


def _lines(*lines: str) -> str:
    return "\n".join(lines) + "\n"


JAVA: dict[str, tuple[str | dict[str, Any], str]] = {
    "package": (f"package demo;\npublic class Main {{ {_main('hi')} }}", "hi"),
    "packages": (f"package a.b.c;\nclass Solution {{ {_main('hi')} }}", "hi"),
    "not public": (f"class Solution {{ {_main('hi')} }}", "hi"),
    "beside a public interface": (
        _lines("public interface Shape { }", f"class Run {{ {_main('hi')} }}"),
        "hi",
    ),
    "in an interface": (f"interface Run {{ {_main('hi')} }}", "hi"),
    "in an enum": (f"public enum Run {{ A; {_main('hi')} }}", "hi"),
    "in a record": (f"record Run(long a, double b) {{ {_main('hi')} }}", "hi"),
    "nested at the start of a line": (
        _lines("class A {", "public class Inner { }", "}", f"public class B {{ {_main('hi')} }}"),
        "hi",
    ),
    "nested": (f"public class A {{ public static class B {{ {_main('hi')} }} }}", "hi"),
    "escaped": (rf"\u0070ublic class \u0041bc {{ {_main('hi')} }}", "hi"),
    "with a mark": (f"\ufeffpublic class Foo {{ {_main('hi')} }}", "hi"),
    "in a comment": (f"/* public class No {{ }} */ class Yes {{ {_main('hi')} }}", "hi"),
    "without lines": (
        {
            "language": "java",
            "code": f"class A {{ }} class B {{ {_main('hi')} }}",
            "compile_args": ["-g:none"],
        },
        "hi",
    ),
    "of two the one that names the file": (
        _lines(f"class A {{ {_main('A')} }}", f"class Main {{ {_main('Main')} }}"),
        "Main",
    ),
    "of two the first in the file": (
        _lines(f"class Z {{ {_main('Z')} }}", f"class A {{ {_main('A')} }}"),
        "Z",
    ),
    "of two the outer": (
        _lines("class Out {", f"static class In {{ {_main('In')} }}", f"{_main('Out')} }}"),
        "Out",
    ),
    "inherited": (
        f"class Base {{ {_main('Base')} }} public class Heir extends Base {{ }}",
        "Base",
    ),
    "not one of the kind": (
        _lines(
            "public class Main { static void main(String[] a) { }",
            "public static int main() { return 1; } }",
            f"class Other {{ {_main('Other')} }}",
        ),
        "Other",
    ),
    "in the second file": (
        _java(("A.java", "class A { }"), ("B.java", f"class B {{ {_main('B')} }}")),
        "B",
    ),
    "in both files": (
        _java(("B.java", f"class B {{ {_main('B')} }}"), ("A.java", f"class A {{ {_main('A')} }}")),
        "B",
    ),
    "of one name in two folders": (
        _java(
            ("a/Run.java", f"package a; public class Run {{ {_main('a.Run')} }}"),
            ("Run.java", f"public class Run {{ {_main('Run')} }}"),
        ),
        "a.Run",
    ),
    "in a folder that is no package": (
        _java(("src/main/Run.java", f"package x; public class Run {{ {_main('x.Run')} }}")),
        "x.Run",
    ),
}
"""What is run, and what it says of itself, with and without the compile server."""

_STANDARD = '#include <cstdio>\nint main() { std::printf("%ld", __cplusplus); }'
_STANDARD_C = '#include <stdio.h>\nint main(void) { printf("%ld", __STDC_VERSION__); }'
_STRICT = (
    "#include <stdio.h>\n#ifdef __STRICT_ANSI__\n#define S 1\n#else\n#define S 0\n#endif\n"
    'int main(void) { printf("%d", S); }'
)
_JUDGE = (
    "#include <stdio.h>\nint main(void) {\n#ifndef ONLINE_JUDGE\n"
    'freopen("input.txt", "r", stdin);\n#endif\nint a = 0; scanf("%d", &a); printf("%d", a); }'
)
_LOCALE = (
    "#include <locale>\n#include <iostream>\n"
    'int main() { std::cout.imbue(std::locale("en_US.UTF-8")); std::cout << 1234567; }'
)
_HOST = (
    "public class Main { public static void main(String[] a) throws Exception {"
    "System.out.println(java.net.InetAddress.getLocalHost()); } }"
)
_PROPERTIES = (
    "public class Main { public static void main(String[] a) {"
    'for (String p : new String[] {"user.name", "user.home", "ONLINE_JUDGE"})'
    " System.out.println(System.getProperty(p)); } }"
)

PROGRAMS: dict[str, tuple[str, str, str]] = {
    "c: ONLINE_JUDGE": ("c", _JUDGE, "3"),
    "c11: ONLINE_JUDGE": ("c11", _JUDGE, "3"),
    "cpp: ONLINE_JUDGE": ("cpp", _JUDGE, "3"),
    "cpp20: ONLINE_JUDGE": ("cpp20", _JUDGE, "3"),
    "python: ONLINE_JUDGE": ("python", "import os\nprint(os.environ['ONLINE_JUDGE'], end='')", "1"),
    "java: properties": ("java", _PROPERTIES, "user\n/work\ntrue\n"),
    "java: its host": ("java", _HOST, "sandbox/127.0.0.2\n"),
    "python: its host": (
        "python",
        "from socket import *\nprint(*map(gethostbyname, [gethostname(), 'localhost']))",
        "127.0.0.2 127.0.0.1\n",
    ),
    "python: its user": (
        "python",
        "import getpass, os\nprint(getpass.getuser(), os.path.expanduser('~'))",
        "user /work\n",
    ),
    "python: many digits": (
        "python",
        "print(len(str(2**20000)), len(str(int('9' * 5000) + 1)))",
        "6021 5001\n",
    ),
    "cpp: a locale": ("cpp", _LOCALE, "1,234,567"),
    "python: a locale": (
        "python",
        _lines(
            "from locale import *",
            "setlocale(LC_ALL, 'en_US.UTF-8')",
            "print(format_string('%d', 1234567, grouping=True))",
        ),
        "1,234,567\n",
    ),
    "c: strdup": (
        "c",
        '#include <string.h>\n#include <stdio.h>\nint main(void) { puts(strdup("ok")); }',
        "ok\n",
    ),
    "c is gnu17": ("c", _STANDARD_C, "201710"),
    "c is not strict": ("c", _STRICT, "0"),
    "c17": ("c17", _STANDARD_C, "201710"),
    "c17 is strict": ("c17", _STRICT, "1"),
    "c99": ("c99", _STANDARD_C, "199901"),
    "C99": ("C99", _STRICT, "1"),
    "gnu11": ("gnu11", _STANDARD_C, "201112"),
    "gnu11 is not strict": ("gnu11", _STRICT, "0"),
    "c11": ("c11", _STRICT, "1"),
    "gnu2x": ("gnu2x", _STANDARD_C, "202000"),
    "c++11": ("c++11", _STANDARD, "201103"),
    "c++14": ("c++14", _STANDARD, "201402"),
    "c++17": ("c++17", _STANDARD, "201703"),
    "C++17": ("C++17", _STANDARD, "201703"),
    "gnu++17": ("gnu++17", _STANDARD, "201703"),
    "c++20": ("c++20", _STANDARD, "202002"),
    "gnu++20 is not strict": ("gnu++20", _STRICT, "0"),
    "c++23": ("c++23", _STANDARD, "202100"),
    "python: a mark": ("python", "\ufeffprint('ok')", "ok\n"),
    "c: a mark": ("c", "\ufeff" + _STANDARD_C, "201710"),
}
"""What is sent, as what, and what it prints; its input is `3`."""
