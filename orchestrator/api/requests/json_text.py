"""JSON that strangers send: as `json.loads`, but its values are counted, and no step of it is long.

`json.loads` is one call that nothing can interrupt: for 4 MB of `[[],[],…` it takes a second.
"""

from __future__ import annotations

import json
import re
from json.decoder import scanstring  # type: ignore[attr-defined] # typeshed leaves it out

SMALL = 16_384
"""Characters that `json.loads` reads in no time, whatever they are."""
MOST_LEVELS = 200

_BLANKS = re.compile(r"[ \t\n\r]*+")
_NUMBER = re.compile(r"(-?(?:0|[1-9][0-9]*+))(\.[0-9]++)?([eE][-+]?[0-9]++)?")
_WORDS: dict[str, object] = {"true": True, "false": False, "null": None}


class TooManyValuesError(ValueError):
    """There are more than were allowed."""


class TooDeepError(ValueError):
    """They are nested more than `MOST_LEVELS` deep."""


def read_json_text(text: str, most: int) -> object:
    """A JSON text's value, made of at most `most` values, without NaN and Infinity.

    Raises JSONDecodeError, or another ValueError for a number that is not allowed, TooDeepError
    and TooManyValuesError.
    """
    reader = _Reader(text, most)
    value, at = reader.value(0, 0)
    if at != len(text):
        raise json.JSONDecodeError("Extra data", text, at)
    return value


class _Reader:
    """Reads one text. Every method takes where it begins and gives where it has come to."""

    def __init__(self, text: str, most: int) -> None:
        self._text = text
        self._left = most

    def value(self, at: int, level: int) -> tuple[object, int]:
        """Any value, with the blanks around it."""
        self._left -= 1
        if self._left < 0:
            raise TooManyValuesError
        if level > MOST_LEVELS:
            raise TooDeepError
        at = self._after_blanks(at)
        match self._text[at : at + 1]:
            case '"':
                value, at = scanstring(self._text, at + 1)
            case "{":
                value, at = self._object(at, level)
            case "[":
                value, at = self._array(at, level)
            case _:
                value, at = self._word_or_number(at)
        return value, self._after_blanks(at)

    def _after_blanks(self, at: int) -> int:
        found = _BLANKS.match(self._text, at)
        return at if found is None else found.end()

    def _object(self, at: int, level: int) -> tuple[object, int]:
        members: dict[str, object] = {}
        at = self._after_blanks(at + 1)
        if self._text[at : at + 1] == "}":
            return members, at + 1
        while True:
            if self._text[at : at + 1] != '"':
                raise self._error("Expecting property name enclosed in double quotes", at)
            name, at = scanstring(self._text, at + 1)
            at = self._after_blanks(at)
            if self._text[at : at + 1] != ":":
                raise self._error("Expecting ':' delimiter", at)
            members[name], at = self.value(at + 1, level + 1)
            if self._text[at : at + 1] == "}":
                return members, at + 1
            at = self._after_comma(at)

    def _array(self, at: int, level: int) -> tuple[object, int]:
        members: list[object] = []
        at = self._after_blanks(at + 1)
        if self._text[at : at + 1] == "]":
            return members, at + 1
        while True:
            member, at = self.value(at, level + 1)
            members.append(member)
            if self._text[at : at + 1] == "]":
                return members, at + 1
            at = self._after_comma(at)

    def _after_comma(self, at: int) -> int:
        if self._text[at : at + 1] != ",":
            raise self._error("Expecting ',' delimiter", at)
        return self._after_blanks(at + 1)

    def _word_or_number(self, at: int) -> tuple[object, int]:
        for word, value in _WORDS.items():
            if self._text.startswith(word, at):
                return value, at + len(word)
        for word in ("NaN", "Infinity", "-Infinity"):
            if self._text.startswith(word, at):
                raise ValueError(word)
        found = _NUMBER.match(self._text, at)
        if found is None:
            raise self._error("Expecting value", at)
        whole, fraction, exponent = found.groups("")
        is_whole = not fraction and not exponent
        return int(whole) if is_whole else float(found[0]), found.end()

    def _error(self, text: str, at: int) -> json.JSONDecodeError:
        return json.JSONDecodeError(text, self._text, at)
