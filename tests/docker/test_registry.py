"""A release in a registry, and a server that builds nothing since it is there."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import time
import tomllib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from orchestrator import __version__
from orchestrator.images.tags import BASE_IMAGE
from tests.checkout import ROOT
from tests.docker.own_engine import own_engine
from tests.docker.registry import Registry, free_port, running_registry
from tests.docker.server import API_KEY, BEARER, WITH_US, away_from_env
from tests.sandbox_support import SOCKET

pytestmark = [pytest.mark.docker, pytest.mark.thorough, pytest.mark.timeout(1800)]

LANGUAGE = "python"
IMAGES = ("agent", "base", LANGUAGE)
HEALTHY_S = 300
STOP_S = 60


@dataclass(frozen=True)
class Release:
    """What `make release` has left: in the registry, in a file of pins, in an archive."""

    registry: Registry
    pins: Path
    server: str
    archive: Path

    @property
    def pinned(self) -> dict[str, dict[str, str]]:
        return tomllib.loads(self.pins.read_text())


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with running_registry(tmp_path_factory.mktemp("registry")) as running:
        yield running


@pytest.fixture(scope="module")
def release(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> Release:
    folder = tmp_path_factory.mktemp("release")
    pins = folder / "image-digests.toml"
    own = {"LANGUAGES": LANGUAGE, "DIST": str(folder), "IMAGE_DIGESTS": str(pins)}
    done = subprocess.run(
        [ROOT / "scripts" / "release", registry.name],
        env={**os.environ, **own},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    server, archive = done.stdout.split()[-2:]
    return Release(registry, pins, server, Path(archive))


def docker(*arguments: str, host: str = SOCKET) -> str:
    done = subprocess.run(
        ["docker", "--host", host, *arguments], check=True, stdout=subprocess.PIPE, text=True
    )
    return done.stdout.strip()


@asynccontextmanager
async def starting_server(folder: Path, **settings: str) -> AsyncIterator[tuple[str, Path]]:
    """With an engine of its own, which has nothing; its address and its log."""
    port, log = free_port(), folder / "log"
    own = {"API_KEY": API_KEY, "PORT": str(port), "HOST": "127.0.0.1", "LOG_FORMAT": "json"}
    own |= {
        "STATE_DIR": str(folder / "state"),
        "LANGUAGES": LANGUAGE,
        "ENGINE": "embedded",
        "POOL": "0",
    }
    with log.open("wb") as file:
        process = await asyncio.create_subprocess_exec(
            *(*WITH_US, sys.executable, "-m", "orchestrator", "serve"),
            stdout=file,
            stderr=file,
            **away_from_env(folder, **own, **settings),
        )
    try:
        yield f"http://127.0.0.1:{port}", log
    finally:
        process.terminate()
        await asyncio.wait_for(process.wait(), STOP_S)


@contextmanager
def nothing_but_an_engine() -> Iterator[dict[str, str]]:
    """The settings of a server that starts an engine of its own, on a disk that is empty."""
    with own_engine() as engine:
        engine.stop()
        data_root = engine.url.removeprefix("unix://").replace(".sock", ".data")
        yield {"DOCKER_HOST": engine.url, "ENGINE_DATA_ROOT": data_root}


async def until_healthy(url: str) -> list[str]:
    """Every reason it gave not to be, in order."""
    reasons: list[str] = []
    async with asyncio.timeout(HEALTHY_S), aiohttp.ClientSession() as session:
        while True:
            try:
                async with session.get(f"{url}/health") as answer:
                    said: dict[str, Any] = await answer.json()
            except aiohttp.ClientConnectionError:
                said = {"status": "", "reason": "no answer"}
            if said["status"] == "healthy":
                return reasons
            if said["reason"] not in reasons:
                reasons.append(said["reason"])
            await asyncio.sleep(0.02)


async def hello(url: str) -> str:
    body = {"language": LANGUAGE, "code": "print('hello')"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{url}/execute", json=body, headers=BEARER) as answer,
    ):
        return str((await answer.json())["output"])


def test_a_release_is_pushed_by_its_own_tags_and_knows_its_digests(release: Release) -> None:
    assert [*release.pinned] == [*IMAGES]
    for name, pin in release.pinned.items():
        assert pin["tag"].startswith(f"{__version__}-")
        assert json.loads(release.registry.get(f"{name}/tags/list"))["tags"] == [pin["tag"]]
        by_digest = release.registry.get(f"{name}/manifests/{pin['digest']}")
        assert by_digest == release.registry.get(f"{name}/manifests/{pin['tag']}")
    kind = release.pinned["base"]["tag"].rpartition("-")[2]
    name = f"{release.registry.name}/server:{__version__}-{kind}"
    assert re.fullmatch(rf"{re.escape(name)}@sha256:[0-9a-f]{{64}}", release.server)


def test_the_runner_s_image_brings_the_pins_along(release: Release) -> None:
    image = release.server.partition("@")[0].rpartition("/")[2]
    command = ("run", "--rm", "--network=none", "--entrypoint=cat", f"codebae-runner/{image}")
    assert docker(*command, "/app/image-digests.toml") == release.pins.read_text().strip()


async def test_a_first_start_pulls_what_it_needs_and_builds_nothing(
    release: Release, tmp_path: Path
) -> None:
    settings = {"IMAGE_REGISTRY": release.registry.name, "IMAGE_DIGESTS": str(release.pins)}
    with nothing_but_an_engine() as own:
        settings |= own
        started = time.monotonic()
        async with starting_server(tmp_path, **settings) as (url, log):
            reasons = await until_healthy(url)
            assert await hello(url) == "hello\n"
            took = time.monotonic() - started
        print(f"from an empty engine to hello: {took:.1f} s")  # noqa: T201 - for who looks
        assert any(re.fullmatch(r"pulling python 1/1(: \d+ of \d+ MB)?", each) for each in reasons)
        assert not any("building" in each for each in reasons)
        events = [json.loads(line) for line in log.read_text().splitlines() if line[:1] == "{"]
        pulled = [each["image"] for each in events if each["event"] == "image_pulled"]
        assert pulled == [
            f"{release.registry.name}/{name}@{pin['digest']}"
            for name, pin in release.pinned.items()
        ]
        async with starting_server(tmp_path, **settings) as (url, log):
            assert not any("pulling" in each for each in await until_healthy(url))
            assert await hello(url) == "hello\n"


def push(image: str, tag: str) -> None:
    docker("tag", image, tag)
    docker("push", "--quiet", tag)
    docker("rmi", "--no-prune", tag)


@pytest.fixture
def moved(release: Release) -> Iterator[None]:
    """What the release has pushed the language's tag for is something else meanwhile."""
    tag = f"{release.registry.name}/{LANGUAGE}:{release.pinned[LANGUAGE]['tag']}"
    push(BASE_IMAGE, tag)
    yield
    push(f"codebae-runner/{LANGUAGE}:current", tag)


@pytest.mark.usefixtures("moved")
async def test_a_tag_that_was_moved_changes_nothing(release: Release, tmp_path: Path) -> None:
    settings = {"IMAGE_REGISTRY": release.registry.name}
    with nothing_but_an_engine() as own:
        settings |= own
        pinned = {"IMAGE_DIGESTS": str(release.pins)}
        async with starting_server(tmp_path, **settings, **pinned) as (url, _):
            assert not any("building" in each for each in await until_healthy(url))
            assert await hello(url) == "hello\n"


def test_what_was_saved_is_all_that_another_machine_needs(release: Release, tmp_path: Path) -> None:
    with own_engine() as engine:
        docker("load", "--quiet", "--input", str(release.archive), host=engine.url)
        done = subprocess.run(
            [sys.executable, "-m", "orchestrator", "languages", "build", LANGUAGE],
            stdout=subprocess.PIPE,
            check=True,
            text=True,
            **away_from_env(tmp_path, DOCKER_HOST=engine.url, API_KEY=API_KEY),
        )
        assert "unchanged" in done.stdout
        assert "built" not in done.stdout
