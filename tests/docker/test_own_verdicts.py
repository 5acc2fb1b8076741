"""The verdict is the program's own: its stack, its memory, its sanitizers, its compiler's files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.docker.server import Server

pytestmark = [pytest.mark.docker, pytest.mark.asyncio(loop_scope="session")]


@dataclass(frozen=True)
class Row:
    """A program, what is asked for, and what must come of it."""

    name: str
    language: str
    code: str
    status: str
    output: str | None = None
    request: Mapping[str, Any] = field(default_factory=dict)
    says: str = ""
    """Something that `error` has."""


DEEP_C = """#include <stdio.h>
#include <stdlib.h>
static int down(int n) {
    volatile char room[100];
    room[0] = 1;
    return n ? down(n - 1) + room[0] : 0;
}
int main(int argc, char **argv) { (void)argc; printf("%d\\n", down(atoi(argv[1]))); }
"""
ENDLESS_C = """#include <stdio.h>
static int down(int n) { volatile char room[100]; room[0] = 1; return down(n + 1) + room[0]; }
int main(void) { printf("%d\\n", down(0)); }
"""
RLIMIT_C = """#include <stdio.h>
#include <sys/resource.h>
int main(void) {
    struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
    printf("%d\\n", setrlimit(RLIMIT_STACK, &all));
}
"""
RLIMIT_PYTHON = """import resource
resource.setrlimit(resource.RLIMIT_STACK, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
print(resource.getrlimit(resource.RLIMIT_STACK)[0])
"""
THREAD_PYTHON = """import sys, threading
sys.setrecursionlimit(1 << 30)
threading.stack_size(256 << 20)
def down(n): return 1 + sum(map(down, [n - 1])) if n else 0
thread = threading.Thread(target=lambda: print(down(100000)))
thread.start()
thread.join()
"""
THREADS_CPP = """#include <cstdio>
#include <thread>
#include <vector>
int main() {
    std::vector<std::thread> threads;
    for (int i = 0; i < 60; i++) threads.emplace_back([] {});
    for (auto &thread : threads) thread.join();
    puts("all");
}
"""
DEEP_JAVA = """public class Main {
    static int down(int n) { return n == 0 ? 0 : down(n - 1) + 1; }
    static long walk(int[][] tree, int node, long sum) {
        for (int next : tree[node]) sum += walk(tree, next, sum & 1);
        return sum + 1;
    }
    public static void main(String[] args) {
        int n = Integer.parseInt(args[0]);
        int[][] tree = new int[n][];
        for (int i = 0; i < n; i++) tree[i] = i + 1 < n ? new int[] {i + 1} : new int[0];
        System.out.println(down(n) + " " + (walk(tree, 0, 0) > 0));
    }
}
"""
ENDLESS_JAVA = """public class Main {
    static int down(int n) { return down(n + 1) + 1; }
    public static void main(String[] args) { System.out.println(down(0)); }
}
"""
THREADS_JAVA = """public class Main {
    public static void main(String[] args) throws Exception {
        Thread[] threads = new Thread[100];
        for (int i = 0; i < 100; i++) (threads[i] = new Thread(() -> { })).start();
        for (Thread thread : threads) thread.join();
        System.out.println("all");
    }
}
"""
MENTION_JAVA = """public class Main {
    public static void main(String[] args) {
        System.err.println("java.lang.OutOfMemoryError is an Error");
        System.exit(1);
    }
}
"""
CLEAN_C = '#include <stdio.h>\nint main(void) { puts("ok"); }'
CLEAN_CPP = f"#include <vector>\nstd::vector<int> numbers(9, 1);\n{CLEAN_C}"
BROKEN_CPP = "int main(int n, char **) { int *p = new int[4]; delete[] p; return p[n]; }"
OVERFLOW_C = "int main(int n, char **v) { volatile int most = 2147483647; return most + n + !v; }"
RACE_CPP = """#include <thread>
int n;
int main() {
    std::thread other([] { for (int i = 0; i < 100000; i++) n++; });
    for (int i = 0; i < 100000; i++) n++;
    other.join();
}
"""
TSAN = {"compile_args": ["-fsanitize=thread"], "timeout": 20_000}
ASAN = {"compile_args": ["-fsanitize=address"]}
MIB_512 = {"limits": {"memory_mb": 512}}

ROWS = (
    Row("a million calls", "c", DEEP_C, "accepted", "1000000\n", MIB_512 | {"args": ["1000000"]}),
    Row("a million calls", "cpp", "#include <cstdio>\n" + DEEP_C, "accepted", "1000000\n",
        MIB_512 | {"args": ["1000000"]}),
    Row("most of the default memory", "c", DEEP_C, "accepted", "1000000\n", {"args": ["1000000"]}),
    Row("recursion without end", "c", ENDLESS_C, "runtime_error", "",
        says="exited with code 139"),
    Row("deep in Java", "java", DEEP_JAVA, "accepted", "200000 true\n",
        {"args": ["200000"], "timeout": 20_000}),
    Row("deeper in Java", "java", DEEP_JAVA, "accepted", "500000 true\n",
        MIB_512 | {"args": ["500000"], "timeout": 20_000}),
    Row("recursion without end", "java", ENDLESS_JAVA, "memory_limit", "", {"timeout": 20_000}),
    Row("a hundred threads", "java", THREADS_JAVA, "accepted", "all\n", {"timeout": 20_000}),
    Row("sixty threads", "cpp", THREADS_CPP, "accepted", "all\n"),
    Row("no limit of its own", "c", RLIMIT_C, "accepted", "0\n"),
    Row("no limit of its own", "python", RLIMIT_PYTHON, "accepted", "-1\n"),
    Row("a thread with a stack of its own", "python", THREAD_PYTHON, "accepted", "100000\n",
        MIB_512 | {"timeout": 20_000}),
    Row("mentions memory", "python",
        'import sys\nsys.stderr.write("MemoryError is a builtin\\n")\nsys.exit(1)',
        "runtime_error", says="is a builtin"),
    Row("mentions memory", "java", MENTION_JAVA, "runtime_error", says="is an Error"),
    Row("mentions memory", "cpp",
        '#include <cstdio>\nint main() { fputs("std::bad_alloc?\\n", stderr); return 1; }',
        "runtime_error", says="bad_alloc?"),
    Row("asks for too much", "python", "x = bytearray(1 << 60)", "memory_limit"),
    Row("asks for too much", "cpp",
        "#include <vector>\nint main(int n, char **) { std::vector<char> v(n * (1l << 60)); }",
        "memory_limit"),
    Row("is clean", "cpp", CLEAN_CPP, "accepted", "ok\n", ASAN),
    Row("uses what it gave back", "cpp", BROKEN_CPP, "runtime_error", None, ASAN,
        "AddressSanitizer: heap-use-after-free"),
    Row("overflows", "c", OVERFLOW_C, "runtime_error", None,
        {"compile_args": ["-fsanitize=undefined", "-fno-sanitize-recover=all"]},
        "signed integer overflow"),
    Row("has no races", "cpp", THREADS_CPP, "accepted", "all\n", TSAN),
    Row("races", "cpp", RACE_CPP, "runtime_error", None, TSAN, "data race"),
    Row("leaks are not looked for", "c", CLEAN_C, "accepted", "ok\n",
        {"compile_args": ["-fsanitize=leak"]}),
)  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.language}-{row.name}")
async def test_the_verdict_is_the_program_s_own(server: Server, row: Row) -> None:
    answer = await server.execute(language=row.language, code=row.code, **row.request)
    assert answer["status"] == row.status, answer
    if row.output is not None:
        assert answer["output"] == row.output
    assert row.says in (answer["error"] or "")
    limit_mb = row.request.get("limits", {}).get("memory_mb", 256)
    assert (answer["run"]["memory_kb"] or 0) <= limit_mb * 1024, answer


@pytest.mark.parametrize("language", ["c", "cpp"])
async def test_a_table_too_large_for_a_file_is_told_as_that(server: Server, language: str) -> None:
    """And not as a fault of gcc's, to be reported."""
    code = "int table[6000000] = {1};\nint main() { return 0; }"
    answer = await server.execute(language=language, code=code)
    assert answer["status"] == "compile_error", answer
    assert "file size limit" in answer["error"]
    assert "bug report" not in answer["error"]
    assert answer["compile"]["limits_hit"] == ["file_size"]


@pytest.mark.parametrize(
    ("language", "code", "memory_mb"),
    [
        ("python", "import json, decimal, asyncio, email, http.client", 16),
        ("java", "public class Main { public static void main(String[] a) { } }", 48),
    ],
)
async def test_no_answer_has_more_memory_than_its_limit(
    server: Server, language: str, code: str, memory_mb: int
) -> None:
    answer = await server.execute(
        language=language, code=code, limits={"memory_mb": memory_mb}, timeout=20_000
    )
    assert answer["run"]["memory_kb"] <= memory_mb * 1024, answer
    if answer["compile"] is not None:
        assert answer["compile"]["memory_kb"] > memory_mb * 1024  # the compiler has its own
