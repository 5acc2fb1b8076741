"""A language rebuilt on a running server: jobs go on, failures change nothing, kill -9 neither."""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Self

import pytest

from orchestrator.engine.client import EngineClient
from tests.docker.marked import SAY_MARKER, Marked, make_marked, remove_images
from tests.docker.server import Server, away_from_env, running_server

pytestmark = [pytest.mark.docker]

ADMIN = {"Authorization": "Bearer admin-key-of-tests"}
AT_ONCE = 4
CYCLES = int(os.environ.get("REBUILDS", "2"))
"""Ten are what the service must stand; two show in each run that it still does."""
DEADLINE_S = 120


@pytest.fixture
async def marked(tmp_path: Path, engine: EngineClient) -> AsyncIterator[Marked]:
    language = make_marked(tmp_path, f"marked-{secrets.token_hex(4)}")
    yield language
    await remove_images(engine, language.id)


def settings(marked: Marked, **more: str) -> dict[str, str]:
    base = {
        "ADMIN_KEY": "admin-key-of-tests",
        "LANGUAGES": "python",
        "IMAGES_DIR": str(marked.images_dir),
    }
    return base | more


async def admin(server: Server, method: str, path: str, **body: Any) -> tuple[int, Any]:
    async with server.session.request(
        method, f"/admin{path}", headers=ADMIN, json=body or None
    ) as answer:
        return answer.status, await answer.json()


async def start_rebuild(server: Server, marked: Marked) -> str:
    status, build = await admin(server, "POST", f"/languages/{marked.id}/rebuild")
    assert status == 202, build
    return str(build["id"])


async def until(server: Server, build_id: str, *states: str) -> dict[str, Any]:
    """The build, once it is in one of these states; or has ended in another one."""
    final = {"succeeded", "unchanged", "failed", "cancelled"}
    async with asyncio.timeout(DEADLINE_S):
        while True:
            build = (await admin(server, "GET", f"/builds/{build_id}"))[1]
            if build["state"] in {*states, *final}:
                return dict(build)
            await asyncio.sleep(0.05)


async def rebuild(server: Server, marked: Marked) -> dict[str, Any]:
    return await until(server, await start_rebuild(server, marked))


async def marker(server: Server, marked: Marked) -> tuple[str, str]:
    """What a job prints as its marker, and what its answer says is the version."""
    answer = await server.execute(language=marked.id, code=SAY_MARKER)
    assert answer["status"] == "accepted", answer
    return answer["output"].strip(), answer["version"]


async def language(server: Server, marked: Marked) -> dict[str, Any]:
    every = (await admin(server, "GET", "/languages"))[1]["languages"]
    return next(each for each in every if each["id"] == marked.id)


class Load:
    """Clients that send one job after the other; each must be run on exactly one image."""

    def __init__(self, server: Server, marked: Marked) -> None:
        self.answered: Counter[str] = Counter()
        self.wrong: list[Any] = []
        self._server, self._marked = server, marked
        self._stop = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._clients = [asyncio.create_task(self._client()) for _ in range(AT_ONCE)]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stop.set()
        await asyncio.gather(*self._clients)

    async def _client(self) -> None:
        body = {"language": self._marked.id, "code": f"{SAY_MARKER}; sleep 0.05; {SAY_MARKER}"}
        while not self._stop.is_set():
            status, answer = await self._server.post(body)
            printed = set(str(answer.get("output")).split())
            if status != 200 or answer["status"] != "accepted" or printed != {answer["version"]}:
                self.wrong.append((status, answer))
            else:
                self.answered[answer["version"]] += 1


@pytest.mark.thorough
@pytest.mark.timeout(600)
async def test_rebuilt_promoted_and_rolled_back_again_and_again_under_load(
    marked: Marked, tmp_path: Path, engine: EngineClient, capsys: pytest.CaptureFixture[str]
) -> None:
    own = settings(marked, LANGUAGES_INTERVAL="1")
    async with running_server(tmp_path / "state", **own) as server:
        assert (await rebuild(server, marked))["state"] == "succeeded"
        async with Load(server, marked) as load:
            for cycle in range(2, CYCLES + 2):
                marked.write(cycle)
                build = await rebuild(server, marked)
                assert (build["state"], build["version"]) == ("succeeded", str(cycle)), build
                assert await marker(server, marked) == (str(cycle), str(cycle))
                status, _ = await admin(server, "POST", f"/languages/{marked.id}/rollback")
                assert status == 200
                before = await marker(server, marked)
                status, _ = await admin(server, "POST", f"/languages/{marked.id}/rollback")
                assert status == 200
                assert before == (str(cycle - 1), str(cycle - 1))
                assert await marker(server, marked) == (str(cycle), str(cycle))
        with capsys.disabled():
            print(f"\nanswered by version: {dict(load.answered)}")  # noqa: T201 - a figure
        assert load.wrong == []
        assert set(load.answered) == {str(version) for version in range(1, CYCLES + 2)}
        await server.until_full()
        label = f"codebae.language={marked.id}"
        async with asyncio.timeout(DEADLINE_S):  # what a job used goes a little later
            while True:
                kept = await engine.call(lambda api: api.images(filters={"label": [label]}))
                if len(kept) == 2:  # the current one, and the one before
                    break
                await asyncio.sleep(0.2)  # until the deadline above


