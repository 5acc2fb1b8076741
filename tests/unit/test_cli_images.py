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
from orchestrator.cli import images
from orchestrator.cli.images import DEBIAN, prepare_images
from orchestrator.components import ImageTooling
from orchestrator.errors import ConfigurationError, EngineError
from orchestrator.images import release
from orchestrator.images.release import Pin, Wanted, wanted_images
from orchestrator.images.store import ImageStore
from orchestrator.images.tags import LABEL_CONTENT, LABEL_DEFINITION
from orchestrator.languages.model import LABEL_LANGUAGE, LABEL_VERSION
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
        self.asked: list[str] = []
        self.events: list[dict[str, Any]] = [{"status": "Downloaded"}]
        self.said: list[str] = []
        self.built: list[list[str]] = []
        self.failures: list[Exception] = []
        engine.api.pull = self.pull  # type: ignore[attr-defined]

    def pull(self, repository: str, tag: str, **_: bool) -> list[dict[str, str]]:
        name = f"{repository}@{tag}" if tag.startswith("sha256:") else f"{repository}:{tag}"
        self.asked.append(name)
        if name not in self.pushed:
            return [{"status": "Pulling"}, {"error": f"{name} not found"}]
        self.engine.api.builds.append({})  # another id
        self.engine.api.add_image(name, **self.pushed[name])
        return self.events

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

    def wanted(self, name: str, **pins: Pin) -> Wanted:
        (found,) = wanted_images(self.settings.images_dir, [name], pins)
        return found

    def push(self, name: str, **labels: str) -> str:
        """As this version's release does; where it then is."""
        wanted = self.wanted(name)
        source = wanted.source(REGISTRY)
        self.pushed[source] = {LABEL_CONTENT: wanted.content, **labels}
        return source

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
        async def tooling(_: Settings) -> AsyncIterator[tuple[ImageTooling, None]]:
            yield ImageTooling(engine, ImageStore(engine), None), None  # type: ignore[arg-type]

        monkeypatch.setattr(images, "open_image_tooling", tooling)
        monkeypatch.setattr(images, "prepare_languages", made.build)
        monkeypatch.setattr(images, "AGAIN_S", 0)
        return made

    return make


async def test_without_a_registry_what_is_missing_is_built(make_scene: Any) -> None:
    scene = make_scene()
    await scene.prepare()
    assert scene.built == [["shout"]]
    assert scene.said == ["building agent and base", "building shout 1/1"]


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
    assert scene.said[2].startswith("no images: shout: no network")
    assert scene.built == [["shout"]]


async def test_a_language_without_a_folder_stops_the_start(make_scene: Any) -> None:
    scene = make_scene()
    scene.failures.append(ConfigurationError("wrong"))
    with pytest.raises(ConfigurationError):
        await scene.prepare()


async def test_a_registry_s_image_is_promoted_and_nothing_is_built(make_scene: Any) -> None:
    scene = make_scene(image_registry=REGISTRY)
    for name in ("agent", "base"):
        scene.push(name)
    scene.push("shout", **LABELS)
    await scene.prepare()
    assert scene.built == []
    assert scene.said == ["pulling agent", "pulling base", "pulling shout 1/1"]
    wanted = {"codebae-runner/agent:current", "codebae-runner/base:current"}
    assert scene.tags == wanted | {DEBIAN, "codebae-runner/shout:current"}


async def test_what_is_here_is_not_asked_for_again(make_scene: Any) -> None:
    scene = make_scene(image_registry=REGISTRY)
    sources = [scene.push(each) for each in ("agent", "base")]
    sources.append(scene.push("shout", **LABELS))
    await scene.prepare()
    assert scene.asked == sources
    await scene.prepare()
    assert scene.asked == sources


