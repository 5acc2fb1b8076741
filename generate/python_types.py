"""Shapes as `TypedDict`s."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping

from generate.shapes import Schema, Shape, own_fields, wrapped

NAMES = {
    "Stage": "StageResult",
    "Test": "TestResult",
    "JudgingSummary": "Summary",
    "StageKind": "StageName",
}
"""What the client has always called them."""
_PLAIN = {
    "string": "str",
    "integer": "int",
    "number": "float",
    "boolean": "bool",
    "null": "None",
}
_WIDTH = 90


def print_module(head: str, parts: Iterable[str]) -> str:
    """A module, formatted as the rest of the code."""
    text = "\n\n\n".join([head, *parts])
    command = [sys.executable, "-m", "ruff", "format", "--stdin-filename", "_types.py", "-"]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout  # noqa: S603 - our own


def print_enum(name: str, schema: Schema) -> str:
    """The words of an enum."""
    return f"{NAMES.get(name, name)} = {to_type(schema)}"


def print_shape(shape: Shape, shapes: Mapping[str, Shape]) -> str:
    """One object. What is no name in Python takes a call, which has no place for descriptions."""
    name = NAMES.get(shape.name, shape.name)
    fields = own_fields(shape, shapes)
    if not all(field.key.isidentifier() and field.key != "from" for field in fields):
        entries = ", ".join(f"{each.key!r}: {to_type(each.schema)}" for each in fields)
        return f"{name} = TypedDict({name!r}, {{{entries}}})\n" + _docstring(shape.text, "")
    has_base = shape.base is not None and not shape.is_narrower  # a TypedDict can't narrow a field
    base = NAMES.get(str(shape.base), shape.base) if has_base else "TypedDict"
    lines = [f"class {name}({base}):", _docstring(shape.text)]
    for field in fields if has_base else shape.fields:
        kind = to_type(field.schema)
        may_be_missing = field.is_optional or field.is_newer
        lines.append(f"    {field.key}: {f'NotRequired[{kind}]' if may_be_missing else kind}")
        if field.text and field in fields:
            lines.append(_docstring(field.text))
    return "\n".join(lines)


def print_union(name: str, members: Iterable[str]) -> str:
    """Any of these."""
    return f"{name} = {' | '.join(NAMES.get(each, each) for each in members)}"


def to_type(schema: Schema) -> str:
    """A value, as Python types it."""
    match schema:
        case {"anyOf": list(several)}:
            kind = " | ".join(_together(several))
        case {"$ref": str(name)}:
            kind = NAMES.get(name, name)
        case {"enum": list(words)}:
            kind = f"Literal[{', '.join(f'{word!r}' for word in words)}]"
        case {"const": word}:
            kind = f"Literal[{word!r}]"
        case {"type": "array", "items": items}:
            kind = f"list[{to_type(items)}]"
        case {"type": "object", "additionalProperties": values}:
            kind = f"dict[str, {to_type(values)}]"
        case _:
            kind = _PLAIN[schema["type"]]
    return kind


def _together(several: list[Schema]) -> Iterator[str]:
    """What a value may be; the words of several constants as one `Literal`."""
    words = [each["const"] for each in several if "const" in each]
    if words:
        yield to_type({"enum": words})
    yield from (to_type(each) for each in several if "const" not in each)


def _docstring(text: str, indent: str = "    ") -> str:
    paragraphs = ["\n".join(wrapped(each, _WIDTH)) for each in text.split("\n\n")]
    lines = "\n\n".join(paragraphs).replace("\\", "\\\\").splitlines()
    body = "\n".join(f"{indent}{line}".rstrip() for line in lines)
    end = "" if len(lines) == 1 else f"\n{indent}"
    return f'{indent}"""{body.removeprefix(indent)}{end}"""'
