"""A server's builds: their states, their logs, one at a time, ended when asked to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from orchestrator.errors import BusyLanguageError, EngineError, RebuildError
from orchestrator.images import build_queue as builds_module
from orchestrator.images.build_queue import Build, Builds, BuildState
from orchestrator.images.builder import BuildProgress
from orchestrator.images.check_results import CheckResult
from orchestrator.images.rebuild import Outcome
from tests.sandbox_support import DEADLINE_S

GOOD = CheckResult("go/hello", passed=True)


class FakeRebuilder:
    """Says a line, tries one thing, and comes to what it is told, once `gate` is open."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.gate.set()
        self.outcome: Outcome | BaseException = Outcome.PROMOTED
        self.outcomes: dict[str, Outcome | BaseException] = {}
        """Of languages that come to something else than `outcome`."""
        self.result = GOOD
        self.calls: list[tuple[str, bool]] = []
        self.at_once = self.most_at_once = 0

    async def rebuild(
        self, language: str, progress: BuildProgress, *, no_cache: bool = False
    ) -> Outcome:
        self.calls.append((language, no_cache))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            progress.skipped("_base")
            progress.started(language)
            progress.line(language, "Step 1/1 : FROM x")
            await self.gate.wait()
            progress.checked(language, self.result)
            outcome = self.outcomes.get(language, self.outcome)
            if isinstance(outcome, BaseException):
                progress.failed(language, str(outcome))
                raise outcome
            progress.finished(language, "1.2")
            return outcome
        finally:
            self.at_once -= 1


class Bench:
    def __init__(self) -> None:
        self.rebuilder = FakeRebuilder()
        self.promoted: list[str] = []
        self.failure: Exception | None = None
        self.builds = Builds(self.rebuilder, self._on_proved)  # type: ignore[arg-type]
        self.on_proved_waits = asyncio.Event()
        self.on_proved_waits.set()

    async def _on_proved(self, language: str) -> None:
        self.promoted.append(language)
        if self.failure:
            raise self.failure
        await self.on_proved_waits.wait()

    def start(self, language: str = "go", **changes: Any) -> Build:
        return self.builds.start(language, requested_by="admin-1", **changes)


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    made = Bench()
    yield made
    made.rebuilder.gate.set()
    await made.builds.close()


async def over(build: Build) -> Build:
    async with asyncio.timeout(DEADLINE_S):
        async for _ in build.follow():
            pass
    return build


async def entered(build: Build, state: BuildState) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while build.state is not state:  # noqa: ASYNC110 - a state is not waited for in the product
            await asyncio.sleep(0)


async def test_a_build_tells_all_from_the_first_to_the_last_and_then_ends(bench: Bench) -> None:
    build = bench.start()
    assert (build.state, build.started_at) == (BuildState.QUEUED, None)
    events = [event async for event in build.follow()]
    assert [event.number for event in events] == list(range(len(events)))
    assert [(event.kind, event.image, event.text) for event in events] == [
        ("state", "", "building"),
        ("skipped", "_base", "up to date"),
        ("started", "go", "building"),
        ("line", "go", "Step 1/1 : FROM x"),
        ("state", "", "proving"),
        ("check", "go", ""),
        ("finished", "go", "built 1.2"),
        ("state", "", "succeeded"),
    ]
    assert [event.check for event in events if event.kind == "check"] == [GOOD]
    assert (build.version, build.error, build.checks) == ("1.2", None, [GOOD])
    assert build.started_at
    assert build.ended_at
    assert bench.promoted == ["go"]
    assert [event async for event in build.follow(6)] == events[6:]


async def test_who_follows_a_build_hears_of_it_as_it_happens(bench: Bench) -> None:
    bench.rebuilder.gate.clear()
    build = bench.start()
    follower = build.follow()
    seen = [await anext(follower) for _ in range(4)]
    assert seen[-1].text == "Step 1/1 : FROM x"
    more = asyncio.ensure_future(anext(follower))
    await asyncio.sleep(0.01)
    assert not more.done()
    bench.rebuilder.gate.set()
    assert (await more).text == "proving"


