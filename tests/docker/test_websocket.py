"""A WebSocket of a real server: programs that are talked to, signalled, and left."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import WSMsgType

from orchestrator.engine.client import EngineClient
from tests.docker.server import API_KEY, BEARER, Server, running_server
from tests.docker.test_streaming import resident_kb
from tests.sandbox_support import DEADLINE_S, SOCKET, containers_of

pytestmark = [
    pytest.mark.docker,
    pytest.mark.asyncio(loop_scope="module"),
]

WITHIN_S = 5.0  # the feature's deadline is 1 s; five times its slack
IDLE_S = 4.0
MOST_OUTPUT = 100_000_000
SLACK_KB = 24_576  # the buffers of one session, several times over
LIMITS = {"wall_ms": 50_000, "cpu_ms": 50_000}

GREET = {
    "python": "name = input('Who? ')\nprint(f'Hello, {name}!')\nprint(len(input('More? ')))",
    "c": r"""
#include <stdio.h>
#include <string.h>
int main(void) {
    static char line[1 << 20];
    printf("Who? ");
    fflush(stdout);
    scanf("%1000[^\n]%*c", line);
    printf("Hello, %s!\nMore? ", line);
    fflush(stdout);
    scanf("%1000000[^\n]%*c", line);
    printf("%zu\n", strlen(line));
}
""",
    "java": """
