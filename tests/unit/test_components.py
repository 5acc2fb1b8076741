"""The real components, opened on an engine that says what it is told to."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from orchestrator import components
from orchestrator.components import (
    engine_traits,
    open_components,
    open_components_beside,
    open_engine,
    read_limit,
)
from orchestrator.engine.client import EngineClient
from orchestrator.errors import ConfigurationError, EngineError, EngineUnavailableError
from orchestrator.images.tags import LABEL_DEFINITION
from orchestrator.languages.model import LABEL_LANGUAGE, LABEL_VERSION
from orchestrator.sandbox.docker.backend import DockerBackend
from orchestrator.sandbox.instance import claim_instance
from orchestrator.sandbox.probes import ProbeResult
from orchestrator.sandbox.spec import ReadLimit
from orchestrator.settings import Settings
from orchestrator.settings.images import DEFAULT_IMAGES_DIR
from tests.api_support import make_settings
from tests.fake_engine import Answer, FakeEngine, fake_engine, say

INFO = {"ID": "engine", "ServerVersion": "1", "DefaultRuntime": "runc"}


def image(language: str, digest: str = "", **labels: str) -> dict[str, Any]:
    """As `GET /images/json` has it; `labels` go before those of a real one."""
    toml = DEFAULT_IMAGES_DIR / language / "language.toml"
    made = {LABEL_LANGUAGE: language, LABEL_VERSION: "1.2"}
    made |= {LABEL_DEFINITION: toml.read_text()} | labels
    return {
        "Id": digest or f"sha256:{language}",
        "RepoTags": [f"codebae-runner/{language}:current"],
        "Labels": made,
        "Size": 5,
        "Created": 0,
    }


IMAGES = "GET /images/json"


@pytest.fixture
async def fake() -> AsyncIterator[FakeEngine]:
    async with fake_engine() as engine:
        engine.answers["GET /info"] = Answer(200, INFO)
        engine.answers[IMAGES] = Answer(200, [image("c"), image("python")])
        yield engine


@pytest.fixture
def settings(fake: FakeEngine, tmp_path: Path) -> Settings:
    return make_settings(docker_host=fake.url, state_dir=tmp_path, languages="python,c")


class FakeProbes:
    """Stands for the probes: which images were tried, and which of them fail."""

    def __init__(self) -> None:
        self.tried: list[str] = []
        self.runtimes: list[str] = []
        self.failing: set[str] = set()
        """Languages, and runtimes."""
        self.broken: dict[str, Exception] = {}

    async def run(self, backend: DockerBackend, name: str, image: str) -> list[ProbeResult]:
        assert image.startswith("sha256:")
        runtime = backend.traits.runtime
        self.tried.append(name)
        self.runtimes.append(runtime)
        if runtime in self.broken:
            raise self.broken[runtime]
        passed = not {name, runtime} & self.failing
        return [ProbeResult(name, "memory", passed=passed, detail=runtime)]


@pytest.fixture
def probes(monkeypatch: pytest.MonkeyPatch) -> FakeProbes:
    made = FakeProbes()
    monkeypatch.setattr("orchestrator.sandbox.selftest.run_probes", made.run)
    return made


async def run_selftest(settings: Settings) -> list[tuple[str, bool]]:
    async with open_components(settings) as opened:
        return [(result.language, result.passed) async for result in opened.run_selftest()]


async def test_the_components_are_what_the_settings_and_the_images_say(settings: Settings) -> None:
    async with open_components(settings) as opened:
        assert opened.catalog.ids == ("python", "c", "c11", "c23")
        assert {each.version for each in opened.catalog} == {"1.2"}
        with (
            pytest.raises(ConfigurationError, match="in use by another server"),
            claim_instance(settings.state_dir),
        ):
            pass
    with claim_instance(settings.state_dir):
        pass  # and given back


async def test_a_command_s_components_are_there_beside_a_server_s_and_beside_another_s(
    settings: Settings,
) -> None:
    async with (
        open_components(settings) as server,
        open_components_beside(settings) as one,
        open_components_beside(settings) as another,
    ):
        backends = [each.backend for each in (server, one, another)]
        instances = {each.traits.instance for each in backends if isinstance(each, DockerBackend)}
        assert len(instances) == 3


async def test_a_command_s_components_leave_no_trace(settings: Settings, tmp_path: Path) -> None:
    async with open_components_beside(settings):
        pass
    assert _names(tmp_path) == []


def _names(folder: Path) -> list[str]:
    return [each.name for each in folder.iterdir()]


@pytest.mark.parametrize(
    ("call", "answer", "error", "message"),
    [
        pytest.param("GET /info", say(b""), EngineUnavailableError, "reached", id="no engine"),
        pytest.param(
            IMAGES, Answer(200, []), ConfigurationError, "no image for python, c: .*make", id="none"
        ),
        pytest.param(
            IMAGES,
            Answer(200, [image("c"), image("python", **{LABEL_LANGUAGE: "other"})]),
            ConfigurationError,
            "no image for python: ",
            id="not ours",
        ),
        pytest.param(
            IMAGES,
            Answer(200, [image("c"), image("python", **{LABEL_DEFINITION: ""})]),
            ConfigurationError,
            "the image of python is of an earlier version: .*make",
            id="an old one",
        ),
        pytest.param(
            IMAGES,
            Answer(200, [image("c"), image("python", **{LABEL_DEFINITION: "id = 3"})]),
            ConfigurationError,
            r"images/python/language\.toml: id: ",
            id="another's",
        ),
    ],
)
async def test_components_that_can_t_be_had_say_why_and_keep_nothing(  # noqa: PLR0913, PLR0917 - columns
    fake: FakeEngine,
    settings: Settings,
    call: str,
    answer: Any,
    error: type[Exception],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened: list[EngineClient] = []

    def remember(settings: Settings) -> EngineClient:
        opened.append(open_engine(settings))
        return opened[-1]

    monkeypatch.setattr(components, "open_engine", remember)
    fake.answers = {call: answer} | {k: v for k, v in fake.answers.items() if k != call}
    with pytest.raises(error, match=message):
        async with open_components(settings):
            pass
    with pytest.raises(EngineUnavailableError, match="closed"):
        await opened[0].info()
    with claim_instance(settings.state_dir):
        pass


async def test_an_image_that_passed_is_not_tried_again_until_it_changes(
    fake: FakeEngine, settings: Settings, probes: FakeProbes
) -> None:
    assert await run_selftest(settings) == [("python", True), ("c", True)]
    assert await run_selftest(settings) == []
    fake.answers[IMAGES] = Answer(200, [image("c", "sha256:2"), image("python")])
    assert await run_selftest(settings) == [("c", True)]
    assert probes.tried == ["python", "c", "c"]


async def test_an_image_that_failed_is_tried_again_and_the_others_are_not(
    settings: Settings, probes: FakeProbes
) -> None:
    probes.failing = {"python"}
    assert await run_selftest(settings) == [("python", False), ("c", True)]
    probes.failing = set()
    assert await run_selftest(settings) == [("python", True)]
    assert await run_selftest(settings) == []


async def test_another_engine_or_another_runtime_has_proved_nothing(
    fake: FakeEngine, settings: Settings, probes: FakeProbes
) -> None:
    await run_selftest(settings)
    fake.answers["GET /info"] = Answer(200, INFO | {"ServerVersion": "2"})
    assert len(await run_selftest(settings)) == 2
    assert len(await run_selftest(settings.model_copy(update={"runtime": "runsc"}))) == 2
    assert len(probes.tried) == 6


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("MAX_MEMORY_MB", {"max_memory_mb": 255}),
        ("MEMORY_BUDGET_MB", {"memory_budget_mb": 255}),
        ("MAX_PROCESSES", {"max_processes": 63}),
    ],
)
async def test_a_maximum_below_a_language_s_default_stops_the_start(
    settings: Settings, name: str, changes: dict[str, int]
) -> None:
    with pytest.raises(ConfigurationError, match=f"setting {name}: .* images/python/language.toml"):
        async with open_components(settings.model_copy(update=changes)):
            pass


async def test_a_pool_of_a_language_that_is_not_served_stops_the_start(settings: Settings) -> None:
    with pytest.raises(ConfigurationError, match="setting POOL: 'py' has no image"):
        async with open_components(settings.model_copy(update={"pool": "py=4"})):
            pass


async def test_a_language_that_is_neither_a_folder_nor_an_image_is_named(
    settings: Settings,
) -> None:
    with pytest.raises(ConfigurationError, match="setting LANGUAGES: 'cobl' is neither a folder"):
        async with open_components(settings.model_copy(update={"languages": "python,cobl"})):
            pass


def test_sandboxes_are_made_as_the_settings_say() -> None:
    traits = engine_traits(make_settings(job_cpus=1), "me")
    assert (traits.instance, traits.cpus) == ("me", 1)


@pytest.mark.parametrize(
    ("setting", "known", "failing", "used"),
    [
        pytest.param("auto", ("runc", "crun"), (), ["crun", "crun"], id="the faster one"),
        pytest.param("auto", ("runc",), (), ["", ""], id="not there"),
        pytest.param("auto", ("runc", "crun"), ("crun",), ["crun", "crun", "", ""], id="refused"),
        pytest.param("runc", ("runc", "crun"), (), ["runc", "runc"], id="named"),
    ],
)
async def test_the_runtime_is_the_fastest_that_passes(  # noqa: PLR0913, PLR0917 - columns
    fake: FakeEngine,
    settings: Settings,
    probes: FakeProbes,
    setting: str,
    known: tuple[str, ...],
    failing: tuple[str, ...],
    used: list[str],
) -> None:
    fake.answers["GET /info"] = Answer(200, INFO | {"Runtimes": {name: {} for name in known}})
    probes.failing = set(failing)
    settings = settings.model_copy(update={"runtime": setting})
    with capture_logs() as logs:
        assert await run_selftest(settings) == [("python", True), ("c", True)]
    assert probes.runtimes == used
    refused = [each for each in logs if each["event"] == "runtime_refused"]
    assert [(each["runtime"], each["reason"]) for each in refused] == [
        (name, f"memory: {name}") for name in failing
    ]
    async with open_components(
        settings
    ) as opened:  # remembered, and used without another self-test
        assert isinstance(opened.backend, DockerBackend)
        assert opened.backend.traits.runtime == used[-1]


async def test_a_runtime_that_can_not_start_a_container_is_done_without(
    fake: FakeEngine, settings: Settings, probes: FakeProbes
) -> None:
    fake.answers["GET /info"] = Answer(200, INFO | {"Runtimes": {"crun": {}}})
    probes.broken["crun"] = EngineError("unknown version specified")
    async with open_components(settings) as opened:
        assert isinstance(opened.backend, DockerBackend)
        assert all([result.passed async for result in opened.run_selftest()])
        assert opened.backend.traits.runtime == ""
    assert probes.runtimes == ["crun", "", ""]
    probes.broken["crun"] = EngineUnavailableError("gone")  # says nothing of the runtime
    async with open_components(settings) as opened:
        with pytest.raises(EngineUnavailableError):
            [result async for result in opened.run_selftest(afresh=True)]


async def test_a_runtime_is_used_by_others_only_once_it_is_proved(
    fake: FakeEngine, settings: Settings, probes: FakeProbes, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.answers["GET /info"] = Answer(200, INFO | {"Runtimes": {"crun": {}}})
    async with open_components(settings) as opened:
        backend = opened.backend
        assert isinstance(backend, DockerBackend)
        meanwhile = []

        async def look(*arguments: Any) -> list[ProbeResult]:
            meanwhile.append(backend.traits.runtime)
            return await probes.run(*arguments)

        monkeypatch.setattr("orchestrator.sandbox.selftest.run_probes", look)
        assert all([result.passed async for result in opened.run_selftest()])
        assert (meanwhile, backend.traits.runtime) == (["", ""], "crun")


async def test_what_passed_before_is_tried_again_when_asked_to(
    settings: Settings, probes: FakeProbes
) -> None:
    await run_selftest(settings)
    async with open_components(settings) as opened:
        assert len([result async for result in opened.run_selftest(afresh=True)]) == 2
    assert len(probes.tried) == 4


@pytest.mark.parametrize(
    ("changes", "found", "limit"),
    [
        pytest.param({"disk_read_mb": 0}, "/dev/vda", None, id="not wanted"),
        pytest.param({}, "/dev/vda", ReadLimit("/dev/vda", 64 << 20), id="found"),
        pytest.param({}, "", None, id="not found"),
        pytest.param(
            {"disk_device": "/dev/sdb", "disk_read_mb": 8},
            "/dev/vda",
            ReadLimit("/dev/sdb", 8 << 20),
            id="named",
        ),
    ],
)
async def test_what_may_be_read_from_the_disk(
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    changes: dict[str, Any],
    found: str,
    limit: ReadLimit | None,
) -> None:
    async def disk(_engine: EngineClient) -> str:
        return found

    monkeypatch.setattr(components, "images_disk", disk)
    engine = open_engine(settings)
    with capture_logs() as logs:
        assert await read_limit(settings.model_copy(update=changes), engine) == limit
    await engine.close()
    warned = [entry["event"] for entry in logs] == ["disk_reads_unbounded"]
    assert warned is (limit is None and "disk_read_mb" not in changes)
