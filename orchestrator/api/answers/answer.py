"""From the domain to the wire: a `JobResult` becomes the JSON answer. No I/O.

Which fields there are, and in which order, is the models' to say; what a domain object does not
have as such is made here. The first four fields are the older runner's, to the letter.
"""

from __future__ import annotations

from operator import attrgetter
from typing import Any

from orchestrator.api.answers.models.answer import Answer
from orchestrator.api.answers.models.stage import Outcome, Stage, Test, Utterance
from orchestrator.api.answers.texts import encode, error_text, output_text
from orchestrator.api.answers.writer import Make, Writer
from orchestrator.jobs.model import Encoding, JobResult, StageResult, TestResult, Verdict


def _returned(stream: str) -> Make:
    """What a test printed, where it is returned."""
    data, cut = attrgetter(f"stage.{stream}"), attrgetter(f"stage.{stream}_truncated")

    def make(test: TestResult, encoding: Encoding) -> str | None:
        return encode(data(test), encoding, truncated=cut(test)) if test.has_output else None

    return make


WRITE_UTTERANCE = Writer(
    Utterance,
    made={"from": lambda turn, _: "interactor" if turn.by_interactor else "submission"},
)
WRITE_STAGE = Writer(Stage)
WRITE_TEST = Writer(
    Test,
    within={Outcome: "stage"},
    made={"stdout": _returned("stdout"), "stderr": _returned("stderr")},
    parts=[WRITE_UTTERANCE],
)
WRITE_ANSWER = Writer(
    Answer,
    made={
        "success": lambda result, _: result.status is Verdict.ACCEPTED,
        "output": lambda result, encoding: output_text(result.run, encoding),
        "error": lambda result, _: error_text(result),
        "executionTime": lambda result, _: round(result.timings.total_ms),
    },
    parts=[WRITE_TEST],
)


def to_answer(result: JobResult) -> dict[str, Any]:
    """The answer of `POST /execute`: plain JSON data, every field always there."""
    return WRITE_ANSWER.write(result, result.encoding)


def stage_fields(stage: StageResult, encoding: Encoding) -> dict[str, Any]:
    """A stage as the answer, and a stream's `exit`, have it."""
    return WRITE_STAGE.write(stage, encoding)


def test_fields(test: TestResult, encoding: Encoding) -> dict[str, Any]:
    """A test as the answer, and a stream's `test`, have it."""
    return WRITE_TEST.write(test, encoding)
