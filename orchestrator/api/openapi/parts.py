"""What operations are put together from: bodies, refusals, headers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus

from openapi_pydantic import Header, MediaType, Parameter, Reference, RequestBody, Response, Schema
from openapi_pydantic.util import PydanticSchema
from pydantic import BaseModel

from orchestrator.api.answers.formats import Format
from orchestrator.api.answers.models.service import Error

Refusals = Mapping[int, Sequence[str]]
"""The codes of refusals, by status."""
Answers = dict[str, Response | Reference]

RETRIED = (429, 503)
SECURITY = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "The key."},
    "header": {"type": "apiKey", "in": "header", "name": "x-api-key", "description": "The key."},
}
"""The ways in which a key is sent, by name."""
BROKEN: Refusals = {503: ("internal_error",)}
"""Wherever something of ours may be broken: everywhere."""
KEY: Refusals = {401: ("unauthorized",), 429: ("rate_limited",)}
"""Of many wrong keys the later ones are a 429."""
BODY: Refusals = {
    400: ("invalid",),
    408: ("timeout",),
    413: ("too_large",),
    415: ("unsupported_media_type",),
}
_SEQUENCES = {
    Format.SSE: "Server-sent events: each has an event's name as its `event`, and the event, "
    "as a JSON object, as its `data`.",
    Format.NDJSON: "One event a line, each a JSON object.",
    Format.TEXT: "A line for people for each event.",
}


def text(description: str = "") -> Schema:
    """A string."""
    return Schema(type="string", description=description or None)


def header(description: str, kind: str = "string") -> Header:
    """A header that is always there."""
    return Header(
        description=description, required=True, param_schema=Schema.model_validate({"type": kind})
    )


REQUEST_ID = header("The request's own id when it sent a well-formed one, else a new one.")
RETRY_AFTER = header("After how many seconds to come back.", "integer")
CHALLENGE = header(
    '`Bearer`, with `error="invalid_token"` where a key was sent, and `error="insufficient_scope"` '
    "where it is for other things (RFC 6750)."
)


def model(kind: type[BaseModel]) -> PydanticSchema[BaseModel]:
    """A reference to the schema of a model."""
    return PydanticSchema(schema_class=kind)


def json_body(kind: type[BaseModel]) -> dict[str, MediaType]:
    """One JSON object."""
    return {Format.JSON.value: MediaType(media_type_schema=model(kind))}


def event_bodies(forms: Sequence[Format]) -> dict[str, MediaType]:
    """Events in several forms. OpenAPI 3.1 has no words for a sequence: it is a string."""
    return {form.value: MediaType(media_type_schema=text(_SEQUENCES[form])) for form in forms}


def answer(
    description: str, content: dict[str, MediaType], headers: Mapping[str, Header] | None = None
) -> Response:
    """A response; every one has its request's id."""
    return Response(
        description=description,
        content=content,
        headers={"X-Request-Id": REQUEST_ID, **(headers or {})},
    )


def refused(*several: Refusals) -> Answers:
    """The responses of all these refusals."""
    codes: dict[int, list[str]] = {}
    for refusals in several:
        for status, words in refusals.items():
            codes.setdefault(status, []).extend(each for each in words if each not in codes[status])
    return {str(status): _refusal(status, codes[status]) for status in sorted(codes)}


def refusal_schema(codes: Sequence[str]) -> Schema:
    """An error with one of these codes."""
    return Schema(
        allOf=[model(Error), Schema(properties={"code": Schema(enum=list(codes))})],
    )


def _refusal(status: int, codes: Sequence[str]) -> Response:
    described = f"{HTTPStatus(status).phrase}: {', '.join(f'`{code}`' for code in codes)}."
    content = {Format.JSON.value: MediaType(media_type_schema=refusal_schema(codes))}
    headers = {"Retry-After": RETRY_AFTER} if status in RETRIED else {}
    if status == HTTPStatus.UNAUTHORIZED:
        headers = {"WWW-Authenticate": CHALLENGE}
    return answer(described, content, headers)


def body(kind: type[BaseModel], description: str, *, required: bool = True) -> RequestBody:
    """A JSON request body."""
    return RequestBody(description=description, required=required, content=json_body(kind))


def parameter(name: str, where: str, description: str, schema: Schema | None = None) -> Parameter:
    """A parameter; only those in paths are required."""
    return Parameter.model_validate(
        {
            "name": name,
            "in": where,
            "description": description,
            "required": where == "path",
            "schema": schema or text(),
        }
    )
