"""What is done before an embedded engine's server serves: images, and what is said meanwhile."""

from __future__ import annotations

import lzma
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from rich.console import Console

from orchestrator.api.waiting import Progress, build_waiting_app
from orchestrator.cli import preparing
from orchestrator.cli.preparing import DEBIAN, prepare_images
from orchestrator.errors import ConfigurationError, EngineError
from orchestrator.languages.model import LABEL_LANGUAGE, LABEL_VERSION
from orchestrator.languages.store import ImageStore
from orchestrator.languages.tags import LABEL_DEFINITION
from orchestrator.parts import Workshop
from orchestrator.settings import Settings
from tests.api_support import make_settings
from tests.languages_support import TOML, FakeEngine, not_found, write_language, write_shared

REGISTRY = "registry.example/runner"
LABELS = {LABEL_LANGUAGE: "shout", LABEL_VERSION: "1.2.3", LABEL_DEFINITION: TOML}


class Scene:
    """An engine that pretends, a registry with `pushed` in it, and builds that are only noted."""

    def __init__(self, settings: Settings, engine: FakeEngine) -> None:
        self.settings = settings
        self.engine = engine
        self.pushed: dict[str, dict[str, str]] = {}
        self.said: list[str] = []
        self.built: list[list[str]] = []
        self.failures: list[Exception] = []
        engine.api.pull = self.pull  # type: ignore[attr-defined]

    def pull(self, repository: str, tag: str, **_: bool) -> list[dict[str, str]]:
        name = f"{repository}:{tag}"
        if name not in self.pushed:
            return [{"status": "Pulling"}, {"error": f"{name} not found"}]
        self.engine.api.builds.append({})  # another id
        self.engine.api.add_image(name, **self.pushed[name])
        return [{"status": "Downloaded"}]

    async def build(
        self, _: Settings, ids: list[str], __: Console, on_language: Callable[..., None]
    ) -> None:
        for number, each in enumerate(ids, 1):
            on_language(each, (number, len(ids)))
        if self.failures:
            raise self.failures.pop(0)
        self.built.append(list(ids))

    async def prepare(self) -> None:
        await prepare_images(self.settings, Console(), self.said.append)

    @property
    def tags(self) -> set[str]:
        return set(self.engine.api.images)


@pytest.fixture
def make_scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Scene]:
    write_shared(tmp_path)
    write_language(tmp_path)

    def make(**settings: Any) -> Scene:
        engine = FakeEngine()
        made = Scene(
            make_settings(images_dir=tmp_path, languages="shout", engine="embedded", **settings),
            engine,
        )

        @asynccontextmanager
        async def workshop(_: Settings) -> AsyncIterator[tuple[Workshop, None]]:
            yield Workshop(engine, ImageStore(engine), None), None  # type: ignore[arg-type]

        monkeypatch.setattr(preparing, "open_workshop", workshop)
        monkeypatch.setattr(preparing, "prepare_languages", made.build)
        monkeypatch.setattr(preparing, "AGAIN_S", 0)
        return made

    return make


async def test_without_a_registry_what_is_missing_is_built(make_scene: Any) -> None:
    scene = make_scene()
    await scene.prepare()
    assert (scene.built, scene.said) == ([["shout"]], ["building shout 1/1"])


async def test_debian_comes_out_of_the_tar_only_where_there_is_none(
    make_scene: Any, tmp_path: Path
) -> None:
    tar = tmp_path / "debian.tar.xz"
    tar.write_bytes(lzma.compress(b"x" * 3_000_000))
    scene = make_scene(base_image_tar=str(tar))
    imported = []

    def load(data: Any, repository: str, tag: str, changes: list[str]) -> str:
        imported.append((b"".join(data), f"{repository}:{tag}", changes))
        return '{"status": "sha256:0"}'

    scene.engine.api.import_image_from_data = load
    await scene.prepare()
    assert imported == []
    del scene.engine.api.images[DEBIAN]
    await scene.prepare()
    assert imported == [(b"x" * 3_000_000, DEBIAN, ['CMD ["bash"]'])]
    assert f"importing {DEBIAN}" in scene.said


