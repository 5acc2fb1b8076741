"""The life of a sandbox, as `sandbox/backend.py` numbers it, held against every backend.

Programs are in the few words of `sh` that the fake understands. What only a real kernel does
(memory, processes, safety) is in tests/docker/ and tests/hostile/.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.errors import SandboxError
from orchestrator.sandbox.model import (
    Signal,
    SourceFile,
    StageCause,
    StageKind,
    StageLoss,
    StageOutcome,
    StageReport,
)
from orchestrator.sandbox.stdin import StdinStream
from tests.fakes.backend import FakeBackend
from tests.sandbox_support import DEADLINE_S, Collector, make_spec, make_stage, run_script

if TYPE_CHECKING:
    from orchestrator.sandbox.contract import Backend, Sandbox
    from tests.conftest import Docker


@dataclass
class Subject:
    """A backend, and how to see what of it there still is."""

    backend: Backend
    names: Callable[[], Awaitable[set[str]]]


@pytest.fixture(params=["fake", pytest.param("docker", marks=pytest.mark.docker)])
def subject(request: pytest.FixtureRequest) -> Subject:
    if request.param == "docker":
        docker: Docker = request.getfixturevalue("docker")
        return Subject(docker.backend, docker.names)
    fake = FakeBackend()

    async def names() -> set[str]:
        return set(fake.live)

    return Subject(fake, names)


@pytest.fixture
async def sandbox(subject: Subject) -> AsyncIterator[Sandbox]:
    opened = await subject.backend.open(make_spec())
    yield opened
    await opened.close()


# 1. open


async def test_1_an_open_sandbox_is_there_under_its_name(subject: Subject) -> None:
    sandbox = await subject.backend.open(make_spec())
    assert await subject.names() == {sandbox.name}
    await sandbox.close()


async def test_1_sandboxes_have_names_of_their_own(subject: Subject) -> None:
    first, second = await asyncio.gather(
        subject.backend.open(make_spec()), subject.backend.open(make_spec())
    )
    assert await subject.names() == {first.name, second.name}
    assert len({first.name, second.name}) == 2


async def test_1_a_cancelled_open_leaves_nothing(subject: Subject) -> None:
    opening = asyncio.create_task(subject.backend.open(make_spec()))
    await asyncio.sleep(0)
    opening.cancel()
    await asyncio.wait([opening])
    await subject.backend.shutdown()
    assert await subject.names() == set()


# 2. wait_lost


async def test_2_an_idle_sandbox_is_lost_when_it_is_closed(sandbox: Sandbox) -> None:
    watching = asyncio.create_task(sandbox.wait_lost())
    done, _ = await asyncio.wait([watching], timeout=0.1)
    assert not done
    await sandbox.close()
    async with asyncio.timeout(DEADLINE_S / 2):
        await watching
        await sandbox.wait_lost()


async def test_2_watching_may_be_given_up_at_any_time_and_takes_nothing_away(
    sandbox: Sandbox,
) -> None:
    for number in range(20):
        watching = asyncio.create_task(sandbox.wait_lost())
        for _ in range(number % 4):
            await asyncio.sleep(0)
        watching.cancel()
        # Not awaited: it is still there when the next stage begins to read.
        assert (await run_script(sandbox, f"echo {number}"))[1] == f"{number}\n".encode()
        await asyncio.wait([watching])


PREPARED = ("/bin/sh", "-c", "echo; cat; exit 75")
"""Says one byte, which makes it ready; given a compilation, it declines."""


async def test_2_a_stage_by_the_prepared_compiler_is_as_by_any_other(sandbox: Sandbox) -> None:
    await sandbox.prepare(("/bin/sh", "-c", "echo; exit 75"), {"PATH": "/bin"})
    await sandbox.send_files([SourceFile("a", b"1")], build=True, work=True)
    report, stdout, stderr = await run_script(
        sandbox, "cat a; echo x >&2; exit 3", kind=StageKind.COMPILE, by_prepared=True
    )
    assert (report.exit_code, stdout, stderr) == (3, b"1", b"x\n")
    report, stdout, _ = await run_script(sandbox, "cat a")
    assert (stdout, report.by_prepared) == (b"1", False)


@pytest.mark.parametrize("kind", StageKind)
async def test_2_a_stage_need_not_use_the_prepared_compiler(
    sandbox: Sandbox, kind: StageKind
) -> None:
    await sandbox.prepare(PREPARED, {"PATH": "/bin:/usr/bin"})
    report, stdout, _ = await run_script(sandbox, "echo x", kind=kind)
    assert (stdout, report.by_prepared) == (b"x\n", False)
    # Whatever the first stage was, the prepared compiler did not outlive it.
    report, stdout, _ = await run_script(
        sandbox, "echo y", kind=StageKind.COMPILE, by_prepared=True
    )
    assert (stdout, report.by_prepared) == (b"y\n", False)


async def test_2_an_artefact_takes_the_place_of_the_prepared_compiler(
    subject: Subject, sandbox: Sandbox
) -> None:
    await sandbox.send_files([SourceFile("a", b"1")], build=True, work=False)
    await run_script(sandbox, "echo compiled", kind=StageKind.COMPILE)
    artefact = await sandbox.fetch_artefact(1 << 20)
    assert artefact is not None
    other = await subject.backend.open(make_spec())
    await other.prepare(PREPARED, {"PATH": "/bin:/usr/bin"})
    await other.send_artefact(artefact)
    assert await other.set_limits(48 << 20, 8)
    assert (await run_script(other, "echo x"))[1] == b"x\n"
    assert await other.fetch_artefact(1 << 20) is not None
    await other.close()


@pytest.mark.parametrize(
    "argv", [("/bin/sh", "-c", "exit 0"), ("/no/such/compiler",)], ids=["silent", "absent"]
)
async def test_2_a_compiler_that_can_not_be_prepared_is_an_error(
    sandbox: Sandbox, argv: tuple[str, ...]
) -> None:
    with pytest.raises(SandboxError, match="did not start"):
        await sandbox.prepare(argv, {"PATH": "/bin"})


async def test_2_a_lost_sandbox_prepares_nothing(sandbox: Sandbox) -> None:
    await sandbox.close()
    with pytest.raises(SandboxError):
        await sandbox.prepare(PREPARED, {"PATH": "/bin"})


# 3. send_files


@pytest.mark.parametrize("kind", StageKind)
async def test_3_files_are_found_where_they_were_sent(sandbox: Sandbox, kind: StageKind) -> None:
    compiling = kind is StageKind.COMPILE
    content = bytes(range(1, 256)) * 3
    await sandbox.send_files(
        [SourceFile("a.bin", content), SourceFile("sub/b", b"")],
        build=compiling,
        work=not compiling,
    )
    _, stdout, _ = await run_script(sandbox, "cat a.bin; cat sub/b; echo end", kind=kind)
    assert stdout == content + b"end\n"


async def test_3_files_may_be_sent_to_both_folders_and_in_turns(sandbox: Sandbox) -> None:
    await sandbox.send_files([SourceFile("a", b"1")], build=True, work=True)
    await sandbox.send_files([SourceFile("b", b"2")], build=True, work=True)
    for kind in StageKind:
        _, stdout, _ = await run_script(sandbox, "cat a; cat b", kind=kind)
        assert stdout == b"12"


@pytest.mark.parametrize("kind", StageKind)
async def test_3_a_file_for_one_folder_is_not_in_the_other(
    sandbox: Sandbox, kind: StageKind
) -> None:
    compiling = kind is StageKind.COMPILE
    await sandbox.send_files([SourceFile("a", b"1")], build=not compiling, work=compiling)
    report, stdout, stderr = await run_script(sandbox, "cat a", kind=kind)
    assert (report.exit_code, stdout) == (1, b"")
    assert stderr.startswith(b"cat: a: ")


async def test_3_a_run_leaves_nothing_in_its_folder_for_the_next(sandbox: Sandbox) -> None:
    await sandbox.send_files([SourceFile("a", b"1")], build=True, work=True)
    for kind in (StageKind.COMPILE, StageKind.RUN):
        assert (await run_script(sandbox, "cat a", kind=kind))[1] == b"1"
    assert (await run_script(sandbox, "cat a"))[0].exit_code == 1
    await sandbox.send_files([SourceFile("a", b"2")], build=False, work=True)
    assert (await run_script(sandbox, "cat a"))[1] == b"2"


async def test_3_a_file_of_several_frames_is_whole(sandbox: Sandbox) -> None:
    content = bytes(range(256)) * 4096
    await sandbox.send_files([SourceFile("large", content)], build=False, work=True)
    _, stdout, _ = await run_script(sandbox, "cat large", stdout_limit=len(content))
    assert stdout == content


# 4. set_limits


async def test_4_limits_may_be_set_between_stages(sandbox: Sandbox) -> None:
    assert (await run_script(sandbox, "echo 1"))[1] == b"1\n"
    assert await sandbox.set_limits(48 << 20, 8)
    assert (await run_script(sandbox, "echo 2"))[1] == b"2\n"


# 5. run_stage


@pytest.mark.parametrize(
    ("script", "code", "signal"),
    [
        ("", 0, None),
        ("exit 0", 0, None),
        ("exit 3", 3, None),
        ("exit 255", 255, None),
        ("kill -9 $$", None, 9),
        ("kill -15 $$", None, 15),
        ("echo x; exit 7; echo y", 7, None),
        ("no-such-command", 127, None),
    ],
)
async def test_5_a_stage_reports_its_exit_code_or_its_signal(
    sandbox: Sandbox, script: str, code: int | None, signal: int | None
) -> None:
    report, _, _ = await run_script(sandbox, script)
    assert (report.exit_code, report.signal) == (code, signal)
    assert report.cause is StageCause.NONE
    assert report.wall_us >= 0
    assert not report.stdout_truncated
    assert not report.stderr_truncated


async def test_5_a_program_that_can_not_be_executed_is_exit_code_127_and_says_so(
    sandbox: Sandbox,
) -> None:
    output = Collector()
    stage = make_stage(argv=("/no/such/program", "x"))
    report = await sandbox.run_stage(stage, output.take)
    assert not isinstance(report, StageLoss)
    assert report.exit_code == 127
    assert b"/no/such/program" in output.stderr


async def test_5_stdout_and_stderr_are_kept_apart_and_in_order(sandbox: Sandbox) -> None:
    script = "echo 1; echo a >&2; echo 2; echo b >&2"
    assert (await run_script(sandbox, script))[1:] == (b"1\n2\n", b"a\nb\n")


@pytest.mark.parametrize("size", [0, 1, 262_144, 262_145, 1_000_000])
async def test_5_stdin_is_read_to_its_end(sandbox: Sandbox, size: int) -> None:
    stdin = (bytes(range(256)) * (size // 256 + 1))[:size]
    report, stdout, _ = await run_script(sandbox, "cat", stdin=stdin, stdout_limit=1_000_000)
    assert stdout == stdin
    assert report.exit_code == 0


async def test_5_a_program_need_not_read_its_stdin(sandbox: Sandbox) -> None:
    assert (await run_script(sandbox, "exit 4", stdin=bytes(1_000_000)))[0].exit_code == 4
    assert (await run_script(sandbox, "cat", stdin=b"next"))[1] == b"next"


async def test_5_a_stage_that_overruns_is_ended_by_wall(sandbox: Sandbox) -> None:
    report, stdout, _ = await run_script(sandbox, "echo x; sleep 50; echo y", wall_ms=200)
    assert (report.cause, report.signal, stdout) == (StageCause.WALL, 9, b"x\n")
    assert 200_000 <= report.wall_us < 5 * 200_000


@pytest.mark.parametrize(
    ("stream", "redirect"), [("stdout", ""), ("stderr", " >&2")], ids=["stdout", "stderr"]
)
@pytest.mark.parametrize(("limit", "kept"), [(6, b"12345\n"), (5, b"12345"), (1, b"1"), (0, b"")])
async def test_5_output_is_passed_on_up_to_its_limit_and_the_byte_after_it_ends_the_stage(
    sandbox: Sandbox, stream: str, redirect: str, limit: int, kept: bytes
) -> None:
    script = f"echo 12345{redirect}; sleep {0 if limit == 6 else 50}"
    report, stdout, stderr = await run_script(sandbox, script, **{f"{stream}_limit": limit})
    assert (stdout, stderr) == ((kept, b"") if stream == "stdout" else (b"", kept))
    over = limit < 6
    assert report.cause is (StageCause.OUTPUT if over else StageCause.NONE)
    assert report.stdout_truncated is (over and stream == "stdout")
    assert report.stderr_truncated is (over and stream == "stderr")
    assert report.signal == (9 if over else None)


async def test_5_stages_follow_each_other_whatever_became_of_the_last(sandbox: Sandbox) -> None:
    scripts = ["echo 1", "exit 3", "kill -9 $$", "sleep 50", "cat"]
    codes = []
    for script in scripts:
        stage = {"wall_ms": 200} if script == "sleep 50" else {}
        codes.append((await run_script(sandbox, script, **stage))[0].exit_code)
    assert codes == [0, 3, None, None, 0]
    assert (await run_script(sandbox, "cat", stdin=b"last"))[1] == b"last"


async def test_5_what_the_sink_raises_comes_out_and_the_sandbox_can_be_closed(
    subject: Subject, sandbox: Sandbox
) -> None:
    async def sink(*_: object) -> None:
        raise OSError("the client is gone")

    with pytest.raises(OSError, match="client is gone"):
        await sandbox.run_stage(make_stage("echo x; sleep 50"), sink)
    await sandbox.close()
    assert await subject.names() == set()


async def test_5_a_cancelled_stage_leaves_the_sandbox_fit_for_closing(
    subject: Subject, sandbox: Sandbox
) -> None:
    output = Collector()
    running = asyncio.create_task(
        sandbox.run_stage(make_stage("echo x; sleep 50", stdin=bytes(1_000_000)), output.take)
    )
    await output.first.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await sandbox.close()
    assert await subject.names() == set()


# 5. run_stage with a stream


@dataclass
class Session:
    """A stage under way, and what it is told while it is."""

    stdin: StdinStream
    output: Collector
    running: asyncio.Task[StageOutcome]

    async def until(self, stdout: bytes) -> None:
        async with asyncio.timeout(DEADLINE_S / 2):
            while bytes(self.output.stdout) != stdout:  # noqa: ASYNC110 - what came, not that it did
                await asyncio.sleep(0.002)

    async def report(self) -> StageReport:
        async with asyncio.timeout(DEADLINE_S / 2):
            report = await self.running
        assert isinstance(report, StageReport)
        return report


def converse(sandbox: Sandbox, script: str, **changes: Any) -> Session:
    stdin, output = StdinStream(), Collector()
    stage = make_stage(script, **changes)
    return Session(stdin, output, asyncio.create_task(sandbox.run_stage(stage, output.take, stdin)))


async def test_5_a_live_program_answers_chunk_by_chunk_until_its_input_ends(
    sandbox: Sandbox,
) -> None:
    session = converse(sandbox, "cat; echo end", stdin=b"first ")
    said = b"first "
    await session.until(said)
    for chunk in (b"1", b"two", bytes(range(256))):
        assert await session.stdin.write(chunk)
        said += chunk
        await session.until(said)
    session.stdin.end()
    session.stdin.end()
    assert (await session.report()).exit_code == 0
    assert session.output.stdout == said + b"end\n"
    assert await session.stdin.write(b"late") is False


async def test_5_the_stream_waits_for_the_program_to_start(sandbox: Sandbox) -> None:
    stdin, output = StdinStream(), Collector()
    writing = asyncio.create_task(stdin.write(b"early"))
    await asyncio.sleep(0)
    stdin.end()
    assert not writing.done()
    await sandbox.run_stage(make_stage("cat", stdin=b"own "), output.take, stdin)
    assert await writing is True
    assert output.stdout == b"own early"


@pytest.mark.parametrize("script", ["cat", "cat; echo x"])
async def test_5_a_long_stdin_stream_comes_whole(sandbox: Sandbox, script: str) -> None:
    session = converse(sandbox, script, stdin=b"0" * 300_000, stdout_limit=2_000_000)
    pieces = [bytes((number,)) * 100_000 for number in range(10)]
    for piece in pieces:
        assert await session.stdin.write(piece)
    session.stdin.end()
    await session.report()
    expected = b"0" * 300_000 + b"".join(pieces) + b"x\n" * script.count("echo")
    assert session.output.stdout == expected


async def test_5_whoever_writes_to_a_program_that_does_not_read_waits_and_is_released(
    sandbox: Sandbox,
) -> None:
    session = converse(sandbox, "echo x; sleep 1")
    await session.until(b"x\n")
    written = 0
    while await session.stdin.write(bytes(10_000)):
        written += 10_000
    # The window and the program's pipe, and what the agent has taken when the program ends.
    assert 200_000 < written < 1_000_000
    assert (await session.report()).exit_code == 0


async def test_5_whoever_writes_to_a_program_that_has_closed_its_stdin_need_not_wait(
    sandbox: Sandbox,
) -> None:
    session = converse(sandbox, "exec <&-; echo x; sleep 30")
    await session.until(b"x\n")
    async with asyncio.timeout(DEADLINE_S / 3):
        for _ in range(20):
            assert await session.stdin.write(bytes(100_000))
    session.stdin.signal(Signal.KILL)
    await session.report()


@pytest.mark.parametrize("signal", Signal)
@pytest.mark.parametrize("script", ["echo x; sleep 30", "echo x; cat"])
async def test_5_a_signal_ends_a_program_that_does_nothing_about_it(
    sandbox: Sandbox, signal: Signal, script: str
) -> None:
    session = converse(sandbox, script)
    await session.until(b"x\n")
    reporting = asyncio.create_task(session.report())
    while not reporting.done():  # a shell that is just starting its command may lose one
        session.stdin.signal(signal)
        await asyncio.wait([reporting], timeout=0.5)
    report = reporting.result()
    assert (report.signal, report.exit_code) == (signal, None)
    assert report.cause is (StageCause.KILLED if signal is Signal.KILL else StageCause.NONE)
    assert (await run_script(sandbox, "cat", stdin=b"next"))[1] == b"next"


async def test_5_kill_is_not_held_up_by_input_that_nobody_reads(sandbox: Sandbox) -> None:
    session = converse(sandbox, "echo x; sleep 30", stdin=bytes(1_000_000))
    writing = asyncio.create_task(session.stdin.write(bytes(1_000_000)))
    await session.until(b"x\n")
    session.stdin.signal(Signal.KILL)
    assert (await session.report()).signal == 9
    assert await writing is False


async def test_5_what_is_said_to_a_stage_that_is_over_does_not_reach_the_next(
    sandbox: Sandbox,
) -> None:
    session = converse(sandbox, "echo x")
    await session.report()
    session.stdin.signal(Signal.INT)
    session.stdin.end()
    assert await session.stdin.write(b"old") is False
    assert (await run_script(sandbox, "cat", stdin=b"new"))[1] == b"new"


async def compiled(sandbox: Sandbox, *files: SourceFile) -> None:
    """Put files into `/build` and run a compilation that changes none of them."""
    await sandbox.send_files(files, build=True, work=False)
    await run_script(sandbox, "echo compiled", kind=StageKind.COMPILE)


@pytest.mark.parametrize("size", [0, 1, 65_536, 300_000])
async def test_5_an_artefact_is_what_a_compilation_left(
    subject: Subject, sandbox: Sandbox, size: int
) -> None:
    content = (bytes(range(256)) * (size // 256 + 1))[:size]
    await compiled(sandbox, SourceFile("a", content), SourceFile("sub/b", b"2"))
    artefact = await sandbox.fetch_artefact(1 << 20)
    assert artefact is not None
    other = await subject.backend.open(make_spec())
    await other.send_artefact(artefact)
    for kind in StageKind:
        script = "cat a; cat sub/b" if kind is StageKind.COMPILE else "echo ok"
        _, stdout, _ = await run_script(other, script, kind=kind, stdout_limit=400_000)
        assert stdout == (content + b"2" if kind is StageKind.COMPILE else b"ok\n")
    assert await other.fetch_artefact(1 << 20) is not None
    await other.close()


async def test_5_an_artefact_beyond_its_bound_is_none_and_the_sandbox_goes_on(
    sandbox: Sandbox,
) -> None:
    await compiled(sandbox, SourceFile("a", bytes(50_000)))
    assert await sandbox.fetch_artefact(50_000) is None
    artefact = await sandbox.fetch_artefact(1 << 20)
    assert artefact is not None
    assert await sandbox.fetch_artefact(len(artefact)) == artefact
    assert await sandbox.fetch_artefact(len(artefact) - 1) is None
    assert (await run_script(sandbox, "echo on"))[1] == b"on\n"


async def test_5_a_lost_sandbox_has_no_artefact_and_says_so_with_the_next_stage(
    sandbox: Sandbox,
) -> None:
    await compiled(sandbox, SourceFile("a", b"1"))
    await sandbox.close()
    assert await sandbox.fetch_artefact(1 << 20) is None
    assert isinstance(await sandbox.run_stage(make_stage("echo x"), Collector().take), StageLoss)


# 6. close


async def test_6_a_closed_sandbox_is_gone_and_may_be_closed_again(
    subject: Subject, sandbox: Sandbox
) -> None:
    await asyncio.gather(sandbox.close(), sandbox.close())
    assert await subject.names() == set()
    await sandbox.close()


async def test_6_closing_in_the_middle_of_a_stage_ends_it(
    subject: Subject, sandbox: Sandbox
) -> None:
    output = Collector()
    running = asyncio.create_task(
        sandbox.run_stage(make_stage("echo x; sleep 50", wall_ms=60_000), output.take)
    )
    await output.first.wait()
    await sandbox.close()
    async with asyncio.timeout(DEADLINE_S / 2):
        assert isinstance(await running, StageLoss)
    assert await subject.names() == set()


async def test_6_a_stage_after_close_is_lost(sandbox: Sandbox) -> None:
    await sandbox.close()
    await sandbox.send_files([SourceFile("a", b"1")], build=True, work=True)
    outcome = await sandbox.run_stage(make_stage("echo x"), Collector().take)
    assert isinstance(outcome, StageLoss)
    assert outcome.before_stage


# The backend


async def test_a_sweep_leaves_what_is_open_alone(subject: Subject, sandbox: Sandbox) -> None:
    await subject.backend.sweep()
    assert await subject.names() == {sandbox.name}
    assert (await run_script(sandbox, "echo 1"))[1] == b"1\n"


async def test_shutting_down_closes_everything_and_may_be_done_again(subject: Subject) -> None:
    sandboxes = await asyncio.gather(*(subject.backend.open(make_spec()) for _ in range(2)))
    output = Collector()
    running = asyncio.create_task(
        sandboxes[0].run_stage(make_stage("echo x; sleep 50", wall_ms=60_000), output.take)
    )
    await output.first.wait()
    await subject.backend.shutdown()
    await subject.backend.shutdown()
    assert await subject.names() == set()
    assert isinstance(await running, StageLoss)
    for sandbox in sandboxes:
        await sandbox.close()
