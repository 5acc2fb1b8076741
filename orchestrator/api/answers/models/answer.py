"""The answer of `POST /execute`."""

from __future__ import annotations

from typing import Literal

from orchestrator.api.answers.models.base import Count, Milliseconds, Shown
from orchestrator.api.answers.models.stage import Stage, Test
from orchestrator.jobs.model import Verdict

Found = Literal["hit", "miss"]


class Group(Shown):
    """Tests that count together."""

    name: str
    """The group's name, as given."""
    passed: bool
    """Whether all of its tests were accepted."""
    points: float
    """The points that the group earned."""
    max_points: float
    """The most points that the group can earn."""


class JudgingSummary(Shown):
    """All tests together. Times and memory are of those that were run; null where none is known."""

    total: Count
    """The number of tests."""
    passed: Count
    """The number of tests that were accepted."""
    failed: Count
    """The number of tests that were run and not accepted."""
    skipped: Count
    """The number of tests that were not run."""
    max_cpu_ms: Milliseconds | None
    """The most CPU time of any test, ms."""
    total_cpu_ms: Milliseconds | None
    """The CPU time of all tests, ms."""
    max_wall_ms: Milliseconds | None
    """The most wall time of any test, ms."""
    total_wall_ms: Milliseconds | None
    """The wall time of all tests, ms."""
    max_memory_kb: Count | None
    """The highest peak of any test, KiB."""
    score: float | None
    """The points earned; null when no test carries points."""
    max_score: float | None
    """The most points that all tests together can earn; null when no test carries points."""
    groups: list[Group]
    """The groups, in the order they first occur."""


class Timings(Shown):
    """Where a job's time went."""

    queue_ms: Milliseconds
    """In the queue, ms."""
    sandbox_ms: Milliseconds
    """Until there was a sandbox, ms."""
    compile_ms: Milliseconds
    """Compiling, ms; of a compilation that was found in the cache, what it took now."""
    run_ms: Milliseconds
    """Running, ms; with tests the wall time of all of them, without their checkers'."""
    total_ms: Milliseconds
    """The whole job, ms."""
    pool: Found
    """`hit` when a waiting sandbox was used, else `miss`."""
    compile_cache: Found | None
    """`hit` when the compilation was found in the cache (`compile` is then as it was the first
    time), `miss` when it was not; null when it was not looked for."""


class Answer(Shown):
    """What became of a submission. The first four fields are the older runner's."""

    success: bool
    """Whether `status` is `accepted`."""
    output: str
    """The run's stdout; empty when there was no run. As text, what was cut ends in
    `\\n[Output truncated...]`; in base64 only `stdout_truncated` tells."""
    error: str | None
    """What went wrong, always as text, whatever `encoding` says; null when nothing did."""
    executionTime: Count  # noqa: N815 - the older runner's name
    """The whole job, ms."""
    id: str
    """The job's id."""
    language: str
    """The language's id."""
    version: str
    """The version of the language, as its image reports it."""
    status: Verdict
    """The verdict."""
    compile: Stage | None
    """The compilation; null when there was none."""
    run: Stage | None
    """The run; null when there was none, and with tests."""
    tests: list[Test] | None
    """[How each test went](judging.md#the-answer), in the order given; null without tests."""
    summary: JudgingSummary | None
    """[All tests together](judging.md#the-answer); null without tests."""
    checker: Stage | None
    """The compilation of a checker program or interactor; null when there was none."""
    warnings: list[str]
    """What was ignored."""
    timings: Timings
    """Where the time went."""


class Judgement(Answer):
    """What became of a submission with tests."""

    run: None
    """Null: every test has a run of its own."""
    tests: list[Test]
    """How each test went, in the order given."""
    summary: JudgingSummary
    """All tests together."""
