"""Between the tests of one job nothing stays, and of no test is anything known before its turn.

The programs say item by item what they find (`programs/between/`, `between.py`); that they can find
it is shown first.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

import pytest

from tests.docker.server import Server
from tests.hostile.attacks import assert_hello_works
from tests.hostile.between import CLEAN, Searcher, load_searcher, told
from tests.speeds import params

pytestmark = [pytest.mark.docker, pytest.mark.asyncio(loop_scope="session")]

LEFTOVERS = [load_searcher("leftovers.c"), load_searcher("leftovers.py")]
PEEKING = load_searcher("peeking.c")
TESTS = 3
# How a test can end that has left what it can, and what becomes of it.
ENDS = {
    "": ("accepted", None),
    "exit": ("runtime_error", None),
    "crash": ("runtime_error", "signal"),
    "sleep": ("time_limit", "wall"),
    "hungry": ("memory_limit", "memory"),
    "flood": ("output_limit", "output"),
}
SLEEP_MS = 4_000  # long enough to leave everything first

of_each = pytest.mark.parametrize("searcher", LEFTOVERS, ids=lambda searcher: searcher.name)


def _assert_clean(searcher: Searcher, stdout: str) -> None:
    items = told(stdout)
    assert {item: what for item, what in items.items() if what != CLEAN} == {}
    assert items.keys() == searcher.items


def _assert_found(searcher: Searcher, stdout: str) -> None:
    """What bites is found, and nothing else can even be left."""
    items = told(stdout)
    assert {item for item, what in items.items() if what.startswith("FOUND ")} == searcher.bites
    assert items.keys() == searcher.items


async def _run(server: Server, searcher: Searcher, text: str) -> Mapping[str, Any]:
    answer = await server.execute(language=searcher.language, code=searcher.code, input=text)
    run: Mapping[str, Any] = answer["run"]
    assert (answer["status"], run["stderr"]) == ("accepted", ""), answer
    return run


async def _test(
    server: Server, searcher: Searcher, tests: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    answer = await server.execute(
        language=searcher.language, code=searcher.code, tests=tests, return_outputs="all"
    )
    assert len(answer["tests"]) == len(tests), answer
    return list(answer["tests"])


@of_each
async def test_the_searcher_finds_what_its_own_run_left(server: Server, searcher: Searcher) -> None:
    run = await _run(server, searcher, "leave look")
    _assert_found(searcher, run["stdout"])


@of_each
async def test_nothing_is_found_where_nothing_was_left(server: Server, searcher: Searcher) -> None:
    run = await _run(server, searcher, "look")
    _assert_clean(searcher, run["stdout"])


@of_each
@pytest.mark.parametrize("end", params(ENDS, list(ENDS)[::2], lambda end: end or "return"))
async def test_nothing_of_a_test_is_left_to_the_next(
    server: Server, searcher: Searcher, end: str
) -> None:
    leave: dict[str, Any] = {"input": f"leave {end}"}
    if end == "sleep":
        leave["limits"] = {"wall_ms": SLEEP_MS}
    before, left, *after = await _test(
        server, searcher, [{"input": "look"}, leave, {"input": "look"}, {"input": "look"}]
    )
    assert (left["status"], left["killed_by"]) == ENDS[end], left
    for looked in (before, *after):
        assert (looked["status"], looked["stderr"]) == ("accepted", ""), looked
        _assert_clean(searcher, looked["stdout"])
    await assert_hello_works(server, searcher.language)


@of_each
async def test_nothing_adds_up_over_many_tests(server: Server, searcher: Searcher) -> None:
    pairs = [{"input": word} for _ in range(TESTS) for word in ("leave", "look")]
    tests = await _test(server, searcher, pairs)
    assert {test["status"] for test in tests} == {"accepted"}, tests
    for looked in tests[1::2]:
        _assert_clean(searcher, looked["stdout"])


async def test_the_peeking_program_finds_a_planted_token(server: Server) -> None:
    run = await _run(server, PEEKING, f"0 planted {_token(1, 'i')}")
    _assert_found(PEEKING, run["stdout"])


async def test_an_expected_output_would_be_seen_by_its_own_test(server: Server) -> None:
    run = await _run(server, PEEKING, f"1 plain\n{_token(1, 'e')}\n")
    assert told(run["stdout"])["stdin"].startswith("FOUND the expected output of test 1")


@pytest.mark.parametrize("checked_by", ["lines", "program"])
async def test_no_test_sees_what_others_are_given(server: Server, checked_by: str) -> None:
    """Nor its own expected output; which it misses, and the answer shows that it was compared."""
    program = {"type": "program", "language": "python", "code": "raise SystemExit(1)"}
    tests = [
        {"input": f"{number} plain\n{_token(number, 'i')}\n", "expected": _token(number, "e")}
        for number in range(1, TESTS + 1)
    ]
    answer = await server.execute(
        language=PEEKING.language,
        code=PEEKING.code,
        tests=tests,
        checker=program if checked_by == "program" else checked_by,
        return_outputs="all",
    )
    assert answer["status"] == "wrong_answer", answer
    for test in answer["tests"]:
        assert (test["status"], test["stderr"]) == ("wrong_answer", ""), test
        _assert_clean(PEEKING, test["stdout"])


def _token(number: int, kind: str) -> str:
    """Of a test's input, i, or expected output, e; as the program knows it (peeking.c)."""
    return f"SECRET-{number}{kind}-{secrets.token_hex(8)}"
