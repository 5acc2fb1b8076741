from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.api.piston.semver import MAX_RANGE, Version, satisfies, to_version

PARTS = st.integers(0, 30)
VERSIONS = st.tuples(PARTS, PARTS, PARTS)


def written(version: Version) -> str:
    return ".".join(map(str, version))


# What npm's semver says of each.
HAS = [
    ("3.11.2", "*"),
    ("3.11.2", ""),
    ("3.11.2", "x"),
    ("3.11.2", "3"),
    ("3.11.2", "v3.11"),
    ("3.11.2", "3.x.x"),
    ("3.11.2", "3.11.X"),
    ("3.11.2", "=3.11.2"),
    ("3.11.2", "v3.11.2"),
    ("3.11.2", "3.11.2+build.5"),
    ("3.11.2", "^3.0.0"),
    ("3.11.2", "^3"),
    ("3.11.2", "^3.11.2-rc.1"),
    ("3.11.2", "~3.11.1"),
    ("3.11.2", "~> 3"),
    ("3.11.2", "~x"),
    ("3.11.2", ">= 3.8 <4"),
    ("3.11.2", ">3.10"),
    ("3.11.2", "<=3"),
    ("3.11.2", "<=3.11"),
    ("3.11.2", ">3.11.2-beta"),
    ("3.11.2", "2.7 || ^3.11"),
    ("3.11.2", "2 ||"),
    ("3.11.2", "3.8 - 3.11"),
    ("3.11.2", "3.8.0 - 4"),
    ("3.11.2", " 3.11.2 - * "),
    ("0.2.5", "^0.2.3"),
    ("0.0.3", "^0.0.3"),
    ("0.0.7", "^0.0"),
    ("0.9.1", "^0"),
    ("3.11.2", ">=*"),
]
HAS_NOT = [
    ("3.11.2", "2"),
    ("3.11.2", "3.11.1"),
    ("3.11.2", "3.11.2-rc.1"),
    ("3.11.2", "<3.11.2"),
    ("3.11.2", "<3"),
    ("3.11.2", ">3"),
    ("3.11.2", ">3.11"),
    ("3.11.2", "~3.10"),
    ("3.11.2", "^3.12"),
    ("3.11.2", "<*"),
    ("3.11.2", ">x"),
    ("3.11.2", "4 - 5"),
    ("0.3.0", "^0.2.3"),
    ("0.0.4", "^0.0.3"),
    ("1.0.0", "^0"),
    ("3.11.2", "latest"),
    ("3.11.2", "3.11.2.1"),
    ("3.11.2", "03"),
    ("3.11.2", ">"),
    ("3.11.2", ">=3 what"),
    ("3.11.2", "* || what"),
    ("3.11.2", "3,4"),
    ("3.11.2", ">=9007199254740992 || *"),
    ("3.11.2", "<=9007199254740991"),
    ("3.11.2", "1" * 5000),
    ("3.11.2", "*" + " " * MAX_RANGE),
    ("3.11.2", "3\u0000"),
    ("3.11.2", "٣"),
]


@pytest.mark.parametrize(("version", "text"), HAS)
def test_a_range_that_has_the_version(version: str, text: str) -> None:
    assert satisfies(to_version(version), text)


@pytest.mark.parametrize(("version", "text"), HAS_NOT)
def test_a_range_that_does_not_have_the_version(version: str, text: str) -> None:
    assert not satisfies(to_version(version), text)


@given(VERSIONS, VERSIONS)
def test_comparisons_are_those_of_numbers(one: Version, other: Version) -> None:
    text = written(other)
    assert satisfies(one, f">={text}") == (one >= other)
    assert satisfies(one, f">{text}") == (one > other)
    assert satisfies(one, f"<={text}") == (one <= other)
    assert satisfies(one, f"<{text}") == (one < other)
    assert satisfies(one, text) == (one == other)
    assert satisfies(one, f"^{text}") <= satisfies(one, f">={text}")
    assert satisfies(one, f"~{text}") == (one >= other and one[:2] == other[:2])
    assert satisfies(one, f"{other[0]}.{other[1]}") == (one[:2] == other[:2])


@given(VERSIONS, VERSIONS, VERSIONS)
def test_a_hyphen_means_between(one: Version, low: Version, high: Version) -> None:
    assert satisfies(one, f"{written(low)} - {written(high)}") == (low <= one <= high)


RANGES = st.sampled_from([*(text for _, text in HAS), *(text for _, text in HAS_NOT[:15])])


@given(VERSIONS, RANGES, RANGES)
def test_ranges_are_joined_by_or_and_and(version: Version, one: str, other: str) -> None:
    either = satisfies(version, one) or satisfies(version, other)
    assert satisfies(version, f"{one} || {other}") == either
    if " - " not in one + other and "||" not in one + other:
        both = satisfies(version, one) and satisfies(version, other)
        assert satisfies(version, f"{one} {other}") == both


@given(st.text(max_size=60) | st.text("0123xX*.-+|<>=~^v ", max_size=60))
def test_any_text_is_accepted_as_a_range(text: str) -> None:
    assert satisfies((1, 2, 3), text) in {True, False}


@pytest.mark.parametrize("text", ["-" * 999, "1.1.1-" + "1" * 990, " " * 999 + "!", "1||" * 333])
def test_no_range_takes_long(text: str) -> None:
    for _ in range(200):
        satisfies((1, 2, 3), text)


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("3.11.2", (3, 11, 2)),
        ("17.0.15+6", (17, 0, 15)),
        ("17.0.21.1", (17, 0, 21)),
        ("go1.19.8", (1, 19, 8)),
        ("v12", (12, 0, 0)),
        ("5.2.15(1)-release", (5, 2, 15)),
        ("007.1", (7, 1, 0)),
        ("no numbers", (0, 0, 0)),
        ("9" * 5000, (999_999_999, 0, 0)),
    ],
)
def test_a_version_out_of_what_a_compiler_says(text: str, version: Version) -> None:
    assert to_version(text) == version
