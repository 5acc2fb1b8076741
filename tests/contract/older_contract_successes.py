"""Programs that succeed, as the older runner's contract has them."""

from __future__ import annotations

from tests.contract.contract_table import KEY, SECOND_KEY, program, ran, success

C_HELLO = '#include <stdio.h>\nint main(void) { puts("Hello, World!"); return 0; }\n'
CPP_HELLO = '#include <iostream>\nint main() { std::cout << "Hello, World!" << std::endl; }\n'
JAVA_HELLO = """public class Main {
    public static void main(String[] args) { System.out.println("Hello, World!"); }
}
"""
PYTHON_HELLO = 'print("Hello, World!")\n'

PROGRAMS = (
    program("c hello", "c", C_HELLO, ran("Hello, World!\n"), expected=success("Hello, World!\n")),
    program(
        "cpp hello", "cpp", CPP_HELLO, ran("Hello, World!\n"), expected=success("Hello, World!\n")
    ),
    program(
        "java hello",
        "java",
        JAVA_HELLO,
        ran("Hello, World!\n"),
        expected=success("Hello, World!\n"),
    ),
    program(
        "python hello",
        "python",
        PYTHON_HELLO,
        ran("Hello, World!\n"),
        expected=success("Hello, World!\n"),
    ),
    program(
        "java, a public class of another name",
        "java",
        "// public class Wrong\npublic class Greeter {\n"
        '    public static void main(String[] a) { System.out.println("from Greeter"); }\n}\n',
        ran("from Greeter\n"),
        expected=success("from Greeter\n"),
    ),
    program(
        "java without a public class",
        "java",
        "class Main {\n"
        '    public static void main(String[] a) { System.out.println("from Main"); }\n}\n',
        ran("from Main\n"),
        expected=success("from Main\n"),
    ),
    program(
        "c is compiled with -O2 -std=gnu17",
        "c",
        "#include <stdio.h>\n#if !defined(__OPTIMIZE__) || defined(__STRICT_ANSI__)\n"
        "#error neither optimised nor GNU's\n#endif\n"
        'int main(void) { printf("%ld\\n", __STDC_VERSION__); return 0; }\n',
        ran("201710\n"),
        expected=success("201710\n"),
    ),
    program(
        "cpp is compiled with -O2 -std=c++17",
        "cpp",
        "#include <iostream>\n#ifndef __OPTIMIZE__\n#error not optimised\n#endif\n"
        "int main() { std::cout << __cplusplus << '\\n'; }\n",
        ran("201703\n"),
        expected=success("201703\n"),
    ),
    program(
        "cpp reads input",
        "cpp",
        "#include <iostream>\nint main() { int a, b; std::cin >> a >> b; std::cout << a + b; }\n",
        ran("42"),
        input="40 2\n",
        expected=success("42"),
    ),
    program(
        "java reads input",
        "java",
        "import java.util.Scanner;\npublic class Main {\n"
        "    public static void main(String[] a) {\n"
        '        System.out.println("Hi " + new Scanner(System.in).nextLine());\n    }\n}\n',
        ran("Hi Ada\n"),
        input="Ada\n",
        expected=success("Hi Ada\n"),
    ),
    program(
        "input is empty by default",
        "python",
        "import sys\nprint(len(sys.stdin.read()))\n",
        ran("0\n"),
        expected=success("0\n"),
    ),
    program(
        "null is the same as leaving out",
        "python",
        "import sys\nprint(len(sys.stdin.read()))\n",
        ran("0\n"),
        input=None,
        timeout=None,
        expected=success("0\n"),
    ),
    program(
        "exit 0 with something on stderr",
        "python",
        'import sys\nprint("out")\nprint("err", file=sys.stderr)\n',
        ran("out\n", "err\n"),
        expected=success("out\n"),
    ),
    program("no output at all", "c", "int main(void) { return 0; }\n", ran(), expected=success("")),
    program(
        "text beyond ASCII",
        "python",
        'print("héllo ✓ 🎈")\n',
        ran("héllo ✓ 🎈\n"),
        expected=success("héllo ✓ 🎈\n"),
    ),
    program(
        "output that is not UTF-8",
        "python",
        'import sys\nsys.stdout.buffer.write(b"a\\xffb\\xe2\\x9c")\n',
        ran(b"a\xffb\xe2\x9c"),
        expected=success("a\ufffdb\ufffd"),
    ),
    program(
        "output with NUL",
        "c",
        '#include <stdio.h>\nint main(void) { fwrite("a\\0b", 1, 3, stdout); return 0; }\n',
        ran(b"a\0b"),
        expected=success("a\0b"),
    ),
    program(
        "an unknown field is ignored and named",
        "python",
        "print(1)\n",
        ran("1\n"),
        tiemout=1,
        expected=success("1\n") | {"warnings": ["Unknown field ignored: tiemout"]},
    ),
    program(
        "key in x-api-key",
        "python",
        "print(1)\n",
        ran("1\n"),
        headers={"x-api-key": KEY},
        expected=success("1\n"),
    ),
    program(
        "another of the keys, scheme in lower case",
        "python",
        "print(1)\n",
        ran("1\n"),
        headers={"authorization": f"bearer {SECOND_KEY}"},
        expected=success("1\n"),
    ),
)
