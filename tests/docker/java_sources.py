"""Sources for javac, each with what is special about it: for comparing two ways to compile them."""

from __future__ import annotations

from dataclasses import dataclass

HELLO = 'public class Main { public static void main(String[] a) { System.out.println("x"); } }\n'


@dataclass(frozen=True)
class Sources:
    """Files to be compiled together, and what the command line has beside them."""

    files: dict[str, str]
    options: tuple[str, ...] = ()
    declined: bool = False
    """The compile server leaves it to the command."""
    unnamed: tuple[str, ...] = ()
    """Sources that the command line does not name: javac finds them, or does not."""


def main(body: str, *options: str, declined: bool = False) -> Sources:
    """A class Main that begins with `body`."""
    return Sources({"Main.java": f"public class Main {{\n{body}\n}}\n"}, options, declined)


def several(*pairs: tuple[str, str], options: tuple[str, ...] = ()) -> Sources:
    return Sources(dict(pairs), options)


def sum_of(terms: int) -> str:
    return 'String s(String x) { return ""' + " + x" * terms + "; }"


MANY_ERRORS = "\n".join(f"int f{i}() {{ return undefined{i}; }}" for i in range(130))
MANY_WARNINGS = "\n".join(f"java.util.List f{i}() {{ return null; }}" for i in range(130))
LARGE = "\n".join(
    f"int f{i}(java.util.List<Integer> x) {{ return x.stream().mapToInt(n -> n + {i}).sum(); }}"
    for i in range(800)
)

