"""What the builder builds, in which order, and what it leaves alone; and how that is shown."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest
import requests
from rich.console import Console

from orchestrator.errors import ConfigurationError, EngineError, EngineUnavailableError
from orchestrator.images.builder import AGENT_TAG, ImageBuilder, parse_version
from orchestrator.images.check_results import CheckResult
from orchestrator.images.display import build_display
from orchestrator.languages.registry import load_folder
from tests.languages_support import DOCKERFILE, TOML, FakeEngine, write_language, write_shared

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


class Heard:
    """A BuildProgress that remembers."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def started(self, name: str) -> None:
        self.events.append(f"{name} started")

    def line(self, name: str, text: str) -> None:
        if text.startswith("Step 1/"):
            self.events.append(f"{name} line")

    def skipped(self, name: str) -> None:
        self.events.append(f"{name} skipped")

    def finished(self, name: str, version: str) -> None:
        self.events.append(f"{name} finished {version}".rstrip())

    def checked(self, name: str, result: CheckResult) -> None:
        raise AssertionError(f"{name}: {result}")  # the builder tries nothing

    def failed(self, name: str, message: str) -> None:
        self.events.append(f"{name} failed: {message}")


@pytest.fixture
async def engine() -> AsyncIterator[FakeEngine]:
    fake = FakeEngine()
    yield fake
    await fake.close()


@pytest.fixture
def images(tmp_path: Path) -> Path:
    write_shared(tmp_path / "images")
    write_language(tmp_path / "images")
    return tmp_path / "images"


@pytest.fixture
def certificates(tmp_path: Path) -> Path:
    folder = tmp_path / "certificates"
    folder.mkdir()
    return folder


async def build(
    engine: FakeEngine, images: Path, certificates: Path, language_id: str = "shout"
) -> list[str]:
    """What is heard of a build that is made only when something has changed, and then promoted."""
    heard = Heard()
    builder = ImageBuilder(engine, images, heard, certificates)
    folder = load_folder(images, language_id)
    try:
        await builder.build_shared()
        if await builder.is_current(folder):
            heard.skipped(language_id)
        else:
            candidate = await builder.build(folder)
            heard.finished(language_id, candidate.version)
            engine.api.images[current(language_id)] = engine.api.images[candidate_of(language_id)]
    except EngineError as err:
        heard.events.append(f"raised {err}")
    return heard.events


def current(language_id: str = "shout") -> str:
    return f"codebae-runner/{language_id}:current"


def candidate_of(language_id: str = "shout") -> str:
    return f"codebae-runner/{language_id}:candidate"


ALL_BUILT = [
    *("_agent started", "_agent line", "_agent finished"),
    *("_base started", "_base line", "_base finished"),
    *("shout line", "shout line", "shout finished 1.2.3"),
]
ALL_SKIPPED = ["_agent skipped", "_base skipped", "shout skipped"]


async def test_everything_is_built_in_order_and_then_nothing(
    engine: FakeEngine, images: Path, certificates: Path
) -> None:
    assert await build(engine, images, certificates) == ALL_BUILT
    agent, _base, toolchain, language = engine.api.builds
    assert (agent["tag"], agent["target"]) == (AGENT_TAG, "final")
    assert toolchain["tag"] is None
    assert language["tag"] == candidate_of()
    assert language["buildargs"]["TOOLCHAIN"].startswith("sha256:")
    assert language["labels"]["codebae.language"] == "shout"
    assert language["labels"]["codebae.version"] == "1.2.3"
    assert language["labels"]["codebae.definition"] == TOML
    assert len(language["labels"]["codebae.source"]) == 64
    assert await build(engine, images, certificates) == ALL_SKIPPED
    assert len(engine.api.builds) == 4


async def test_a_candidate_is_what_its_folder_would_serve(
    engine: FakeEngine, images: Path, certificates: Path
) -> None:
    builder = ImageBuilder(engine, images, Heard(), certificates)
    await builder.build_shared()
    folder = load_folder(images, "shout")
    candidate = await builder.build(folder, no_cache=True)
    assert [build["nocache"] for build in engine.api.builds] == [False, False, True, False]
    (installed,) = candidate.installed
    assert installed.language == folder.languages[0]
    assert (installed.version, installed.size_bytes) == ("1.2.3", 5_000_000)
    assert installed.digest == candidate.digest == engine.api.images[candidate_of()]["Id"]
    assert current() not in engine.api.images


@pytest.mark.parametrize(
    ("changed", "skipped"),
    [
        ("shout/samples/hello.awk", {"_agent", "_base"}),
        ("shout/Dockerfile", {"_agent", "_base"}),
        ("_sandbox/new", {"_agent", "_base"}),
        ("_agent/new", {"_base"}),
        ("_base/new", {"_agent"}),
    ],
)
async def test_a_change_rebuilds_what_is_made_from_it(
    engine: FakeEngine, images: Path, certificates: Path, changed: str, skipped: set[str]
) -> None:
    await build(engine, images, certificates)
    path = images / changed
    path.write_text((path.read_text() if path.exists() else "") + "# changed\n")
    events = await build(engine, images, certificates)
    assert {event.split()[0] for event in events if event.endswith("skipped")} == skipped
    assert "shout finished 1.2.3" in events