import java.util.Scanner;
public class Main {
    public static void main(String[] args) {
        Scanner in = new Scanner(System.in);
        System.out.print("Who? ");
        System.out.flush();
        System.out.println("Hello, " + in.nextLine() + "!");
        System.out.print("More? ");
        System.out.flush();
        System.out.println(in.nextLine().length());
    }
}
""",
}
SLEEP = "import time\nprint('ready', flush=True)\nfor _ in range(900): time.sleep(.05)"
"""In short naps: a signal that comes just before one is seen by Python only after it."""


@dataclass
class Talk:
    """One session: what was heard of it, and how to say something."""

    ws: aiohttp.ClientWebSocketResponse
    events: list[dict[str, Any]] = field(default_factory=list)

    @property
    def stdout(self) -> str:
        return "".join(event["data"] for event in self.events if event["event"] == "stdout")

    @property
    def result(self) -> dict[str, Any]:
        assert self.events[-1]["event"] == "result", self.events[-1]
        return self.events[-1]

    async def say(self, data: str) -> None:
        await self.ws.send_json({"type": "stdin", "data": data})

    async def signal(self, name: str) -> None:
        await self.ws.send_json({"type": "signal", "signal": name})

    async def hear(self) -> bool:
        """The next event; false when the server has closed."""
        message = await self.ws.receive(DEADLINE_S)
        if message.type is not WSMsgType.TEXT:
            assert message.type in {WSMsgType.CLOSE, WSMsgType.CLOSED}, message
            return False
        self.events.append(json.loads(message.data))
        return True

    async def until(self, text: str) -> None:
        while text not in self.stdout:
            assert await self.hear(), self.events

    async def until_event(self, name: str) -> None:
        while not self.events or self.events[-1]["event"] != name:
            assert await self.hear(), self.events

    async def end(self) -> int | None:
        """To the end; the code it was closed with."""
        while await self.hear():
            pass
        return self.ws.close_code


@dataclass
class Scene:
    """A server whose sandboxes are its jobs' only, and a look at the engine's containers of it."""

    server: Server
    engine: EngineClient

    @asynccontextmanager
    async def talk(self, language: str = "python", **body: Any) -> AsyncIterator[Talk]:
        async with self.server.session.ws_connect("/execute/ws", headers=BEARER) as ws:
            await ws.send_json({"language": language, "limits": LIMITS} | body)
            yield Talk(ws)

    async def containers(self) -> int:
        return len(await containers_of(self.engine, self.server.instance))

    async def until_left(self, jobs: int = 0) -> float:
        """Seconds until only so many jobs, slots and containers are left."""
        started = time.monotonic()
        async with asyncio.timeout(WITHIN_S):
            while True:
                stats = (await self.server.get("/stats"))[1]
                counts = (stats["activeJobs"], stats["slots"]["used"], await self.containers())
                if counts == (jobs, jobs, jobs):
                    return time.monotonic() - started
                await asyncio.sleep(0.005)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    engine = EngineClient(SOCKET, timeout_s=30, threads=2)
    settings = {"POOL": "0", "WS_IDLE_TIMEOUT": str(IDLE_S), "MAX_OUTPUT_SIZE": str(MOST_OUTPUT)}
    async with running_server(tmp_path_factory.mktemp("state"), **settings) as server:
        yield Scene(server, engine)
    await engine.close()


@pytest.mark.parametrize("language", GREET)
async def test_a_program_asks_and_is_answered(scene: Scene, language: str) -> None:
    async with scene.talk(language, code=GREET[language]) as talk:
        await talk.until("Who? ")
        await talk.say("Gr")
        await talk.say("ace\n")
        await talk.until("Hello, Grace!\n")
        await talk.until("More? ")
        await talk.say("x" * 10_000)
        await talk.say("\n")
        assert await talk.end() == 1000
    compiled = [] if language == "python" else ["stage", "exit"]
    names = [event["event"] for event in talk.events if event["event"] != "stdout"]
    assert names == ["queued", *compiled, "stage", "exit", "result"]
    assert talk.stdout == talk.result["output"] == "Who? Hello, Grace!\nMore? 10000\n"
    assert talk.result["status"] == "accepted"


async def test_input_goes_first_and_the_end_is_an_end(scene: Scene) -> None:
    code = "import sys\nprint(repr(sys.stdin.read()))"
    async with scene.talk(code=code, input="one ") as talk:
        await talk.say("two ")
        await talk.say("é")
        await talk.ws.send_json({"type": "eof"})
        await talk.say("too late")
        assert await talk.end() == 1000
    assert talk.stdout == "'one two é'\n"


async def test_bytes_go_both_ways_as_base64(scene: Scene) -> None:
    code = "import os\nwhile data := os.read(0, 1000): os.write(1, data[::-1])"
    async with scene.talk(code=code, encoding="base64") as talk:
        for data in (b"\0\xff", bytes(range(200))):
            await talk.say(base64.b64encode(data).decode())
            while not any(event["event"] == "stdout" for event in talk.events):
                await talk.hear()
            assert base64.b64decode(talk.stdout) == data[::-1]
            talk.events.clear()
        await talk.ws.send_json({"type": "eof"})
        assert await talk.end() == 1000


async def test_a_browser_s_key_opens_it(scene: Scene) -> None:
    key = "codebae.key." + base64.urlsafe_b64encode(API_KEY.encode()).decode().rstrip("=")
    protocols = ["codebae.v1", key]
    async with scene.server.session.ws_connect("/execute/ws", protocols=protocols) as ws:
        await ws.send_json({"language": "python", "code": "print(1)"})
        talk = Talk(ws)
        assert await talk.end() == 1000
    assert talk.stdout == "1\n"


async def test_without_a_key_there_is_no_socket(scene: Scene) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}):
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await scene.server.session.ws_connect("/execute/ws", headers=headers)
        assert refused.value.status == 401


COUNT_INTS = r"""
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
static volatile sig_atomic_t ints;
static void told(int number) { ints += number == SIGINT; }
int main(void) {
    signal(SIGINT, told);
    puts("ready");
    fflush(stdout);
    for (int said = 0;; usleep(1000))
        if (said < ints) {
            printf("INT %d\n", said = ints);
            fflush(stdout);
        }
}
"""


async def test_ctrl_c_is_python_s_keyboard_interrupt(scene: Scene) -> None:
    code = (
        # In short naps: a signal that comes just before one is seen by Python only after it.
        "import time\ntry:\n    print('ready', flush=True)\n"
        "    while True:\n        time.sleep(0.01)\n"
        "except KeyboardInterrupt:\n    print('bye')"
    )
    async with scene.talk(code=code) as talk:
        await talk.until("ready\n")
        await talk.signal("INT")
        assert await talk.end() == 1000
    assert (talk.stdout, talk.result["status"]) == ("ready\nbye\n", "accepted")


async def test_ctrl_c_ends_a_program_that_does_nothing_about_it(scene: Scene) -> None:
    async with scene.talk(code=SLEEP) as talk:
        await talk.until("ready")
        await talk.signal("INT")
        await talk.end()
    run = talk.result["run"]
    assert (run["status"], run["killed_by"], run["signal"]) == ("runtime_error", "signal", 2)
    assert "KeyboardInterrupt" in run["stderr"]


async def test_signals_reach_a_c_program_s_handler_and_term_its_default(scene: Scene) -> None:
    async with scene.talk("c", code=COUNT_INTS) as talk:
        await talk.until("ready\n")
        await talk.signal("INT")
        await talk.until("INT 1\n")
        await talk.signal("INT")
        await talk.until("INT 2\n")
        await talk.signal("TERM")
        await talk.end()
    assert (talk.result["run"]["signal"], talk.result["run"]["killed_by"]) == (15, "signal")


async def test_ctrl_c_ends_a_java_program(scene: Scene) -> None:
    code = """
