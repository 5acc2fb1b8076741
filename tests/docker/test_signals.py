"""Whom a signal reaches: the program and its group, whatever it does; and nobody else."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest

from orchestrator.sandbox.model import Signal, StageCause, StageReport
from orchestrator.sandbox.stdin import StdinStream
from tests.conftest import Docker
from tests.sandbox_support import DEADLINE_S, Collector, make_spec, make_stage

pytestmark = pytest.mark.docker

# Its children say who they are once they are ready, and when they are told to end.
FAMILY = """
import os, signal, sys, time

def say(text):
    os.write(1, f"{text}\\n".encode())

def rest(seconds):
    for _ in range(int(10 * seconds)):  # a signal may come just before one of them begins
        time.sleep(0.1)

def child(name, leave):
    if os.fork():
        return
    leave()
    def told(*_):
        say(f"{name} told")
        os._exit(0)
    signal.signal(signal.SIGINT, told)
    say(f"{name} ready")
    rest(50)
    os._exit(1)

child("stayed", lambda: None)
child("group", lambda: os.setpgid(0, 0))
child("session", os.setsid)
for _ in range(2):
    try:
        rest(0.5 if _ else 50)
    except KeyboardInterrupt:
        say("program told")
"""


@dataclass
class Program:
    """A program under way."""

    stdin: StdinStream
    output: Collector
    running: asyncio.Task[object]

    async def until(self, *words: bytes) -> None:
        async with asyncio.timeout(DEADLINE_S / 2):
            while not all(word in self.output.stdout for word in words):  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.002)

    async def report(self) -> StageReport:
        report = await self.running
        assert isinstance(report, StageReport)
        return report


async def start(docker: Docker, code: str) -> Program:
    sandbox = await docker.backend.open(make_spec())
    stage = make_stage(argv=("python3", "-u", "-c", code))
    stdin, output = StdinStream(), Collector()
    return Program(stdin, output, asyncio.create_task(sandbox.run_stage(stage, output.take, stdin)))


async def test_a_signal_reaches_the_program_and_the_children_in_its_group(
    docker: Docker,
) -> None:
    program = await start(docker, FAMILY)
    await program.until(b"stayed ready", b"group ready", b"session ready")
    program.stdin.signal(Signal.INT)
    report = await program.report()
    said = set(bytes(program.output.stdout).split(b"\n")) - {b""}
    assert {line for line in said if line.endswith(b"told")} == {b"program told", b"stayed told"}
    assert (report.exit_code, report.cause) == (0, StageCause.NONE)


@pytest.mark.parametrize(
    ("signal", "prelude", "code"),
    [
        (Signal.INT, "", -2),
        (Signal.TERM, "", -15),
        (Signal.KILL, "import signal; [signal.signal(n, signal.SIG_IGN) for n in (2, 15)]", -9),
        (Signal.TERM, "import signal; signal.signal(15, lambda *_: sys.exit(3))", 3),
        # What a shell does to what it starts in the background.
        (Signal.INT, "import signal; signal.signal(2, lambda *_: os._exit(130))", 130),
    ],
)
async def test_what_becomes_of_it_is_the_program_s_business(
    docker: Docker, signal: Signal, prelude: str, code: int
) -> None:
    script = f"import os, sys, time\n{prelude}\nprint('ready')\nwhile True: time.sleep(0.1)"
    program = await start(docker, script)
    await program.until(b"ready")
    program.stdin.signal(signal)
    report = await program.report()
    ending = report.exit_code if report.signal is None else -report.signal
    assert ending == code
    if signal is Signal.INT and not prelude:
        assert b"KeyboardInterrupt" in program.output.stderr


async def test_a_stopped_program_is_killed_all_the_same(docker: Docker) -> None:
    program = await start(docker, "import os\nprint('ready')\nos.kill(os.getpid(), 19)")
    await program.until(b"ready")
    program.stdin.signal(Signal.INT)
    program.stdin.signal(Signal.KILL)
    report = await program.report()
    assert (report.signal, report.cause) == (9, StageCause.KILLED)


async def test_signals_that_cross_the_end_hit_nobody(docker: Docker) -> None:
    sandbox = await docker.backend.open(make_spec())
    for _ in range(30):
        stdin, output = StdinStream(), Collector()
        stage = make_stage("echo x")
        running = asyncio.create_task(sandbox.run_stage(stage, output.take, stdin))
        await output.first.wait()
        for number in (Signal.INT, Signal.TERM):
            stdin.signal(number)
        report = await running
        assert isinstance(report, StageReport)
        assert report.exit_code == 0 or report.signal in {Signal.INT, Signal.TERM}