async def test_a_lost_image_another_base_and_new_certificates_rebuild(
    engine: FakeEngine, images: Path, certificates: Path
) -> None:
    await build(engine, images, certificates)
    del engine.api.images["codebae-runner/shout:current"]
    assert await build(engine, images, certificates) == [
        "_agent skipped",
        "_base skipped",
        *ALL_BUILT[6:],
    ]
    engine.api.add_image("codebae-runner/shout:current")
    assert (await build(engine, images, certificates))[-1] == "shout finished 1.2.3"
    engine.api.add_image("debian:bookworm-slim")
    assert "_base finished" in await build(engine, images, certificates)
    (certificates / "host.crt").write_text("certificate")
    (certificates / "readme").write_text("not one")
    assert "_base finished" in await build(engine, images, certificates)
    assert await build(engine, images, certificates) == ALL_SKIPPED


async def test_a_failing_build_names_the_language_and_leaves_the_old_image(
    engine: FakeEngine, images: Path, certificates: Path
) -> None:
    await build(engine, images, certificates)
    old = engine.api.images["codebae-runner/shout:current"]
    (images / "shout" / "Dockerfile").write_text(f"{DOCKERFILE}RUN fail E: no such package\n")
    events = await build(engine, images, certificates)
    text = "E: no such package (step 3/3, RUN fail E: no such package: exit status 7)"
    assert events[-1] == f"raised {text}"
    assert engine.api.images["codebae-runner/shout:current"] is old
    (images / "_base" / "Dockerfile").write_text("RUN fail E: no base\n")
    assert (await build(engine, images, certificates))[-1].startswith("raised _base: E: no base")


async def test_a_version_command_without_a_version(
    engine: FakeEngine, images: Path, certificates: Path
) -> None:
    engine.api.output = b"no number here\n"
    events = await build(engine, images, certificates)
    assert "there is no version in 'no number here'" in events[-1]
    assert current() not in engine.api.images


async def test_a_missing_shared_folder_is_a_configuration_error(
    engine: FakeEngine, images: Path, certificates: Path
) -> None:
    (images / "_sandbox" / "Dockerfile").unlink()
    with pytest.raises(ConfigurationError, match=r"^images/_sandbox/Dockerfile: missing$"):
        await build(engine, images, certificates)


@pytest.mark.parametrize(
    ("output", "version"),
    [
        ("g++ (Debian 12.2.0-14) 12.2.0\n", "12.2.0"),
        ("Python 3.11.2", "3.11.2"),
        ("Picked up options\nopenjdk 17.0.9 2023-10-17", "17.0.9"),
        ("7\n", "7"),
        ("none", None),
    ],
)
def test_the_version_is_the_first_number_of_the_output(output: str, version: str | None) -> None:
    assert parse_version(output) == version


def console(*, terminal: bool) -> tuple[Console, io.StringIO]:
    text = io.StringIO()
    return Console(file=text, force_terminal=terminal, width=100), text


@pytest.mark.parametrize("terminal", [False, True])
def test_the_display_shows_what_happens_and_the_tail_of_what_fails(*, terminal: bool) -> None:
    out, text = console(terminal=terminal)
    with build_display(out) as progress:
        progress.skipped("_agent")
        progress.started("_base")
        progress.finished("_base", "")
        progress.started("tried")
        progress.checked("tried", CheckResult("tried/hello", passed=True))
        progress.checked(
            "tried", CheckResult("tried/echo", passed=False, detail="printed [nothing]")
        )
        progress.checked("tried", CheckResult("tried/args", passed=True, first_try="late [again]"))
        progress.finished("tried", "7")
        progress.started("shout")
        progress.line("shout", "Step 1/2 : FROM [red]x")
        progress.line("shout", "no step")
        progress.line("shout", "Step 2/2 : RUN it")
        progress.failed("shout", "the message")
        progress.failed("quiet", "before it began")
    shown = text.getvalue()
    for part in (
        "_agent",
        "up to date",
        "_base",
        "built",
        "FROM [red]x",
        "| no step",
        "failed",
        "echo: FAILED: printed [nothing]",
        "args: passed (second try; first: late [again])",
        "the message",
        "before it began",
    ):
        assert part in shown
    if not terminal:
        assert shown.startswith(
            "_agent: up to date\n_base: building\n_base: built\ntried: building\n"
            "tried: trying it\ntried: tried/echo: FAILED: printed [nothing]\n"
            "tried: tried/args: passed (second try; first: late [again])\n"
            "tried: built 7, 3 trials\nshout: building\n"
        )


async def test_an_engine_that_is_not_there(
    engine: FakeEngine, images: Path, certificates: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(tag: str) -> dict[str, Any]:
        raise requests.ConnectionError(tag)

    monkeypatch.setattr(engine.api, "inspect_image", refuse)
    with pytest.raises(EngineUnavailableError, match=r"^_agent: The engine can't be reached"):
        await ImageBuilder(engine, images, Heard(), certificates).build_shared()
