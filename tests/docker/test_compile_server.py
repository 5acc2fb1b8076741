"""The compile server says and makes what plain javac says and makes, byte by byte."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

import pytest

from orchestrator.sandbox.model import SourceFile, StageCause, StageKind, StageReport
from tests.agent_wire import cut
from tests.conftest import Docker
from tests.docker.java_sources import HELLO, SOURCES, Sources, main
from tests.sandbox_support import make_spec, run_script
from tests.speeds import one_in, params

pytestmark = pytest.mark.docker

LAUNCHER = (
    "-J-XX:+UseSerialGC",
    "-J-XX:TieredStopAtLevel=1",
    "-J-XX:-UsePerfData",
    "-J-XX:MaxRAMPercentage=65",
)
SERVER = ("/usr/local/lib/codebae/java/compile-server", *LAUNCHER)
ENV = {"LANG": "C.UTF-8", "PATH": "/usr/local/bin:/usr/bin:/bin"}
MEMORY_BYTES = 256 << 20
LONG_MS = 600_000
"""More than what has too little memory takes to find that out, on a busy machine."""


@dataclass(frozen=True)
class Compiled:
    """Everything that can be seen of a compilation but its cost."""

    exit_code: int | None
    signal: int | None
    oom_kills: int
    cause: StageCause
    stdout: bytes
    stderr: bytes
    left: list[tuple[int, bytes]] | None
    """What is in `/build` after it."""
    elsewhere: bytes
    """What is in `/tmp` and `/dev/shm` after it, and how many processes there are."""


async def compiled(
    docker: Docker, sources: Sources, *, by_server: bool, memory_bytes: int = MEMORY_BYTES
) -> tuple[Compiled, StageReport]:
    spec = make_spec(
        image="codebae-runner/java:current",
        memory_bytes=memory_bytes,
        processes=256,
        lifetime_s=2 * LONG_MS // 1000,
    )
    sandbox = await docker.backend.open(spec)
    if by_server:
        await sandbox.prepare(SERVER, ENV)
    files = [SourceFile(name, text.encode()) for name, text in sources.files.items()]
    await sandbox.send_files(files, build=True, work=True)
    names = [
        name for name in sources.files if name.endswith(".java") and name not in sources.unnamed
    ]
    fixed = ("javac", *LAUNCHER, "-encoding", "UTF-8", "-d", ".")
    report, stdout, stderr = await run_script(
        sandbox,
        "",
        argv=(*fixed, *sources.options, *names),
        env=ENV,
        kind=StageKind.COMPILE,
        by_prepared=by_server,
        # What is declined late takes twice as long: no limit is to come in between.
        wall_ms=LONG_MS,
        cpu_ms=LONG_MS,
        stdout_limit=1_000_000,
        stderr_limit=1_000_000,
    )
    artefact = await sandbox.fetch_artefact(16 << 20)
    left = None if artefact is None else sorted(cut(artefact))
    _, elsewhere, _ = await run_script(sandbox, "ls -A /tmp /dev/shm; set -- /proc/[0-9]*; echo $#")
    await sandbox.close()
    assert report.by_prepared is by_server
    # Where it overflowed is another place each time.
    stderr = stderr.partition(b"java.lang.StackOverflowError")[0]
    ending = (report.exit_code, report.signal, report.oom_kills, report.cause)
    return Compiled(*ending, stdout, stderr, left, elsewhere), report


async def both_ways(
    docker: Docker, sources: Sources, memory_bytes: int = MEMORY_BYTES
) -> tuple[Compiled, Compiled]:
    (plain, _), (served, _) = await asyncio.gather(
        compiled(docker, sources, by_server=False, memory_bytes=memory_bytes),
        compiled(docker, sources, by_server=True, memory_bytes=memory_bytes),
    )
    return plain, served


@pytest.mark.parametrize("name", params(SOURCES, one_in(60, SOURCES), str))
async def test_the_server_compiles_as_javac_does(docker: Docker, name: str) -> None:
    plain, served = await both_ways(docker, SOURCES[name])
    assert served == plain
    assert plain.left is not None


@pytest.mark.thorough
@pytest.mark.timeout(900)
@pytest.mark.parametrize("memory_mb", [64, 96])
async def test_what_takes_too_much_memory_ends_as_with_javac(
    docker: Docker, memory_mb: int
) -> None:
    body = "\n".join(
        f"int f{i}(java.util.Map<String, java.util.List<Integer>> m) {{"
        " return m.entrySet().stream()"
        f".flatMap(e -> e.getValue().stream().map(n -> n + {i})).reduce(0, Integer::sum); }}"
        for i in range(2500)
    )
    plain, served = await both_ways(docker, main(body), memory_mb << 20)
    # A stack trace in it would be another each time.
    assert replace(served, stderr=served.stderr[:60]) == replace(plain, stderr=plain.stderr[:60])
    assert plain.exit_code != 0


async def test_a_hello_is_not_declined(docker: Docker) -> None:
    """Else all of this would compare javac with itself: here the command is not there at all."""
    sandbox = await docker.backend.open(
        make_spec(image="codebae-runner/java:current", memory_bytes=MEMORY_BYTES, processes=256)
    )
    await sandbox.prepare(SERVER, ENV)
    await sandbox.send_files([SourceFile("Main.java", HELLO.encode())], build=True, work=False)
    report, stdout, stderr = await run_script(
        sandbox,
        "",
        argv=("no-such-compiler", *LAUNCHER, "-d", ".", "Main.java"),
        env=ENV,
        kind=StageKind.COMPILE,
        by_prepared=True,
    )
    assert (report.exit_code, stdout, stderr) == (0, b"", b"")
    ran = await run_script(sandbox, "", argv=("java", "-cp", "/build", "Main"), env=ENV)
    assert ran[1] == b"x\n"
