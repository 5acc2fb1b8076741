"""The models of answers as their JSON schema has them, put so that a generator can print them."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from textwrap import wrap
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from orchestrator.api.answers.models.base import Newer, Shown, without_links

Schema = Mapping[str, Any]

_SAID = ("title", "description", "default")
_CODE = re.compile(r"`[^`]+`")


@dataclass(frozen=True, slots=True)
class Field:
    """A field of an object, by its key. `schema`: what its value may be; references are names.

    `text` is Markdown. `is_newer`: servers of earlier versions do not have it.
    """

    key: str
    schema: Schema
    text: str
    is_optional: bool
    is_newer: bool = False


@dataclass(frozen=True, slots=True)
class Shape:
    """An object, by its model's name.

    `base` is the object whose fields it has, too; with `is_narrower` some of them as its own.
    """

    name: str
    text: str
    fields: tuple[Field, ...]
    base: str | None = None
    is_narrower: bool = False


def read_shapes(models: Sequence[type[Shown]]) -> dict[str, Shape]:
    """These models, by name; a base counts where it is among them."""
    schemas = definitions(models)
    shapes: dict[str, Shape] = {}
    for model in models:
        shape = _read(model, schemas[model.__name__])
        bases = (shapes.get(each.__name__) for each in model.__mro__[1:])
        if base := next(filter(None, bases), None):
            is_narrower = any(field not in shape.fields for field in base.fields)
            shape = replace(shape, base=base.name, is_narrower=is_narrower)
        shapes[model.__name__] = shape
    return shapes


def definitions(models: Sequence[type[BaseModel]]) -> dict[str, Schema]:
    """The schemas of these models and of whatever they refer to, by name."""
    pairs = [(model, "serialization") for model in models]
    _, whole = models_json_schema(pairs, ref_template="{model}")  # type: ignore[arg-type]
    found: dict[str, Schema] = whole["$defs"]
    return found


def own_fields(shape: Shape, shapes: Mapping[str, Shape]) -> tuple[Field, ...]:
    """Those that its base does not have, or has otherwise."""
    known = shapes[shape.base].fields if shape.base else ()
    return tuple(each for each in shape.fields if each not in known)


def merged(name: str, text: str, *shapes: Shape) -> Shape:
    """Any of these objects: what only some have is optional, what differs may be either."""
    longest = max(shapes, key=lambda shape: len(shape.fields))
    fields = []
    for each in longest.fields:
        others = [field for shape in shapes for field in shape.fields if field.key == each.key]
        schemas = [field.schema for field in others if field.schema != each.schema]
        schema = {"anyOf": [*schemas, each.schema]} if schemas else each.schema
        is_optional = len(others) < len(shapes) or each.is_optional
        fields.append(replace(each, schema=schema, is_optional=is_optional))
    return Shape(name, text, tuple(fields))


def references(schema: object) -> Iterator[str]:
    """The names of the objects and enums that a schema refers to."""
    if isinstance(schema, Mapping):
        if "$ref" in schema:
            yield schema["$ref"]
        for each in schema.values():
            yield from references(each)
    elif isinstance(schema, list):
        for each in schema:
            yield from references(each)


def wrapped(text: str, width: int) -> list[str]:
    """Text in lines, without its links; code in backticks is never broken."""
    whole = _CODE.sub(lambda match: match[0].replace(" ", "\0"), without_links(text))
    return [line.replace("\0", " ") for line in wrap(whole, width, break_on_hyphens=False)]


def _read(model: type[Shown], schema: Schema) -> Shape:
    fields = []
    for name, info in model.model_fields.items():
        key = info.alias or name
        is_optional = key not in schema.get("required", ())
        value = {
            word: each for word, each in schema["properties"][key].items() if word not in _SAID
        }
        text = inspect.cleandoc(info.description or "")
        fields.append(Field(key, value, text, is_optional, Newer() in info.metadata))
    return Shape(model.__name__, inspect.getdoc(model) or "", tuple(fields))
