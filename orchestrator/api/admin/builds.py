"""`/admin/builds`: what is being built, and was; and `POST /admin/languages/{id}/rebuild`."""

from __future__ import annotations

from aiohttp import web

from orchestrator.api.admin.access import NoOptions, change, check_admin
from orchestrator.api.admin.follow import first_number, follow
from orchestrator.api.admin.wire import build_fields, build_summary
from orchestrator.api.answers.formats import Format, choose_format
from orchestrator.api.errors import ApiError
from orchestrator.api.keys import BUILDS, SERVICE, SETTINGS
from orchestrator.api.requests.schemas import Closed
from orchestrator.errors import UnknownLanguageError
from orchestrator.images.build_queue import Build
from orchestrator.languages.registry import folder_ids

REBUILD_FORMS = (Format.JSON, Format.NDJSON, Format.SSE, Format.TEXT)
LOG_FORMS = (Format.TEXT, Format.NDJSON, Format.SSE)


class RebuildOptions(Closed):
    """The body of a rebuild; `no_cache`: every step is run again."""

    no_cache: bool | None = None


async def rebuild(request: web.Request) -> web.StreamResponse:
    """Begin a build: it as JSON, or its log. It goes on whether or not its caller stays."""
    language_id = request.match_info["id"]
    form = _form(request, REBUILD_FORMS)

    async def work(key: str, options: RebuildOptions) -> Build:
        _check_folder(request.app, language_id)
        return request.app[BUILDS].start(
            language_id, requested_by=key, no_cache=options.no_cache or False
        )

    build = await change(request, "language.rebuild", work, RebuildOptions, target=language_id)
    if form is not Format.JSON:
        return await follow(request, build, form, status=202)
    headers = {"Location": f"/admin/builds/{build.id}"}
    return web.json_response(build_fields(build), status=202, headers=headers)


def _check_folder(app: web.Application, language_id: str) -> None:
    if language_id in folder_ids(app[SETTINGS].images_dir):
        return
    found = app[SERVICE].catalog.find(language_id)
    if found is not None and found.language.image_owner != language_id:
        raise UnknownLanguageError(
            f"{found.language.id} runs on the image of {found.language.image_owner}: rebuild that"
        )
    raise UnknownLanguageError("There is no folder of that language on this server")


async def list_builds(request: web.Request) -> web.Response:
    """The latest builds, newest first."""
    check_admin(request)
    return web.json_response(
        {"builds": [build_summary(each) for each in request.app[BUILDS].all()]}
    )


async def show_build(request: web.Request) -> web.Response:
    """One of them, with what was tried."""
    check_admin(request)
    return web.json_response(build_fields(_find(request)))


async def show_log(request: web.Request) -> web.StreamResponse:
    """Its log: what there is, and what comes; last the build as it has ended."""
    check_admin(request)
    build = _find(request)
    return await follow(request, build, _form(request, LOG_FORMS), start=first_number(request))


async def cancel_build(request: web.Request) -> web.Response:
    """End a build; what is served stays as it is."""

    async def work(_key: str, _options: NoOptions) -> Build:
        build = _find(request)
        if not request.app[BUILDS].cancel(build):
            raise ApiError(409, "finished", f"The build has ended: {build.state}")
        return build

    build_id = request.match_info["id"]
    build = await change(request, "build.cancel", work, NoOptions, target=build_id)
    return web.json_response(build_fields(build), status=202)


def _find(request: web.Request) -> Build:
    build = request.app[BUILDS].find(request.match_info["id"])
    if build is None:
        raise ApiError(404, "not_found", "There is no such build, or it is long over")
    return build


def _form(request: web.Request, forms: tuple[Format, ...]) -> Format:
    return choose_format(",".join(request.headers.getall("Accept", ())), forms)
