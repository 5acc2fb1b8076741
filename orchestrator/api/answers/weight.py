"""How many bytes requests and their answers take while they are held. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.api.answers.json_pieces import PIECE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.jobs.model import JobResult, StageResult, Submission
    from orchestrator.settings import Settings

REQUEST = 16_384
"""Of any request: its head, its tasks, its place in the queue."""
ESCAPED = 6
"""What a byte may become in JSON: `\\u0000`, or `\\ufffd` where it is no character."""
DECODED = 4
"""What a byte may take as text in memory; an answer has the output of a run twice."""


def submission_bytes(submission: Submission, settings: Settings) -> int:
    """A job's until its answer is made: what was sent, and what it may print."""
    total = REQUEST
    for program in submission.programs:
        total += len(program.stdin) + 2 * program.limits.output_bytes
        total += 2 * settings.max_output_size  # the compiler's
        total += sum(len(file.content) for file in program.files)
    if submission.judging is not None:
        tests = submission.judging.tests
        total += sum(len(test.stdin) + len(test.expected or b"") for test in tests)
        total += submission.judging.returned_bytes
        total += max((test.limits.output_bytes for test in tests), default=0)
    return total


def stream_bytes(settings: Settings) -> int:
    """What is held of a job's events for who follows it."""
    return settings.stream_buffer + ESCAPED * PIECE


def result_bytes(result: JobResult) -> int:
    """What the programs of a job have said, as far as its answer has it."""
    total = sum(map(_printed, _stages(result)))
    for test in result.tests or ():
        total += sum(len(turn.data) for turn in test.transcript or ())
        total += len(test.message or "")
    return total


def _stages(result: JobResult) -> Iterator[StageResult]:
    for stage in (result.compile, result.run, result.run, result.checker):
        if stage is not None:
            yield stage
    for test in result.tests or ():
        yield test.stage


def _printed(stage: StageResult) -> int:
    return len(stage.stdout) + len(stage.stderr)


def answer_bytes(result: JobResult) -> int:
    """An answer's, on its way in pieces."""
    return DECODED * result_bytes(result) + ESCAPED * PIECE


def message_bytes(result: JobResult) -> int:
    """An answer's, on its way as one message."""
    return (DECODED + 2 * ESCAPED) * result_bytes(result) + PIECE
