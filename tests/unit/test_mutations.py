"""The list of `make mutants` goes with the code, and its tool finds what it is to find."""

from __future__ import annotations

from pathlib import Path

import pytest
from coverage import CoverageData

from tests.mutations.mutation import Mutation, function_around, load
from tests.mutations.reach import Reach

ROOT = Path(__file__).resolve().parents[2]
MUTATIONS = load()
SOURCE = """\
def one(x):
    y = x + 1
    return [
        y,
        2,
    ]


def other(x):
    return x
"""


def make(old: str, new: str) -> Mutation:
    return Mutation("spoilt", "module.py", old, new)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_a_mutation_changes_one_place_of_its_file(mutation: Mutation) -> None:
    text = (ROOT / mutation.file).read_text("utf-8")
    spoilt = mutation.spoil(text)
    assert spoilt != text
    if mutation.file.endswith(".py"):
        compile(spoilt, mutation.file, "exec")


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_the_tests_that_are_named_for_a_mutation_are_there(mutation: Mutation) -> None:
    assert all((ROOT / test.partition("::")[0]).exists() for test in mutation.tests)


def test_mutations_are_told_apart_by_name() -> None:
    assert len(MUTATIONS) >= 20
    assert len({mutation.name for mutation in MUTATIONS}) == len(MUTATIONS)


@pytest.mark.parametrize("text", ["", "here and here"])
def test_a_mutation_whose_place_is_not_the_only_one_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="has its old text"):
        make("here", "there").spoil(text)


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        ("x + 1", "x - 1", [2]),
        ("    return [\n        y,\n", "    return [\n        z,\n", [4]),
        ("        y,\n        2,\n", "        y,\n", [5]),
        ("        y,\n", "        y,\n        y,\n", [4]),
        ("def one(x):\n    y = x + 1\n    return [", "def two(x):\n    return [", [1, 2]),
    ],
)
def test_a_mutation_knows_which_lines_it_changes(old: str, new: str, lines: list[int]) -> None:
    assert list(make(old, new).lines(SOURCE)) == lines


@pytest.mark.parametrize(("line", "body"), [(4, range(2, 7)), (10, range(10, 11)), (1, range(0))])
def test_a_function_is_found_around_a_line(line: int, body: range) -> None:
    assert function_around(SOURCE, range(line, line + 1)) == body


@pytest.fixture
def reach(tmp_path: Path) -> Reach:
    """Of three tests; `wide` reaches all there is, and the module was imported before them."""
    reached = {"": [1, 9], "narrow|run": [2], "other|run": [10], "wide|run": [2, 3, 10]}
    data = CoverageData(str(tmp_path / "data"))
    for context, lines in reached.items():
        data.set_context(context)
        data.add_lines({"module.py": lines})
    data.write()
    return Reach(tmp_path / "data")


@pytest.mark.parametrize(
    ("old", "tests"),
    [
        ("x + 1", ["narrow", "wide"]),  # who reaches least, first
        ("return x", ["other", "wide"]),
        ("        2,", ["narrow", "wide"]),  # a line of a statement: who reaches its function
        ("def one(x)", ["narrow", "other", "wide"]),  # done once, for all
    ],
)
def test_the_tests_that_reach_a_change_are_found(reach: Reach, old: str, tests: list[str]) -> None:
    assert reach.tests(make(old, "spoilt"), SOURCE) == tests


def test_no_test_reaches_a_file_that_is_not_measured(reach: Reach) -> None:
    assert reach.tests(Mutation("spoilt", "profile.json", "a", "b"), "a") == []
