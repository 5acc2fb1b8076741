"""What the models of answers have in common, and the marks by which they are written.

A model's fields, in their order, are the JSON object's. A field is found at the domain object's
attribute of the same name, and written by its type: a model as an object, a list as a list,
anything else as it is, but for what is marked here (`answers/writer.py`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

_LINK = re.compile(r"\[([^\]]+)\]\([^)]+\)")


def without_links(text: str) -> str:
    """A description without its links, which lead from one page of the docs to another."""
    return _LINK.sub(r"\1", text)


def _plain(schema: dict[str, Any]) -> None:
    for each in (schema, *schema.get("properties", {}).values()):
        if "description" in each:
            paragraphs = each["description"].split("\n\n")
            each["description"] = "\n\n".join(
                without_links(" ".join(p.split())) for p in paragraphs
            )


class Shown(BaseModel):
    """An object of an answer: every field is always there, and there is no other.

    The string under a field is its description, with its unit: Markdown for the docs, with links
    as from `docs/reference/`; the OpenAPI document and the clients have it without the links.
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=True,
        json_schema_extra=_plain,
    )


def as_json(shown: Shown) -> dict[str, Any]:
    """A model as JSON data, fields that were not given left out.

    It is made by `model_construct`: its values are our own, and text in them may be what no
    validation takes, as half a surrogate pair.
    """
    return shown.model_dump(mode="json", by_alias=True, exclude_unset=True)


@dataclass(frozen=True, slots=True)
class Rounded:
    """A number is written with so many digits after the point."""

    digits: int


@dataclass(frozen=True, slots=True)
class Encoded:
    """Bytes are written in the job's encoding.

    `cut` is the field that says whether they are cut short: then half a character at their end is
    left out.
    """

    cut: str | None = None


@dataclass(frozen=True, slots=True)
class Newer:
    """Servers that a client of today may meet do not have the field: it is optional there."""


Count = Annotated[int, Field(ge=0)]
Milliseconds = Annotated[float, Field(ge=0), Rounded(3)]
"""To the microsecond, the agent's own resolution."""
Text = Annotated[str, Encoded()]
