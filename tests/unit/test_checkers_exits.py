from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.jobs.judging.checkers import CheckerOutcome, CheckerStatus, read_exit

ACCEPTED, WRONG, POINTS, FAILED = CheckerStatus


@pytest.mark.parametrize(
    ("code", "status"),
    [(0, ACCEPTED), (1, WRONG), (2, WRONG), (4, WRONG), (8, WRONG), (3, FAILED)],
)
def test_each_testlib_exit_code_has_its_status(code: int, status: CheckerStatus) -> None:
    assert read_exit(code, b"", b"because\n") == CheckerOutcome(status, None, "because")


@pytest.mark.parametrize("code", [-9, 5, 6, 9, 16, 127, 139, 255])
def test_any_other_exit_code_is_the_checker_s_failure_and_named_in_the_message(code: int) -> None:
    name = f"signal {code - 128}" if code == 139 else f"exit code {code}"
    assert read_exit(code, b"", b"") == CheckerOutcome(FAILED, None, name)
    said = read_exit(code, b"", b"Segmentation fault")
    assert said == CheckerOutcome(FAILED, None, name, "Segmentation fault")


TRACEBACK = b"""Traceback (most recent call last):
  File "/work/main.py", line 3, in <module>
ValueError: the answer is 17
"""
UNCAUGHT = re.compile(r"(?m)^Traceback \(most recent call last\):")


@pytest.mark.parametrize("code", [1, 2, 4, 8])
def test_an_exception_nobody_caught_is_the_checker_s_failure_and_told_to_its_author(
    code: int,
) -> None:
    said = read_exit(code, b"", TRACEBACK, UNCAUGHT)
    assert (said.status, said.message) == (FAILED, f"exit code {code}, by an exception")
    assert said.judge_message == TRACEBACK.decode().strip()


def test_only_an_uncaught_exception_turns_a_rejection_into_a_failure() -> None:
    assert read_exit(0, b"", TRACEBACK, UNCAUGHT).status is ACCEPTED
    assert read_exit(1, b"", b"no Traceback (most recent call last):", UNCAUGHT).status is WRONG
    assert read_exit(1, b"", b"wrong", UNCAUGHT) == CheckerOutcome(WRONG, None, "wrong")


def test_of_what_a_checker_that_crashed_printed_the_end_is_kept() -> None:
    said = read_exit(9, b"out", b"x" * 5000 + b"the error")
    assert (len(said.judge_message), said.judge_message[-9:]) == (4000, "the error")
    assert read_exit(9, b"out", b"").judge_message == "out"


POINTS_TABLE = [
    # stdout, stderr, points, message
    (b"", b"points 5", 5.0, ""),
    (b"", b"points 2.5 half of it\n", 2.5, "half of it"),
    (b"", b"points 0\nnothing right", 0.0, "nothing right"),
    (b"", b"points 1e1", 10.0, ""),
    (b"", b" \n points\t7", 7.0, ""),
    (b"points 3 so so", b"", 3.0, "so so"),
    (b"points 3", b"a note", 3.0, "a note"),
    (b"points 3", b"points 4", 4.0, "points 3"),
    (b"out", b"points 4", 4.0, "out"),
    (b"", b"points -0", 0.0, ""),
]


@pytest.mark.parametrize(("stdout", "stderr", "points", "message"), POINTS_TABLE)
def test_points_are_read_from_stderr_or_stdout(
    stdout: bytes, stderr: bytes, points: float, message: str
) -> None:
    said = read_exit(7, stdout, stderr)
    assert said == CheckerOutcome(POINTS, points, message)
    assert str(said.points) == str(points)  # 0.0, not -0.0


@pytest.mark.parametrize(
    ("stdout", "stderr"),
    [
        (b"", b""),
        (b"5", b""),
        (b"", b"points"),
        (b"", b"points five"),
        (b"", b"points5"),
        (b"", b"pointsman 5"),
        (b"", b"Points 5"),
        (b"", b"got points 5"),
        (b"", b"points -1"),
        (b"", b"points -1e-400"),
        (b"", b"points nan"),
        (b"", b"points inf"),
        (b"", b"points 1e400"),
        (b"", b"points 1_0"),
        (b"", b"points 0x10"),
        (b"", b"points 5,"),
        (b"points 5", b"points none"),
    ],
)
def test_missing_or_invalid_points_are_the_checker_s_failure(stdout: bytes, stderr: bytes) -> None:
    said = read_exit(7, stdout, stderr)
    assert (said.status, said.points) == (FAILED, None)
    assert said.message.startswith("exit code 7 with")


def test_the_message_is_what_stderr_says_else_stdout() -> None:
    assert read_exit(1, b"out", b"err").message == "err"
    assert read_exit(1, b"out", b" \n\x00").message == "out"
    assert read_exit(1, b"", b"").message == ""


def test_the_message_is_cut_and_has_no_control_characters() -> None:
    said = read_exit(1, b"", b"\n a\x00\x1b[31m\tb\r\n\xc3\xa9\xff\x7f \xc2\x85c\n")
    assert said.message == "a[31m\tb\né\ufffd c"
    assert read_exit(1, b"", b"x" * 5000).message == "x" * 1000
    assert read_exit(6, b"", b"\x1bx").judge_message == "x"


@given(code=st.integers(-20, 300), stdout=st.binary(max_size=40), stderr=st.binary(max_size=40))
def test_any_exit_and_output_give_a_valid_outcome(code: int, stdout: bytes, stderr: bytes) -> None:
    said = read_exit(code, stdout, b"points " * (code == 7) + stderr)
    assert (said.points is not None) == (said.status is POINTS)
    assert len(said.message) <= 1000
    assert all(
        character in "\n\t" or character.isprintable() or ord(character) >= 0xA0
        for character in said.message
    )
    assert said.message == said.message.strip()
