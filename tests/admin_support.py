"""A server with an admin, over the fake backend; and what its audit log says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient

from orchestrator.access.model import unnamed_key
from orchestrator.api import keys
from orchestrator.api.admin.routes import add_admin_routes
from orchestrator.app import build_app
from orchestrator.errors import NoPreviousImageError, RunnerError, UnknownLanguageError
from orchestrator.images.build_queue import Builds
from orchestrator.images.store import LanguageImage, LanguageImages
from tests.api_support import make_settings
from tests.components_support import FakeComponents
from tests.sandbox_support import DEADLINE_S
from tests.unit.test_builds import FakeRebuilder

Client = TestClient[Any, Any]

ADMIN_KEY = "root-key-of-tests"
ADMIN = {"Authorization": f"Bearer {ADMIN_KEY}"}
ADMIN_NAME = unnamed_key(ADMIN_KEY, "admin-").name
WRONG = {"Authorization": "Bearer nobody's"}


def make_image(version: str, definition: str = "") -> LanguageImage:
    digest = f"sha256:{version}"
    return LanguageImage(digest, version, "source", definition, 1_000_000, 1_700_000_000)


class FakeReconciler:
    """Tags of an engine: `sh` has two images, `go` one, `old` a candidate alone."""

    def __init__(self) -> None:
        self.images = {
            "sh": LanguageImages("sh", make_image("1.2"), make_image("1.1"), is_enabled=True),
            "go": LanguageImages("go", make_image("1.19"), is_disabled=True),
            "old": LanguageImages("old", candidate=make_image("0.1")),
        }
        self.promoted: list[str] = []
        self.failure: RunnerError | None = None
        self.gate = asyncio.Event()
        self.gate.set()
        self.begun = asyncio.Event()

    async def read(self) -> dict[str, LanguageImages]:
        if self.failure is not None:
            raise self.failure
        return self.images

    async def promoted_at(self, language_id: str) -> str | None:
        return {"sh": "2026-11-25T01:02:03Z"}.get(language_id)

    async def take_on(self, language_id: str) -> None:
        self.promoted.append(language_id)

    async def roll_back(self, language_id: str) -> None:
        images = await self._built(language_id)
        if images.previous is None:
            raise NoPreviousImageError(f"{language_id}: there is no previous image to go back to")
        self._set(images, current=images.previous, previous=images.current)

    async def enable(self, language_id: str) -> None:
        self._set(await self._built(language_id), is_enabled=True, is_disabled=False)

    async def disable(self, language_id: str) -> None:
        self._set(await self._built(language_id), is_enabled=False, is_disabled=True)

    async def _built(self, language_id: str) -> LanguageImages:
        self.begun.set()
        await self.gate.wait()
        images = (await self.read()).get(language_id)
        if images is None or images.current is None:
            raise UnknownLanguageError(f"there is no image of {language_id!r}: build it first")
        return images

    def _set(self, images: LanguageImages, **changes: Any) -> None:
        self.images = self.images | {images.id: replace(images, **changes)}


def admin_routes() -> list[tuple[str, str]]:
    """Every route of `/admin`, with an id in it that may be anything's."""
    app = web.Application()
    add_admin_routes(app)
    return [
        (route.method, route.resource.canonical.replace("{id}", "0123456789abcdef"))
        for route in app.router.routes()
        if route.resource and route.method != "HEAD"
    ]


async def start(
    aiohttp_client: Any, components: FakeComponents | None = None, **settings: Any
) -> Client:
    """A server whose self-test is over."""
    fields = {"admin_key": f"{ADMIN_KEY},second-root", **settings}
    app = build_app(make_settings(**fields), (components or FakeComponents()).open)
    return await serve(aiohttp_client, app)


async def start_workshop(
    aiohttp_client: Any, reconciler: FakeReconciler, rebuilder: FakeRebuilder, **settings: Any
) -> Client:
    """The same, whose languages can be changed, and rebuilt by `rebuilder`."""
    return await serve(aiohttp_client, admin_app(reconciler, rebuilder, **settings))


def admin_app(
    reconciler: FakeReconciler, rebuilder: FakeRebuilder, **settings: Any
) -> web.Application:
    fields = {"admin_key": f"{ADMIN_KEY},second-root", **settings}
    app = build_app(make_settings(**fields), FakeComponents().open)
    app[keys.RECONCILER] = reconciler  # type: ignore[misc]
    app[keys.BUILDS] = Builds(rebuilder, reconciler.take_on)  # type: ignore[arg-type]

    async def close(app: web.Application) -> None:
        rebuilder.gate.set()
        await app[keys.BUILDS].close()

    app.on_cleanup.append(close)
    return app


async def serve(aiohttp_client: Any, app: web.Application) -> Client:
    client: Client = await aiohttp_client(app)
    await asyncio.wait_for(app[keys.READINESS].settled.wait(), DEADLINE_S)
    return client


async def ask(client: Client, method: str, path: str, **kwargs: Any) -> tuple[int, dict[str, Any]]:
    """As an admin, unless `headers` say otherwise."""
    async with client.request(method, path, **{"headers": ADMIN, **kwargs}) as response:
        return response.status, await response.json()


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not holds():  # noqa: ASYNC110 - whatever it is
            await asyncio.sleep(0.001)


def audit(logs: list[Any]) -> list[tuple[Any, ...]]:
    """The lines of the audit log: action, target, key, outcome, code."""
    return [
        tuple(line[name] for name in ("action", "target", "key", "outcome", "code"))
        for line in logs
        if line["event"] == "audit"
    ]
