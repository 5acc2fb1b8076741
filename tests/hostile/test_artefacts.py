"""Compilations that attack what is packed of them, and prepared compilers that want to live on.

What a compiler can be made to do (`gcc -wrapper`, a processor of annotations) is done by a script
as the compile uid.
"""

from __future__ import annotations

import pytest

from orchestrator.errors import SandboxError
from orchestrator.sandbox.model import SourceFile, StageKind, StageLoss
from orchestrator.sandbox.protocol.frames import ToAgent, encode
from tests.agent_wire import Reference, cut
from tests.conftest import Docker
from tests.sandbox_support import Collector, make_spec, make_stage, run_script

pytestmark = pytest.mark.docker

ENV = {"PATH": "/usr/local/bin:/usr/bin:/bin"}
BOUND = 4 << 20

BEGIN = """
import os, socket, subprocess, time
open("a.out", "w").write("program"); os.chmod("a.out", 0o755)
os.mkdir("sub"); open("sub/x", "w").write("x")
"""

UNPACKABLE = {
    "symlink to a secret": "os.symlink('/etc/passwd', 'p')",
    "symlink to the environment of the agent": "os.symlink('/proc/1/environ', 'p')",
    "symlink to itself": "os.symlink('p', 'p')",
    "symlink to a folder": "os.symlink('/proc', 'p')",
    "symlink in a folder": "os.symlink('x', 'sub/y')",
    "symlink in place of the program": "os.remove('a.out'); os.symlink('/bin/sh', 'a.out')",
    "socket": "socket.socket(socket.AF_UNIX).bind('p')",
    "hard link": "os.link('a.out', 'b.out')",
    "file over the bound": "os.truncate('a.out', 4 << 20)",
    "many files": "[open(f'f{i}', 'w').close() for i in range(1024)]",
    "deep folders": "[(os.mkdir('d'), os.chdir('d')) for i in range(17)]; open('x', 'w')",
    "very deep folders": "[(os.mkdir('d'), os.chdir('d')) for i in range(2000)]; open('x', 'w')",
    "long path": "[(os.mkdir('d' * 200), os.chdir('d' * 200)) for i in range(2)]; open('x', 'w')",
    "empty folder": "os.mkdir('e')",
    "many empty folders": "[os.mkdir(f'e{i}') for i in range(2000)]",
    "unreadable file": "os.chmod('a.out', 0)",
    "write-only file": "os.chmod('a.out', 0o200)",
    "execute-only file": "os.chmod('a.out', 0o111)",
    "private folder": "os.chmod('sub', 0o700)",
}

PACKABLE = {
    "as it comes": ("", {"a.out": b"program", "sub/x": b"x"}),
    "nothing at all": ("os.remove('a.out'); os.remove('sub/x'); os.rmdir('sub')", {}),
    "writable by everybody": (
        "os.chmod('a.out', 0o6777); os.chmod('sub', 0o7777); os.chmod('.', 0o777)",
        {"a.out": b"program", "sub/x": b"x"},
    ),
    "odd names": (
        "open(b'\\xff\\n \\\\', 'w'); open('-rf', 'w'); open('...', 'w'); open('n' * 255, 'w')",
        {
            "a.out": b"program",
            "sub/x": b"x",
            **dict.fromkeys(["\udcff\n \\", "-rf", "...", "n" * 255], b""),
        },
    ),
    "holes": (
        "os.truncate('sub/x', 200_000)",
        {"a.out": b"program", "sub/x": b"x" + bytes(199_999)},
    ),
    "16 names deep": (
        "[(os.mkdir('d'), os.chdir('d')) for i in range(15)]; open('x', 'w')",
        {"a.out": b"program", "sub/x": b"x", "d/" * 15 + "x": b""},
    ),
    "a child that goes on": (
        """
for i in range(4):
    again = "trap '' TERM HUP; while :; do echo $$ > a.out; echo > $$; rm $$; done"
    subprocess.Popen(["/bin/sh", "-c", again], start_new_session=True)
time.sleep(0.3)
""",
        None,
    ),
}


def packed(artefact: bytes) -> dict[str, bytes]:
    """Its files; every frame must be one to `/build`."""
    files: dict[str, bytes] = {}
    for kind, payload in cut(artefact):
        fields = Reference(payload)
        assert (kind, fields.number(1)) == (ToAgent.FILE, 1)
        append = fields.number(1) & 1
        name = fields.string().decode("utf-8", "surrogateescape")
        assert append == (name in files)
        files[name] = files.get(name, b"") + fields.rest
    return files


async def fetched(docker: Docker, script: str) -> bytes | None:
    """What is packed after a compilation that does all that."""
    sandbox = await docker.backend.open(make_spec(memory_bytes=128 << 20, processes=32))
    report, _, stderr = await run_script(
        sandbox, "", argv=("python3", "-c", BEGIN + script), kind=StageKind.COMPILE, env=ENV
    )
    assert (report.exit_code, stderr) == (0, b"")
    artefact = await sandbox.fetch_artefact(BOUND)
    assert (await run_script(sandbox, "echo on"))[1] == b"on\n"
    assert await sandbox.fetch_artefact(BOUND) == artefact
    await sandbox.close()
    return artefact


@pytest.mark.parametrize("name", UNPACKABLE)
async def test_what_can_not_be_put_back_exactly_is_not_packed(docker: Docker, name: str) -> None:
    assert await fetched(docker, UNPACKABLE[name]) is None


