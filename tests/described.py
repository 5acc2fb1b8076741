"""Whether an answer is as `/openapi.json` has it."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping
from typing import Any

from aiohttp import web
from jsonschema import Draft202012Validator

from orchestrator.api.keys import SETTINGS
from orchestrator.api.openapi.document import build_document
from tests.api_support import make_settings

Json = dict[str, Any]


@functools.cache
def document() -> Json:
    """Of a server with an admin."""
    return build_document(make_settings(admin_key="admin"))


@functools.cache
def validator(name: str) -> Draft202012Validator:
    """Of a component."""
    return of_schema({"$ref": f"#/components/schemas/{name}"})


def of_schema(schema: Json) -> Draft202012Validator:
    return Draft202012Validator({**schema, "components": document()["components"]})


def faults_of(name: str, value: object) -> list[str]:
    """What is wrong with `value`, which should be that component; shortened."""
    return [str(each.message)[:500] for each in validator(name).iter_errors(value)]


def find_operation(method: str, path: str) -> Json | None:
    """None where the description has no such route."""
    for template, item in document()["paths"].items():
        pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template))
        if re.fullmatch(pattern, path):
            found: Json | None = item.get(method.lower())
            return found
    return None


def faults(
    method: str, path: str, status: int, headers: Mapping[str, str], body: object = None
) -> list[str]:
    """Of an answer to a described route; `body`: its JSON value, None for what is not looked at."""
    operation = find_operation(method, path)
    if operation is None or "default" in operation["responses"]:
        return []
    what = f"{method} {path}: {status}"
    described = operation["responses"].get(str(status))
    if described is None:
        return [f"{what}: no such status"]
    found = [f"{what}: no {name}" for name in described.get("headers", ()) if name not in headers]
    content_type = headers.get("Content-Type", "").partition(";")[0]
    content = described.get("content", {})
    if content and content_type not in content:
        return [*found, f"{what}: no such type: {content_type}"]
    if body is not None and content:
        errors = of_schema(content[content_type]["schema"]).iter_errors(body)
        found += [f"{what}: {str(each.message)[:500]}" for each in errors]
    return found


def look_at(request: web.Request, response: web.StreamResponse) -> list[str]:
    """The faults of a response that is about to be sent."""
    has_admin = bool(request.config_dict[SETTINGS].admin_keys)
    if response.status == 417 or (request.path.startswith("/admin") and not has_admin):
        return []  # said of every path alike, in words
    body = None
    if isinstance(response, web.Response) and response.content_type == "application/json":
        body = json.loads(response.text or "null")
    headers = {"Content-Type": response.content_type, **response.headers}
    return faults(request.method, request.path, response.status, headers, body)
