"""JSON in pieces: an answer of 1 MB may be 12 MB as JSON, of which one piece is there at a time."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

PIECE = 65_536
"""Characters, of a text before it is escaped and of what is sent at once, about."""


def json_pieces(value: object) -> Iterator[bytes]:
    """What `json.dumps` makes of JSON data, in pieces of `PIECE` bytes, seven times it at most."""
    tokens: list[str] = []
    size = 0
    for token in _tokens(value):
        tokens.append(token)
        size += len(token)
        if size >= PIECE:
            yield "".join(tokens).encode()
            tokens, size = [], 0
    yield "".join(tokens).encode()


def _tokens(value: object) -> Iterator[str]:
    match value:
        case dict():
            yield from _joined("{", value.items(), "}")
        case list():
            yield from _joined("[", ((None, each) for each in value), "]")
        case str() if len(value) > PIECE:
            yield '"'
            for start in range(0, len(value), PIECE):
                yield json.dumps(value[start : start + PIECE])[1:-1]
            yield '"'
        case _:
            yield json.dumps(value)


def _joined(before: str, members: Iterable[tuple[object, object]], after: str) -> Iterator[str]:
    separator = before
    for name, value in members:
        yield separator if name is None else f"{separator}{json.dumps(name)}: "
        yield from _tokens(value)
        separator = ", "
    yield after if separator == ", " else before + after
