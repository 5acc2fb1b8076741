"""What the models of answers have in common. They describe; nothing is parsed with them."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Shown(BaseModel):
    """An object of an answer: every field is always there, and there is no other."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


Count = Annotated[int, Field(ge=0)]
Milliseconds = Annotated[float, Field(ge=0)]
