"""Piston's requests over HTTP: `execute`, `runtimes`, `packages`; the rest is not found."""

from __future__ import annotations

import json
from typing import cast

from aiohttp import web

from orchestrator.access.model import Key, Scope
from orchestrator.api.answers.formats import Format, choose_format
from orchestrator.api.answers.weight import submission_bytes
from orchestrator.api.callers.auth import require
from orchestrator.api.callers.callers import admit
from orchestrator.api.errors import ApiError
from orchestrator.api.execute import raise_failure, send_answer
from orchestrator.api.keys import ADMISSION, MEMORY_BUDGETS, SERVICE, SETTINGS
from orchestrator.api.piston.access import identify
from orchestrator.api.piston.answer import OrderedOutput, to_answer
from orchestrator.api.piston.errors import (
    PistonError,
    not_found,
    refusal,
    unreadable,
    with_piston_errors,
)
from orchestrator.api.piston.limits import piston_output_bytes
from orchestrator.api.piston.runtimes import (
    Runtime,
    list_runtimes,
    package_fields,
    runtime_fields,
)
from orchestrator.api.piston.semver import satisfies
from orchestrator.api.piston.submission import Request, to_request
from orchestrator.api.requests.body import parse_json, read_body
from orchestrator.api.requests.off_loop import off_loop
from orchestrator.jobs.memory_budget import Allocation

VERSION = "3.1.1"
JSON_TYPE = "application/json"
PAGE = "docs"
"""Relative, so that it is right behind a proxy that adds to the path."""
WITHOUT_BODY = {"GET", "HEAD", "OPTIONS"}


def installed_runtimes(app: web.Application) -> list[Runtime]:
    """The runtimes that are installed now."""
    return list_runtimes(app[SERVICE].catalog)


async def greet(_request: web.Request) -> web.Response:
    """Say which Piston this stands in for; to anybody."""
    return web.json_response({"message": f"Piston v{VERSION}"})


async def welcome(request: web.Request) -> web.Response:
    """Answer as `greet` at the service's own root; a browser is redirected to the page."""
    accept = ",".join(request.headers.getall("Accept", ()))
    if choose_format(accept, (Format.JSON, Format.HTML)) is Format.HTML:
        response = web.Response(status=302, headers={"Location": PAGE})
    else:
        response = await greet(request)
    response.headers["Vary"] = "Accept"
    return response


@with_piston_errors
async def execute(request: web.Request) -> web.StreamResponse:
    """Run a program; 200 whatever it does. Is cancelled when the client goes away."""
    app = request.app
    with (
        admit(request, _identify(request)) as ticket,
        app[MEMORY_BUDGETS].requests.allocate(ticket.key) as allocation,
    ):
        settings = app[SETTINGS]
        body = await _read_body(request, allocation)

        def ask() -> Request:
            return to_request(
                _parse(request, body),
                installed_runtimes(app),
                settings,
                output_bytes=piston_output_bytes(settings),
            )

        asked = await off_loop(len(body), ask)
        allocation.resize(submission_bytes(asked.submission, settings))
        job = app[SERVICE].accept(asked.submission, ticket)
        printed = OrderedOutput()
        result = await app[SERVICE].run(job, printed)
        raise_failure(result)
        return await send_answer(request, result, lambda: to_answer(result, asked.runtime, printed))


@with_piston_errors
async def runtimes(request: web.Request) -> web.StreamResponse:
    """List what may be run."""
    _identify(request)
    return web.json_response([runtime_fields(each) for each in installed_runtimes(request.app)])


@with_piston_errors
async def packages(request: web.Request) -> web.StreamResponse:
    """List the runtimes as Piston's packages, all of them installed."""
    _identify(request)
    return web.json_response([package_fields(each) for each in installed_runtimes(request.app)])


@with_piston_errors
async def change_packages(request: web.Request) -> web.StreamResponse:
    """Install what is installed, which changes nothing; remove nothing: that is an admin's."""
    key = _identify(request)
    require(key, Scope.RUN)
    app = request.app
    with (
        app[ADMISSION].ticket(key.name),
        app[MEMORY_BUDGETS].requests.allocate(key.name) as allocation,
    ):
        body = await _read_body(request, allocation)
        payload = await off_loop(len(body), _parse, request, body)
    fields = cast("dict[str, object]", payload) if isinstance(payload, dict) else {}
    name, version = (_shown(fields, field) for field in ("language", "version"))
    found = [
        each
        for each in installed_runtimes(request.app)
        if each.language == name and satisfies(each.number, version)
    ]
    if not found:
        raise refusal(f"Requested package {name}-{version} does not exist", 404)
    if request.method == "DELETE":
        raise refusal("Packages are not removed over this API", 403)
    newest = max(found, key=lambda each: each.number)
    return web.json_response({"language": newest.language, "version": newest.version})


@with_piston_errors
async def nothing(request: web.Request) -> web.StreamResponse:
    """Answer 404: Piston has no such path."""
    _identify(request)
    raise not_found()


def _identify(request: web.Request) -> Key:
    """Whose request it is; one that may have a body must say that it is JSON."""
    key = identify(request)
    is_json = request.headers.get("Content-Type", "").startswith(JSON_TYPE)
    if request.method not in WITHOUT_BODY and not is_json:
        raise refusal(f"requests must be of type {JSON_TYPE}", 415)
    return key


async def _read_body(request: web.Request, allocation: Allocation) -> bytes:
    settings = request.app[SETTINGS]
    try:
        return await read_body(
            request,
            max_bytes=settings.piston_max_body_size,
            timeout_s=settings.body_timeout,
            hold=allocation.resize,
        )
    except ApiError as err:
        raise _as_unreadable(err) from err


def _parse(request: web.Request, body: bytes) -> object:
    """The body's JSON value, an object or a list; nothing is an empty object."""
    if not body or request.content_type != JSON_TYPE:
        return {}
    try:
        payload = parse_json(body)
    except ApiError as err:
        raise _as_unreadable(err) from err
    if not isinstance(payload, dict | list):
        raise unreadable("SyntaxError: the body must be a JSON object or array")
    return payload


def _as_unreadable(err: ApiError) -> ApiError | PistonError:
    match err.status:
        case 400:
            return unreadable(f"SyntaxError: {err}")
        case 413:
            return unreadable("PayloadTooLargeError: request entity too large")
        case _:
            return err


def _shown(body: dict[str, object], field: str) -> str:
    """A value as JavaScript puts it into a text."""
    if field not in body:
        return "undefined"
    value = body[field]
    return value if isinstance(value, str) else json.dumps(value)
