"""The document as one page for people: HTML, with its style in it; no script. Pure."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from html import escape
from typing import Any

Json = dict[str, Any]

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --accent: #2563eb; }
@media (prefers-color-scheme: dark) { :root { --accent: #7aa2ff; } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; }
code { font: .9em ui-monospace, monospace; background: var(--soft); padding: .1em .3em;
  border-radius: .2em; overflow-wrap: anywhere; }
a { color: var(--accent); }
details { border: 1px solid var(--line); border-radius: .4rem; margin: .5rem 0; padding: 0 .8rem; }
summary { cursor: pointer; padding: .5rem 0; }
summary b { display: inline-block; min-width: 4.5rem; color: var(--accent); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 1rem; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem .3rem 0;
  border-top: 1px solid var(--line); }
h2, h3 { margin-top: 2rem; }
"""


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


CONTENT_POLICY = f"default-src 'none'; style-src 'sha256-{_hash(_STYLE)}'; base-uri 'none'"
"""For the page: its own style, and nothing else."""


def to_page(document: Json) -> str:
    """The page of an OpenAPI document."""
    return "\n".join(
        [
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width">',
            f"<title>{escape(document['info']['title'])}</title>",
            f"<style>{_STYLE}</style></head><body><main>",
            f"<h1>{escape(document['info']['title'])}</h1>",
            *_paragraphs(document["info"]["description"]),
            '<p>The same for programs: <a href="openapi.json"><code>/openapi.json</code></a>.</p>',
            *_operations(document),
            *_schemas(document["components"]["schemas"]),
            "</main></body></html>\n",
        ]
    )


def _operations(document: Json) -> Iterator[str]:
    for tag in document["tags"]:
        yield f"<h2>{escape(tag['name'])}</h2>"
        yield from _paragraphs(tag["description"])
        for path, item in document["paths"].items():
            for method, operation in item.items():
                if tag["name"] in operation["tags"]:
                    yield from _operation(method, path, operation)


def _operation(method: str, path: str, operation: Json) -> Iterator[str]:
    yield f'<details id="{escape(operation["operationId"])}"><summary>'
    yield f"<b>{method.upper()}</b> <code>{escape(path)}</code> {escape(operation['summary'])}"
    yield "</summary>"
    yield from _paragraphs(operation.get("description", ""))
    if operation.get("security") == []:
        yield "<p>Needs no key.</p>"
    parameters = operation.get("parameters", ())
    yield from _table(
        ("parameter", "in", "type", "meaning"),
        [
            [
                f"<code>{escape(each['name'])}</code>",
                escape(each["in"]),
                _kind(each["schema"]),
                _text(each["description"]),
            ]
            for each in parameters
        ],
    )
    if asked := operation.get("requestBody"):
        yield f"<p>Body: {_content(asked['content'])}. {_text(asked['description'])}</p>"
    yield from _table(
        ("status", "what", "body"),
        [
            [f"<code>{status}</code>", _text(each["description"]), _content(each.get("content"))]
            for status, each in operation["responses"].items()
        ],
    )
    yield "</details>"


def _content(content: Json | None) -> str:
    """Media types, each with what it has in it."""
    shown = []
    for media_type, each in (content or {}).items():
        kind = _kind(each["x-event"]) + " each" if "x-event" in each else _kind(each["schema"])
        shown.append(f"<code>{escape(media_type)}</code>: {kind}")
    return "<br>".join(shown)


def _schemas(schemas: Json) -> Iterator[str]:
    yield "<h2>Objects</h2>"
    for name, schema in sorted(schemas.items()):
        yield f'<h3 id="{escape(name)}">{escape(name)}</h3>'
        yield from _paragraphs(schema.get("description", ""))
        if "properties" not in schema:
            yield f"<p>{_kind(schema)}</p>"
            continue
        required = schema.get("required", ())
        yield from _table(
            ("field", "type", "meaning"),
            [
                [
                    f"<code>{escape(field)}</code>" + ("" if field in required else " (optional)"),
                    _kind(each),
                    _text(each.get("description", "")),
                ]
                for field, each in schema["properties"].items()
            ],
        )


def _kind(schema: Json) -> str:
    """What a value may be, in a few words."""
    match schema:
        case {"anyOf": list(several)} | {"oneOf": list(several)}:
            kind = " or ".join(dict.fromkeys(map(_kind, several)))
        case {"$ref": str(reference)}:
            name = escape(reference.rpartition("/")[2])
            kind = f'<a href="#{name}">{name}</a>'
        case {"allOf": [first, {"properties": {"code": {"enum": list(codes)}}}]}:
            kind = f"{_kind(first)} ({_codes(codes)})"
        case {"enum": list(values)}:
            kind = _codes(values)
        case {"const": value}:
            kind = _codes([value])
        case _:
            kind = _plain_kind(schema)
    return kind


def _plain_kind(schema: Json) -> str:
    match schema:
        case {"type": "array", "items": dict(items)}:
            return f"list of {_kind(items)}" + _bounds(schema, "minItems", "maxItems")
        case {"type": "object", "additionalProperties": dict(values)}:
            return f"object of {_kind(values)}" + _bounds(schema, "minProperties", "maxProperties")
        case {"type": "string"}:
            return "string" + _bounds(schema, "minLength", "maxLength")
        case {"type": str(name)}:
            return escape(name) + _bounds(schema, "minimum", "maximum")
    return "anything"


def _codes(values: list[Any]) -> str:
    return ", ".join(f"<code>{escape(str(each))}</code>" for each in values)


def _bounds(schema: Json, least: str, most: str) -> str:
    low, high = schema.get(least), schema.get(most)
    if high is None:
        return "" if not low else f" from {low:g}"
    return f" up to {high:g}" if not low else f", {low:g} to {high:g}"


def _table(heads: tuple[str, ...], rows: list[list[str]]) -> Iterator[str]:
    """Nothing where there are no rows; cells are HTML."""
    if not rows:
        return
    yield '<div class="scroll"><table><thead><tr>'
    yield "".join(f'<th scope="col">{head}</th>' for head in heads)
    yield "</tr></thead><tbody>"
    for row in rows:
        yield "<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>"
    yield "</tbody></table></div>"


def _paragraphs(text: str) -> Iterator[str]:
    for each in filter(None, text.split("\n\n")):
        yield f"<p>{_text(each)}</p>"


def _text(text: str) -> str:
    """Plain text, in which backticks mean code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))