@pytest.mark.parametrize("name", PACKABLE)
async def test_what_is_packed_is_what_there_is_and_comes_back_the_same(
    docker: Docker, name: str
) -> None:
    script, expected = PACKABLE[name]
    artefact = await fetched(docker, script)
    assert artefact is not None
    if expected is not None:
        assert packed(artefact) == expected
    sandbox = await docker.backend.open(make_spec())
    await sandbox.send_artefact(artefact)
    again = await sandbox.fetch_artefact(BOUND)
    assert again is not None
    assert sorted(cut(again)) == sorted(cut(artefact))
    await sandbox.close()


async def test_a_run_can_change_nothing_of_what_is_packed(docker: Docker) -> None:
    """Neither the program of an artefact that was put back nor that of a compilation."""
    sandbox = await docker.backend.open(make_spec())
    await sandbox.send_files([SourceFile("a", b"1")], build=True, work=False)
    await run_script(sandbox, "echo 1 > out; chmod 777 out .", kind=StageKind.COMPILE)
    before = await sandbox.fetch_artefact(BOUND)
    assert before is not None
    other = await docker.backend.open(make_spec())
    await other.send_artefact(before)
    for victim in (sandbox, other):
        attack = "cd /build; echo 2 > out; rm -f a out; mv a b; touch c; ln -s / d; chmod 777 ."
        await run_script(victim, attack)
        after = await victim.fetch_artefact(BOUND)
        assert after is not None
        assert sorted(cut(after)) == sorted(cut(before))
        await victim.close()


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(b"\1\2\0\0\0\5../ab", id="out of the folder"),
        pytest.param(b"\1\2\0\0\0\4/etc", id="absolute"),
        pytest.param(b"\1\1\0\0\0\1b", id="to be appended to nothing"),
        pytest.param(b"\1\2\0\0\0\3s/x", id="through a symlink"),
    ],
)
async def test_an_artefact_that_was_tampered_with_gets_nowhere(
    docker: Docker, payload: bytes
) -> None:
    sandbox = await docker.backend.open(make_spec())
    await run_script(sandbox, "ln -s /tmp s", kind=StageKind.COMPILE)
    with pytest.raises(SandboxError):
        await sandbox.send_artefact(encode(ToAgent.FILE, payload))
    assert isinstance(await sandbox.run_stage(make_stage("echo"), Collector().take), StageLoss)
    await sandbox.close()


LIVE_ON = """
import os, signal, subprocess, sys, time
for number in range(1, 65):
    try: signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError): pass
for i in range(4):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.setsid()
            while True:
                for folder in ("/build", "/tmp", "/dev/shm"):
                    try: open(f"{folder}/alive-{os.getpid()}-{time.time()}", "w")
                    except OSError: pass
                time.sleep(0.002)
        os._exit(0)
"""
LOOK = """
set -- /proc/[0-9]*; echo $# processes; ls -A /tmp /dev/shm
first=$(ls /build); sleep 0.2; [ "$first" = "$(ls /build)" ] && echo quiet
"""
ALONE = b"2 processes\n/dev/shm:\n\n/tmp:\nquiet\n"


async def assert_alone(docker: Docker, then: str, **stage: object) -> None:
    """Nothing of a prepared compiler that does all to live on is there in the next run."""
    sandbox = await docker.backend.open(make_spec(memory_bytes=128 << 20, processes=32))
    await sandbox.prepare(("python3", "-c", LIVE_ON + "os.write(1, b'.')\n" + then), ENV)
    if stage:
        await sandbox.run_stage(make_stage("echo", **stage), Collector().take)
    _, out, err = await run_script(sandbox, LOOK)
    await sandbox.close()
    assert (out, err) == (ALONE, b"")


@pytest.mark.parametrize("then", ["time.sleep(60)", "sys.exit(0)", "os.kill(os.getpid(), 11)"])
async def test_a_prepared_compiler_does_not_live_on_in_a_run(docker: Docker, then: str) -> None:
    await assert_alone(docker, then)


@pytest.mark.parametrize(
    "then", ["sys.stdin.read()", "sys.exit(75)", "sys.stdin.read(); sys.exit(9)"]
)
@pytest.mark.parametrize("by_prepared", [True, False])
async def test_a_prepared_compiler_does_not_outlive_the_compilation(
    docker: Docker, then: str, *, by_prepared: bool
) -> None:
    await assert_alone(docker, then, kind=StageKind.COMPILE, by_prepared=by_prepared)


async def test_a_prepared_compiler_can_not_take_the_sandbox_with_it(docker: Docker) -> None:
    """It fills its pipes, or says it is ready again and again: nobody reads that."""
    sandbox = await docker.backend.open(make_spec())
    flood = "while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; echo y >&2; done"
    await sandbox.prepare(("/bin/sh", "-c", flood), ENV)
    report, out, _ = await run_script(
        sandbox, "echo plain", kind=StageKind.COMPILE, by_prepared=True
    )
    assert (out, report.by_prepared) == (b"plain\n", False)
    await sandbox.close()


async def test_one_that_spawns_without_end_is_no_prepared_compiler(docker: Docker) -> None:
    sandbox = await docker.backend.open(make_spec(processes=32))
    bomb = "import os\nwhile True:\n  try: os.fork()\n  except OSError: os._exit(1)"
    with pytest.raises(SandboxError, match="did not start"):
        await sandbox.prepare(("python3", "-c", bomb), ENV)
    assert (await run_script(sandbox, "echo on"))[1] == b"on\n"
    await sandbox.close()