async def test_another_version_s_images_are_never_asked_for(
    make_scene: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = make_scene(image_registry=REGISTRY)
    with monkeypatch.context() as newer:
        newer.setattr(release, "__version__", "99.0.0")
        scene.push("shout", **LABELS)
    folder = scene.settings.images_dir / "shout"
    (folder / "more").write_text("a newer file")
    scene.push("shout", **LABELS)
    (folder / "more").unlink()
    scene.pushed[f"{REGISTRY}/shout:current"] = LABELS
    await scene.prepare()
    assert scene.built == [["shout"]]
    assert not {*scene.asked} & scene.pushed.keys()


async def test_an_older_image_makes_place_for_this_version_s(make_scene: Any) -> None:
    scene = make_scene(image_registry=REGISTRY)
    scene.engine.api.builds.append({})  # another id
    scene.engine.api.add_image("codebae-runner/shout:current", **LABELS)
    old = scene.engine.api.images["codebae-runner/shout:current"]
    scene.push("shout", **LABELS)
    await scene.prepare()
    assert scene.built == []
    images = scene.engine.api.images
    assert images["codebae-runner/shout:previous"] == old
    wanted = scene.wanted("shout").content
    assert images["codebae-runner/shout:current"]["Config"]["Labels"][LABEL_CONTENT] == wanted


async def test_where_digests_are_pinned_no_tag_counts(make_scene: Any, tmp_path: Path) -> None:
    pins = tmp_path / "image-digests.toml"
    scene = make_scene(image_registry=REGISTRY, image_digests=pins)
    wanted, digest = scene.wanted("shout"), f"sha256:{'5' * 64}"
    pins.write_text(f'[shout]\ntag = "{wanted.tag}"\ndigest = "{digest}"\n')
    moved = scene.push("shout", **LABELS, moved="yes")
    pinned = f"{REGISTRY}/shout@{digest}"
    scene.pushed[pinned] = {**LABELS, LABEL_CONTENT: wanted.content}
    await scene.prepare()
    assert moved not in scene.asked
    assert scene.built == []
    labels = scene.engine.api.images["codebae-runner/shout:current"]["Config"]["Labels"]
    assert "moved" not in labels
    assert "codebae-runner/shout:pinned-555555555555" in scene.tags
    pins.write_text(f'[shout]\ntag = "of-other-files"\ndigest = "{digest}"\n')
    scene.engine.api.images.clear()
    scene.engine.api.add_image(DEBIAN)
    await scene.prepare()
    assert moved in scene.asked  # what is pinned is another image


async def test_another_digest_of_the_same_files_is_pulled_and_what_an_admin_built_stays_till_then(
    make_scene: Any, tmp_path: Path
) -> None:
    pins = tmp_path / "image-digests.toml"
    scene = make_scene(image_registry=REGISTRY, image_digests=pins)
    wanted = scene.wanted("shout")
    for digit in "12":
        digest = f"sha256:{digit * 64}"
        scene.pushed[f"{REGISTRY}/shout@{digest}"] = {**LABELS, LABEL_CONTENT: wanted.content}
        pins.write_text(f'[shout]\ntag = "{wanted.tag}"\ndigest = "{digest}"\n')
        await scene.prepare()
        assert scene.asked[-1] == f"{REGISTRY}/shout@{digest}"
        current = scene.engine.api.images["codebae-runner/shout:current"]
        assert scene.engine.api.images[f"codebae-runner/shout:pinned-{digit * 12}"] == current
        scene.engine.api.builds.append({})
        rebuilt = {**LABELS, LABEL_CONTENT: wanted.content}
        scene.engine.api.add_image("codebae-runner/shout:current", **rebuilt)
        scene.asked.clear()
        await scene.prepare()
        assert not any("shout" in each for each in scene.asked)
    assert "codebae-runner/shout:pinned-111111111111" not in scene.tags
    assert scene.built == []


async def test_pins_that_can_t_be_read_stop_the_start(make_scene: Any, tmp_path: Path) -> None:
    pins = tmp_path / "image-digests.toml"
    scene = make_scene(image_registry=REGISTRY, image_digests=pins)
    for text in ("[shout", "[shout]\n", '[shout]\ntag = "x"\ndigest = "latest"\n', "shout = 1\n"):
        pins.write_text(text)
        with pytest.raises(ConfigurationError, match="IMAGE_DIGESTS"):
            await scene.prepare()
    assert scene.asked == []


async def test_a_pull_says_how_far_it_is(make_scene: Any) -> None:
    scene = make_scene(image_registry=REGISTRY)
    scene.push("shout", **LABELS)
    scene.events = [
        {"status": "Pulling from runner/shout", "id": "0.1.0"},
        {"status": "Pulling fs layer", "progressDetail": {}, "id": "a"},
        downloading("a", 1_000_000, 40_000_000),
        downloading("b", 3_000_000, 20_000_000),
        downloading("a", 39_000_000, 40_000_000),
        {"status": "Download complete", "progressDetail": {}, "id": "a"},
        {"status": "Download complete", "progressDetail": {}, "id": "never-begun"},
        {"status": "Extracting", "progressDetail": {"current": 9, "total": 99}, "id": "a"},
    ]
    await scene.prepare()
    assert list(dict.fromkeys(scene.said)) == [
        "pulling agent",
        "pulling base",
        "pulling shout 1/1",
        "pulling shout 1/1: 1 of 40 MB",
        "pulling shout 1/1: 4 of 60 MB",
        "pulling shout 1/1: 42 of 60 MB",
        "pulling shout 1/1: 43 of 60 MB",
    ]


def downloading(layer: str, current: int, total: int) -> dict[str, Any]:
    detail = {"current": current, "total": total}
    return {"status": "Downloading", "progressDetail": detail, "id": layer}


@pytest.mark.parametrize(
    "labels",
    [
        {},
        {**LABELS, LABEL_LANGUAGE: "another"},
        {**LABELS, LABEL_DEFINITION: "no = "},
        {**LABELS, LABEL_DEFINITION: ""},
        {**LABELS, LABEL_CONTENT: "0" * 64},
        {**LABELS, LABEL_CONTENT: ""},
    ],
)
async def test_an_image_that_is_none_of_ours_is_not_promoted_but_built(
    make_scene: Any, labels: dict[str, str]
) -> None:
    scene = make_scene(image_registry=REGISTRY)
    source = scene.push("shout", **labels)
    await scene.prepare()
    assert source in scene.asked
    assert scene.built == [["shout"]]
    for tag in ("current", "candidate"):
        assert f"codebae-runner/shout:{tag}" not in scene.tags
    assert source not in scene.tags


async def test_what_the_registry_does_not_have_is_built(make_scene: Any) -> None:
    scene = make_scene(image_registry=REGISTRY)
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