@pytest.mark.thorough
@pytest.mark.timeout(300)
async def test_what_fails_is_refused_with_the_line_that_matters(
    marked: Marked, tmp_path: Path
) -> None:
    async with running_server(tmp_path / "state", **settings(marked)) as server:
        await rebuild(server, marked)
        async with Load(server, marked) as load:
            marked.write(2, "RUN echo compiling; echo 'lib.c:7: error: no such thing' >&2; exit 3")
            build = await rebuild(server, marked)
            assert build["state"] == "failed"
            assert "lib.c:7: error: no such thing" in build["error"]
            assert "exit status 3" in build["error"]
            marked.write(3, hello="echo 'Hello, Moon!'")
            build = await rebuild(server, marked)
            assert build["state"] == "failed"
            assert "hello" in build["error"]
            assert "Hello, Moon!" in build["error"]
            (marked.folder / "language.toml").write_text("id = 3\n")
            build = await rebuild(server, marked)
            assert build["state"] == "failed"
            assert "language.toml: id: " in build["error"]
        assert load.wrong == []
        assert set(load.answered) == {"1"}
        found = await language(server, marked)
        assert (found["current"]["version"], found["previous"]) == ("1", None)


@pytest.mark.thorough
@pytest.mark.timeout(300)
@pytest.mark.parametrize("moment", ["building", "proving"])
async def test_a_server_killed_in_the_middle_is_as_it_was(
    marked: Marked, tmp_path: Path, engine: EngineClient, moment: str
) -> None:
    state = tmp_path / "state"
    async with running_server(state, **settings(marked)) as server:
        await rebuild(server, marked)
        if moment == "building":
            marked.write(2, "RUN sleep 30")
        else:
            marked.write(2, hello="sleep 4; echo 'Hello, World!'")
        build_id = await start_rebuild(server, marked)
        assert (await until(server, build_id, moment))["state"] == moment
        await asyncio.sleep(1)  # into the step, or the sample, that sleeps
        server.process.kill()
        await server.process.wait()
    async with running_server(state, **settings(marked)) as server:
        assert await marker(server, marked) == ("1", "1")
        found = await language(server, marked)
        assert found["previous"] is None
        async with asyncio.timeout(DEADLINE_S):
            while await _tags(engine, marked) != {"current", "enabled"}:  # noqa: ASYNC110 - another process's doing
                await asyncio.sleep(0.1)
        marked.write(3)
        assert (await rebuild(server, marked))["state"] == "succeeded"
        assert await marker(server, marked) == ("3", "3")


@pytest.mark.thorough
@pytest.mark.timeout(300)
async def test_a_server_killed_between_promotion_and_drain_serves_what_was_promoted(
    marked: Marked, tmp_path: Path
) -> None:
    state, own = tmp_path / "state", settings(marked, LANGUAGES_INTERVAL="3600")
    async with running_server(state, **own) as server:
        await rebuild(server, marked)
        await server.until_ready(marked.id)
        marked.write(2)
        await rebuild_locally(marked, tmp_path)
        assert await marker(server, marked) == ("1", "1")  # it has yet to look
        server.process.kill()
        await server.process.wait()
    async with running_server(state, **own) as server:
        assert await marker(server, marked) == ("2", "2")
        assert (await language(server, marked))["previous"]["version"] == "1"


@pytest.mark.thorough
@pytest.mark.timeout(300)
async def test_what_a_command_on_the_machine_changes_a_server_follows(
    marked: Marked, tmp_path: Path
) -> None:
    own = settings(marked, LANGUAGES_INTERVAL="0.2")
    async with running_server(tmp_path / "state", **own) as server:
        assert (await server.post({"language": marked.id, "code": SAY_MARKER}))[0] == 400
        await rebuild_locally(marked, tmp_path)
        await command(marked, tmp_path, "enable")
        await until_served(server, marked, version="1")
        marked.write(2)
        await rebuild_locally(marked, tmp_path)
        await until_served(server, marked, version="2")
        await command(marked, tmp_path, "rollback")
        await until_served(server, marked, version="1")
        assert await marker(server, marked) == ("1", "1")
        await command(marked, tmp_path, "disable")
        await until_served(server, marked, version=None)
        status, answer = await server.post({"language": marked.id, "code": SAY_MARKER})
        assert status == 400
        assert "switched off" in answer["error"]


async def until_served(server: Server, marked: Marked, version: str | None) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while True:
            served = (await server.get("/languages"))[1]["languages"]
            versions = {each["id"]: each["version"] for each in served}
            if versions.get(marked.id) == version:
                return
            await asyncio.sleep(0.05)


async def rebuild_locally(marked: Marked, tmp_path: Path) -> None:
    await command(marked, tmp_path, "build")


async def command(marked: Marked, tmp_path: Path, name: str) -> None:
    """`languages NAME` of the command line, beside a server with another folder for its state."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "orchestrator", "languages", name, marked.id),
        **away_from_env(tmp_path, **settings(marked), STATE_DIR=str(tmp_path / "cli")),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()


async def _tags(engine: EngineClient, marked: Marked) -> set[str]:
    images = await engine.call(lambda api: api.images(f"codebae-runner/{marked.id}"))
    return {tag.rpartition(":")[2] for image in images for tag in image["RepoTags"] or ()}
