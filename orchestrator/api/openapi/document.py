"""The whole description, put together."""

from __future__ import annotations

from typing import Any

from openapi_pydantic import Components, Info, OpenAPI, Server, Tag
from openapi_pydantic.util import construct_open_api_with_schema_class

from orchestrator import __version__
from orchestrator.api.answers.formats import Format
from orchestrator.api.answers.models.events import BuildEvent, Event
from orchestrator.api.openapi.admin_routes import admin_paths
from orchestrator.api.openapi.bounds import add_bounds
from orchestrator.api.openapi.parts import SECURITY
from orchestrator.api.openapi.piston_routes import piston_paths
from orchestrator.api.openapi.public_routes import public_paths
from orchestrator.settings import Settings

_ABOUT = """Runs untrusted programs, each in one short-lived container of its own, and says why it \
judged as it did.

Every answer has an `X-Request-Id`. A path that does not exist is a 404 `not_found`, another \
method a 405 `method_not_allowed` with an `Allow`. Before any of this, bytes that are not HTTP get \
a plain-text 400, and an `Expect` other than `100-continue` a plain-text 417.

The meaning of every field is in docs/reference/http.md, judging.md and admin.md."""
_TAGS = {
    "Programs": "For holders of a key with the scope `run`; those of `API_KEY` have every scope.",
    "Service": "For everybody.",
    "Administration": "For holders of a key of `ADMIN_KEY`. A key of `API_KEY` is a 403.",
    "Piston": "The API of Piston v2, for what was written for it; at `/api/v2`, and the same at "
    "`/piston/api/v2` and `/api/v2/piston`.",
}


def build_document(settings: Settings) -> dict[str, Any]:
    """OpenAPI 3.1 as JSON data: the routes and bounds of a server with these settings."""
    admin = admin_paths() if settings.admin_keys else {}
    described = OpenAPI(
        openapi="3.1.1",
        info=Info(title="codebae-runner", version=__version__, description=_ABOUT),
        servers=[Server(url="/")],
        tags=[
            Tag(name=name, description=text)
            for name, text in _TAGS.items()
            if admin or name != "Administration"
        ],
        paths={**public_paths(), **admin, **piston_paths()},
        components=Components.model_validate({"securitySchemes": SECURITY}),
        security=[{name: []} for name in SECURITY],
    )
    whole = construct_open_api_with_schema_class(
        described, [Event, BuildEvent] if admin else [Event]
    )
    document = whole.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_unset=True)
    add_bounds(document["components"]["schemas"], settings)
    for path, item in document["paths"].items():
        _refer_to_events(item, "BuildEvent" if path in admin else "Event")
    return document


def _refer_to_events(item: dict[str, Any], name: str) -> None:
    """An extension, `x-event`: what each event is, where the whole is a sequence of them."""
    for operation in item.values():
        for response in operation["responses"].values():
            for form in (Format.NDJSON, Format.SSE):
                if form.value in response.get("content", ()):
                    reference = {"$ref": f"#/components/schemas/{name}"}
                    response["content"][form.value]["x-event"] = reference
