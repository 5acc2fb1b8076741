"""The routes of `/admin`."""

from __future__ import annotations

from http import HTTPStatus

from openapi_pydantic import Operation, PathItem, Response, Schema
from pydantic import BaseModel

from orchestrator.api.admin.access import NoOptions
from orchestrator.api.admin.builds import LOG_FORMS, RebuildOptions
from orchestrator.api.answers.formats import Format
from orchestrator.api.answers.models import admin
from orchestrator.api.openapi.parts import (
    BODY,
    BROKEN,
    KEY,
    Refusals,
    answer,
    body,
    event_bodies,
    header,
    json_body,
    parameter,
    refused,
)

ADMIN: Refusals = {**KEY, 403: ("forbidden",)}
NO_SUCH: Refusals = {404: ("not_found",)}
NO_LANGUAGE: Refusals = {404: ("unknown_language",)}
ENGINE: Refusals = {502: ("engine_error",), 503: ("engine_unavailable",)}
SETTING: Refusals = {409: ("configuration",)}
SHUTTING_DOWN: Refusals = {503: ("draining",)}

_STREAMS = (Format.NDJSON, Format.SSE, Format.TEXT)
_LOCATION = {"Location": header("The build's path.")}
_NUMBER = Schema(type="integer", minimum=0, maximum=10**18 - 1)


def admin_paths() -> dict[str, PathItem]:
    """Those of a server with an `ADMIN_KEY`."""
    return {
        "/admin/jobs": PathItem(get=_list_jobs()),
        "/admin/jobs/{id}": PathItem(delete=_end_job()),
        "/admin/drain": PathItem(post=_start_drain(), delete=_stop_drain()),
        "/admin/languages": PathItem(get=_list_languages()),
        "/admin/languages/{id}/rebuild": PathItem(post=_rebuild()),
        "/admin/languages/{id}/rollback": PathItem(post=_roll_back()),
        "/admin/languages/{id}/enable": PathItem(post=_switch("enable")),
        "/admin/languages/{id}/disable": PathItem(post=_switch("disable")),
        "/admin/builds": PathItem(get=_list_builds()),
        "/admin/builds/{id}": PathItem(get=_show_build(), delete=_cancel_build()),
        "/admin/builds/{id}/log": PathItem(get=_show_log()),
    }


def _look(name: str, summary: str, found: type[BaseModel], *refusals: Refusals) -> Operation:
    return Operation(
        tags=["Administration"],
        operationId=name,
        summary=summary,
        responses={
            "200": answer(f"{HTTPStatus.OK.phrase}.", json_body(found)),
            **refused(ADMIN, *refusals, BROKEN),
        },
    )


def _change(
    name: str,
    summary: str,
    done: dict[str, Response],
    *refusals: Refusals,
    options: type[BaseModel] = NoOptions,
) -> Operation:
    return Operation(
        tags=["Administration"],
        operationId=name,
        summary=summary,
        requestBody=body(options, "May be left out.", required=False),
        responses={**done, **refused(ADMIN, BODY, *refusals, BROKEN)},
    )


def _of(operation: Operation, what: str) -> Operation:
    operation.parameters = [parameter("id", "path", what)]
    return operation


def _list_jobs() -> Operation:
    return _look("listJobs", "The jobs under way", admin.AdminJobs)


def _end_job() -> Operation:
    done = {"202": answer("It ends now.", json_body(admin.EndedJob))}
    return _of(_change("endJob", "End a job", done, NO_SUCH), "The job's.")


def _start_drain() -> Operation:
    done = {"200": answer("Jobs are refused.", json_body(admin.Draining))}
    return _change("startDrain", "Take no more jobs", done)


def _stop_drain() -> Operation:
    done = {"200": answer("Jobs are taken.", json_body(admin.Draining))}
    return _change("stopDrain", "Take jobs again", done, SHUTTING_DOWN)


def _list_languages() -> Operation:
    return _look(
        "listLanguages",
        "The languages, what they run on, what they would go back to",
        admin.AdminLanguages,
        SETTING,
        ENGINE,
    )


def _rebuild() -> Operation:
    content = json_body(admin.Build) | event_bodies(_STREAMS)
    begun = {"202": answer("The build, or its log as it grows.", content, _LOCATION)}
    operation = _change(
        "rebuildLanguage",
        "Build a new image; it is used once everything that is tried in it passes",
        begun,
        NO_LANGUAGE,
        {409: ("busy",)},
        SHUTTING_DOWN,
        options=RebuildOptions,
    )
    return _of(operation, "The name of the language's folder.")


def _changed() -> dict[str, Response]:
    return {"200": answer("The language as it is now.", json_body(admin.AdminLanguage))}


def _roll_back() -> Operation:
    operation = _change(
        "rollBackLanguage",
        "Go back to the image before",
        _changed(),
        NO_LANGUAGE,
        {409: ("busy", "no_previous")},
        SETTING,
        ENGINE,
    )
    return _of(operation, "The name of the language's folder.")


def _switch(word: str) -> Operation:
    operation = _change(
        f"{word}Language",
        f"{word.capitalize()} a language on every server of this engine",
        _changed(),
        NO_LANGUAGE,
        {409: ("busy",)},
        SETTING,
        ENGINE,
    )
    return _of(operation, "The name of the language's folder.")


def _list_builds() -> Operation:
    return _look("listBuilds", "The builds under way and the latest ones", admin.Builds)


def _show_build() -> Operation:
    return _of(_look("showBuild", "A build", admin.Build, NO_SUCH), "The build's.")


def _cancel_build() -> Operation:
    done = {"202": answer("It is being ended.", json_body(admin.Build))}
    operation = _change("cancelBuild", "End a build", done, NO_SUCH, {409: ("finished",)})
    return _of(operation, "The build's.")


def _show_log() -> Operation:
    content = event_bodies(LOG_FORMS)
    operation = Operation(
        tags=["Administration"],
        operationId="showBuildLog",
        summary="A build's log: what there is, then what comes",
        responses={
            "200": answer("To the build's end.", content, _LOCATION),
            **refused(ADMIN, {400: ("invalid",)}, NO_SUCH, BROKEN),
        },
    )
    operation.parameters = [
        parameter("id", "path", "The build's."),
        parameter("from", "query", "The event to begin at.", _NUMBER),
        parameter("Last-Event-ID", "header", "The event to begin after.", _NUMBER),
    ]
    return operation