public class Main {
    public static void main(String[] args) throws Exception {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> System.out.println("hook")));
        System.out.println("ready");
        Thread.sleep(45000);
    }
}
"""
    async with scene.talk("java", code=code) as talk:
        await talk.until("ready\n")
        await talk.signal("INT")
        await talk.end()
    assert talk.stdout == "ready\nhook\n"
    assert talk.result["run"]["exit_code"] == 130


async def test_kill_ends_a_program_whatever_it_ignores(scene: Scene) -> None:
    code = "import signal\nfor n in (2, 15): signal.signal(n, signal.SIG_IGN)\n" + SLEEP
    async with scene.talk(code=code) as talk:
        await talk.until("ready")
        for name in ("INT", "TERM", "KILL"):
            await talk.signal(name)
        assert await talk.end() == 1000
    run = talk.result["run"]
    assert (run["status"], run["killed_by"], run["signal"]) == ("runtime_error", "signal", 9)


# Each with what it has printed when the client goes away; the last two take none of their stdin.
LEFT = {
    "silent": ("import time; print('ready', flush=True); time.sleep(45)", 0),
    "reading": ("print('ready', flush=True); input()", 0),
    "stuck": (SLEEP, 2),
    "flooded": (SLEEP, 100),
    "printing": ("print('ready')\nwhile True: print('x' * 65_536)", 0),
}


@pytest.mark.parametrize(
    ("program", "way"),
    [
        *((program, "cut") for program in LEFT),
        # With "flooded" it would be said behind all that is not read.
        *((program, "close") for program in LEFT if program != "flooded"),
    ],
)
async def test_a_client_that_goes_away_ends_its_job(
    scene: Scene, program: str, way: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, messages = LEFT[program]
    before = (await scene.server.get("/stats"))[1]["since_start"]["causes"].get("client", 0)
    async with aiohttp.ClientSession(scene.server.session._base_url) as session:  # noqa: SLF001 - its own
        ws = await session.ws_connect("/execute/ws", headers=BEARER)
        await ws.send_json({"language": "python", "code": code, "limits": LIMITS})
        await Talk(ws).until("ready")
        filling = asyncio.create_task(fill(ws, messages))
        await asyncio.sleep(1.0)  # until whatever can be full is: nothing shows that from outside
        assert await scene.containers() == 1
        filling.cancel()
        if way == "close":
            closing = asyncio.create_task(ws.close())
            seconds = await scene.until_left()
            closing.cancel()
        else:
            ws._writer.transport.abort()  # noqa: SLF001 - closing would wait for what is unsent
            seconds = await scene.until_left()
    with capsys.disabled():
        print(f"\n  {program}, {way}: all back after {seconds * 1000:.0f} ms", end=" ")  # noqa: T201 - figures
    causes = (await scene.server.get("/stats"))[1]["since_start"]["causes"]
    assert causes["client"] == before + 1


async def fill(ws: aiohttp.ClientWebSocketResponse, messages: int) -> None:
    for _ in range(messages):
        await ws.send_json({"type": "stdin", "data": "x" * 250_000})


async def test_a_client_that_goes_away_while_its_program_compiles_ends_its_job(
    scene: Scene,
) -> None:
    code = '#include <bits/stdc++.h>\nint main(){std::regex r("a*b");}'
    async with scene.talk("cpp", code=code, compile_args=["-O3"]) as talk:
        await talk.say("x")
        await talk.until_event("stage")
        await talk.ws.close()
    await scene.until_left()


async def test_silence_both_ways_ends_the_job(scene: Scene) -> None:
    code = "print('ready')\nfor _ in range(3): print(input())\ninput()"
    async with scene.talk(code=code) as talk:
        await talk.until("ready")
        for number in range(3):
            await asyncio.sleep(IDLE_S / 2)
            await talk.say(f"{number}\n")
            await talk.until(f"{number}\n")
        assert await talk.end() == 4000
    assert (talk.result["status"], talk.result["success"]) == ("cancelled", False)
    assert talk.result["error"].startswith("Cancelled: the job took longer")
    await scene.until_left()


async def test_a_message_that_makes_no_sense_ends_the_job(scene: Scene) -> None:
    async with scene.talk(code=SLEEP) as talk:
        await talk.until("ready")
        await talk.signal("STOP")
        assert await talk.end() == 1008
    assert talk.events[-2]["event"] == "error"
    assert talk.events[-2]["details"] == [
        {"field": "signal", "message": "must be INT, TERM or KILL"}
    ]
    assert (talk.result["status"], talk.result["success"]) == ("cancelled", False)
    await scene.until_left()


async def test_a_submission_that_can_not_be_run_is_an_error_and_nothing_else(scene: Scene) -> None:
    async with scene.talk("cobol", code="x") as talk:
        assert await talk.end() == 1008
    (event,) = talk.events
    assert (event["event"], event["error"]) == ("error", "Unsupported language")
    await scene.until_left()


async def test_two_sessions_at_once_hear_their_own(scene: Scene) -> None:
    code = "while line := input(): print(f'{line} again', flush=True)"
    async with scene.talk(code=code) as first, scene.talk(code=code) as second:
        for number in range(5):
            await first.say(f"first {number}\n")
            await second.say(f"second {number}\n")
            await first.until(f"first {number} again\n")
            await second.until(f"second {number} again\n")
        for talk in (first, second):
            await talk.say("\n")
            assert await talk.end() == 1000
    assert "second" not in first.stdout
    assert "first" not in second.stdout


async def test_a_slow_program_and_a_slow_reader_cost_the_server_nothing(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    async with scene.talk(code="print(1)") as talk:
        await talk.end()
    at_first = resident_kb(scene.server)
    sizes = []

    async def watch() -> None:
        while True:
            sizes.append(resident_kb(scene.server))
            await asyncio.sleep(0.02)

    watching = asyncio.create_task(watch())
    # Takes a little of its stdin now and then, while 40 MB wait for it.
    sip = (
        "import os, time\nprint('ready', flush=True)\n"
        "for _ in range(30): os.read(0, 9000); time.sleep(.1)"
    )
    async with scene.talk(code=sip) as talk:
        await talk.until("ready")
        filling = asyncio.create_task(fill(talk.ws, 160))
        await asyncio.sleep(2)  # 40 MB take less to send, where nothing holds them up
        assert not filling.done()  # it is held up
        filling.cancel()
    await scene.until_left()
    # Prints 60 MB at once, and is read after a while.
    flood = "import os\nprint('ready', flush=True)\nfor _ in range(900): os.write(1, b'x' * 65_536)"
    async with scene.talk(code=flood) as talk:
        await talk.until("ready")
        await asyncio.sleep(2)  # 60 MB take less to print, where nothing holds them up
        assert (await scene.server.get("/stats"))[1]["jobs"][0]["phase"] == "running"
        for _ in range(20):
            await talk.hear()
    await scene.until_left()
    watching.cancel()
    with capsys.disabled():
        print(f"\n  {at_first} kB resident before, at most {max(sizes)} kB", end=" ")  # noqa: T201 - figures
    assert max(sizes) - at_first < SLACK_KB


async def test_a_round_trip_is_quick(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    code = "import os\nos.write(1, b'ready')\nwhile data := os.read(0, 1000): os.write(1, data)"
    async with scene.talk(code=code) as talk:
        await talk.until("ready")
        times = []
        for _ in range(200):
            started = time.perf_counter()
            await talk.say("x\n")
            await talk.hear()
            times.append(time.perf_counter() - started)
        await talk.ws.send_json({"type": "eof"})
        assert await talk.end() == 1000
    assert talk.stdout == "ready" + "x\n" * 200
    times.sort()
    with capsys.disabled():
        text = f"round trip: p50 {times[100] * 1e6:.0f} us, p95 {times[190] * 1e6:.0f} us"
        print(f"\n  {text}", end=" ")  # noqa: T201 - figures


async def test_a_server_that_stops_ends_its_sessions_with_a_result(tmp_path: Path) -> None:
    settings = {"POOL": "0", "DRAIN_TIMEOUT": "0.5", "LANGUAGES": "python"}
    async with running_server(tmp_path, **settings) as server:
        connect = server.session.ws_connect
        async with connect("/execute/ws", headers=BEARER) as ws:
            silent = await connect("/execute/ws", headers=BEARER)
            await ws.send_json({"language": "python", "code": SLEEP, "limits": LIMITS})
            talk = Talk(ws)
            await talk.until("ready")
            server.process.terminate()
            assert await talk.end() == 1000
            assert talk.result["error"] == "Cancelled: the server is shutting down"
            async with asyncio.timeout(DEADLINE_S / 2):
                assert await server.process.wait() == 0
            await silent.close()
