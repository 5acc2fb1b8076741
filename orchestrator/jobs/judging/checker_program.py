"""A checker program or interactor: how it is called, what it is given, what its exit means. Pure.

testlib: `program input.txt output.txt answer.txt`. Kattis: `program input.txt answer.txt feedback/`
with the output on stdin; a shell around it makes the folder, and passes on what is in it then.
"""

from __future__ import annotations

import re
from dataclasses import fields, replace

from orchestrator.jobs.judging.checkers import (
    CheckerOutcome,
    Feedback,
    Protocol,
    crashed,
    read_exit,
    read_validator,
)
from orchestrator.jobs.model import Cause, CheckerProgram, Interactor, JudgeTest, StageResult
from orchestrator.sandbox.model import SourceFile, Stage

INPUT, OUTPUT, ANSWER, FEEDBACK = "input.txt", "output.txt", "answer.txt", "feedback"
"""A checker's or interactor's arguments, and files in its folder."""
ARGUMENTS = {
    Protocol.TESTLIB: (INPUT, OUTPUT, ANSWER),
    Protocol.KATTIS: (
        INPUT,
        ANSWER,
        f"{FEEDBACK}/",
    ),  # validators put a file's name right behind it
}

_FEEDBACK_BYTES = 4000
_AND_FEEDBACK = f"""\
mkdir {FEEDBACK}; "$@"; code=$?
for name in teammessage judgemessage score; do
    printf '\\0'; head -c {_FEEDBACK_BYTES} {FEEDBACK}/$name.txt 2>/dev/null
done >&2
exit $code
"""
_LIMITS = {
    Cause.WALL: "the checker took too long",
    Cause.CPU: "the checker took too long",
    Cause.MEMORY: "the checker ran out of memory",
    Cause.OUTPUT: "the checker printed too much",
    Cause.SIGNAL: "the checker crashed",
}


def program_stage(run: Stage, protocol: Protocol, output: bytes = b"") -> Stage:
    """The stage that asks about one test; `output`: the submission's, a file for testlib."""
    if protocol is Protocol.TESTLIB:
        return run
    return replace(run, argv=("/bin/sh", "-c", _AND_FEEDBACK, "sh", *run.argv), stdin=output)


def checker_files(
    test: JudgeTest, output: bytes, protocol: Protocol = Protocol.TESTLIB
) -> tuple[SourceFile, ...]:
    """What a checker is to compare."""
    answer = SourceFile(ANSWER, test.expected or b"")
    if protocol is Protocol.KATTIS:
        return SourceFile(INPUT, test.stdin), answer
    return SourceFile(INPUT, test.stdin), SourceFile(OUTPUT, output), answer


def interactor_files(test: JudgeTest) -> tuple[SourceFile, ...]:
    """What an interactor is given; `output.txt` is its own to write."""
    return SourceFile(INPUT, test.stdin), SourceFile(ANSWER, test.expected or b"")


def read_checker(
    ended: StageResult, program: CheckerProgram, uncaught: re.Pattern[str] | None = None
) -> CheckerOutcome:
    """What it said by the way it ended; `uncaught`: as `read_exit` has it."""
    stderr, feedback = ended.stderr, Feedback()
    if program.protocol is Protocol.KATTIS:
        stderr, feedback = _take_feedback(stderr)
    if ended.exit_code is None or ended.killed_by is not None:
        why = _LIMITS.get(ended.killed_by) if ended.killed_by else None
        return crashed(why or "the checker failed", ended.stdout, stderr)
    if program.protocol is Protocol.KATTIS:
        return read_validator(ended.exit_code, ended.stdout, stderr, feedback)
    return read_exit(ended.exit_code, ended.stdout, stderr, uncaught)


def read_interactor(
    ended: StageResult, program: Interactor, uncaught: re.Pattern[str] | None = None
) -> CheckerOutcome:
    """The same, but that what it says on stdout is said to the submission."""
    silent = replace(ended, stdout=b"")
    return read_checker(silent, CheckerProgram(program.submission, program.protocol), uncaught)


def _take_feedback(stderr: bytes) -> tuple[bytes, Feedback]:
    """The validator's own stderr, and what the shell has put behind it; nothing if it was ended."""
    if stderr.count(b"\0") < len(fields(Feedback)):
        return stderr, Feedback()
    own, *parts = stderr.rsplit(b"\0", len(fields(Feedback)))
    return own, Feedback(*parts)
