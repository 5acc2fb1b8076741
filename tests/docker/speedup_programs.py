"""Programs whose answers must not depend on what made them fast: (language, code, request)."""

from __future__ import annotations

from typing import Any

Case = tuple[str, str, dict[str, Any]]

_C: dict[str, str] = {
    "exit code": "#include <stdlib.h>\nint main(void) { exit(42); }",
    "abort": "#include <stdlib.h>\nint main(void) { abort(); }",
    "null": "int main(void) { volatile int *p = 0; return *p; }",
    "division": "int main(int c, char **v) { (void)v; return 1 / (c - 1); }",
    "stdin": "#include <stdio.h>\nint main(void) { int c; while ((c = getchar()) != EOF) putchar(c); }",
    "math": '#include <math.h>\n#include <stdio.h>\nint main(void) { printf("%.9f\\n", sin(1)); }',
    "arguments": "#include <stdio.h>\nint main(int c, char **v) { while (--c) puts(*++v); }",
    "warning": '#include <stdio.h>\nint main(void) { printf("%s\\n", 1 ? "a" : 0); int x = "b"; return !x; }',
    "no main": "int f(void) { return 1; }",
    "undefined": "int f(void);\nint main(void) { return f() + f(); }",
    "undeclared": "int main(void) { return nothing; }",
    "no header": '#include "nothing.h"\nint main(void) { }',
    "syntax": "int main(void) { return 1 +; }",
    "error directive": "#error this is not meant to compile\n",
    "twice": "int x = 1;\nint x = 2;\nint main(void) { return x; }",
    "implicit": "int main(void) { return putz(1); }",
}
_CPP: dict[str, str] = {
    "exception": '#include <stdexcept>\nint main() { throw std::runtime_error("oh"); }',
    "caught": '#include <iostream>\n#include <stdexcept>\nint main() { try { throw std::out_of_range("o"); }'
    " catch (const std::exception &e) { std::cerr << e.what(); return 9; } }",
    "everything": "#include <bits/stdc++.h>\nusing namespace std;\nint main() { vector<int> v{3, 1, 2};"
    " sort(begin(v), end(v)); map<string, int> m; for (int x : v) m[to_string(x)]++;"
    " for (auto &[k, n] : m) cout << k << n << '\\n'; }",
    "statics": '#include <iostream>\nstruct S { S() { std::cout << "in "; } ~S() { std::cout << "out"; } } s;'
    "\nint main() { }",
    "regex": "#include <regex>\n#include <iostream>\nint main() { std::cout << "
    'std::regex_replace(std::string("a1b22"), std::regex("[0-9]+"), "#"); }',
    "at": "#include <vector>\nint main() { return std::vector<int>(3).at(5); }",
    "bad_alloc": "#include <new>\nint main() { for (;;) new char[1 << 20]{1}; }",
    "random": "#include <random>\n#include <iostream>\nint main() { std::mt19937 g(1); std::cout << g(); }",
    "undefined function": "int f(int);\nint main() { return f(1); }",
    "undefined method": "struct S { void f(); };\nint main() { S().f(); }",
    "virtual": "struct S { virtual void f(); };\nint main() { S s; }",
    "template": "#include <algorithm>\n#include <list>\nint main() { std::list<int> l; std::sort(l.begin(), l.end()); }",
    "suggestion": "#include <iostream>\nint main() { std::cuot << 1; }",
    "missing include": "#include <iostream>\nint main() { std::unordered_map<int, int> m; }",
    "no namespace": "#include <vector>\nint main() { vector<int> v; }",
    "ambiguous": "#include <bits/stdc++.h>\nusing namespace std;\nint count;\nint main() { return count; }",
    "assertion": 'int main() { static_assert(sizeof(int) == 8, "int is small"); }',
    "deprecated": '#include <memory>\n#include <cstdio>\nint main() { std::auto_ptr<int> p; std::puts("x"); }',
    "debug mode": "#define _GLIBCXX_DEBUG\n#include <vector>\nint main() { std::vector<int> v; return v[1]; }",
    "everything and regex": "#include <bits/stdc++.h>\nint main() { std::cout << "
    'std::regex_match("aaa", std::regex("a+")); }',
    "vector instructions": '#pragma GCC target("avx2,bmi")\n#include <immintrin.h>\n'
    "#include <bits/stdc++.h>\nint main() { std::cout << sizeof(__m256i); }",
    "a warning at the end": "#include <bits/stdc++.h>\nint main() { std::regex r; }\nint f() { }",
    "private is public": "#define private public\n#include <vector>\n#include <iostream>\n"
    "int main() { std::cout << 1; }",
}
_JAVA: dict[str, str] = {
    "exit": "public class Main { public static void main(String[] a) { System.exit(7); } }",
    "exception": 'public class Main { static void f() { throw new IllegalStateException("oh"); }'
    " public static void main(String[] a) { f(); } }",
    "overflow": "public class Main { static int f(int n) { return f(n + 1) + 1; }"
    " public static void main(String[] a) { try { f(0); }"
    ' catch (StackOverflowError e) { System.out.println("deep"); } } }',
    "streams": "import java.util.*;\nimport java.util.stream.*;\npublic class Main {"
    " record P(String n, int v) {} public static void main(String[] a) {"
    ' System.out.println(IntStream.range(0, 20).mapToObj(i -> new P("p" + i % 3, i))'
    ".collect(Collectors.groupingBy(P::n, TreeMap::new, Collectors.summingInt(P::v)))); } }",
    "scanner": "import java.util.*;\npublic class Main { public static void main(String[] a) {"
    " var s = new Scanner(System.in); while (s.hasNext()) System.out.println(s.next()); } }",
    "format": 'public class Main { public static void main(String[] a) { System.out.printf("%5.2f|%-4s|%x%n",'
    ' Math.PI, "a", 255); } }',
    "no main": "public class Main { }",
    "unchecked": "import java.util.*;\npublic class Main { public static void main(String[] a) {"
    " List l = new ArrayList(); l.add(1); System.out.println(l); } }",
    "deprecated": "public class Main { public static void main(String[] a) {"
    " System.out.println(new Integer(5)); } }",
    "missing": 'public class Main { public static void main(String[] a) { System.out.printn("x"); } }',
    "types": 'public class Main { public static void main(String[] a) { int x = "1"; List<String> l; } }',
    "syntax": "public class Main { public static void main(String[] a) { int x = ; } ",
    "wrong file": "class A { }\npublic class B { public static void main(String[] a) { } }\npublic class C { }",
    "unreachable": "public class Main { public static void main(String[] a) { return; int x; } }",
    "umlaut": 'public class Main { public static void main(String[] a) { int ä = "ü☃"; } }',
}
_PYTHON: dict[str, str] = {
    "exit": "import sys; sys.exit('bye')",
    "trace": "def f(n):\n    return f(n - 1) if n else 1 / 0\nf(3)",
    "imports": "import sys; print(sorted(n for n in sys.modules if not n.startswith('_')))",
    "path": "import sys; print(sys.path, sys.flags, sys.argv, __file__, __name__)",
    "stdin": "import sys; print([line for line in sys.stdin])",
    "encodings": "import sys; print(sys.stdout.encoding, sys.getfilesystemencoding(), 'ä☃')",
    "site": "import site, sysconfig; print(site.ENABLE_USER_SITE, sysconfig.get_paths())",
    "recursion": "def f(): f()\ntry: f()\nexcept RecursionError as e: print(e)",
}
INPUT = "first line\nsecond ☃ line\n\nno newline"


def cases() -> dict[str, Case]:
    """By a name of its own."""
    everyone = {"c": _C, "cpp": _CPP, "java": _JAVA, "python": _PYTHON}
    found: dict[str, Case] = {}
    for language, programs in everyone.items():
        for name, code in programs.items():
            request = {"input": INPUT} if name in {"stdin", "scanner"} else {}
            request |= {"args": ["one", "two words"]} if name == "arguments" else {}
            found[f"{language}: {name}"] = (language, code, request)
    return found
