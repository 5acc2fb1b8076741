"""The corpus of hostile programs is whole, and its headers are read strictly."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from orchestrator.api.requests.schemas import ExecuteRequest
from orchestrator.jobs.model import Cause, Verdict
from orchestrator.sandbox.model import LimitHit
from tests.hostile.corpus import (
    CLASSES,
    EXTENSIONS,
    LOST_VERDICTS,
    PROGRAMS,
    WITH,
    HeaderError,
    Outcome,
    every_third,
    load,
    parse,
)

CORPUS = load()
LEAST_IN_ALL = 40
LEAST_PER_LANGUAGE = 8
# The classes that the suite was asked for, in its words here.
ASKED_FOR = """
cpu memory processes disk inodes output signals leftovers frames proc ptrace namespaces mounts
keyrings io_uring network compile
"""

HEADER = """/*
 * Class: cpu, signals
 * Attacks: a limit, with a sentence
 *   of two lines.
 * Invariant: it holds.
 * Allowed: time_limit/cpu runtime_error
 * Request: {"limits": {"cpu_ms": 500},
 *   "input": "a: b"}
 * Prints: (burning\\n)+|
 */
int main(void) { for (;;); }
"""

OPTIONAL_FIELDS = """ * Request: [{}, {"args": ["x"]}]
 * With: attack.h
 * Tries: 12
 * Says: no such: thing
 * Hits: disk, inodes
 * Within: 10
 * Bites: kill(1, 0)
 */
"""


def _write(folder: Path, text: str, language: str = "c", name: str = "attack") -> Path:
    path = folder / language / f"{name}{EXTENSIONS[language]}"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


def _changed(folder: Path, old: str, new: str) -> Path:
    assert old in HEADER
    return _write(folder, HEADER.replace(old, new))


def test_every_class_is_attacked_by_the_third_that_is_always_run() -> None:
    always = {program.name for program in CORPUS} & {program.name for program in every_third()}
    attacked = [program.classes for program in CORPUS if program.name in always]
    assert frozenset().union(*attacked) == CLASSES >= set(ASKED_FOR.split())
    assert len(always) < len(CORPUS) / 2


def test_there_are_enough_programs_in_each_language() -> None:
    count = Counter(program.language for program in CORPUS)
    assert count.total() >= LEAST_IN_ALL
    assert all(count[language] >= LEAST_PER_LANGUAGE for language in EXTENSIONS), count


def test_each_program_is_described_in_full() -> None:
    for program in CORPUS:
        assert program.classes, program.name
        assert program.attacks.endswith((".", ".)")), program.name
        assert program.invariant.endswith("."), program.name
        assert program.allowed, program.name
        assert not {outcome.verdict for outcome in program.allowed} & LOST_VERDICTS, program.name
        for request in program.requests:
            assert not request.keys() & {"language", "code", "files"}, program.name
            assert request.keys() <= ExecuteRequest.model_fields.keys(), program.name


def test_whatever_can_be_sent_along_is_used() -> None:
    used = {name for program in CORPUS for name in program.companions}
    # For the tests that need more than one job, and the neighbour.
    used |= {"neighbour.c", "neighbour.py", "Evil.java", "PrintClass.java", "Inspect.java"}
    assert {path.name for path in (PROGRAMS / WITH).iterdir()} == used


def test_a_header_is_read_in_full(tmp_path: Path) -> None:
    program = parse(_write(tmp_path, HEADER), "c")
    assert program.name == "c/attack"
    assert program.classes == {"cpu", "signals"}
    assert program.attacks == "a limit, with a sentence of two lines."
    assert program.allowed == {
        Outcome(Verdict.TIME_LIMIT, Cause.CPU),
        Outcome(Verdict.RUNTIME_ERROR, None),
    }
    assert program.requests == ({"limits": {"cpu_ms": 500}, "input": "a: b"},)
    assert program.prints is not None
    assert program.prints.fullmatch("burning\nburning\n")
    assert (program.tries, program.within_s, program.bites) == (None, None, None)
    assert (program.says, program.hits, program.companions) == ("", set(), ())


def test_a_docstring_says_the_same_as_a_comment(tmp_path: Path) -> None:
    text = HEADER.replace("/*\n", 'r"""\n').replace("\n */", '\n"""').replace("\n * ", "\n")
    python = parse(_write(tmp_path, text, "python"), "python")
    c = parse(_write(tmp_path, HEADER), "c")
    assert (python.classes, python.attacks, python.allowed) == (c.classes, c.attacks, c.allowed)
    assert (python.requests, python.prints) == (c.requests, c.prints)


def test_the_rest_of_the_fields_are_read(tmp_path: Path) -> None:
    (tmp_path / WITH).mkdir()
    (tmp_path / WITH / "attack.h").write_text("/* */\n")
    required = HEADER[: HEADER.index(" * Request")]
    program = parse(_write(tmp_path, required + OPTIONAL_FIELDS), "c")
    assert program.requests == ({}, {"args": ["x"]})
    assert [file["name"] for file in program.files()] == ["attack.c", "attack.h"]
    assert (program.tries, program.says, program.within_s) == (12, "no such: thing", 10.0)
    assert (program.hits, program.bites) == ({LimitHit.DISK, LimitHit.INODES}, "kill(1, 0)")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("/*\n", "/* about\n", "no header"),
        ("Class: cpu", "Kind: cpu", "not a field: Kind: cpu, signals"),
        (" * Class: cpu, signals\n", "", "no Class"),
        (" * Allowed", " * Class: cpu\n * Allowed", "Class stands there twice"),
        ("cpu, signals", "cpu, magic", "Class: unknown: magic"),
        ("time_limit/cpu", "time_out/cpu", "Allowed: 'time_out' is not a valid Verdict"),
        ("time_limit/cpu", "internal_error", "internal_error is never allowed"),
        ("500}", "500", "Request: Expecting"),
        ("(burning", "((burning", "Prints: missing )"),
        (" */", " * Tries: many\n */", "Tries: not a number: many"),
        (" */", " * Hits: everything\n */", "Hits: unknown: everything"),
        (" */", " * With: nothing.h\n */", "With: there is no nothing.h"),
    ],
)
def test_a_header_that_is_wrong_is_refused_by_name(
    tmp_path: Path, old: str, new: str, says: str
) -> None:
    path = _changed(tmp_path, old, new)
    with pytest.raises(HeaderError, match=r"^[^\n]*/c/attack\.c: ") as refused:
        parse(path, "c")
    assert says in str(refused.value)


def test_a_file_that_is_no_program_is_refused(tmp_path: Path) -> None:
    for language in EXTENSIONS:
        (tmp_path / language).mkdir()
    (tmp_path / "java" / "notes.txt").write_text("")
    with pytest.raises(HeaderError, match=r"notes\.txt: not a program"):
        load(tmp_path)
