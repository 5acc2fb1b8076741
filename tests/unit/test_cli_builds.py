"""`languages build`: several languages, of which some fail, and what is told at the end."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from orchestrator.cli import builds
from orchestrator.cli.build_outcomes import (
    BuildEnding,
    LanguageOutcome,
    check_outcomes,
    print_outcomes,
)
from orchestrator.cli.builds import Options, prepare_languages, run_build
from orchestrator.components import ImageTooling
from orchestrator.errors import (
    ConfigurationError,
    EngineError,
    EngineUnavailableError,
    RebuildError,
)
from orchestrator.images import verifier
from orchestrator.images.builder import Candidate
from orchestrator.images.check_results import CheckResult
from orchestrator.images.lock import language_lock
from orchestrator.images.store import ImageStore
from orchestrator.settings import Settings
from tests.api_support import make_settings
from tests.languages_support import TOML, FakeEngine, write_language, write_shared

NO_PACKAGE = "E: no such package (step 3/3, RUN fail E: no such package: exit status 7)"


class Scene:
    """Languages `one`, `two` and `three` on a pretended engine; `checks`: their results."""

    def __init__(self, root: Path, engine: FakeEngine) -> None:
        self.images = root / "images"
        self.engine = engine
        self.checks: dict[str, list[CheckResult | Exception]] = {}
        self.text = io.StringIO()
        self.settings: Settings = make_settings(
            images_dir=self.images, state_dir=root / "state", languages="one,two,three"
        )
        write_shared(self.images)
        for name in ("one", "two", "three"):
            write_language(self.images, name, TOML.replace('aliases = ["awk", "Loud"]\n', ""))

    async def verify(self, candidate: Candidate) -> AsyncIterator[CheckResult]:
        name = candidate.folder.id
        for each in self.checks.get(name, [CheckResult(f"{name}/hello", passed=True)]):
            if isinstance(each, Exception):
                raise each
            yield each

    async def build(self, *ids: str, **options: Any) -> list[str]:
        """The rows of the table."""
        self.text.truncate(0)
        console = Console(file=self.text, width=60)
        await run_build(self.settings, ids, console, Options(**options))
        return self.rows

    async def fail(self, *ids: str) -> list[str]:
        with pytest.raises(RebuildError) as caught:
            await self.build(*ids)
        rows = self.rows
        failed = [row.partition("\t")[0] for row in rows if "\tfailed" in row]
        assert str(caught.value) == f"{len(failed)} of {len(rows)} failed: {', '.join(failed)}"
        return rows

    @property
    def shown(self) -> str:
        return self.text.getvalue()

    @property
    def rows(self) -> list[str]:
        return [line.rstrip("\t") for line in self.shown.splitlines() if "\t" in line]

    def log(self, name: str) -> Path:
        return self.settings.state_dir / "builds" / f"{name}.log"

    def breaks(self, name: str, text: str = "E: no such package") -> None:
        (self.images / name / "Dockerfile").write_text(f"FROM x\nRUN say hi\nRUN fail {text}\n")

    @property
    def current(self) -> set[str]:
        names = {name.partition("/")[2] for name in self.engine.api.images}
        return {name.removesuffix(":current") for name in names if name.endswith(":current")}


@pytest.fixture
async def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    engine = FakeEngine()
    made = Scene(tmp_path, engine)

    @asynccontextmanager
    async def tooling(_: Settings) -> AsyncIterator[tuple[ImageTooling, None]]:
        yield ImageTooling(engine, ImageStore(engine), None), None  # type: ignore[arg-type]

    monkeypatch.setattr(builds, "open_image_tooling", tooling)
    monkeypatch.setattr(verifier, "ImageVerifier", lambda *_: made.verify)
    yield made
    await engine.close()


async def test_all_that_is_built_is_told_in_one_table(scene: Scene) -> None:
    assert await scene.build() == ["one\tbuilt", "two\tbuilt", "three\tbuilt"]
    assert scene.current == {"agent", "base", "one", "two", "three"}
    assert await scene.build() == ["one\tunchanged", "two\tunchanged", "three\tunchanged"]
    assert await scene.build("two", only_if_changed=False) == ["two\tbuilt"]


async def test_one_that_can_t_be_built_keeps_no_other_from_it(scene: Scene) -> None:
    scene.breaks("two")
    assert await scene.fail() == [
        "one\tbuilt",
        f"two\tfailed\t{NO_PACKAGE}\t{scene.log('two')}",
        "three\tbuilt",
    ]
    assert scene.current == {"agent", "base", "one", "three"}
    lines = scene.log("two").read_text().splitlines()
    assert {"two: building", "two | hi", "two | E: no such package"} <= set(lines)
    assert lines[-1].startswith("two: failed: E: no such package (step")
    assert "two: failed: E: no such package (step" in scene.shown  # when it happened, too


async def test_one_whose_proof_fails_keeps_no_other_from_being_built(scene: Scene) -> None:
    detail = "expected accepted, but it came to compile_error (wall)"
    scene.checks["two"] = [CheckResult("two/hello", passed=False, detail=detail, first_try="no")]
    rows = await scene.fail()
    assert rows[1] == f"two\tfailed\ttwo/hello: {detail}\t{scene.log('two')}"
    assert [row.split("\t")[1] for row in rows] == ["built", "failed", "built"]
    assert (
        f"two: two/hello: FAILED: {detail} (second try; first: no)\n"
        in scene.log("two").read_text()
    )
    assert "(second try; first: no)" in scene.shown


async def test_what_passes_at_the_second_try_is_used_and_shown(scene: Scene) -> None:
    scene.checks["two"] = [
        CheckResult("two/hello", passed=True, first_try="expected 1, got 2"),
        CheckResult("two/echo", passed=True),
    ]
    rows = await scene.build()
    assert rows[1] == f"two\tbuilt\tpassed at the second try: two/hello\t{scene.log('two')}"
    assert "two: two/hello: passed (second try; first: expected 1, got 2)\n" in scene.shown
    assert "(second try; first: expected 1, got 2)" in scene.log("two").read_text()
    assert "two" in scene.current


async def test_a_folder_that_is_wrong_is_told_before_the_others_are_built(scene: Scene) -> None:
    (scene.images / "three" / "language.toml").write_text("id = 7\n")
    rows = await scene.fail()
    assert [row.split("\t")[1] for row in rows] == ["built", "built", "failed"]
    assert "three/language.toml" in rows[2]
    first, *_ = scene.shown.splitlines()
    assert first.startswith("three: failed: ")


async def test_one_that_is_busy_keeps_no_other_from_being_built(scene: Scene) -> None:
    with language_lock(scene.settings.state_dir, "one"):
        rows = await scene.fail()
    assert rows[0].startswith("one\tfailed\tone is being rebuilt: ")
    assert rows[1:] == ["two\tbuilt", "three\tbuilt"]


async def test_without_what_all_stand_on_none_is_tried_and_each_says_so(scene: Scene) -> None:
    scene.breaks("_base", "E: no network")
    (scene.images / "two" / "language.toml").unlink()
    rows = await scene.fail()
    why = "not tried, it stands on _base: E: no network (step 3/3, RUN fail E: no network: exit"
    assert [
        row.startswith(f"{name}\tfailed\t{why}")
        for name, row in zip(("one", "three"), (rows[0], rows[2]), strict=True)
    ] == [True, True]
    assert rows[0].endswith(f"\t{scene.log('_shared')}")
    assert "two/language.toml: missing" in rows[1]
    assert "_base | hi" in scene.log("_shared").read_text()
    assert len(scene.engine.api.builds) == 2  # the agent, the base, and nothing again


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        (("one", "oen"), "there is no folder images/oen"),
        (("one", "two"), "already belongs to one"),
    ],
)
async def test_names_that_make_no_sense_are_told_at_once(
    scene: Scene, ids: tuple[str, ...], message: str
) -> None:
    for name in ("one", "two"):
        toml = scene.images / name / "language.toml"
        toml.write_text(toml.read_text().replace("version =", 'aliases = ["same"]\nversion ='))
    with pytest.raises(ConfigurationError, match=message):
        await scene.build(*ids)
    assert scene.engine.api.builds == []
    assert scene.rows == []


@pytest.mark.parametrize("method", ["read", "collect"])
async def test_the_table_is_there_though_the_engine_fails_between_builds(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    await scene.build("one")

    async def fail(_: ImageStore) -> None:
        raise EngineError("it is tired")

    monkeypatch.setattr(ImageStore, method, fail)
    if method == "collect":
        assert await scene.build("one") == ["one\tunchanged"]
    else:
        assert [row.split("\t")[:3] for row in await scene.fail("one")] == [
            ["one", "failed", "it is tired"]
        ]


async def test_a_log_has_no_control_characters(scene: Scene) -> None:
    scene.checks["one"] = [CheckResult("one/hello", passed=False, detail="said \x1b[2J")]
    await scene.fail("one")
    assert "one/hello: FAILED: said \ufffd[2J\n" in scene.log("one").read_text()


async def test_a_log_that_can_t_be_kept_fails_nothing(scene: Scene) -> None:
    scene.settings.state_dir.mkdir()
    scene.log("two").parent.touch()
    scene.breaks("two")
    rows = await scene.fail()
    assert [row.split("\t")[1] for row in rows] == ["built", "failed", "built"]
    assert rows[1].endswith("exit status 7)")


async def test_preparing_builds_what_it_can_and_says_all_that_failed(scene: Scene) -> None:
    def prepare() -> Any:
        return prepare_languages(
            scene.settings, ["one", "two", "three"], Console(quiet=True), lambda *_: None
        )

    scene.breaks("one")
    scene.checks["two"] = [EngineUnavailableError("gone")]
    with pytest.raises(RebuildError, match=r"^one: E: no such package .*; two: gone$"):
        await prepare()
    assert scene.current >= {"three"}
    (scene.images / "two" / "language.toml").write_text("id = 7\n")
    with pytest.raises(ConfigurationError, match=r"two/language\.toml"):
        await prepare()


LONG = "it came to nothing, and that took " + "very " * 60 + "long"


@pytest.fixture(params=[False, True], ids=["piped", "terminal"])
def printed(request: pytest.FixtureRequest) -> Callable[[list[LanguageOutcome]], str]:
    def show(outcomes: list[LanguageOutcome]) -> str:
        text = io.StringIO()
        print_outcomes(outcomes, Console(file=text, force_terminal=request.param, width=50))
        return text.getvalue()

    return show


def test_nothing_is_cut_where_it_is_piped_and_a_terminal_is_not_flooded() -> None:
    outcomes = [LanguageOutcome("d", BuildEnding.FAILED, LONG, "/long/" * 20 + "d.log")]
    piped, shown = io.StringIO(), io.StringIO()
    print_outcomes(outcomes, Console(file=piped, width=50))
    terminal = Console(file=shown, force_terminal=True, color_system=None, width=100)
    print_outcomes(outcomes, terminal)
    assert piped.getvalue() == f"d\tfailed\t{LONG}\t{'/long/' * 20}d.log\n"
    words = "".join(shown.getvalue().split())
    assert words.count("very") < 60
    assert "…" in words
    assert max(map(len, shown.getvalue().splitlines())) <= 100


def test_what_failed_says_moves_no_cursor_and_adds_no_cell(
    printed: Callable[[list[LanguageOutcome]], str],
) -> None:
    text = printed([LanguageOutcome("d", BuildEnding.FAILED, "a\x1b[2Jb\tc\nd [red]e")])
    assert "\x1b[2J" not in text
    assert "a\ufffd[2Jb c d [red]e" in " ".join(text.split())
    assert len([line for line in text.splitlines() if "failed" in line]) == 1


def test_the_error_names_what_failed() -> None:
    check_outcomes(
        [LanguageOutcome("c", BuildEnding.BUILT), LanguageOutcome("d", BuildEnding.UNCHANGED)]
    )
    with pytest.raises(RebuildError, match=r"^1 of 2 failed: d$"):
        check_outcomes(
            [LanguageOutcome("c", BuildEnding.BUILT), LanguageOutcome("d", BuildEnding.FAILED)]
        )
