"""The docs' tables: `<!-- begin make generate: Stage -->`, a table, `<!-- end make generate -->`.

Three forms: `Stage` is a table of a model's fields; `Test beside Stage` of those that the other one
has not, or has otherwise; `events: ExitEvent, …` of events, a row each. An object that has no table
of its own anywhere in the docs is told of field by field, as in `timings.queue_ms`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from generate.shapes import Field, Schema, Shape, own_fields, references

_PART = re.compile(
    r"(<!-- begin make generate: (.+?) -->\n).*?(<!-- end make generate -->)", re.DOTALL
)
_LINK = re.compile(r"\]\(([\w-]+\.md)(#[\w-]+)?\)")
_PLAIN = {
    "string": "string",
    "number": "number",
    "integer": "int",
    "boolean": "bool",
    "null": "null",
    "object": "object",
}
_THOSE_OF = {
    "Stage": "a stage's fields",
    "Test": "a test's fields",
    "Answer": "the answer's fields",
    "Build": "the build's fields",
}


@dataclass(frozen=True, slots=True)
class Docs:
    """All pages by their paths, and what tables may be of."""

    pages: Mapping[Path, str]
    shapes: Mapping[str, Shape]
    enums: Mapping[str, Schema]

    def filled(self) -> dict[Path, str]:
        """The pages that have such tables, each with what is to be in it."""
        found = {path: text for path, text in self.pages.items() if _PART.search(text)}
        return {path: _PART.sub(self._part(path), text) for path, text in found.items()}

    def _part(self, path: Path) -> Callable[[re.Match[str]], str]:
        def part(match: re.Match[str]) -> str:
            first, what, last = match.groups()
            # Blank lines: not every reader of Markdown ends a comment, or a table, without.
            return f"{first}\n{self._relative(path, self._table(what))}\n{last}"

        return part

    def _table(self, what: str) -> str:
        if what.startswith("events: "):
            names = what.removeprefix("events: ").split(", ")
            rows = [self._event(self.shapes[name]) for name in names]
            return _table(("event", "fields", "when"), rows)
        name, _, other = what.partition(" beside ")
        known = self.shapes[other].fields if other else ()
        fields = (each for each in self.shapes[name].fields if each not in known)
        rows = [row for field in fields for row in self._rows(field)]
        return _table(("field", "type", "meaning"), rows)

    def _rows(self, field: Field, before: str = "") -> Iterator[tuple[str, str, str]]:
        key = f"`{before}{field.key}`" + (" (optional)" if field.is_optional else "")
        yield key, self._type(field.schema), _cell(field.text)
        for name in references(field.schema):
            if name in self.shapes and name not in self._told():
                below = f"{before}{field.key}{_inside(field.schema)}."
                for each in self.shapes[name].fields:
                    yield from self._rows(each, below)

    def _told(self) -> set[str]:
        """What there are tables of, and what is in one that has more."""
        parts = [match[2] for text in self.pages.values() for match in _PART.finditer(text)]
        names = {part.partition(" beside ")[0] for part in parts}
        return names | {str(self.shapes[name].base) for name in names if name in self.shapes}

    def _event(self, shape: Shape) -> tuple[str, str, str]:
        names, fields = "", []
        for field in own_fields(shape, self.shapes):
            if field.key == "event":
                names = self._type(field.schema)
            else:
                text = f": {_cell(field.text)}" if field.text else ""
                fields.append(f"`{field.key}`{text.rstrip('.')}")
        if shape.base in _THOSE_OF:
            fields.append(_THOSE_OF[shape.base])
        return names, "<br>".join(fields), _cell(shape.text)

    def _type(self, schema: Schema) -> str:
        """What a value may be, in words."""
        match schema:
            case {"anyOf": list(several)}:
                kind = " or ".join(dict.fromkeys(map(self._type, several)))
            case {"$ref": "Verdict"}:
                kind = "[verdict](judging.md#verdicts)"  # eleven words, which have a table
            case {"$ref": str(name)}:
                kind = self._type(self.enums[name]) if name in self.enums else "object"
            case {"enum": list(words)}:
                kind = ", ".join(f"`{word}`" for word in words)
            case {"const": word}:
                kind = f"`{word}`"
            case {"type": "array", "items": items}:
                kind = f"list of {_several(self._type(items))}"
            case {"type": "object", "additionalProperties": values}:
                kind = f"object of {_several(self._type(values))}"
            case _:
                kind = _PLAIN[schema["type"]]
        return kind

    def _relative(self, path: Path, text: str) -> str:
        """Links are written as from one page of the reference to another."""
        found = {each.name: each for each in self.pages}

        def lead(match: re.Match[str]) -> str:
            if (target := found.get(match[1])) is None:
                raise LookupError(
                    f"a description leads to {match[1]}, which is no page of the docs"
                )
            page = "" if target == path else os.path.relpath(target, path.parent)
            return f"]({page}{match[2] or ''})"

        return _LINK.sub(lead, text)


def _inside(schema: Schema) -> str:
    """How one gets from a field to the object in it."""
    several = schema.get("anyOf", [schema])
    if any(each.get("type") == "array" for each in several):
        return "[]"
    return ".*" if any("additionalProperties" in each for each in several) else ""


def _several(words: str) -> str:
    if words.startswith("`"):
        return words
    head, _, rest = words.partition(" ")
    return f"{head}s {rest}".rstrip()


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _table(heads: tuple[str, ...], rows: list[tuple[str, str, str]]) -> str:
    lines = [heads, ("---",) * len(heads), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines).replace("|  |", "| |")