SOURCES = {
    "hello": Sources({"Main.java": HELLO}),
    "nothing in it": Sources({"Main.java": ""}),
    "deprecation": main("Integer i = new Integer(1); Thread t; void f() { t.stop(); }"),
    "deprecation, explained": main("Integer i = new Integer(1);", "-Xlint:deprecation"),
    "unchecked": main("java.util.List<String> f() { return new java.util.ArrayList(); }"),
    "unchecked, explained": main(
        "java.util.List<String> f() { return new java.util.ArrayList(); }", "-Xlint:all"
    ),
    "warnings are errors": main("java.util.List f() { return null; }", "-Xlint", "-Werror"),
    "no warnings": main("Integer i = new Integer(1);", "-nowarn"),
    "130 warnings": main(MANY_WARNINGS, "-Xlint:rawtypes"),
    "syntax": main("void f( { int = 3; } ]"),
    "no end": Sources({"Main.java": "public class Main { void f() { if (true) {"}),
    "unclosed string": main('String s = "abc;\nString t = """\nx'),
    "types": main('int x = "text"; String y = 3; boolean f() { return 1 + true; }'),
    "130 errors": main(MANY_ERRORS),
    "3 of 130 errors": main(MANY_ERRORS, "-Xmaxerrs", "3"),
    "missing symbols": main("Foo f; int g() { return bar.baz() + new Qux<>(f) + Strin.x; }"),
    "missing imports": Sources(
        {"Main.java": "import java.utl.*;\nimport java.util.Lisst;\nclass Main { Map<A> m; }"}
    ),
    "overloads": main("void f(int a) {} void f(String a) {} void g() { f(1.5); f(); f(null, 1); }"),
    "inference": main(
        "void f() { var x = java.util.stream.Stream.of(1, 'a').map(n -> n.foo()).toList();"
        " java.util.function.Function<String, Integer> g = String::size; }"
    ),
    "flow": main("int f(boolean b) { final int x; while (true) {} } int g() { if (a) return x; }"),
    "exceptions": main("void f() { throw new java.io.IOException(); } int g() { }"),
    "unicode": main(
        "String größe = \"Жизнь, 世界 ☃ 🚀\"; int x = größe; char c = '🚀'; int é = ñ;"
    ),
    "a lone surrogate": main('String s = "\\ud800"; int x = s; int \\u00fc\\ud83d = 1;'),
    "tabs and long lines": main("\tint\tx\t=\t" + "y + " * 300 + ";"),
    "carriage returns": Sources({"Main.java": "public class Main {\r\n  int x = y;\r}\r\n"}),
    "another name": Sources({"Main.java": "public class Other { }\nclass Third { int x = y; }"}),
    "twice the same": several(("Main.java", HELLO), ("Other.java", "class Main { }")),
    "several files": several(
        ("Main.java", "public class Main { Other o = new Other(this); }"),
        ("Other.java", "class Other { Other(Main m) { new Object() { }; } enum E { A, B } }"),
    ),
    "a package in folders": several(
        ("app/Main.java", "package app;\nimport app.data.*;\npublic class Main { Item i; }"),
        ("app/data/Item.java", "package app.data;\npublic record Item(int a, String b) { }"),
    ),
    "a package in the wrong folder": several(
        ("Main.java", "package a.b;\npublic class Main { c.D d; }"), ("D.java", "package c;")
    ),
    "a source that is found": Sources(
        {
            "Main.java": "public class Main { p.Found f; Near n; }",
            "p/Found.java": "package p; public class Found { int x = y; }",
            "Near.java": "class Near { java.util.List l = new java.util.ArrayList<String>(); }",
        },
        ("-Xlint",),
        unnamed=("p/Found.java", "Near.java"),
    ),
    "a class of the server's": main("CompileServer s; com.sun.tools.javac.main.Main m;"),
    "a module": several(
        ("module-info.java", "module m { requires java.sql; exports p; }"),
        ("p/Main.java", "package p;\npublic class Main { java.sql.Connection c; }"),
    ),
    "a module that is missing something": several(
        ("module-info.java", "module m { requires no.such; }"),
        ("p/Main.java", "package p;\npublic class Main { java.sql.Connection c; }"),
    ),
    "records, sealed, text blocks, switch": main(
        "sealed interface S permits A, B {} record A(int x) implements S {}\n"
        "record B(String y) implements S { B { if (y == null) throw new RuntimeException(); } }\n"
        'String t = """\n  a "quoted"\n    b\\\n  c""";\n'
        "int f(Object o) { return o instanceof A a && a.x() > 0 ? switch (a.x()) {"
        " case 1, 2 -> 3; default -> { yield 4; } } : 0; }"
    ),
    "not sealed": main(
        "sealed interface S permits A {} record A() {} final class B implements S {}"
    ),
    "preview": main("void f(Object o) { switch (o) { case String s -> {} default -> {} } }"),
    "an older release": main(
        "var x = 1; String t = null; void f() { t.isBlank(); }", "--release", "8"
    ),
    "another source level": main("int x = 1;", "-source", "8", "-target", "8"),
    "parameters and debugging": main(
        "void f(int alpha, String beta) { int x = 1; }", "-g", "-parameters"
    ),
    "lambdas and streams": main(
        "void f() { java.util.stream.IntStream.range(0, 9).mapToObj(i -> new int[] {i})"
        ".map(x -> (Runnable & java.io.Serializable) () -> System.out.println(x[0])).toList(); }"
    ),
    "generics": main(
        "<T extends Comparable<? super T>> T f(java.util.Collection<? extends T> c) {"
        " return java.util.Collections.max(c); }"
        " class N<K, V> { N<V, K> n; java.util.Map<K, N<K, V>> m; }"
    ),
    "strings that are too long": main('String s = "' + "x" * 65_600 + '";'),
    "a method that is too long": main("int y; void f() { " + "y++; " * 9000 + "}"),
    "a sum of 100": main(sum_of(100)),
    "a sum of 2500": main(sum_of(2500)),
    "brackets, 300 deep": main("int x = " + "(" * 300 + "1" + ")" * 300 + ";"),
    "brackets, 9000 deep": main("int x = " + "(" * 9000 + "1" + ")" * 9000 + ";"),
    "90 kB": main(LARGE),
    "a file that is not there": Sources({"Main.java": HELLO}, ("Missing.java",), declined=True),
    "no such option": Sources({"Main.java": HELLO}, ("-Xnothing",), declined=True),
    "an option without its value": Sources(
        {"Main.java": HELLO}, ("--release", "99"), declined=True
    ),
    "verbose": Sources({"Main.java": HELLO}, ("-version",), declined=True),
    "a heap of its own": Sources({"Main.java": HELLO}, ("-J-Xmx24m",), declined=True),
    "an argument file": Sources({"Main.java": HELLO, "list": "-nowarn"}, ("@list",), declined=True),
    "a processor that is not there": Sources(
        {"Main.java": HELLO}, ("-processor", "None"), declined=True
    ),
    "a service that is not there": Sources(
        {"Main.java": HELLO, "META-INF/services/javax.annotation.processing.Processor": "None"},
        declined=True,
    ),
}
