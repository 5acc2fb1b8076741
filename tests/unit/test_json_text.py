"""Large JSON is read as `json.loads` reads it, within bounds."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from orchestrator.api.requests.json_text import (
    MOST_LEVELS,
    TooDeepError,
    TooManyValuesError,
    read_json_text,
)

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
BITS = st.sampled_from(
    [
        *'{}[]:,"\\ \t\n\r-0123456789.eEunrtf/b',
        *("true", "false", "null", "NaN", "Infinity", "\\u0041", "\\ud83d", "\\ude00", "\\u00"),
        *("\x00", "\x1f", "é", "😀", "\u00a0", "٣"),
    ]
)


def said(read: Callable[[str], object], text: str) -> object:
    """What comes of it: a value, or the text of an error."""
    try:
        return read(text)
    except ValueError as err:
        return str(err)


def refuse(name: str) -> None:
    raise ValueError(name)


@given(VALUES, st.booleans(), st.sampled_from([None, 1, "\t"]))
def test_valid_json_is_read_as_json_loads_reads_it(
    value: Any,
    ascii_only: bool,  # noqa: FBT001 - hypothesis's
    indent: Any,
) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    assert read_json_text(text, 10_000) == json.loads(text)


@given(st.lists(BITS, max_size=30).map("".join))
@example('{"a":1,"a":2}')
@example('"\\ud83d\\ude00\\ud83d"')
@example("[1,]")
@example("1e999")
@example("-")
@example('{"a" 1}')
@example('{"a":1 "b"}')
def test_anything_else_is_refused_in_the_same_words(text: str) -> None:
    expected = said(lambda given: json.loads(given, parse_constant=refuse), text)
    assert said(lambda given: read_json_text(given, 1000), text) == expected


def test_too_many_values_are_refused() -> None:
    assert read_json_text("[[],{},1]", 4) == [[], {}, 1]
    with pytest.raises(TooManyValuesError):
        read_json_text("[[],{},1]", 3)
    with pytest.raises(TooManyValuesError):
        read_json_text('{"a":1,"b":2,"c":3}', 3)


def test_too_deep_nesting_is_refused() -> None:
    read_json_text("[" * MOST_LEVELS + "]" * MOST_LEVELS, 10_000)
    for opening in ("[", '{"a":'):
        with pytest.raises(TooDeepError):
            read_json_text(opening * 100_000, 10_000_000)


def test_a_number_of_a_million_digits_is_refused() -> None:
    with pytest.raises(ValueError, match="digits"):
        read_json_text("9" * 1_000_000, 1)
