"""Languages are administered in one way: by the server's routes and the commands, with the lock."""

from __future__ import annotations

import asyncio
import contextlib
import io
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from rich.console import Console

from orchestrator.api import keys
from orchestrator.app import build_app
from orchestrator.cli import languages as commands
from orchestrator.components import ImageTooling
from orchestrator.errors import BusyLanguageError, ConfigurationError, UnknownLanguageError
from orchestrator.images import administration as administration_module
from orchestrator.images.administration import LanguageAdministration
from orchestrator.images.build_queue import Builds
from orchestrator.images.lock import language_lock
from orchestrator.images.reconciler import LanguageReconciler
from orchestrator.images.store import ImageStore
from orchestrator.images.tags import MARK_IMAGE, image_name
from orchestrator.settings import Settings
from tests.admin_support import ADMIN_KEY, Client, ask, serve
from tests.api_support import make_settings
from tests.components_support import FakeComponents
from tests.languages_support import TOML, FakeEngine
from tests.sandbox_support import DEADLINE_S
from tests.unit.test_builds import FakeRebuilder
from tests.unit.test_offering import FakeSelfTest

LABELS = {
    "codebae.language": "shout",
    "codebae.version": "1.2",
    "codebae.source": "s",
    "codebae.definition": TOML,
}
ACTIONS = ("rollback", "enable", "disable")
BUSY = str(BusyLanguageError("shout"))


def image(digest: str) -> dict[str, Any]:
    return {"Id": digest, "Size": 5, "Created": 7, "Config": {"Labels": LABELS}}


@pytest.fixture
async def engine() -> AsyncIterator[FakeEngine]:
    """An engine with two images of `shout`."""
    fake = FakeEngine()
    fake.api.images[MARK_IMAGE] = image("agent") | {"Config": {"Labels": None}}
    fake.api.images[image_name("shout", "current")] = image("sha256:2")
    fake.api.images[image_name("shout", "previous")] = image("sha256:1")
    yield fake
    await fake.close()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_settings(languages="all", state_dir=tmp_path)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(administration_module, "PATIENCE_S", 0.0)


def tags_of(engine: FakeEngine) -> dict[str, str]:
    names = {name: each["Id"] for name, each in engine.api.images.items() if "/shout:" in name}
    return {name.partition(":")[2]: digest for name, digest in names.items()}


def is_done(action: str, tags: dict[str, str]) -> bool:
    return {
        "rollback": tags["current"] == "sha256:1",
        "enable": "enabled" in tags,
        "disable": "disabled" in tags,
    }[action]


