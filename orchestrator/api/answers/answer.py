"""From the domain to the wire: a `JobResult` becomes the JSON answer. No I/O.

The first four fields are the older runner's, to the letter; the rest is ours.
"""

from __future__ import annotations

import base64
import codecs
from typing import Any

from orchestrator.jobs.model import (
    Cause,
    Encoding,
    JobResult,
    StageResult,
    TestResult,
    TestSummary,
    Timings,
    Utterance,
    Verdict,
)
from orchestrator.sandbox.model import LimitHit

TRUNCATION_MARK = "\n[Output truncated...]"

_ERRORS = {
    Verdict.TIME_LIMIT: "Execution timed out",
    Verdict.OUTPUT_LIMIT: "Output limit exceeded",
    Verdict.MEMORY_LIMIT: "Memory limit exceeded",
    Verdict.INTERNAL_ERROR: "Internal error",
}
_CANCELLED = {
    Cause.CLIENT: "Cancelled: the client went away",
    Cause.DRAIN: "Cancelled: the server is shutting down",
    Cause.ADMIN: "Cancelled by an administrator",
    Cause.DEADLINE: "Cancelled: the job took longer than this server allows",
}
_COMPILER_LIMITS = {
    Cause.WALL: "The compiler took too long",
    Cause.CPU: "The compiler took too long",
    Cause.MEMORY: "The compiler ran out of memory",
    Cause.OUTPUT: "The compiler printed too much",
}
_BROKEN_OFF = "File size limit exceeded signal terminated"
_TOO_LARGE = (
    "The compiler met the file size limit: what is to be compiled makes too large a file, as "
    "initialised tables of many megabytes do"
)


def to_answer(result: JobResult) -> dict[str, Any]:
    """The answer of `POST /execute`: plain JSON data, every field always there."""
    return {
        "success": result.status is Verdict.ACCEPTED,
        "output": _output(result.run, result.encoding),
        "error": error_text(result),
        "executionTime": round(result.timings.total_ms),
        "id": result.id,
        "language": result.language,
        "version": result.version,
        "status": result.status.value,
        "compile": result.compile and stage_fields(result.compile, result.encoding),
        "run": result.run and stage_fields(result.run, result.encoding),
        "tests": _tests(result),
        "summary": result.summary and _summary(result.summary),
        "checker": result.checker and stage_fields(result.checker, result.encoding),
        "warnings": list(result.warnings),
        "timings": _timings(result.timings),
    }


def error_text(result: JobResult) -> str | None:
    """The older runner's `error`: None for success, always text, whatever the encoding."""
    match result.status:
        case Verdict.ACCEPTED:
            return None
        case Verdict.COMPILE_ERROR:
            return f"Compilation Error:\n{_compiler_text(result.compile)}"
        case Verdict.RUNTIME_ERROR if result.tests is None or _is_lost(result.compile):
            return _runtime_error(result.run)
        case Verdict.CANCELLED if result.killed_by in _CANCELLED:
            return _CANCELLED[result.killed_by]
        case status if result.tests is not None and status is not Verdict.INTERNAL_ERROR:
            return _judging_error(result)
        case status:
            return _ERRORS.get(status) or status.value.replace("_", " ").capitalize()


def _is_lost(compiled: StageResult | None) -> bool:
    """Whether its sandbox ended under the compiler: no test was run."""
    return compiled is not None and compiled.status is Verdict.RUNTIME_ERROR


def _judging_error(result: JobResult) -> str:
    """`Test k (name): what`, of the first that was not accepted; k counts from 1."""
    if result.checker is not None and result.checker.status is not Verdict.ACCEPTED:
        return f"Checker compilation error:\n{_compiler_text(result.checker)}"
    number, test = next(
        (number, test)
        for number, test in enumerate(result.tests or (), 1)
        if test.stage.status is not Verdict.ACCEPTED
    )
    stage = test.stage
    what = stage.status.value.replace("_", " ")
    if stage.signal is not None and stage.status is Verdict.RUNTIME_ERROR:
        what += f" (signal {stage.signal})"
    elif stage.exit_code is not None and stage.status is Verdict.RUNTIME_ERROR:
        what += f" (exit code {stage.exit_code})"
    return f"Test {number} ({test.name}): {what}"


def decode(data: bytes, *, truncated: bool) -> str:
    """Bytes as text, U+FFFD for what isn't UTF-8; half a character at a cut is left out."""
    return codecs.getincrementaldecoder("utf-8")("replace").decode(data, final=not truncated)


def _output(run: StageResult | None, encoding: Encoding) -> str:
    """The run's stdout. Base64 has no place for a mark: there the `_truncated` flag tells."""
    if run is None:
        return ""
    output = _encode(run.stdout, encoding, truncated=run.stdout_truncated)
    marked = run.stdout_truncated and encoding is Encoding.UTF8
    return output + TRUNCATION_MARK if marked else output


