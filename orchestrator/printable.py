"""Text from elsewhere, for a terminal: without what moves a cursor, or sets colours or titles."""

from __future__ import annotations

import re

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def printable(text: str) -> str:
    """The text with its control characters replaced; line ends stay."""
    return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text)


def printable_line(text: str) -> str:
    """The text with its control characters replaced, line ends included."""
    return printable(text).replace("\n", "\N{REPLACEMENT CHARACTER}")
