"""The answer of `POST /execute`, as models (`api/answer.py` makes it)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from orchestrator.api.openapi.base import Count, Milliseconds, Shown
from orchestrator.jobs.model import Cause, Verdict
from orchestrator.sandbox.model import LimitHit

Found = Literal["hit", "miss"]


class Outcome(Shown):
    """How a process tree ended, and what it used."""

    status: Verdict
    """The stage's own verdict."""
    exit_code: int | None
    """The exit code; null when the process was ended by a signal."""
    signal: int | None
    """The number of the signal that ended it."""
    killed_by: Cause | None
    """What ended the process; null when it ended by itself."""
    limits_hit: list[LimitHit]
    """Limits it ran into without being ended for it."""
    cpu_ms: Milliseconds | None
    """CPU time of the whole process tree."""
    wall_ms: Milliseconds | None
    """Wall time."""
    wall_given_back_ms: Milliseconds | None
    """The part of `wall_ms` beyond the limit, in which the program was ready but had no CPU."""
    memory_kb: Count | None
    """The peak, KiB."""
    stdout_truncated: bool
    """Whether more was printed than `stdout` has."""
    stderr_truncated: bool
    """Whether more was printed than `stderr` has."""


class Stage(Outcome):
    """A stage of a job: its compilation, or its run."""

    stdout: str
    """What it printed, in the request's `encoding`."""
    stderr: str
    """What it printed on stderr, in the request's `encoding`."""


class Difference(Shown):
    """Where an output first differs from what was expected."""

    line: Count
    """In the output, from 1."""
    column: Count
    """In the output, from 1."""
    expected: str
    """The line or token that was expected, at most 100 bytes."""
    got: str
    """The line or token that was printed instead, at most 100 bytes."""


class Utterance(Shown):
    """A turn of an interaction."""

    from_: Literal["interactor", "submission"] = Field(alias="from")
    """Who said it."""
    data: str
    """What was said, in the request's `encoding`."""


class Test(Outcome):
    """How one test went."""

    name: str
    """Its name; its number, from 1, where the request gave none."""
    stdout: str | None
    """What it printed; null where `return_outputs` leaves it out."""
    stderr: str | None
    """What it printed on stderr; null where `return_outputs` leaves it out."""
    difference: Difference | None
    """Where a `wrong_answer` first differs."""
    message: str | None
    """What the checker program said, at most 1000 characters."""
    judge_message: str | None
    """What it said for the problem's author alone, or printed when it crashed."""
    transcript: list[Utterance] | None
    """What an interactor and the submission said, where it was asked for."""
    points: float | None
    """The points that this test earned; null when no points depend on it."""
    group: str | None
    """As given."""


class Group(Shown):
    """Tests that count together."""

    name: str
    """As given."""
    passed: bool
    """Whether all of them were accepted."""
    points: float
    """The points that the group earned."""
    max_points: float
    """The most points that the group can earn."""


class JudgingSummary(Shown):
    """All tests together."""

    total: Count
    """How many tests."""
    passed: Count
    """How many were accepted."""
    failed: Count
    """How many were run and not accepted."""
    skipped: Count
    """How many were not run."""
    max_cpu_ms: Milliseconds | None
    """The most CPU time of any test."""
    total_cpu_ms: Milliseconds | None
    """The CPU time of all."""
    max_wall_ms: Milliseconds | None
    """The most wall time of any test."""
    total_wall_ms: Milliseconds | None
    """The wall time of all."""
    max_memory_kb: Count | None
    """The highest peak, KiB."""
    score: float | None
    """The points earned; null when no test carries points."""
    max_score: float | None
    """The most points that all tests together can earn."""
    groups: list[Group]
    """In the order they first occur."""


class Timings(Shown):
    """Where the time went."""

    queue_ms: Milliseconds
    """In the queue."""
    sandbox_ms: Milliseconds
    """Until there was a sandbox."""
    compile_ms: Milliseconds
    """Compiling."""
    run_ms: Milliseconds
    """Running; with tests: all of them."""
    total_ms: Milliseconds
    """The whole job."""
    pool: Found
    """Whether a waiting sandbox was used."""
    compile_cache: Found | None
    """Whether the compilation was found in the cache; null when it was not looked for."""


class Answer(Shown):
    """What became of a submission. The first four fields are the older runner's."""

    success: bool
    """Whether `status` is `accepted`."""
    output: str
    """The run's stdout; empty when there was none. What was cut ends in a mark, but in base64."""
    error: str | None
    """What went wrong, as text whatever `encoding` says."""
    executionTime: Count  # noqa: N815 - the older runner's name
    """The whole job, ms."""
    id: str
    """The job's."""
    language: str
    """The language's id."""
    version: str
    """What the language's image reports."""
    status: Verdict
    """The verdict."""
    compile: Stage | None
    """The compilation; null when there was none."""
    run: Stage | None
    """The run; null when there was none, and with tests."""
    tests: list[Test] | None
    """How each test went; null without tests."""
    summary: JudgingSummary | None
    """All tests together; null without tests."""
    checker: Stage | None
    """The compilation of a checker program or interactor."""
    warnings: list[str]
    """What was ignored."""
    timings: Timings
    """Where the time went."""
