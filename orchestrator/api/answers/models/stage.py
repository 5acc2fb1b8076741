"""A stage, and a test, which has all of a stage's fields."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from orchestrator.api.answers.models.base import Count, Encoded, Milliseconds, Shown, Text
from orchestrator.jobs.model import Cause, Verdict
from orchestrator.sandbox.model import LimitHit

Stdout = Annotated[str, Encoded(cut="stdout_truncated")]
Stderr = Annotated[str, Encoded(cut="stderr_truncated")]


class Outcome(Shown):
    """How a process tree ended, what it printed and what it used."""

    status: Verdict
    """The verdict of this stage, or test, alone."""
    stdout: Stdout | None
    stderr: Stderr | None
    exit_code: int | None
    """The exit code; null when a signal ended the process, or it did not come to an end of its
    own."""
    signal: int | None
    """The number of the signal that ended it; null when none did."""
    killed_by: Cause | None
    """What ended the process; null when it ended by itself."""
    limits_hit: list[LimitHit]
    """Limits it ran into without being ended for it."""
    cpu_ms: Milliseconds | None
    """CPU time of the whole process tree, ms."""
    wall_ms: Milliseconds | None
    """Wall time, ms."""
    wall_given_back_ms: Milliseconds | None
    """The part of `wall_ms` that is beyond the limit, ms: the program was ready, had no CPU, and
    was [given it back](http.md#time-and-memory)."""
    memory_kb: Count | None
    """The peak of its memory, KiB; never above the limit."""
    stdout_truncated: bool
    """Whether more was printed than `stdout` has."""
    stderr_truncated: bool
    """Whether more was printed than `stderr` has."""


class Stage(Outcome):
    """A stage of a job: its compilation, or its run."""

    stdout: Stdout
    """What it printed, in the request's `encoding`; at most `limits.output_kb`, of a compilation
    `MAX_OUTPUT_SIZE`. As text, a byte that is not UTF-8 is U+FFFD, and half a character at the cut
    is left out."""
    stderr: Stderr
    """What it printed on stderr, as `stdout`."""


class Difference(Shown):
    """Where an output first differs from what was expected."""

    line: Count
    """The line in the output, from 1."""
    column: Count
    """The column in the output, from 1."""
    expected: Text
    """The line or token that was expected, at most 100 bytes."""
    got: Text
    """The line or token that was printed instead, at most 100 bytes."""


class Utterance(Shown):
    """A turn of an interaction."""

    from_: Literal["interactor", "submission"] = Field(alias="from")
    """Who said it."""
    data: Text
    """What was said, in the request's `encoding`."""


class _Named(Shown):
    name: str
    """The test's name; its number, from 1, where the request gave none."""


class Test(Outcome, _Named):
    """How one test went."""

    stdout: Stdout | None
    """What it printed, as a stage's; null where `return_outputs` leaves it out."""
    stderr: Stderr | None
    """What it printed on stderr, as a stage's; null where `return_outputs` leaves it out."""
    difference: Difference | None
    """Where a `wrong_answer` first differs; null where nothing can be said."""
    message: str | None
    """What the checker program said, at most 1000 characters."""
    judge_message: str | None
    """What the checker program printed when it crashed, or (Kattis) said for the problem's author,
    at most 4000 characters: not to be shown to the contestant."""
    transcript: list[Utterance] | None
    """What an interactor and the submission said, where it was asked for: at most `MAX_TRANSCRIPT`
    bytes, of which each turn takes 64 beside its text."""
    points: float | None
    """The points that this test earned; null when no points depend on it."""
    group: str | None
    """The test's group, as given."""
