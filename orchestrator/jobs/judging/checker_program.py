"""A checker program or interactor: how it is called, its files, what its exit means. Pure.

testlib: `program input.txt output.txt answer.txt`. Kattis: `program input.txt answer.txt feedback/`
with the submission's output on stdin; a shell around it makes the folder, and prints its files on
stderr once the program has ended.
"""

from __future__ import annotations

import re
from dataclasses import fields, replace

from orchestrator.jobs.judging.checkers import (
    CheckerOutcome,
    CheckerProtocol,
    KattisFeedback,
    crashed,
    read_exit,
    read_validator,
)
from orchestrator.jobs.model import Cause, CheckerProgram, Interactor, JudgeTest, StageResult
from orchestrator.sandbox.model import SourceFile, Stage

INPUT, OUTPUT, ANSWER, FEEDBACK = "input.txt", "output.txt", "answer.txt", "feedback"
"""The arguments of a checker or interactor: files (and a folder) in its working folder."""
ARGUMENTS = {
    CheckerProtocol.TESTLIB: (INPUT, OUTPUT, ANSWER),
    CheckerProtocol.KATTIS: (
        INPUT,
        ANSWER,
        f"{FEEDBACK}/",
    ),  # validators append file names to it, so it ends in a slash
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


def program_stage(run: Stage, protocol: CheckerProtocol, output: bytes = b"") -> Stage:
    """Return the stage that checks one test; `run`: the checker's `Plan.run`.

    `output`: the submission's, on stdin for Kattis (testlib reads it from a file).
    """
    if protocol is CheckerProtocol.TESTLIB:
        return run
    return replace(run, argv=("/bin/sh", "-c", _AND_FEEDBACK, "sh", *run.argv), stdin=output)


def checker_files(
    test: JudgeTest, output: bytes, protocol: CheckerProtocol = CheckerProtocol.TESTLIB
) -> tuple[SourceFile, ...]:
    """Return the files that a checker reads: the input, the answer and, for testlib, the output."""
    answer = SourceFile(ANSWER, test.expected or b"")
    if protocol is CheckerProtocol.KATTIS:
        return SourceFile(INPUT, test.stdin), answer
    return SourceFile(INPUT, test.stdin), SourceFile(OUTPUT, output), answer


def interactor_files(test: JudgeTest) -> tuple[SourceFile, ...]:
    """Return the files that an interactor reads; it writes `output.txt` itself."""
    return SourceFile(INPUT, test.stdin), SourceFile(ANSWER, test.expected or b"")


def read_checker(
    ended: StageResult, program: CheckerProgram, uncaught: re.Pattern[str] | None = None
) -> CheckerOutcome:
    """Read a checker's decision from how it ended. `uncaught`: see `read_exit`."""
    stderr, feedback = ended.stderr, KattisFeedback()
    if program.protocol is CheckerProtocol.KATTIS:
        stderr, feedback = _take_feedback(stderr)
    if ended.exit_code is None or ended.killed_by is not None:
        why = _LIMITS.get(ended.killed_by) if ended.killed_by else None
        return crashed(why or "the checker failed", ended.stdout, stderr)
    if program.protocol is CheckerProtocol.KATTIS:
        return read_validator(ended.exit_code, ended.stdout, stderr, feedback)
    return read_exit(ended.exit_code, ended.stdout, stderr, uncaught)


def read_interactor(
    ended: StageResult, program: Interactor, uncaught: re.Pattern[str] | None = None
) -> CheckerOutcome:
    """Read an interactor's decision; unlike a checker's, its stdout went to the submission."""
    silent = replace(ended, stdout=b"")
    return read_checker(silent, CheckerProgram(program.submission, program.protocol), uncaught)


def _take_feedback(stderr: bytes) -> tuple[bytes, KattisFeedback]:
    """Split a validator's own stderr from the feedback files that the shell has appended.

    There are none when the stage was killed first.
    """
    if stderr.count(b"\0") < len(fields(KattisFeedback)):
        return stderr, KattisFeedback()
    own, *parts = stderr.rsplit(b"\0", len(fields(KattisFeedback)))
    return own, KattisFeedback(*parts)