@pytest.fixture
def tooling(engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextlib.asynccontextmanager
    async def opened(_: Settings) -> AsyncIterator[tuple[ImageTooling, None]]:
        yield ImageTooling(engine, ImageStore(engine), None), None  # type: ignore[arg-type]

    monkeypatch.setattr(commands, "open_image_tooling", opened)


@pytest.fixture
async def client(aiohttp_client: Any, engine: FakeEngine, settings: Settings) -> Client:
    """A server that administers the languages of `engine`, over the fake backend."""

    async def administered(app: web.Application) -> AsyncIterator[None]:
        reconciler = LanguageReconciler(
            settings,
            ImageStore(engine),
            FakeSelfTest(),  # type: ignore[arg-type]
            app[keys.SERVICE],
        )
        app[keys.RECONCILER] = reconciler
        app[keys.BUILDS] = Builds(FakeRebuilder(), reconciler.take_on)  # type: ignore[arg-type]
        yield

    app = build_app(
        make_settings(admin_key=ADMIN_KEY, state_dir=settings.state_dir), FakeComponents().open
    )
    app.cleanup_ctx.append(administered)
    return await serve(aiohttp_client, app)


async def run_command(action: str, settings: Settings) -> str:
    text = io.StringIO()
    command = {
        "rollback": commands.run_rollback,
        "enable": commands.run_enable,
        "disable": commands.run_disable,
    }[action]
    await command(settings, "shout", Console(file=text))
    return text.getvalue()


@pytest.mark.parametrize("action", ACTIONS)
async def test_a_route_changes_the_tags_and_is_409_busy_while_a_build_has_the_lock(
    client: Client, engine: FakeEngine, settings: Settings, impatient: None, action: str
) -> None:
    del impatient
    path = f"/admin/languages/shout/{action}"
    with language_lock(settings.state_dir, "shout"):
        before = tags_of(engine)
        assert await ask(client, "POST", path) == (409, {"error": BUSY, "code": "busy"})
        assert tags_of(engine) == before
    assert (await ask(client, "POST", path))[0] == 200
    assert is_done(action, tags_of(engine))


@pytest.mark.parametrize("action", ACTIONS)
async def test_a_command_changes_the_tags_and_says_busy_while_a_build_has_the_lock(
    engine: FakeEngine, settings: Settings, tooling: None, impatient: None, action: str
) -> None:
    del tooling, impatient
    with language_lock(settings.state_dir, "shout"):
        before = tags_of(engine)
        with pytest.raises(BusyLanguageError, match="being rebuilt"):
            await run_command(action, settings)
        assert tags_of(engine) == before
    said = {"rollback": "rolled back", "enable": "enabled", "disable": "disabled"}
    assert await run_command(action, settings) == f"shout: {said[action]}\n"
    assert is_done(action, tags_of(engine))


@pytest.fixture
def administration(engine: FakeEngine, settings: Settings) -> LanguageAdministration:
    return LanguageAdministration(settings, ImageStore(engine))


@pytest.mark.parametrize("change", ["roll_back", "enable", "disable", "enable_new"])
async def test_every_change_writes_tags_with_the_lock_held_and_gives_it_back(
    engine: FakeEngine, settings: Settings, change: str
) -> None:
    seen: list[bool] = []
    tag = engine.api.tag

    def look(name: str, repository: str, to: str) -> None:
        seen.append(is_locked(settings))
        tag(name, repository, to)

    engine.api.tag = look  # type: ignore[assignment, method-assign]
    settings = settings.model_copy(update={"languages": "c"})
    await getattr(LanguageAdministration(settings, ImageStore(engine)), change)("shout")
    assert seen
    assert all(seen)
    assert not is_locked(settings)


def is_locked(settings: Settings) -> bool:
    try:
        with language_lock(settings.state_dir, "shout"):
            return False
    except BusyLanguageError:
        return True


async def test_changes_at_once_wait_for_one_another(
    administration: LanguageAdministration, engine: FakeEngine
) -> None:
    tag, once = engine.api.tag, threading.Event()

    def slow(name: str, repository: str, to: str) -> None:
        once.wait(0.1)
        tag(name, repository, to)

    engine.api.tag = slow  # type: ignore[assignment, method-assign]
    changes: list[Callable[[str], Any]] = [administration.enable, administration.disable]
    async with asyncio.timeout(DEADLINE_S):
        await asyncio.gather(*(change("shout") for change in changes))
    assert ("enabled" in tags_of(engine)) is not ("disabled" in tags_of(engine))


async def test_a_name_without_an_image_is_unknown_and_becomes_no_file(
    administration: LanguageAdministration, settings: Settings
) -> None:
    for name in ("whisper", "../whisper"):
        with pytest.raises(UnknownLanguageError):
            await administration.enable(name)
    assert not list(settings.state_dir.glob("**/*.lock"))


async def test_where_no_lock_can_be_there_is_no_change(engine: FakeEngine, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    settings = make_settings(state_dir=tmp_path / "file")
    before = tags_of(engine)
    with pytest.raises(ConfigurationError, match="STATE_DIR"):
        await LanguageAdministration(settings, ImageStore(engine)).disable("shout")
    assert tags_of(engine) == before


async def test_the_list_says_of_an_image_why_it_can_t_be_used_and_goes_on(
    engine: FakeEngine, settings: Settings, tooling: None
) -> None:
    del tooling
    old = image("sha256:3")
    old["Config"] = {"Labels": LABELS | {"codebae.language": "old", "codebae.definition": ""}}
    engine.api.images[image_name("old", "current")] = old
    text = io.StringIO()
    await commands.run_list(settings.model_copy(update={"languages": "c"}), Console(file=text))
    rows = {row.split("\t")[0]: row.split("\t")[1:] for row in text.getvalue().splitlines()}
    assert rows["shout"][2] == "not served"
    assert rows["c"][2] == "not built"
    reason = (
        "can't be used: the image of old is of an earlier version: `make images` builds another"
    )
    assert rows["old"] == ["", "1.2", reason, "3", "0 MB", ""]
