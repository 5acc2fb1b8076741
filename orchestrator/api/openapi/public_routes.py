"""The routes of everybody and of those who run programs."""

from __future__ import annotations

from openapi_pydantic import MediaType, Operation, PathItem, Schema

from orchestrator.api.answers.formats import Format
from orchestrator.api.answers.models.answer import Answer
from orchestrator.api.answers.models.service import Healthy, Languages, Stats, Unhealthy
from orchestrator.api.callers.callers import CLIENT_ID, CLIENT_ID_PATTERN
from orchestrator.api.openapi.parts import (
    BODY,
    BROKEN,
    KEY,
    SECURITY,
    Refusals,
    answer,
    body,
    event_bodies,
    json_body,
    model,
    parameter,
    refusal_schema,
    refused,
    text,
)
from orchestrator.api.requests.schemas import ExecuteRequest

NO_KEY: list[dict[str, list[str]]] = []
"""The `security` of a route for everybody."""
SCOPE: Refusals = {403: ("insufficient_scope",)}
ORIGIN: Refusals = {403: ("forbidden",)}
NOT_NOW: Refusals = {429: ("queue_full",), 503: ("draining", "engine_unavailable")}
_CLIENT_ID = parameter(
    CLIENT_ID,
    "header",
    "Who of the key's many users asks: within a key they take turns.",
    Schema(type="string", pattern=f"^{CLIENT_ID_PATTERN}$"),
)


def public_paths() -> dict[str, PathItem]:
    """Those that every server has."""
    return {
        "/execute": PathItem(post=_execute()),
        "/execute/ws": PathItem(get=_web_socket()),
        "/languages": PathItem(get=_languages()),
        "/health": PathItem(get=_health()),
        "/stats": PathItem(get=_stats()),
        "/openapi.json": PathItem(get=_document()),
        "/docs": PathItem(get=_page()),
    }


def _execute() -> Operation:
    content = json_body(Answer) | event_bodies((Format.SSE, Format.NDJSON))
    done = answer("What became of the program, whatever that is.", content)
    return Operation(
        tags=["Programs"],
        operationId="execute",
        summary="Run a program, or judge it by tests",
        description="`Accept` chooses between one JSON answer and a stream of events, each sent "
        "when it happens. What is refused is a JSON error, before any stream begins. A caller "
        "that hangs up ends its job. A key with a rate finds what is left of it in the "
        "`RateLimit-` headers of every answer.",
        parameters=[_CLIENT_ID],
        requestBody=body(ExecuteRequest, "The submission: `language`, and `code` or `files`."),
        responses={"200": done, **refused(BODY, KEY, SCOPE, NOT_NOW, BROKEN)},
    )


def _web_socket() -> Operation:
    return Operation(
        tags=["Programs"],
        operationId="executeOverWebSocket",
        summary="Run a program and talk to it, over a WebSocket",
        description="A WebSocket's messages are beyond OpenAPI: docs/reference/websocket.md has "
        "them. What is refused before the upgrade is an ordinary error. A key may also come as "
        "the protocol `codebae.key.` and the key in base64url.",
        responses={
            "101": answer("The upgrade; the protocol is `codebae.v1` where any was offered.", {}),
            "400": answer(
                "This is no WebSocket's handshake, or it does not offer `codebae.v1`.",
                {
                    Format.JSON.value: MediaType(
                        media_type_schema=refusal_schema(["invalid", "bad_request"])
                    )
                },
            ),
            **refused(ORIGIN, KEY, SCOPE, NOT_NOW, BROKEN),
        },
    )


def _languages() -> Operation:
    found = answer("What a client needs to offer a choice.", json_body(Languages))
    return Operation(
        tags=["Service"],
        operationId="languages",
        summary="The languages a program may be in",
        security=NO_KEY,
        responses={"200": found, **refused(BROKEN)},
    )


def _health() -> Operation:
    broken = refusal_schema(["internal_error"])
    schema = Schema(anyOf=[model(Unhealthy), broken])
    unhealthy = {Format.JSON.value: MediaType(media_type_schema=schema)}
    return Operation(
        tags=["Service"],
        operationId="health",
        summary="Can programs be run?",
        security=NO_KEY,
        responses={
            "200": answer("They can.", json_body(Healthy)),
            "503": answer("They can't, and why.", unhealthy),
        },
    )


def _stats() -> Operation:
    found = answer(
        "Without a key `jobs` is empty, and `slots` and what follows it are missing; with one that "
        "lacks the scope `metrics`, `jobs` are its own.",
        json_body(Stats),
    )
    return Operation(
        tags=["Service"],
        operationId="stats",
        summary="The jobs under way, and those that ended",
        security=[{}, *({name: []} for name in SECURITY)],
        responses={"200": found, **refused(KEY, BROKEN)},
    )


def _document() -> Operation:
    anything = {Format.JSON.value: MediaType(media_type_schema=Schema(type="object"))}
    return Operation(
        tags=["Service"],
        operationId="openapi",
        summary="This description",
        security=NO_KEY,
        responses={"200": answer("OpenAPI 3.1.", anything), **refused(BROKEN)},
    )


def _page() -> Operation:
    page = {"text/html": MediaType(media_type_schema=text())}
    return Operation(
        tags=["Service"],
        operationId="docs",
        summary="This description, for people",
        security=NO_KEY,
        responses={"200": answer("One page, complete in itself.", page), **refused(BROKEN)},
    )
