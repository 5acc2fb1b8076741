"""The texts of an answer: the run's output, what went wrong, bytes as text. No I/O."""

from __future__ import annotations

import base64
import codecs

from orchestrator.jobs.model import Cause, Encoding, JobResult, StageResult, Verdict
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
    if not truncated:
        return data.decode("utf-8", "replace")
    return codecs.getincrementaldecoder("utf-8")("replace").decode(data, final=False)


def output_text(run: StageResult | None, encoding: Encoding) -> str:
    """The run's stdout. Base64 has no place for a mark: there the `_truncated` flag tells."""
    if run is None:
        return ""
    output = encode(run.stdout, encoding, truncated=run.stdout_truncated)
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


def encode(data: bytes, encoding: Encoding, *, truncated: bool = False) -> str:
    """Bytes as JSON has them: text as `decode` makes it, or base64."""
    if encoding is Encoding.BASE64:
        return base64.b64encode(data).decode()
    return decode(data, truncated=truncated)
