"""The models of answers hold to the domain: what they write is there, and nothing is left out."""

from __future__ import annotations

import dataclasses
import json
from types import SimpleNamespace
from typing import Annotated, Any, get_type_hints

import pytest
from pydantic import Field

from orchestrator.api.answers.answer import (
    WRITE_ANSWER,
    WRITE_STAGE,
    WRITE_TEST,
    WRITE_UTTERANCE,
    to_answer,
)
from orchestrator.api.answers.models import service
from orchestrator.api.answers.models.answer import Group, JudgingSummary, Timings
from orchestrator.api.answers.models.base import Encoded, Rounded, Shown
from orchestrator.api.answers.models.stage import Difference
from orchestrator.api.answers.writer import Writer
from orchestrator.jobs import model
from orchestrator.jobs.compile_cache import CacheStats
from orchestrator.jobs.judging import checkers
from orchestrator.jobs.model import Encoding, StageResult, TestResult, Verdict
from orchestrator.sandbox.pool_profile import PoolStatus
from tests.api_support import make_result

WRITTEN: list[tuple[Writer, type[Any], set[str]]] = [
    (WRITE_ANSWER, model.JobResult, {"killed_by", "encoding", "failure"}),
    (WRITE_STAGE, StageResult, set()),
    (WRITE_TEST, TestResult, {"stage", "has_output"}),
    (WRITE_UTTERANCE, model.Utterance, {"by_interactor"}),
    (Writer(Timings), model.Timings, set()),
    (Writer(JudgingSummary), model.TestSummary, set()),
    (Writer(Group), model.GroupScore, set()),
    (Writer(Difference), checkers.Difference, set()),
]
"""A writer, what it writes, and the fields of that which are not in the answer as they are."""


def has(kind: type[Any], path: str) -> bool:
    """Whether an attribute of an attribute … is a field of a dataclass."""
    name, _, rest = path.partition(".")
    fields = {each.name for each in dataclasses.fields(kind)}
    return name in fields and (not rest or has(get_type_hints(kind)[name], rest))


@pytest.mark.parametrize(("writer", "kind", "kept_back"), WRITTEN)
def test_each_field_of_a_model_is_found_in_the_domain_and_the_other_way_round(
    writer: Writer, kind: type[Any], kept_back: set[str]
) -> None:
    assert all(has(kind, path) for path in writer.paths.values())
    own = {path for path in writer.paths.values() if "." not in path}
    assert own == {each.name for each in dataclasses.fields(kind)} - kept_back


def test_each_field_of_a_test_s_stage_is_written() -> None:
    moved = {path.removeprefix("stage.") for path in WRITE_TEST.paths.values() if "." in path}
    own = {each.name for each in dataclasses.fields(StageResult)}
    assert moved | {"stdout", "stderr"} == own


def test_the_keys_have_the_order_of_the_fields() -> None:
    answer = to_answer(make_result())
    assert list(answer)[:4] == ["success", "output", "error", "executionTime"]
    assert list(answer) == list(WRITE_ANSWER.model.model_fields)
    assert list(answer["run"]) == list(WRITE_STAGE.model.model_fields)


def test_the_bytes_of_an_answer() -> None:
    run = StageResult(
        Verdict.TIME_LIMIT, b"\xff\n", b"x", signal=9, killed_by=model.Cause.CPU, cpu_ms=1.23456
    )
    result = make_result(status=Verdict.TIME_LIMIT, run=run, killed_by=model.Cause.CPU)
    assert json.dumps(to_answer(result)) == (
        '{"success": false, "output": "\\ufffd\\n", "error": "Execution timed out", '
        '"executionTime": 42, "id": "job-1", "language": "python", "version": "17.0.15+6", '
        '"status": "time_limit", "compile": null, "run": {"status": "time_limit", '
        '"stdout": "\\ufffd\\n", "stderr": "x", "exit_code": null, "signal": 9, '
        '"killed_by": "cpu", "limits_hit": [], "cpu_ms": 1.235, "wall_ms": null, '
        '"wall_given_back_ms": null, "memory_kb": null, "stdout_truncated": false, '
        '"stderr_truncated": false}, "tests": null, "summary": null, "checker": null, '
        '"warnings": [], "timings": {"queue_ms": 0.1, "sandbox_ms": 20.0, "compile_ms": 0.0, '
        '"run_ms": 13.0, "total_ms": 42.4, "pool": "miss", "compile_cache": null}}'
    )


@pytest.mark.parametrize(
    ("shown", "kind"), [(service.Shelf, PoolStatus), (service.CompileCache, CacheStats)]
)
def test_what_is_shown_whole_has_the_same_fields(shown: type[Shown], kind: type[Any]) -> None:
    assert list(shown.model_fields) == [each.name for each in dataclasses.fields(kind)]


class Said(Shown):
    said: Annotated[str, Encoded(cut="is_cut")]
    is_cut: bool


class Whole(Shown):
    one: Said
    more: list[Said] | None
    other: Said | None
    words: list[str]
    ms: Annotated[float, Rounded(1)] | None
    from_: str = Field(alias="from")


def test_a_field_is_written_by_its_type_and_its_marks() -> None:
    said = SimpleNamespace(said=b"e\xcc", is_cut=True)
    source = SimpleNamespace(one=said, more=[said], other=None, words=("a",), ms=1.26, at=None)
    writer = Writer(Whole, made={"from": lambda whole, encoding: (whole.at, encoding.value)})
    cut = {"said": "e", "is_cut": True}
    assert writer.write(source, Encoding.UTF8) == {
        "one": cut,
        "more": [cut],
        "other": None,
        "words": ["a"],
        "ms": 1.3,
        "from": (None, "utf8"),
    }
    source.more = source.ms = None
    assert writer.write(source, Encoding.BASE64)["one"]["said"] == "Zcw="
    assert writer.write(source, Encoding.UTF8)["more"] is None
