"""Builds and one-off commands against a pretended engine."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
import requests

from orchestrator.engine.client import EngineClient
from orchestrator.engine.disk import DiskGuard
from orchestrator.engine.images import BuildRequest, build_image
from orchestrator.engine.one_off_container import run_one_off
from orchestrator.errors import (
    ContainerNotFoundError,
    DiskSpaceError,
    EngineError,
    EngineUnavailableError,
)
from orchestrator.images.context import build_context
from tests.languages_support import FakeEngine

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def engine() -> AsyncIterator[FakeEngine]:
    fake = FakeEngine()
    yield fake
    await fake.close()


def request_for(tmp_path: Path, *steps: str, **more: Any) -> BuildRequest:
    (tmp_path / "Dockerfile").write_text("\n".join(["FROM x", *steps]))
    return BuildRequest(build_context(tmp_path), "made:up", **more)


async def build_events(engine: FakeEngine, events: list[dict[str, Any]]) -> tuple[str, list[str]]:
    engine.api.build = lambda **_: (event for event in events)  # type: ignore[method-assign]
    lines: list[str] = []
    return await build_image(engine, BuildRequest(b"", "made:up"), lines.append), lines


async def test_a_build_says_what_it_wants_and_returns_the_id(
    engine: FakeEngine, tmp_path: Path
) -> None:
    request = request_for(
        tmp_path, "RUN say hi", target="final", buildargs={"A": "b"}, labels={"l": "m"}
    )
    lines: list[str] = []
    image_id = await build_image(engine, request, lines.append)
    assert image_id == engine.api.images["made:up"]["Id"]
    assert lines == [
        "Step 1/2 : FROM x",
        "---> 0123456789ab",
        "Step 2/2 : RUN say hi",
        "---> 0123456789ab",
        "hi",
    ]
    (sent,) = engine.api.builds
    assert (sent["target"], sent["buildargs"], sent["labels"]) == (
        ("final", {"A": "b"}, {"l": "m"})
    )
    assert sent["network_mode"] == "host"
    assert sent["timeout"] > 0  # None would be no deadline on the socket at all


async def test_lines_come_on_the_loop_and_all_before_the_end(engine: FakeEngine) -> None:
    seen: list[int] = []
    engine.api.build = lambda **_: ({"stream": f"{n}\n"} for n in range(1000))  # type: ignore[method-assign]
    await build_image(
        engine, BuildRequest(b"", "made:up"), lambda _: seen.append(threading.get_ident())
    )
    assert seen == [threading.get_ident()] * 1000


async def test_events_cut_anywhere_become_whole_lines(engine: FakeEngine) -> None:
    events = [
        {"stream": "on"},
        {"stream": "e\n\ntwo\nthr"},
        {"stream": "ee 10%\rthree 100%\n"},
        {"status": "Pulling", "progressDetail": {"current": 1}},
        {"status": "Pulled"},
        {"aux": {"ID": "sha256:1"}},
        {"aux": {}},
    ]
    assert await build_events(engine, events) == (
        ("sha256:1", ["one", "two", "three 100%", "Pulled"])
    )


@pytest.mark.parametrize(
    ("output", "error", "expected"),
    [
        ("fine\nx.c:1: error: bad\nmake: *** Error 1\n", 2, "x.c:1: error: bad (step 1/1, RUN it:"),
        ("Reading\nE: Unable to locate package y\n", 100, "E: Unable to locate package y (step"),
        ("Building...E: No package y\nDone\n", 100, "Building...E: No package y (step"),
        ("sh: 1: it: not found\nlater\n", 127, "sh: 1: it: not found (step"),
        ("one\ntwo", 1, "two (step 1/1, RUN it: exit status 1)"),
        ("Removing intermediate container 1\n", 1, "step 1/1, RUN it: exit status 1"),
        ("", "pull access\ndenied", "pull access denied"),
    ],
)
async def test_the_error_is_the_line_that_matters(
    engine: FakeEngine, output: str, error: int | str, expected: str
) -> None:
    text = f"The command 'it' returned a non-zero code: {error}" if error != str(error) else error
    events = [
        {"stream": "Step 1/2 : FROM x\n"},
        {"stream": "error: of a step long done\n"},
        {"stream": "Step 1/1 : RUN it\n"},
        {"stream": output},
        {"error": text},
    ]
    with pytest.raises(EngineError) as caught:
        await build_events(engine, events)
    assert str(caught.value).startswith(expected)


async def ready(value: int) -> int:
    return value


async def test_a_build_without_room_is_not_begun(engine: FakeEngine) -> None:
    disk = DiskGuard(lambda: ready(1 << 20), 5 << 20)
    with pytest.raises(DiskSpaceError, match=r"^1 MB free .* needs 5 \(BUILD_MIN_DISK_MB\)"):
        await build_image(engine, BuildRequest(b"", "made:up"), lambda _: None, disk=disk)
    assert engine.api.builds == []


async def test_limits_are_asked_for(engine: FakeEngine, tmp_path: Path) -> None:
    request = request_for(tmp_path, memory_bytes=64 << 20, cpu_shares=5, no_cache=True)
    await build_image(engine, request, lambda _: None)
    await build_image(engine, request_for(tmp_path), lambda _: None)
    limited, free = engine.api.builds
    memory = {"memory": 64 << 20, "memswap": 64 << 20}
    assert limited["container_limits"] == {**memory, "cpushares": 5}
    assert limited["nocache"]
    assert list(free["container_limits"]) == ["cpushares"]
    assert not free["nocache"]


async def test_a_closed_client_builds_nothing() -> None:
    client = EngineClient("unix:///nowhere", timeout_s=5, threads=1)
    await client.close()
    with pytest.raises(EngineUnavailableError, match="closed"):
        await build_image(client, BuildRequest(b"", "made:up"), lambda _: None)


async def test_run_one_off_returns_the_output_and_removes_the_container(engine: FakeEngine) -> None:
    engine.api.add_image("made:up")
    assert await run_one_off(engine, "made:up", ["x", "--version"]) == "shouting\nversion 1.2.3-4\n"
    ((name, config),) = engine.api.containers.items()
    assert engine.api.removed == [name]
    assert config["NetworkDisabled"]
    assert config["Cmd"] == ["x", "--version"]
    assert config["HostConfig"]["Memory"] == config["HostConfig"]["MemorySwap"] == 512 << 20


async def test_run_one_off_fails_clearly_and_removes_the_container(engine: FakeEngine) -> None:
    engine.api.add_image("made:up")
    engine.api.exit_code, engine.api.output = 3, b"one\n\xff two\n"
    with pytest.raises(EngineError, match=r"^x y: exit status 3: \ufffd two$"):
        await run_one_off(engine, "made:up", ["x", "y"])
    engine.api.wait_error = requests.ConnectionError("Read timed out")
    with pytest.raises(EngineError, match="did not end in 120 s"):
        await run_one_off(engine, "made:up", ["x"])
    assert engine.api.removed == list(engine.api.containers)


async def test_run_one_off_of_an_image_that_is_not_there(engine: FakeEngine) -> None:
    with pytest.raises(ContainerNotFoundError, match="No such image: made:up"):
        await run_one_off(engine, "made:up", ["x"])
    assert len(engine.api.removed) == 1