def _compiler_text(stage: StageResult | None) -> str:
    """What the compiler said, then what became of it where it did not just refuse."""
    if stage is None:
        return "The compiler could not be run"
    text = _error_stream(stage) or decode(stage.stdout, truncated=stage.stdout_truncated)
    if LimitHit.FILE_SIZE in stage.limits_hit and _BROKEN_OFF in text:
        return _TOO_LARGE  # gcc takes the end of its assembler for a fault of gcc's
    limit = _COMPILER_LIMITS.get(stage.killed_by) if stage.killed_by else None
    if limit:
        return f"{text}\n{limit}" if text else limit
    return text or _ending(stage, "The compiler")


def _runtime_error(stage: StageResult | None) -> str:
    if stage is None:
        return "Process ended unexpectedly"
    return _error_stream(stage) or _ending(stage, "Process")


def _ending(stage: StageResult, who: str) -> str:
    """How a stage ended; a signal counts as 128 more than its number, as in a shell."""
    if stage.signal is not None:
        return f"{who} exited with code {128 + stage.signal}"
    if stage.exit_code is not None:
        return f"{who} exited with code {stage.exit_code}"
    return f"{who} ended unexpectedly"


def _error_stream(stage: StageResult) -> str:
    return decode(stage.stderr, truncated=stage.stderr_truncated)


def _encode(data: bytes, encoding: Encoding, *, truncated: bool) -> str:
    if encoding is Encoding.BASE64:
        return base64.b64encode(data).decode()
    return decode(data, truncated=truncated)


def stage_fields(stage: StageResult, encoding: Encoding) -> dict[str, Any]:
    """A stage as the answer, and a stream's `exit`, have it."""
    return {
        "status": stage.status.value,
        "stdout": _encode(stage.stdout, encoding, truncated=stage.stdout_truncated),
        "stderr": _encode(stage.stderr, encoding, truncated=stage.stderr_truncated),
        "exit_code": stage.exit_code,
        "signal": stage.signal,
        "killed_by": stage.killed_by.value if stage.killed_by else None,
        "limits_hit": [hit.value for hit in stage.limits_hit],
        "cpu_ms": _milliseconds(stage.cpu_ms),
        "wall_ms": _milliseconds(stage.wall_ms),
        "wall_given_back_ms": _milliseconds(stage.wall_given_back_ms),
        "memory_kb": stage.memory_kb,
        "stdout_truncated": stage.stdout_truncated,
        "stderr_truncated": stage.stderr_truncated,
    }


def _tests(result: JobResult) -> list[dict[str, Any]] | None:
    if result.tests is None:
        return None
    return [test_fields(test, result.encoding) for test in result.tests]


def test_fields(test: TestResult, encoding: Encoding) -> dict[str, Any]:
    """A test as the answer, and a stream's `test`, have it."""
    fields = {"name": test.name, **stage_fields(test.stage, encoding)}
    if not test.has_output:
        fields |= {"stdout": None, "stderr": None}
    difference = test.difference
    return {
        **fields,
        "difference": difference
        and {
            "line": difference.line,
            "column": difference.column,
            "expected": _encode(difference.expected, encoding, truncated=False),
            "got": _encode(difference.got, encoding, truncated=False),
        },
        "message": test.message,
        "judge_message": test.judge_message,
        "transcript": _transcript(test.transcript, encoding),
        "points": test.points,
        "group": test.group,
    }


def _transcript(
    transcript: tuple[Utterance, ...] | None, encoding: Encoding
) -> list[dict[str, str]] | None:
    if transcript is None:
        return None
    return [
        {
            "from": "interactor" if each.by_interactor else "submission",
            "data": _encode(each.data, encoding, truncated=False),
        }
        for each in transcript
    ]


def _summary(summary: TestSummary) -> dict[str, Any]:
    return {
        "total": summary.total,
        "passed": summary.passed,
        "failed": summary.failed,
        "skipped": summary.skipped,
        "max_cpu_ms": _milliseconds(summary.max_cpu_ms),
        "total_cpu_ms": _milliseconds(summary.total_cpu_ms),
        "max_wall_ms": _milliseconds(summary.max_wall_ms),
        "total_wall_ms": _milliseconds(summary.total_wall_ms),
        "max_memory_kb": summary.max_memory_kb,
        "score": summary.score,
        "max_score": summary.max_score,
        "groups": [
            {
                "name": group.name,
                "passed": group.passed,
                "points": group.points,
                "max_points": group.max_points,
            }
            for group in summary.groups
        ],
    }


def _timings(timings: Timings) -> dict[str, Any]:
    return {
        "queue_ms": _milliseconds(timings.queue_ms),
        "sandbox_ms": _milliseconds(timings.sandbox_ms),
        "compile_ms": _milliseconds(timings.compile_ms),
        "run_ms": _milliseconds(timings.run_ms),
        "total_ms": _milliseconds(timings.total_ms),
        "pool": timings.pool,
        "compile_cache": timings.compile_cache,
    }


def _milliseconds(value: float | None) -> float | None:
    """To the microsecond, the agent's own resolution."""
    return None if value is None else round(value, 3)
