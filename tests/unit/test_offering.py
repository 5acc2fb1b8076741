"""Tags move, whoever moves them: the catalog, the pool and the images that are kept follow."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from orchestrator.errors import (
    BusyLanguageError,
    EngineError,
    EngineUnavailableError,
    NoPreviousImageError,
    SandboxError,
    UnknownLanguageError,
)
from orchestrator.images.lock import is_marked, language_lock
from orchestrator.images.reconciler import LanguageReconciler
from orchestrator.images.store import LanguageImage, LanguageImages
from orchestrator.languages.model import InstalledLanguage
from orchestrator.sandbox.probes import ProbeResult
from tests.languages_support import TOML
from tests.sandbox_support import DEADLINE_S
from tests.service_support import Bench, started


def image(number: int, definition: str = TOML) -> LanguageImage:
    return LanguageImage(f"sha256:{number}", f"{number}.0", "s", definition, 1, 0)


class FakeStore:
    """The tags of `shout`, and the images that can't be removed yet."""

    def __init__(self) -> None:
        self.shout = LanguageImages("shout", current=image(1))
        self.in_use: set[str] = set()
        self.calls: list[str] = []
        self.kept: set[str] = set()
        self.error: Exception | None = None
        self.collect_error: Exception | None = None

    async def read(self) -> dict[str, LanguageImages]:
        if self.error:
            raise self.error
        return {"shout": self.shout}

    async def collect(self, keep: frozenset[str]) -> list[str]:
        self.kept = set(keep)
        if self.collect_error:
            raise self.collect_error
        return []

    async def remove(self, digest: str) -> bool:
        if digest in self.in_use:
            return False
        self.calls.append(f"remove {digest}")
        return True

    async def drop_candidate(self, _language_id: str) -> None:
        self.calls.append("drop")
        self.shout = replace(self.shout, candidate=None)

    async def rollback(self, _language_id: str) -> None:
        self.shout = replace(self.shout, current=self.shout.previous, previous=self.shout.current)

    async def enable(self, _language_id: str) -> None:
        self.shout = replace(self.shout, is_enabled=True, is_disabled=False)

    async def disable(self, _language_id: str) -> None:
        self.shout = replace(self.shout, is_enabled=False, is_disabled=True)

    def promote(self, number: int) -> None:
        self.shout = replace(self.shout, current=image(number), previous=self.shout.current)


class FakeSelfTest:
    """Images are proved once; those in `failing` fail it, or raise."""

    def __init__(self) -> None:
        self.proved: list[str] = []
        self.failing: set[str] = set()
        self.broken: set[str] = set()
        self.refused: set[str] = set()

    async def verify_image(self, installed: InstalledLanguage) -> list[ProbeResult]:
        self.proved.append(installed.digest)
        if installed.digest in self.broken:
            raise SandboxError("the agent did not start")
        if installed.digest in self.refused:
            raise EngineError("no such file: /sandbox/agent")
        passed = installed.digest not in self.failing
        return [ProbeResult("shout", "memory", passed=passed, detail="survived")]


class Shop(Bench):
    """A server's service, and its reconciler of one more language."""

    def __init__(self, state_dir: Path) -> None:
        super().__init__(languages="shout", state_dir=state_dir)
        self.state_dir = state_dir
        self.store, self.selftest = FakeStore(), FakeSelfTest()
        self.reconciler = LanguageReconciler(
            self._settings(), self.store, self.selftest, self.service
        )  # type: ignore[arg-type]

    def _settings(self) -> object:
        return self.service._settings  # noqa: SLF001 - the same for both

    def served(self) -> list[tuple[str, str]]:
        return [(each.language.id, each.digest) for each in self.service.catalog]


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


async def test_what_has_been_promoted_is_proved_and_served(shop: Shop) -> None:
    await shop.reconciler.reconcile()
    assert shop.served() == [("shout", "sha256:1")]
    assert shop.service.pool.status().keys() == {"shout"}
    shop.store.promote(2)
    await shop.reconciler.reconcile()
    await shop.reconciler.reconcile()
    assert shop.served() == [("shout", "sha256:2")]
    assert shop.selftest.proved == ["sha256:1", "sha256:2"]


@pytest.mark.parametrize("how", ["failing", "broken"])
async def test_an_image_in_which_a_limit_does_not_hold_is_not_served(shop: Shop, how: str) -> None:
    await shop.reconciler.reconcile()
    getattr(shop.selftest, how).add("sha256:2")
    shop.store.promote(2)
    with capture_logs() as logs:
        for _ in range(3):
            await shop.reconciler.reconcile()
    assert shop.served() == [("shout", "sha256:1")]
    refused = [line for line in logs if line["event"] == "image_refused"]
    assert [line["digest"] for line in refused] == ["sha256:2"]  # said once
    assert shop.store.kept >= {"sha256:1"}
    getattr(shop.selftest, how).clear()
    await shop.reconciler.reconcile()
    assert shop.served() == [("shout", "sha256:2")]


async def test_one_that_can_t_be_started_holds_nobody_else_up(shop: Shop) -> None:
    changes: list[None] = []
    reconciler = LanguageReconciler(
        shop.service._settings,  # noqa: SLF001 - the same for both
        shop.store,  # type: ignore[arg-type]
        shop.selftest,  # type: ignore[arg-type]
        shop.service,
        lambda: changes.append(None),
    )
    shop.selftest.refused.add("sha256:1")
    await reconciler.reconcile()
    assert shop.served() == []
    assert len(changes) == 1  # of what the service had before
    shop.store.promote(2)
    await reconciler.reconcile()
    await reconciler.reconcile()
    assert shop.served() == [("shout", "sha256:2")]
    assert len(changes) == 2