async def test_a_tar_that_is_refused_is_said_and_tried_again(
    make_scene: Any, tmp_path: Path
) -> None:
    tar = tmp_path / "debian.tar.xz"
    tar.write_bytes(lzma.compress(b"x"))
    scene = make_scene(base_image_tar=str(tar))
    del scene.engine.api.images[DEBIAN]
    answers = ['{"error": "no space left"}', '{"status": "sha256:0"}']
    scene.engine.api.import_image_from_data = lambda *_, **__: answers.pop(0)
    await scene.prepare()
    assert any("no space left" in each for each in scene.said)
    assert scene.built == [["shout"]]


async def test_what_fails_is_tried_again_and_health_says_why(make_scene: Any) -> None:
    scene = make_scene()
    scene.failures.append(EngineError("shout: no network"))
    await scene.prepare()
    assert scene.said[1].startswith("no images: shout: no network")
    assert scene.built == [["shout"]]


async def test_a_language_without_a_folder_stops_the_start(make_scene: Any) -> None:
    scene = make_scene()
    scene.failures.append(ConfigurationError("wrong"))
    with pytest.raises(ConfigurationError):
        await scene.prepare()


async def test_a_registry_s_image_is_promoted_and_nothing_is_built(make_scene: Any) -> None:
    scene = make_scene(image_registry=REGISTRY)
    for name in ("agent", "base"):
        scene.pushed[f"{REGISTRY}/{name}:current"] = {}
    scene.pushed[f"{REGISTRY}/shout:current"] = LABELS
    await scene.prepare()
    assert scene.built == []
    assert scene.said == ["pulling shout 1/1"]
    wanted = {"codebae-runner/agent:current", "codebae-runner/base:current"}
    assert scene.tags == wanted | {DEBIAN, "codebae-runner/shout:current"}


@pytest.mark.parametrize(
    "labels",
    [
        {},
        {**LABELS, LABEL_LANGUAGE: "another"},
        {**LABELS, LABEL_DEFINITION: "no = "},
        {**LABELS, LABEL_DEFINITION: ""},
    ],
)
async def test_an_image_that_is_none_of_ours_is_not_promoted_but_built(
    make_scene: Any, labels: dict[str, str]
) -> None:
    scene = make_scene(image_registry=REGISTRY)
    scene.pushed[f"{REGISTRY}/shout:current"] = labels
    await scene.prepare()
    assert scene.built == [["shout"]]
    assert "codebae-runner/shout:current" not in scene.tags
    assert "codebae-runner/shout:candidate" not in scene.tags


async def test_what_the_registry_does_not_have_is_built_unless_it_is_here(make_scene: Any) -> None:
    scene = make_scene(image_registry=REGISTRY)
    await scene.prepare()
    assert scene.built == [["shout"]]
    scene.engine.api.add_image("codebae-runner/shout:current", **LABELS)
    await scene.prepare()
    assert scene.built == [["shout"]]


async def test_a_registry_that_can_t_be_reached_is_no_obstacle(make_scene: Any) -> None:
    scene = make_scene(image_registry=REGISTRY)

    def refuse(*_: Any, **__: Any) -> None:
        raise not_found("no such host")

    scene.engine.api.pull = refuse
    await scene.prepare()
    assert scene.built == [["shout"]]


async def test_meanwhile_health_says_what_is_done_and_nobody_is_kept_waiting() -> None:
    progress = Progress("starting the engine")
    async with TestClient(TestServer(build_waiting_app(progress, make_settings()))) as client:
        async with client.get("/health") as answer:
            assert answer.status == 503
            said = await answer.json()
            assert (said["status"], said["reason"]) == ("unhealthy", "starting the engine")
            assert said["activeJobs"] == 0
            assert said["uptime"] >= 0
        progress.reason = "building cpp 3/4"
        async with client.post("/execute", json={}) as answer:
            assert answer.status == 503
            assert int(answer.headers["Retry-After"]) > 0
            assert await answer.json() == {
                "error": "The server is starting: building cpp 3/4",
                "code": "engine_unavailable",
            }
