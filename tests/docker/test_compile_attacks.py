"""Sources that attack the compiler, and compilers that are made to run the user's code."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio

from tests.docker.server import Server, running_server
from tests.hostile.attacks import (
    PROGRAMS,
    assert_container_gone,
    assert_every_try_failed,
    assert_hello_works,
)

pytestmark = [pytest.mark.docker, pytest.mark.asyncio(loop_scope="module")]

COMPILE_CPU_MS = 3000
COMPILE_WALL_MS = 10_000
MAX_OUTPUT = 100_000
HARD_LIMITS = frozenset({"cpu", "wall", "memory"})

TEMPLATE_BOMB = """
template <int N, int M> struct Bomb { Bomb<N - 1, 2 * M> left; Bomb<N - 1, 2 * M + 1> right; };
template <int M> struct Bomb<0, M> {};
Bomb<30, 0> bomb;
int main() {}
"""
CONSTEXPR_LOOP = """
constexpr int loop() { int i = 0; while (true) i ^= 1; return i; }
constexpr int never = loop();
int main() {}
"""
MACRO_BOMB = """
#define A(x) x x x x x x x x x x
#define B(x) A(A(A(x)))
int main(void) { return 0 B(B(B(+1))); }
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    limits = {"COMPILE_CPU_MS": str(COMPILE_CPU_MS), "COMPILE_WALL_MS": str(COMPILE_WALL_MS)}
    async with running_server(tmp_path_factory.mktemp("state"), **limits) as running:
        yield running


@dataclass(frozen=True)
class Bomb:
    """A source that must not compile, and what may have ended its compile; None: the compiler."""

    name: str
    language: str
    code: str
    killed_by: frozenset[str | None]
    says: str = ""
    compile_args: tuple[str, ...] = ()


RUN_FOLDER = "/work"
COMPILER = frozenset({None})
BOMBS = (
    Bomb("a device", "c", '#include "/dev/zero"\nint main(void) {}', HARD_LIMITS | COMPILER),
    Bomb("passwords", "c", '#include "/etc/shadow"\nint main(void) {}', COMPILER, "denied"),
    Bomb(
        "the agent's environment",
        "c",
        '__asm__(".incbin \\"/proc/1/environ\\"");\nint main(void) {}',
        COMPILER,
        "/proc/1/environ",
    ),
    Bomb(
        "the agent's memory",
        "c",
        '#include "/proc/1/mem"\nint main(void) {}',
        COMPILER,
        "denied",
    ),
    Bomb("the run's folder", "c", f'#include "{RUN_FOLDER}/main.c"', COMPILER, "denied"),
    Bomb("include of itself", "c", "#include __FILE__\n", COMPILER, "nested"),
    Bomb(
        "include of itself, twice",
        "c",
        "#include __FILE__\n#include __FILE__\n",
        HARD_LIMITS | {"output"},
        "nested",
    ),
    Bomb("macros", "c", MACRO_BOMB, HARD_LIMITS),
    Bomb("templates", "cpp", TEMPLATE_BOMB, HARD_LIMITS),
    Bomb("a loop at compile time", "cpp", CONSTEXPR_LOOP, COMPILER, "constexpr"),
    Bomb(
        "an endless loop at compile time",
        "cpp",
        CONSTEXPR_LOOP,
        HARD_LIMITS,
        compile_args=(
            "-fconstexpr-loop-limit=2147483647",
            "-fconstexpr-ops-limit=9223372036854775807",
        ),
    ),
    Bomb("a huge array", "c", "int a[1 << 30] = {1};\nint main(void) {}", COMPILER | HARD_LIMITS),
    Bomb(
        "endless errors",
        "cpp",
        "int main() {" + "".join(f"u{number};" for number in range(5000)) + "}",
        frozenset({"output"}),
        "not declared",
    ),
)


@pytest.mark.parametrize("bomb", BOMBS, ids=lambda bomb: bomb.name)
async def test_a_hostile_source_is_a_compile_error(server: Server, bomb: Bomb) -> None:
    answer = await server.execute(
        language=bomb.language, code=bomb.code, compile_args=list(bomb.compile_args)
    )
    assert answer["status"] == "compile_error", answer
    assert answer["run"] is None
    stage = answer["compile"]
    assert stage["killed_by"] in bomb.killed_by, stage
    assert bomb.says in stage["stderr"], stage
    assert len(stage["stderr"]) <= MAX_OUTPUT
    assert answer["error"].startswith("Compilation Error:\n")
    await assert_hello_works(server)
    await assert_container_gone(answer)


async def test_the_input_is_the_run_s_alone(server: Server) -> None:
    code = (
        '#include "/dev/stdin"\n#include <stdio.h>\n'
        "int main(void) { for (int c; (c = getchar()) != EOF;) putchar(c); }"
    )
    told = "#error the compiler has seen the input\n"
    answer = await server.execute(language="c", code=code, input=told)
    assert (answer["status"], answer["output"]) == ("accepted", told), answer


async def test_what_gcc_is_made_to_run_does_not_reach_the_run(server: Server) -> None:
    files = [_file("inspect.c"), _file("wrapper.sh"), _file("attack.h", "c")]
    answer = await server.execute(
        language="c",
        files=files,
        compile_args=["-wrapper", "sh,/build/wrapper.sh"],
        args=[str(len(files))],
    )
    assert answer["status"] == "accepted", answer
    assert_every_try_failed(answer["output"], at_least=34)
    assert "refused: EACCES kill -KILL 1\n" in answer["output"]  # the wrapper's own report
    await assert_hello_works(server)


async def test_what_javac_is_made_to_run_does_not_reach_the_run(server: Server) -> None:
    processor = await server.execute(
        language="java", files=[_file("PrintClass.java"), _file("Evil.java")]
    )
    assert processor["status"] == "accepted", processor
    evil = {"name": "Evil.class", "content": processor["output"], "encoding": "base64"}
    files = [_file("Inspect.java"), _file("wrapper.sh"), evil]
    answer = await server.execute(
        language="java",
        files=files,
        compile_args=["-processor", "Evil", "-processorpath", "/build"],
        args=[str(len(files))],
    )
    assert answer["status"] == "accepted", answer
    assert_every_try_failed(answer["output"], at_least=27)
    assert "refused: EACCES kill -KILL 1\n" in answer["output"]
    await assert_hello_works(server)


def _file(name: str, folder: str = "compile") -> dict[str, str]:
    return {"name": name, "content": (PROGRAMS / folder / name).read_text("utf-8")}
