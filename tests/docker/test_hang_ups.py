"""A caller that goes away, in every phase of its job: slot and container are back at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from orchestrator.engine.client import EngineClient
from tests.docker.raw_caller import RawCaller, raw_call
from tests.docker.server import Server, running_server
from tests.sandbox_support import DEADLINE_S, SOCKET, containers_of

pytestmark = [
    pytest.mark.docker,
    pytest.mark.asyncio(loop_scope="module"),
]

WITHIN_S = 5.0  # the feature's deadline is 1 s; five times its slack
MANY_BYTES = 20_000_000
SLEEP = {"language": "python", "code": "import time; time.sleep(50)", "timeout": 55_000}
HELLO = {"language": "python", "code": "print('hello')"}
SLOW_TO_COMPILE = {
    "language": "cpp",
    "code": "#include <bits/stdc++.h>\n" + "template<int N> struct F{enum{v=F<N-1>::v+F<N-2>::v};};"
    "template<> struct F<0>{enum{v=0};};template<> struct F<1>{enum{v=1};};"
    'int main(){std::regex r("a*b"); std::cout << F<400>::v;}',
}
# More than every buffer on the way takes, and as JSON six times as much again.
FLOOD = {
    "language": "python",
    "code": f"import os\nfor _ in range({MANY_BYTES} // 100_000): os.write(1, bytes(100_000))",
    "timeout": 55_000,
}


@dataclass
class Scene:
    """A server with one slot, and a look at the engine's containers of it."""

    server: Server
    engine: EngineClient
    instance: str

    async def phases(self) -> list[str]:
        return [job["phase"] for job in (await self.server.get("/stats"))[1]["jobs"]]

    async def reach(self, *phases: str) -> None:
        async with asyncio.timeout(DEADLINE_S):
            while await self.phases() != list(phases):  # noqa: ASYNC110 - another process's state
                await asyncio.sleep(0.001)

    async def used_slots(self) -> int:
        return int((await self.server.get("/stats"))[1]["slots"]["used"])

    async def hang_up(self, caller: RawCaller, *, left: tuple[str, ...] = ()) -> float:
        """Seconds until no job but those `left` is there, nor a slot used, nor any container."""
        started = time.monotonic()
        caller.hang_up()
        async with asyncio.timeout(WITHIN_S):
            await self.reach(*left)
            while await self.used_slots() != len(left):  # noqa: ASYNC110 - another process's state
                await asyncio.sleep(0.001)
        seconds = time.monotonic() - started
        assert len(await containers_of(self.engine, self.instance)) == len(left)
        return seconds

    async def assert_slot_is_back(self) -> None:
        async with asyncio.timeout(WITHIN_S):
            answer = await self.server.execute(**HELLO)
        assert (answer["status"], answer["output"]) == ("accepted", "hello\n")
        await self.reach()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    state = tmp_path_factory.mktemp("state")
    engine = EngineClient(SOCKET, timeout_s=30, threads=2)
    settings = {"MAX_JOBS": "1", "MAX_QUEUE": "2", "MAX_OUTPUT_SIZE": str(MANY_BYTES)}
    settings["POOL"] = "0"  # a job's container is the only one
    async with running_server(state, **settings) as server:
        yield Scene(server, engine, (state / "instance").read_text().strip())
    await engine.close()


def report(capsys: pytest.CaptureFixture[str], phase: str, form: str, seconds: float) -> None:
    with capsys.disabled():
        text = f"hung up while {phase} ({form}): all back after {seconds * 1000:.0f} ms"
        print(f"\n  {text}", end=" ")  # noqa: T201 - figures are for whoever runs the tests


FORMS = pytest.mark.parametrize("form", ["json", "ndjson", "sse"])
PHASES: dict[str, dict[str, Any]] = {
    "creating": HELLO,
    "compiling": SLOW_TO_COMPILE,
    "running": SLEEP,
}


@FORMS
@pytest.mark.parametrize("phase", PHASES)
async def test_a_caller_that_goes_away_gives_slot_and_container_back(
    scene: Scene, form: str, phase: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async with raw_call(scene.server, form, **PHASES[phase]) as caller:
        await scene.reach(phase)
        report(capsys, phase, form, await scene.hang_up(caller))
    await scene.assert_slot_is_back()


@FORMS
async def test_a_caller_that_goes_away_while_it_waits_leaves_the_queue(
    scene: Scene, form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async with raw_call(scene.server, "json", **SLEEP) as first:
        await scene.reach("running")
        async with raw_call(scene.server, form, **HELLO) as second:
            await scene.reach("running", "queued")
            report(capsys, "queued", form, await scene.hang_up(second, left=("running",)))
        await scene.hang_up(first)
    await scene.assert_slot_is_back()


@pytest.mark.parametrize("form", ["ndjson", "sse"])
async def test_a_stream_s_reader_that_goes_away_with_everything_full_ends_the_job(
    scene: Scene, form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async with raw_call(scene.server, form, **FLOOD) as caller:
        await scene.reach("running")
        await asyncio.sleep(1.0)  # until every buffer is full: nothing shows that from outside
        assert await scene.phases() == ["running"]  # it would be done by now, were it not held up
        report(capsys, "sending", form, await scene.hang_up(caller))
    await scene.assert_slot_is_back()


async def test_an_answer_that_nobody_takes_holds_neither_slot_nor_container(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    async with raw_call(scene.server, "json", **FLOOD) as caller:
        await scene.reach("running")
        await scene.reach()
        async with asyncio.timeout(WITHIN_S):
            while await containers_of(scene.engine, scene.instance):  # noqa: ASYNC110 - the engine's
                await asyncio.sleep(0.005)
        await scene.assert_slot_is_back()
        report(capsys, "sending", "json", await scene.hang_up(caller))
    await scene.assert_slot_is_back()


async def test_hang_ups_are_counted_as_such(scene: Scene) -> None:
    async def clients() -> int:
        causes = (await scene.server.get("/stats"))[1]["since_start"]["causes"]
        return int(causes.get("client", 0))

    before = await clients()
    async with raw_call(scene.server, "json", **SLEEP) as caller:
        await scene.reach("running")
        await scene.hang_up(caller)
    assert await clients() == before + 1
