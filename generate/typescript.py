"""Shapes as TypeScript's interfaces."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from generate.shapes import Schema, Shape, own_fields, wrapped

NAMES = {
    "Test": "TestResult",
    "JudgingSummary": "Summary",
    "Utterance": "Turn",
    "Judgement": "JudgeAnswer",
    "StageKind": "StageName",
}
"""What the client has always called them."""
_PLAIN = {
    "string": "string",
    "integer": "number",
    "number": "number",
    "boolean": "boolean",
    "null": "null",
}
_WIDTH = 100


def print_enum(name: str, schema: Schema) -> str:
    """The words of an enum."""
    text = _comment(schema.get("description", ""))
    return (
        f"{text}export type {NAMES.get(name, name)} ={_several(map(json.dumps, schema['enum']))};"
    )


def print_shape(shape: Shape, shapes: Mapping[str, Shape]) -> str:
    """One object."""
    extends = f" extends {NAMES.get(shape.base, shape.base)}" if shape.base else ""
    lines = [
        f"{_comment(shape.text)}export interface {NAMES.get(shape.name, shape.name)}{extends} {{"
    ]
    for field in own_fields(shape, shapes):
        mark = "?" if field.is_optional or field.is_newer else ""
        lines.append(f"{_comment(field.text, '  ')}  {field.key}{mark}: {to_type(field.schema)};")
    return "\n".join([*lines, "}"])


def print_union(name: str, text: str, members: Iterable[str]) -> str:
    """Any of these."""
    several = _several(NAMES.get(each, each) for each in members)
    return f"{_comment(text)}export type {name} ={several};"


def to_type(schema: Schema) -> str:
    """A value, as TypeScript types it."""
    match schema:
        case {"anyOf": list(several)}:
            kind = " | ".join(map(to_type, several))
        case {"$ref": str(name)}:
            kind = NAMES.get(name, name)
        case {"enum": list(words)}:
            kind = " | ".join(map(json.dumps, words))
        case {"const": word}:
            kind = json.dumps(word)
        case {"type": "array", "items": items}:
            each = to_type(items)
            kind = f"({each})[]" if "|" in each else f"{each}[]"
        case {"type": "object", "additionalProperties": values}:
            kind = f"Record<string, {to_type(values)}>"
        case _:
            kind = _PLAIN[schema["type"]]
    return kind


def _several(members: Iterable[str]) -> str:
    words = list(members)
    line = " " + " | ".join(words)
    return line if len(line) < _WIDTH // 2 else "".join(f"\n  | {word}" for word in words)


def _comment(text: str, indent: str = "") -> str:
    lines = wrapped(" ".join(text.split()), _WIDTH)
    if not lines:
        return ""
    if len(lines) == 1:
        return f"{indent}/** {lines[0]} */\n"
    return f"{indent}/**\n" + "".join(f"{indent} * {line}\n" for line in lines) + f"{indent} */\n"