async def test_what_can_t_be_cleaned_up_is_no_reason_not_to_serve(shop: Shop) -> None:
    shop.store.collect_error = EngineError("device or resource busy")
    shop.store.promote(2)
    with capture_logs() as logs:
        await shop.reconciler.roll_back("shout")
    assert shop.served() == [("shout", "sha256:1")]
    assert "images_not_cleaned_up" in [line["event"] for line in logs]


async def test_an_image_that_says_nothing_one_understands_is_not_served(shop: Shop) -> None:
    await shop.reconciler.reconcile()
    shop.store.shout = replace(shop.store.shout, current=image(2, "id = 7"))
    with capture_logs() as logs:
        await shop.reconciler.reconcile()
    assert shop.served() == [("shout", "sha256:1")]
    assert [line["event"] for line in logs] == ["image_not_understood"]


async def test_of_older_images_none_is_kept_but_what_a_job_or_a_container_uses(shop: Shop) -> None:
    await shop.reconciler.reconcile()
    shop.store.promote(2)
    await shop.reconciler.reconcile()
    assert shop.store.calls == []
    shop.store.in_use.add("sha256:1")
    for number in (3, 4):
        shop.store.promote(number)
        await shop.reconciler.reconcile()
    assert shop.store.calls == ["remove sha256:2"]
    shop.store.in_use.clear()
    for _ in range(2):
        await shop.reconciler.reconcile()
    assert shop.store.calls == ["remove sha256:2", "remove sha256:1"]


async def test_the_image_of_a_job_that_waits_stays(shop: Shop) -> None:
    digest = next(iter(shop.service.catalog)).digest
    job = await started(shop, "read line")
    await shop.reconciler.reconcile()
    assert digest in shop.service.images_in_use()
    assert digest in shop.store.kept
    job.cancel()
    with pytest.raises(asyncio.CancelledError):
        await job
    await shop.service.drain()
    assert shop.service.images_in_use() == frozenset()


async def test_a_candidate_goes_if_its_builder_was_killed_here(shop: Shop) -> None:
    shop.store.shout = replace(shop.store.shout, candidate=image(9))
    await shop.reconciler.reconcile()  # somebody else's, for all one knows
    with language_lock(shop.state_dir, "shout") as lock:
        lock.mark()
        await shop.reconciler.reconcile()  # being built here
    assert shop.store.calls == []
    assert is_marked(shop.state_dir, "shout")
    await shop.reconciler.reconcile()
    assert shop.store.calls[0] == "drop"
    assert not is_marked(shop.state_dir, "shout")


async def test_going_back_switching_off_and_on(shop: Shop) -> None:
    await shop.reconciler.reconcile()
    with pytest.raises(NoPreviousImageError):
        await shop.reconciler.roll_back("shout")
    shop.store.promote(2)
    await shop.reconciler.roll_back("shout")
    assert shop.served() == [("shout", "sha256:1")]
    await shop.reconciler.disable("shout")
    assert shop.served() == []
    assert shop.service.catalog.is_disabled("Loud")
    assert not shop.service.pool.status()
    await shop.reconciler.enable("shout")
    assert shop.served() == [("shout", "sha256:1")]
    with language_lock(shop.state_dir, "shout"), pytest.raises(BusyLanguageError):
        await shop.reconciler.roll_back("shout")


@pytest.mark.parametrize(
    "change",
    [LanguageReconciler.roll_back, LanguageReconciler.enable, LanguageReconciler.disable],
    ids=lambda each: each.__name__,
)
async def test_a_language_without_an_image_is_unknown(
    shop: Shop, change: Callable[[LanguageReconciler, str], AsyncIterator[None]]
) -> None:
    for name in ("whisper", "shout"):
        shop.store.shout = LanguageImages("shout", is_enabled=True)
        with pytest.raises(UnknownLanguageError, match=f"no image of '{name}'"):
            await change(shop.reconciler, name)  # type: ignore[misc]


@pytest.mark.parametrize(
    ("languages", "marks", "enabled"),
    [
        ("c", {}, True),
        ("shout", {}, False),
        ("all", {}, False),
        ("c", {"is_disabled": True}, False),
    ],
)
async def test_a_new_language_is_enabled_unless_it_is_asked_for_or_off(
    tmp_path: Path, languages: str, marks: dict[str, bool], *, enabled: bool
) -> None:
    shop = Shop(tmp_path)
    settings = shop.service._settings.model_copy(update={"languages": languages})  # noqa: SLF001
    reconciler = LanguageReconciler(settings, shop.store, shop.selftest, shop.service)  # type: ignore[arg-type]
    shop.store.shout = replace(shop.store.shout, **marks)
    await reconciler.take_on("shout")
    assert shop.store.shout.is_enabled is enabled
    assert bool(shop.served()) is not bool(marks)


async def test_it_looks_again_and_again_whatever_the_last_look_met(shop: Shop) -> None:
    shop.store.error = EngineUnavailableError("gone")
    with capture_logs() as logs:
        task = asyncio.create_task(shop.reconciler.run(0.001))
        async with asyncio.timeout(DEADLINE_S):
            while not logs:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.001)
            shop.store.error = None
            while shop.served() != [("shout", "sha256:1")]:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.001)
        task.cancel()
        await asyncio.wait([task])
    assert logs[0]["event"] == "languages_not_looked_at"
