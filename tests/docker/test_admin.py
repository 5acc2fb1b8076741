"""An admin on a real server: ends jobs, drains it and takes that back, by HTTP and by command."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from orchestrator.engine.client import EngineClient
from tests.admin_support import admin_routes
from tests.docker.server import API_KEY, BEARER, Server, running_server
from tests.sandbox_support import DEADLINE_S, containers_of

pytestmark = pytest.mark.docker

ADMIN_KEY = "root-key-of-tests"
ADMIN = {"Authorization": f"Bearer {ADMIN_KEY}"}
BUILD_S = 200.0
END_DEADLINE_S = 5.0  # a job that is ended goes within 1 s; five times its slack
SLEEP = {
    "language": "python",
    "code": "import time; print('begun', flush=True); time.sleep(50)",
    "timeout": 55_000,
}
HELLO = {"language": "python", "code": "print('hello')"}
BUSY = {"language": "python", "code": "import time; time.sleep(0.2); print('hello')"}


@contextlib.asynccontextmanager
async def serving(state_dir: Path, **more: str) -> AsyncIterator[Server]:
    settings = {
        "LANGUAGES": "python",
        "POOL": "0",
        "ADMIN_KEY": f"other-root-of-tests,{ADMIN_KEY}",
        **more,
    }
    async with running_server(state_dir, **settings) as server:
        yield server


async def admin(server: Server, method: str, path: str) -> tuple[int, Any]:
    async with server.session.request(method, f"/admin{path}", headers=ADMIN) as answer:
        return answer.status, await answer.json()


async def until_phases(server: Server, *phases: str) -> list[dict[str, Any]]:
    async with asyncio.timeout(DEADLINE_S):
        while True:
            jobs: list[dict[str, Any]] = (await admin(server, "GET", "/jobs"))[1]["jobs"]
            if [job["phase"] for job in jobs] == [*phases]:
                return jobs
            await asyncio.sleep(0.02)


async def until_gone(engine: EngineClient, server: Server) -> None:
    async with asyncio.timeout(END_DEADLINE_S):
        while await containers_of(engine, server.instance):  # noqa: ASYNC110 - the engine's state
            await asyncio.sleep(0.02)


async def test_an_admin_ends_a_running_job_and_a_waiting_one(
    tmp_path: Path, engine: EngineClient
) -> None:
    async with serving(tmp_path, MAX_JOBS="1") as server:
        running = asyncio.create_task(server.post(SLEEP))
        await until_phases(server, "running")
        waiting = asyncio.create_task(server.post(HELLO))
        first, second = await until_phases(server, "running", "queued")
        assert (first["position"], second["position"], second["container"]) == (None, 1, None)
        (container,) = await containers_of(engine, server.instance)
        assert container["Names"] == [f"/{first['container']}"]
        async with asyncio.timeout(END_DEADLINE_S):
            for job, asked in ((second, waiting), (first, running)):
                assert await admin(server, "DELETE", f"/jobs/{job['id']}") == (
                    202,
                    {"id": job["id"]},
                )
                status, answer = await asked
                assert (status, answer["id"], answer["status"]) == (200, job["id"], "cancelled")
                assert answer["error"] == "Cancelled by an administrator"
        await until_gone(engine, server)
        assert (await admin(server, "DELETE", f"/jobs/{first['id']}"))[0] == 404
        assert (await server.execute(**HELLO))["output"] == "hello\n"
        causes = (await server.get("/stats"))[1]["since_start"]["causes"]
        assert causes == {"admin": 2}


async def test_streams_tests_and_websockets_are_told_that_an_admin_ended_them(
    tmp_path: Path, engine: EngineClient
) -> None:
    tests = [{"input": "", "expected": "1\n"}, {"input": "x"}]
    code = "import sys, time\nif sys.stdin.read(): time.sleep(50)\nprint(1)"
    judged = {"language": "python", "code": code, "tests": tests, "timeout": 55_000}
    async with serving(tmp_path) as server:

        async def follow() -> dict[str, Any]:
            return [event async for event in server.stream(**judged)][-1]

        async def talk() -> dict[str, Any]:
            async with server.session.ws_connect("/execute/ws", headers=BEARER) as socket:
                await socket.send_str(json.dumps(SLEEP))
                return [json.loads(message.data) async for message in socket][-1]

        streaming, talking = asyncio.create_task(follow()), asyncio.create_task(talk())
        async with asyncio.timeout(DEADLINE_S):
            while True:
                jobs = await until_phases(server, "running", "running")
                done = {job["tests"] and job["tests"]["done"] for job in jobs}
                if done == {1, None}:
                    break
        for job in jobs:
            await admin(server, "DELETE", f"/jobs/{job['id']}")
        async with asyncio.timeout(END_DEADLINE_S):
            results = await streaming, await talking
        assert [(each["event"], each["status"]) for each in results] == [
            ("result", "cancelled")
        ] * 2
        assert [test["status"] for test in results[0]["tests"]] == ["accepted", "skipped"]
        await until_gone(engine, server)


@pytest.mark.thorough
async def test_draining_under_load_loses_no_job_and_is_taken_back(tmp_path: Path) -> None:
    async with serving(tmp_path, MAX_JOBS="3", MAX_QUEUE="20") as server:
        outcomes: Counter[str] = Counter()
        is_over = asyncio.Event()

        async def load() -> None:
            while not is_over.is_set():
                status, answer = await server.post(BUSY)
                outcomes[answer.get("status") or answer["code"]] += 1
                if status != 200:
                    await asyncio.sleep(0.02)

        load_tasks = [asyncio.create_task(load()) for _ in range(6)]
        for _ in range(4):
            before = outcomes["accepted"]
            async with asyncio.timeout(DEADLINE_S):
                while outcomes["accepted"] < before + 6:  # noqa: ASYNC110 - the load's state
                    await asyncio.sleep(0.02)
            status, state = await admin(server, "POST", "/drain")
            assert (status, state["draining"]) == (200, True)
            assert (await server.get("/health"))[1]["reason"] == "draining"
            await until_phases(server)
            quiet = outcomes["accepted"]
            await asyncio.sleep(0.1)
            assert outcomes["accepted"] - quiet <= 6  # answers that were on their way
            quiet = outcomes["accepted"]
            await asyncio.sleep(0.3)  # many a job's time: none is begun
            assert outcomes["accepted"] == quiet
            status, state = await admin(server, "DELETE", "/drain")
            assert (status, state["draining"]) == (200, False)
            assert (await server.get("/health"))[0] == 200
        is_over.set()
        await asyncio.gather(*load_tasks)
        assert set(outcomes) == {"accepted", "draining"}


async def test_a_server_that_stops_stops(tmp_path: Path) -> None:
    async with serving(tmp_path, DRAIN_TIMEOUT="30") as server:
        running = asyncio.create_task(server.post(BUSY | {"code": "import time; time.sleep(2)"}))
        await until_phases(server, "running")
        await admin(server, "POST", "/drain")
        server.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(DEADLINE_S):
            while (await admin(server, "DELETE", "/drain"))[0] == 200:  # not yet taken
                await admin(server, "POST", "/drain")
        status, answer = await server.post(HELLO)
        assert (status, answer["error"]) == (503, "The server is shutting down")
        assert (await running)[1]["status"] == "accepted"
        assert await server.process.wait() == 0


async def test_every_route_wants_an_admin_s_key(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        for method, path in admin_routes():
            for headers, status in (
                ({}, 401),
                ({"x-api-key": "wrong"}, 401),
                ({"Authorization": f"Bearer {ADMIN_KEY},other-root-of-tests"}, 401),
                (BEARER, 403),
                ({"x-api-key": API_KEY}, 403),
            ):
                async with server.session.request(method, path, headers=headers) as answer:
                    assert answer.status == status, (method, path, headers)
        async with server.session.post("/execute", json=HELLO, headers=ADMIN) as answer:
            assert answer.status == 401
        assert (await server.get("/health"))[0] == 200
        assert (await admin(server, "GET", "/builds"))[1] == {"builds": []}


async def test_without_a_key_there_is_no_admin(tmp_path: Path) -> None:
    async with serving(tmp_path, ADMIN_KEY="") as server:
        for method, path in admin_routes():
            for headers in ({}, ADMIN, BEARER):
                async with server.session.request(method, path, headers=headers) as answer:
                    assert answer.status == 404, (method, path)
        (language,) = (await server.get("/languages"))[1]["languages"]
        assert (language["id"], language["compiled"]) == ("python", False)
        assert language["version"].startswith("3.")


async def command(server: Server, *words: str, key: str = ADMIN_KEY) -> Command:
    env = {**os.environ, "RUNNER_URL": f"{server.url}/execute", "COLUMNS": "200"}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "orchestrator", *words, "--key", key),
        stdin=asyncio.subprocess.DEVNULL,  # else a pipe of ours is the program's input
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=env,
        preexec_fn=heed_ctrl_c,
    )
    return Command(process)


def heed_ctrl_c() -> None:
    """As from a terminal: what runs in the background of a shell is started deaf to it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Command:
    """A command of ours in a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def end(self, deadline_s: float = DEADLINE_S) -> tuple[int | None, str, str]:
        """Its status, and what it printed."""
        async with asyncio.timeout(deadline_s):
            out, err = await self.process.communicate()
        return self.process.returncode, out.decode(), err.decode()


async def test_commands_list_and_end_jobs_and_drain(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        running = asyncio.create_task(server.post(SLEEP))
        (job,) = await until_phases(server, "running")
        status, out, _ = await (await command(server, "jobs", "list")).end()
        assert (status, job["id"] in out, job["container"] in out) == (0, True, True)
        assert (await (await command(server, "jobs", "end", job["id"])).end())[0] == 0
        assert (await running)[1]["status"] == "cancelled"
        assert (await (await command(server, "drain")).end())[0] == 0
        assert (await server.post(HELLO))[1]["code"] == "draining"
        assert (await (await command(server, "drain", "--off")).end())[0] == 0
        status, _, err = await (await command(server, "drain", key=API_KEY)).end()
        assert (status, "(403)" in err, err.count("\n")) == (1, True, 1)


@pytest.mark.thorough
async def test_run_runs_a_file_on_the_server_as_it_comes_and_ctrl_c_ends_the_job(
    tmp_path: Path, engine: EngineClient
) -> None:
    file = tmp_path / "program.py"
    async with serving(tmp_path / "state") as server:
        file.write_text("import sys; sys.stdout.buffer.write(b'\\xff\\n'); sys.exit(7)")
        process = (await command(server, "run", str(file), key=API_KEY)).process
        out, err = await process.communicate()
        assert (process.returncode, out) == (7, b"\xff\n"), err
        file.write_text(SLEEP["code"])  # type: ignore[arg-type]
        process = (await command(server, "run", str(file), key=API_KEY)).process
        assert process.stdout is not None
        async with asyncio.timeout(DEADLINE_S):
            assert await process.stdout.readline() == b"begun\n"
            process.send_signal(signal.SIGINT)
            await process.communicate()
        assert process.returncode == 130
        await until_gone(engine, server)


async def test_ctrl_c_leaves_a_rebuild_to_itself(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        rebuilding = await command(server, "languages", "rebuild", "python")
        assert rebuilding.process.stdout is not None
        async with asyncio.timeout(DEADLINE_S):
            async for line in rebuilding.process.stdout:
                if line.startswith(b"python: "):
                    break
        rebuilding.process.send_signal(signal.SIGINT)
        status, _, err = await rebuilding.end()
        assert (status, "The build goes on without you." in err) == (130, True)
        (build,) = (await admin(server, "GET", "/builds"))[1]["builds"]
        assert build["state"] in {"building", "proving"}
        assert f" builds log {build['id']}" in err
        log = await command(server, "builds", "log", build["id"])
        status, out, err = await log.end(BUILD_S)
        assert status == 0, err
        assert out.splitlines()[-1].startswith(("== python: succeeded", "== python: unchanged"))
        status, out, _ = await (await command(server, "languages", "list", "--json")).end()
        (python,) = (e for e in json.loads(out)["languages"] if e["id"] == "python")
        assert (status, python["state"], python["last_build"]["failed"]) == (0, "served", 0)
        assert (await server.execute(**HELLO))["output"] == "hello\n"


@pytest.mark.thorough
async def test_a_log_on_the_wire_resumes_where_it_was_left(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        async with server.session.post("/admin/languages/python/rebuild", headers=ADMIN) as answer:
            path = answer.headers["Location"] + "/log"
        headers = ADMIN | {"Accept": "text/event-stream"}
        seen: list[int] = []
        async with asyncio.timeout(DEADLINE_S):
            while True:
                last = {"Last-Event-ID": str(seen[-1])} if seen else {}
                async with server.session.get(path, headers=headers | last) as answer:
                    ids, is_over = await read_some(answer)
                seen += ids
                if is_over:
                    break
        assert seen == list(range(len(seen)))
        assert len(seen) > 20


async def read_some(answer: aiohttp.ClientResponse) -> tuple[list[int], bool]:
    """Ten events' ids, or what there is to the end; then hang up."""
    ids: list[int] = []
    async for line in answer.content:
        if line.startswith(b"id: "):
            ids.append(int(line[4:]))
        if line.startswith(b"event: result"):
            return ids, True
        if len(ids) == 10:
            break
    return ids, False
