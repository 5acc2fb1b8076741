"""Sources that attack what makes jobs fast: the cache, what waits, the compile server."""

from __future__ import annotations

from typing import Any

import pytest

from tests.docker.server import Server
from tests.hostile.attacks import assert_container_gone, companion

pytestmark = [pytest.mark.docker, pytest.mark.asyncio(loop_scope="session")]

# Each does all it can to /build, leaves somebody behind to go on with it, and says what it is.
POISON_C = r"""
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
static int did;
static void count(int result) { did += result >= 0; }
int main(int argc, char **argv)
{
    (void)argc;
    for (int round = 0; round < 3; round++) {
        count(open(argv[0], O_WRONLY | O_TRUNC));
        count(open("/build/main.c", O_WRONLY | O_TRUNC));
        count(open("/build/new", O_WRONLY | O_CREAT, 0777));
        count(unlink(argv[0]));
        count(rename(argv[0], "/build/other"));
        count(symlink("/work/evil", "/build/evil"));
        count(chmod(argv[0], 0777));
        count(chown(argv[0], getuid(), getgid()));
        count(mkdir("/build/folder", 0777));
        count(link(argv[0], "/work/linked"));
        if (round == 0 && fork() == 0) {
            setsid();
            for (;;)
                unlink(argv[0]), open(argv[0], O_WRONLY | O_TRUNC | O_CREAT, 0777);
        }
    }
    printf("original, %d\n", did);
    return 0;
}
"""
POISON_JAVA = """
import java.nio.file.*;
import java.util.*;
public class Main {
    static int did;
    interface Try { void run() throws Exception; }
    static void attempt(Try action) { try { action.run(); did++; } catch (Exception e) { } }
    public static void main(String[] a) throws Exception {
        Path main = Path.of("/build/Main.class");
        byte[] evil = Files.readAllBytes(main);
        attempt(() -> Files.write(main, evil));
        attempt(() -> Files.delete(main));
        attempt(() -> Files.write(Path.of("/build/Evil.class"), evil));
        attempt(() -> Files.move(main, Path.of("/build/Other.class")));
        attempt(() -> Files.createSymbolicLink(Path.of("/build/link"), main));
        attempt(() -> Files.write(Path.of("/build/Main.java"), evil));
        attempt(() -> Files.setPosixFilePermissions(main, Set.of()));
        attempt(() -> Files.createDirectory(Path.of("/build/folder")));
        System.out.println("original, " + did);
    }
}
"""
# What is there besides the program itself: processes, and files of others.
LOOK_AROUND = """
import java.nio.file.*;
import java.util.*;
import java.util.stream.*;
public class Main {
    static List<String> list(String folder) throws Exception {
        try (Stream<Path> found = Files.list(Path.of(folder))) {
            return found.map(p -> p.getFileName().toString()).sorted().toList();
        }
    }
    public static void main(String[] a) throws Exception {
        long self = ProcessHandle.current().pid();
        System.out.println(list("/proc").stream().filter(n -> n.matches("[0-9]+"))
            .filter(n -> !n.equals("" + self)).toList());
        for (String folder : new String[] {"/build", "/work", "/tmp", "/dev/shm"})
            System.out.println(folder + " " + list(folder));
    }
}
"""


@pytest.mark.parametrize(
    ("language", "code"),
    [("c", POISON_C), pytest.param("java", POISON_JAVA, marks=pytest.mark.thorough)],
    ids=["c", "java"],
)
async def test_a_program_can_not_poison_what_it_was_compiled_to(
    server: Server, language: str, code: str
) -> None:
    answers = []
    for _ in range(3):
        await server.until_ready(language)
        answers.append(await server.execute(language=language, code=code))
    assert [answer["timings"]["compile_cache"] for answer in answers] == ["miss", "hit", "hit"]
    assert [answer["timings"]["pool"] for answer in answers] == ["hit"] * 3
    outputs = {answer["output"] for answer in answers}
    assert outputs == {"original, 0\n"}, answers
    await assert_container_gone(server)


async def test_nothing_of_the_compile_server_is_there_when_the_program_runs(
    server: Server,
) -> None:
    for cached in ("miss", "hit"):
        await server.until_ready("java")
        answer = await server.execute(language="java", code=LOOK_AROUND)
        assert (answer["timings"]["pool"], answer["timings"]["compile_cache"]) == ("hit", cached)
        assert answer["output"].splitlines() == [
            "[1]",
            "/build [Main.class, Main.java]",
            "/work [Main.java]",
            "/tmp []",
            "/dev/shm []",
        ]


def _processor() -> list[dict[str, Any]]:
    name = "META-INF/services/javax.annotation.processing.Processor"
    return [
        {"name": "Main.java", "content": companion("Inspect.java").replace("Inspect", "Main")},
        {"name": name, "content": "Evil\n"},
    ]


@pytest.mark.thorough
async def test_what_could_load_code_into_the_compiler_is_neither_served_nor_cached(
    server: Server,
) -> None:
    """The file names a processor that is not there: javac says so, each time anew."""
    answers = []
    for _ in range(2):
        await server.until_ready("java")
        answers.append(await server.execute(language="java", files=_processor()))
    assert [answer["timings"]["compile_cache"] for answer in answers] == [None, None]
    assert answers[0]["error"] == answers[1]["error"]
    assert "Evil" in answers[0]["error"]
