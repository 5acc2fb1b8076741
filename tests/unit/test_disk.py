"""Room on the engine's disk: how it is measured, and what is done when it runs out."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator.engine import disk as disk_module
from orchestrator.engine.disk import DataRoot, DiskGuard, parse_df
from orchestrator.errors import DiskSpaceError, EngineError
from orchestrator.images.builder import build_limits
from orchestrator.settings import Settings
from tests.languages_support import FakeEngine

DF = b"Filesystem 1024-blocks Used Available Capacity Mounted on\noverlay 100 30 70 30% /\n"


@pytest.fixture
async def engine() -> AsyncIterator[FakeEngine]:
    fake = FakeEngine()
    fake.api.add_image("base")
    fake.api.output = DF
    yield fake
    await fake.close()


def have_root(engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, folder: Path) -> Path:
    """Say that the engine's data root is there; the file that shows it."""
    info = {"DockerRootDir": str(folder), "Driver": "overlay2"}
    monkeypatch.setattr(engine.api, "info", lambda: info)
    digest = engine.api.images["base"]["Id"].replace(":", "/")
    return folder / "image/overlay2/imagedb/content" / digest


@pytest.mark.parametrize("image", ["base", "not:built yet"])
async def test_a_data_root_that_is_here_and_the_engine_s_is_asked_itself(
    engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, image: str
) -> None:
    proof = have_root(engine, monkeypatch, tmp_path)
    proof.parent.mkdir(parents=True)
    proof.touch()
    free = await DataRoot(engine, image).free_bytes()
    figures = os.statvfs(tmp_path)
    assert free == pytest.approx(figures.f_bavail * figures.f_frsize, rel=0.1)
    assert engine.api.containers == {}


async def test_a_data_root_of_another_engine_is_not_measured(
    engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    have_root(engine, monkeypatch, tmp_path)
    root = DataRoot(engine, "base")
    assert await root.free_bytes() == 70 << 10
    assert await root.free_bytes() == 70 << 10
    ((_, config),) = engine.api.containers.items()  # the second time it was still known
    assert config["Cmd"] == ["df", "-kP", "/"]
    monkeypatch.setattr(disk_module, "CONTAINER_INTERVAL_S", 0)
    await root.free_bytes()
    assert len(engine.api.containers) == 2


async def test_unknown_free_space_stops_no_build(engine: FakeEngine) -> None:
    for _ in range(2):
        root = DataRoot(engine, "not:there")
        assert await root.free_bytes() is None
        await DiskGuard(root.free_bytes, 1 << 50).check()
        engine.api.images.clear()


async def test_a_disk_too_full_for_a_container_has_no_room(
    engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(message: str) -> None:
        def act(*_: Any) -> None:
            raise EngineError(message)

        monkeypatch.setattr(engine.api, "create_container_from_config", act)

    refuse("mkdir /x: no space left on device")
    root = DataRoot(engine, "base")
    assert await root.free_bytes() == 0
    refuse("something else")
    with pytest.raises(EngineError, match="something else"):
        await DataRoot(engine, "base").free_bytes()


@pytest.mark.parametrize("output", ["", "\n", "nonsense", "a b c d e"])
def test_malformed_df_output_is_unknown_space(output: str) -> None:
    assert parse_df(output) is None


async def test_work_goes_on_while_there_is_room_and_its_own_failure_is_passed_on() -> None:
    async def room() -> int:
        return 10

    async def fail() -> None:
        await asyncio.sleep(0.03)
        raise KeyError("own")

    async def succeed() -> str:
        await asyncio.sleep(0.03)
        return "done"

    guard = DiskGuard(room, 10, interval_s=0.01)
    assert await guard.over(succeed) == "done"
    with pytest.raises(KeyError, match="own"):
        await guard.over(fail)


async def test_work_that_is_not_waited_for_is_cancelled_with_its_watch() -> None:
    async def room() -> int:
        return 10

    before = asyncio.all_tasks()
    waiting = asyncio.create_task(DiskGuard(room, 1).over(asyncio.Event().wait))
    await asyncio.sleep(0.01)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert asyncio.all_tasks() == before


async def test_room_that_can_not_be_measured_once_is_measured_the_next_time() -> None:
    answers: list[int | EngineError] = [0, EngineError("busy"), 10]

    async def room() -> int:
        answer = answers.pop()
        if isinstance(answer, EngineError):
            raise answer
        return answer

    with pytest.raises(DiskSpaceError):
        await DiskGuard(room, 1, interval_s=0.01).over(asyncio.Event().wait)
    assert answers == []


async def test_the_settings_say_what_a_build_may_take(engine: FakeEngine) -> None:
    def settings(**given: Any) -> Settings:
        return Settings(_env_file=None, **given)

    limits = build_limits(engine, settings(build_timeout=5, build_memory_mb=7))
    assert (limits.deadline_s, limits.memory_bytes) == (5, 7 << 20)
    assert limits.disk is not None
    assert limits.disk.min_bytes == 2048 << 20
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    free = build_limits(engine, settings(build_min_disk_mb=0))
    assert free.disk is None
    assert free.memory_bytes == pytest.approx(machine / 2, rel=0.01)


async def test_the_error_names_the_setting_and_the_way_out() -> None:
    async def room() -> int:
        return 1200 << 20

    with pytest.raises(DiskSpaceError) as caught:
        await DiskGuard(room, 2048 << 20).check()
    assert str(caught.value) == (
        "1200 MB free where the engine keeps its images, a build needs 2048 (BUILD_MIN_DISK_MB): "
        "remove old images, or make room"
    )
