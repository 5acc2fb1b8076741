"""`GET /admin/languages`, and what is done to one of them at once: roll back, enable, disable."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from aiohttp import web

from orchestrator.api.admin.access import NoOptions, change, check_admin, told_as_refusals
from orchestrator.api.admin.wire import build_summary, timestamp, to_check
from orchestrator.api.keys import BUILDS, RECONCILER, SERVICE, SETTINGS
from orchestrator.images.check_results import recall_checks
from orchestrator.images.description import describe_image
from orchestrator.images.reconciler import LanguageReconciler
from orchestrator.images.store import LanguageImage, LanguageImages
from orchestrator.languages.registry import folder_ids

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler


async def list_languages(request: web.Request) -> web.Response:
    """Every language that has a folder or an image, by folder."""
    check_admin(request)
    with told_as_refusals():
        folders = folder_ids(request.app[SETTINGS].images_dir)
        images = await request.app[RECONCILER].read()
        shown = await _describe_all(request.app, images, dict.fromkeys([*folders, *images]))
    return web.json_response({"languages": shown})


async def _describe_all(
    app: web.Application, images: Mapping[str, LanguageImages], ids: Iterable[str]
) -> list[dict[str, Any]]:
    """Those of `ids`. Raises EngineError."""
    checks = await asyncio.to_thread(recall_checks, app[SETTINGS].state_dir)

    async def describe(language_id: str) -> dict[str, Any]:
        known = images.get(language_id) or LanguageImages(language_id)
        promoted = await app[RECONCILER].promoted_at(language_id) if known.current else None
        tried = checks.get(known.current.digest, ()) if known.current else ()
        return _to_wire(app, known, promoted, [to_check(each) for each in tried])

    return await asyncio.gather(*map(describe, ids))


def _changing(action: str, work: Callable[[LanguageReconciler, str], Awaitable[None]]) -> Handler:
    """The language as it is afterwards."""

    async def handler(request: web.Request) -> web.Response:
        language_id = request.match_info["id"]

        async def change_it(_key: str, _options: NoOptions) -> dict[str, Any]:
            reconciler = request.app[RECONCILER]
            await work(reconciler, language_id)
            (changed,) = await _describe_all(request.app, await reconciler.read(), [language_id])
            return changed

        changed = await change(request, action, change_it, NoOptions, target=language_id)
        return web.json_response(changed)

    return handler


roll_back = _changing(
    "language.rollback", lambda reconciler, language_id: reconciler.roll_back(language_id)
)
enable = _changing(
    "language.enable", lambda reconciler, language_id: reconciler.enable(language_id)
)
disable = _changing(
    "language.disable", lambda reconciler, language_id: reconciler.disable(language_id)
)


def _to_wire(
    app: web.Application,
    images: LanguageImages,
    promoted: str | None,
    checks: list[dict[str, Any]],
) -> dict[str, Any]:
    service = app[SERVICE]
    served = [each for each in service.catalog if each.language.image_owner == images.id]
    builds = [each for each in app[BUILDS].all() if each.language == images.id]
    pools = service.pool.status()
    images_dir = app[SETTINGS].images_dir
    known = served or describe_image(images_dir, images.id, images.current).languages
    return {
        "id": images.id,
        "name": known[0].language.name if known else None,
        "state": _state(images, is_served=bool(served)),
        "enabled": images.is_enabled,
        "served_digest": served[0].digest if served else None,
        "promoted": promoted,
        "current": _image(images.current),
        "checks": checks,
        "previous": _image(images.previous),
        "languages": [
            {
                "id": each.language.id,
                "name": each.language.name,
                "aliases": list(each.language.aliases),
                "pool": asdict(pools[each.language.id]) if each.language.id in pools else None,
            }
            for each in known
        ],
        "last_build": build_summary(builds[0]) if builds else None,
    }


def _state(images: LanguageImages, *, is_served: bool) -> str:
    if images.current is None:
        return "not built"
    if images.is_disabled:
        return "disabled"
    return "served" if is_served else "not served"


def _image(image: LanguageImage | None) -> dict[str, Any] | None:
    if image is None:
        return None
    return {
        "version": image.version,
        "digest": image.digest,
        "size": image.size_bytes,
        "built": timestamp(image.created),
    }
