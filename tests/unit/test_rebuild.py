"""From a folder to a promoted image, and every way in which nothing comes of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator.errors import (
    BusyLanguageError,
    ConfigurationError,
    EngineError,
    EngineUnavailableError,
    RebuildError,
)
from orchestrator.images.builder import Candidate
from orchestrator.images.check_results import CheckResult
from orchestrator.images.lock import language_lock
from orchestrator.images.rebuild import Outcome, Rebuilder, describe
from orchestrator.images.store import LanguageImage, LanguageImages
from orchestrator.settings import Settings
from tests.api_support import make_settings
from tests.languages_support import FakeEngine, write_language, write_shared
from tests.sandbox_support import DEADLINE_S


class FakeStore:
    """Tags in a dict; `promote` waits for `gate`."""

    def __init__(self) -> None:
        self.current: str | None = None
        self.calls: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.drop_error: Exception | None = None

    async def read(self) -> dict[str, LanguageImages]:
        if self.current is None:
            return {}
        image = LanguageImage(self.current, "1", "", "", 1, 0)
        return {"shout": LanguageImages("shout", current=image)}

    async def promote(self, language_id: str, digest: str) -> None:
        self.calls.append(f"promote {language_id}")
        await self.gate.wait()
        self.current = digest

    async def drop_candidate(self, language_id: str) -> None:
        self.calls.append(f"drop {language_id}")
        if self.drop_error:
            raise self.drop_error


class Bench:
    def __init__(self, settings: Settings, engine: FakeEngine) -> None:
        self.settings, self.engine = settings, engine
        self.store = FakeStore()
        self.checks: list[CheckResult | Exception] = [CheckResult("shout/hello", passed=True)]
        self.heard: list[str] = []
        self.proved: list[Candidate] = []

    def rebuilder(self, **changes: Any) -> Rebuilder:
        return Rebuilder(self.settings, self.engine, self.store, self.verify, **changes)  # type: ignore[arg-type]

    async def verify(self, candidate: Candidate) -> AsyncIterator[CheckResult]:
        self.proved.append(candidate)
        for each in self.checks:
            if isinstance(each, Exception):
                raise each
            yield each

    async def rebuild(self, **changes: Any) -> Outcome:
        return await self.rebuilder().rebuild("shout", self, **changes)

    def started(self, name: str) -> None:
        self.heard.append(f"{name} started")

    def line(self, name: str, text: str) -> None:
        assert name, text

    def skipped(self, name: str) -> None:
        self.heard.append(f"{name} skipped")

    def checked(self, name: str, result: CheckResult) -> None:
        self.heard.append(f"{name} found {result.trial}")

    def finished(self, name: str, version: str) -> None:
        self.heard.append(f"{name} finished {version}".rstrip())

    def failed(self, name: str, message: str) -> None:
        self.heard.append(f"{name} failed {message}")


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    images = tmp_path / "images"
    write_shared(images)
    write_language(images)
    engine = FakeEngine()
    yield Bench(make_settings(images_dir=images, state_dir=tmp_path / "state"), engine)
    await engine.close()


async def test_what_passes_is_promoted(bench: Bench) -> None:
    assert await bench.rebuild() is Outcome.PROMOTED
    assert bench.heard == [
        *("_agent started", "_agent finished", "_base started", "_base finished"),
        *("shout started", "shout found shout/hello", "shout finished 1.2.3"),
    ]
    (candidate,) = bench.proved
    assert bench.store.current == candidate.digest
    assert bench.store.calls == ["promote shout", "drop shout"]


async def test_the_very_image_that_is_in_use_is_proved_and_left(bench: Bench) -> None:
    await bench.rebuild()
    bench.store.calls.clear()
    bench.store.current = "sha256:" + f"{len(bench.engine.api.builds) + 2:064}"
    assert await bench.rebuild() is Outcome.UNCHANGED
    assert bench.store.calls == ["drop shout"]
    assert len(bench.proved) == 2


async def test_nothing_is_built_where_nothing_is_new_and_that_is_enough(bench: Bench) -> None:
    await bench.rebuild(only_if_changed=True)
    api = bench.engine.api
    api.images["codebae-runner/shout:current"] = api.images["codebae-runner/shout:candidate"]
    builds = len(api.builds)
    assert await bench.rebuild(only_if_changed=True) is Outcome.SKIPPED
    assert len(api.builds) == builds
    assert bench.heard[-1] == "shout skipped"


@pytest.mark.parametrize(
    ("result", "error", "text"),
    [
        (CheckResult("shout/echo", passed=False, detail="no"), RebuildError, "shout/echo: no"),
        (EngineUnavailableError("gone"), EngineUnavailableError, "gone"),
    ],
)
async def test_what_does_not_pass_is_not_promoted(
    bench: Bench, result: CheckResult | Exception, error: type[Exception], text: str
) -> None:
    bench.checks.insert(0, result)
    with pytest.raises(error, match=text):
        await bench.rebuild()
    assert bench.store.calls == ["drop shout"]
    assert bench.heard[-1] == f"shout failed {text}"


async def test_a_build_that_fails_is_not_even_tried(bench: Bench) -> None:
    (bench.settings.images_dir / "shout" / "Dockerfile").write_text("FROM x\nRUN fail E: no\n")
    bench.store.drop_error = EngineError("busy")  # the next look at the tags finds it
    with pytest.raises(EngineError, match="E: no"):
        await bench.rebuild()
    assert bench.proved == []
    assert bench.store.calls == ["drop shout"]


async def test_what_does_not_fit_is_refused_before_anything_is_built(bench: Bench) -> None:
    def refuse(folder: object) -> None:
        raise ConfigurationError(f"no room for {folder}")

    with pytest.raises(ConfigurationError, match="no room"):
        await bench.rebuilder(check_folder=refuse).rebuild("shout", bench)
    with pytest.raises(ConfigurationError, match="no folder images/whisper"):
        await bench.rebuilder().rebuild("whisper", bench)
    assert bench.engine.api.builds == []


async def test_of_a_language_there_is_one_at_a_time_on_a_machine(bench: Bench) -> None:
    with (
        language_lock(bench.settings.state_dir, "shout"),
        pytest.raises(BusyLanguageError, match=r"^shout is being rebuilt"),
    ):
        await bench.rebuild()
    assert await bench.rebuild() is Outcome.PROMOTED


async def test_a_folder_for_locks_that_can_t_be_written_is_the_setting_s_fault(
    tmp_path: Path,
) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(ConfigurationError, match=r"^setting STATE_DIR: "),
        language_lock(tmp_path / "file", "go"),
    ):
        pass


async def test_who_is_cancelled_while_promoting_goes_on_to_the_end(bench: Bench) -> None:
    bench.store.gate.clear()
    task = asyncio.create_task(bench.rebuild())
    async with asyncio.timeout(DEADLINE_S):
        while not bench.store.calls:  # noqa: ASYNC110 - nothing in the product is there to wait for
            await asyncio.sleep(0)
    for _ in range(2):
        task.cancel()
        await asyncio.sleep(0)
    bench.store.gate.set()
    assert await task is Outcome.PROMOTED
    assert bench.store.current


async def test_who_is_cancelled_before_leaves_nothing(bench: Bench) -> None:
    proving = asyncio.Event()

    async def verify(_: Candidate) -> AsyncIterator[CheckResult]:
        proving.set()
        await asyncio.Event().wait()
        yield CheckResult("never", passed=True)

    rebuilder = Rebuilder(bench.settings, bench.engine, bench.store, verify)  # type: ignore[arg-type]
    task = asyncio.create_task(rebuilder.rebuild("shout", bench))
    await proving.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert bench.store.calls == ["drop shout"]
    with language_lock(bench.settings.state_dir, "shout"):
        pass  # and the language is free again


def test_failures_are_told_in_one_line() -> None:
    failures = [
        CheckResult(
            f"go/{number}", passed=False, detail="expected 1, got 2\nstderr: why\nstderr: more"
        )
        for number in range(5)
    ]
    told = [f"go/{number}: expected 1, got 2 | stderr: why" for number in range(3)]
    assert describe(failures) == "; ".join(told) + "; and 2 more"
    assert describe(failures[:1]) == told[0]
