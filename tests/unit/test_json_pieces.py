"""JSON in pieces is the JSON of `json.dumps`."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.api.answers.json_pieces import PIECE, json_pieces

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(VALUES)
def test_the_pieces_joined_are_the_json_text(value: Any) -> None:
    assert b"".join(json_pieces(value)).decode() == json.dumps(value)


def test_a_long_text_is_never_there_as_a_whole() -> None:
    value = {"output": "\0" * 1_000_000, "tests": [{"stdout": '😀é\\"' * 200_000}] * 2, "n": None}
    pieces = list(json_pieces(value))
    assert b"".join(pieces).decode() == json.dumps(value)
    assert max(map(len, pieces)) <= 13 * PIECE