@pytest.mark.parametrize(
    ("outcome", "state", "error"),
    [
        (Outcome.UNCHANGED, BuildState.UNCHANGED, None),
        (RebuildError("go/hello: printed nothing"), BuildState.FAILED, "go/hello: printed nothing"),
        (EngineError("E: no such package"), BuildState.FAILED, "E: no such package"),
        (KeyError("bug"), BuildState.FAILED, "internal error: KeyError('bug')"),
    ],
)
async def test_what_is_not_promoted_says_why(
    bench: Bench, outcome: Outcome | Exception, state: BuildState, error: str | None
) -> None:
    bench.rebuilder.outcome = outcome
    build = await over(bench.start(no_cache=True))
    assert (build.state, build.error) == (state, error)
    assert bench.promoted == (["go"] if error is None else [])
    assert bench.rebuilder.calls == [("go", True)]


async def test_one_at_a_time_and_of_a_language_only_one(bench: Bench) -> None:
    bench.rebuilder.gate.clear()
    first, second = bench.start("go"), bench.start("rust")
    await entered(first, BuildState.BUILDING)
    for language in ("go", "rust"):
        with pytest.raises(BusyLanguageError, match=language):
            bench.start(language)
    assert second.state is BuildState.QUEUED
    bench.rebuilder.gate.set()
    await over(first)
    await over(second)
    assert bench.rebuilder.most_at_once == 1
    assert bench.builds.all() == (second, first)
    assert bench.builds.find(first.id) is first
    assert bench.builds.find("other") is None
    await over(bench.start("go"))


async def test_a_build_is_ended_while_it_waits_and_while_it_works(bench: Bench) -> None:
    bench.rebuilder.gate.clear()
    first, second, third = bench.start("go"), bench.start("rust"), bench.start("d")
    assert bench.builds.cancel(third)  # before its task has had a turn
    await entered(first, BuildState.BUILDING)
    assert bench.builds.cancel(second)
    assert bench.builds.cancel(first)
    for build in (first, second, third):
        assert (await over(build)).state is BuildState.CANCELLED
        assert build.ended_at
        assert not bench.builds.cancel(build)
    assert bench.rebuilder.calls == [("go", False)]
    assert bench.promoted == []


async def test_once_promoted_it_has_succeeded_whoever_cancels_it(bench: Bench) -> None:
    bench.on_proved_waits.clear()
    build = bench.start()
    async with asyncio.timeout(DEADLINE_S):
        while not bench.promoted:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0)
    assert not bench.builds.cancel(build)
    closing = asyncio.create_task(bench.builds.close())
    assert (await over(build)).state is BuildState.SUCCEEDED
    await closing


async def test_what_is_promoted_but_can_t_be_served_at_once_has_succeeded(bench: Bench) -> None:
    bench.failure = EngineError("gone")
    build = await over(bench.start())
    assert (build.state, build.error) == (BuildState.SUCCEEDED, None)
    events = [event async for event in build.follow()]
    assert "not served yet: gone" in [event.text for event in events]


async def test_builds_under_way_are_not_forgotten(bench: Bench) -> None:
    bench.rebuilder.gate.clear()
    first = bench.start()
    for _ in range(builds_module.MOST_BUILDS + 1):
        other = bench.start("rust")
        bench.builds.cancel(other)
        await over(other)
    assert bench.builds.find(first.id) is first
    assert len(bench.builds.all()) == builds_module.MOST_BUILDS


async def test_logs_and_builds_are_bounded(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builds_module, "MOST_EVENTS", 10)
    build = Build("go", "admin-1")
    for number in range(30):
        build.line("go", str(number))
    build.enter(BuildState.FAILED, "enough")
    events = [event async for event in build.follow()]
    assert [event.text for event in events] == [*map(str, range(21, 30)), "failed"]
    first = await over(bench.start())
    for _ in range(builds_module.MOST_BUILDS):
        await over(bench.start())
    assert len(bench.builds.all()) == builds_module.MOST_BUILDS
    assert bench.builds.find(first.id) is None


async def test_of_an_old_build_the_end_of_its_log_is_kept(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(builds_module, "KEPT_EVENTS", 2)
    first = await over(bench.start())
    for _ in range(builds_module.WHOLE_LOGS):
        await over(bench.start())
    assert [event.text async for event in first.follow()] == ["built 1.2", "succeeded"]
