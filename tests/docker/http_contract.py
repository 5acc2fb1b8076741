"""The HTTP contract as pure checks, closed: what docs/reference/http.md does not say is refused.

Written from the documents and not from the code that answers, so that each can show the other
wrong. `stream_contract.py` is about streams.
"""

from __future__ import annotations

import base64
import codecs
import re
from collections.abc import Mapping

from tests.docker.contract_shapes import (
    ANSWER_SHAPE,
    COMPILED,
    PROBLEM_SHAPE,
    STAGE_SHAPE,
    TIMINGS_SHAPE,
    ContractViolationError,
    Json,
    Predicate,
    check_shape,
    is_text,
    one_of,
    require,
)

TRUNCATION_MARK = "\n[Output truncated...]"
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
MOST_DETAILS = 10
ROUNDING_MS = 0.01
"""Each time is rounded to the microsecond by itself; five of them may be added up."""

ERROR_CODES = {
    400: {"invalid"},
    401: {"unauthorized"},
    404: {"not_found"},
    405: {"method_not_allowed"},
    408: {"timeout"},
    413: {"too_large"},
    415: {"unsupported_media_type"},
    429: {"queue_full"},
    503: {"draining", "engine_unavailable", "internal_error"},
}
RUN_CAUSES: Mapping[str, set[str | None]] = {
    "accepted": {None},
    "runtime_error": {None, "signal", "sandbox"},
    "time_limit": {"cpu", "wall"},
    "memory_limit": {"memory"},
    "output_limit": {"output"},
}
COMPILE_CAUSES: Mapping[str, set[str | None]] = {
    "accepted": {None},
    "compile_error": {None, "wall", "cpu", "memory", "output"},
    "runtime_error": {"sandbox"},
}
FIXED_ERRORS = {
    "time_limit": "Execution timed out",
    "output_limit": "Output limit exceeded",
    "memory_limit": "Memory limit exceeded",
}


def check_answer(answer: Json, encoding: str = "utf8", *, streamed: bool = False) -> None:
    """The 200 of `POST /execute`. A stream alone may say `internal_error`: else it is a 503."""
    check_shape(answer, ANSWER_SHAPE, "answer")
    status, language = answer["status"], answer["language"]
    require(bool(answer["id"] and answer["version"]), "no id or version", answer)
    require(answer["success"] is (status == "accepted"), "success", answer)
    if answer["compile"] is not None:
        require(COMPILED[language], "nothing is compiled in this language", answer)
        check_stage(answer["compile"], "compile", encoding)
    if answer["run"] is not None:
        check_stage(answer["run"], "run", encoding)
    if status == "cancelled":
        require((answer["error"] or "").startswith("Cancelled"), "error", answer)
    elif status == "internal_error":
        require(streamed and bool(answer["error"]), "a fault of ours as an answer", answer)
    else:
        _check_stages_of(answer)
        require(answer["error"] == _expected_error(answer, encoding), "error", answer)
    require(answer["output"] == _expected_output(answer["run"], encoding), "output", answer)
    _check_timings(answer)


def check_stage(stage: Json, name: str, encoding: str) -> None:
    """A stage by itself: `name` is `compile` or `run`."""
    check_shape(stage, STAGE_SHAPE, name)
    causes = COMPILE_CAUSES if name == "compile" else RUN_CAUSES
    status, cause = stage["status"], stage["killed_by"]
    require(status in causes, f"no {name} ends so", stage)
    require(cause in causes[status], f"killed_by does not go with {status}", stage)
    require(len(set(stage["limits_hit"])) == len(stage["limits_hit"]), "told twice", stage)
    truncated = stage["stdout_truncated"] or stage["stderr_truncated"]
    require(truncated == (cause == "output"), "truncated and output limit differ", stage)
    _check_ending(stage)
    for stream in ("stdout", "stderr"):
        text_of(stage, stream, encoding)


def _check_ending(stage: Json) -> None:
    status, cause = stage["status"], stage["killed_by"]
    code, signal = stage["exit_code"], stage["signal"]
    measured = [stage[each] is not None for each in ("cpu_ms", "wall_ms", "memory_kb")]
    require(code is None or code <= 255, "no exit code", stage)
    require(signal is None or 1 <= signal <= 64, "no signal", stage)
    require(code is None or signal is None, "both exit code and signal", stage)
    require(all(measured) or not any(measured), "half measured", stage)
    ended = code is not None or signal is not None
    require(all(measured) == ended, "measured without an end, or the other way", stage)
    if status == "accepted":
        require(code == 0, "accepted without exit code 0", stage)
    elif cause == "signal":
        require(signal is not None, "no signal to have been killed by", stage)
    elif cause is None:
        failed = code not in (None, 0) or (status == "compile_error" and signal is not None)
        require(failed, "an error without a sign of it", stage)
    elif cause == "sandbox":
        require(not ended, "a lost sandbox reported an end", stage)
    elif cause != "memory":  # whose sandbox may have been lost, too
        require(ended, "no end", stage)


def _check_stages_of(answer: Json) -> None:
    """The job's stages are those its status tells of."""
    compiled, run, status = answer["compile"], answer["run"], answer["status"]
    if COMPILED[answer["language"]]:
        require(compiled is not None, "compile is missing", answer)
    last = run if run is not None else compiled
    require(last is not None and last["status"] == status, "status of the last stage", answer)
    if run is None:
        require(compiled["status"] != "accepted", "compiled, but not run", answer)
    elif compiled is not None:
        require(compiled["status"] == "accepted", "run, but not compiled", answer)


def text_of(stage: Json, stream: str, encoding: str) -> str:
    """A stage's output as text, whatever the encoding; half a character at a cut is left out."""
    if encoding == "utf8":
        return str(stage[stream])
    data = bytes_of(stage[stream])
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    return decoder.decode(data, final=not stage[f"{stream}_truncated"])


def bytes_of(text: str) -> bytes:
    """What base64 stands for. Nothing but the one way to write it is taken."""
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError as err:
        raise ContractViolationError(f"not base64: {text[:100]!r}") from err
    require(base64.b64encode(data).decode() == text, "not canonical base64", text[:100])
    return data


def _expected_output(run: Json | None, encoding: str) -> str:
    if run is None:
        return ""
    marked = run["stdout_truncated"] and encoding == "utf8"
    return str(run["stdout"]) + (TRUNCATION_MARK if marked else "")


def _expected_error(answer: Json, encoding: str) -> str | None:
    """The table of docs/reference/http.md. Of the compiler's limits it leaves the words open."""
    status = answer["status"]
    if status == "accepted":
        return None
    if status in FIXED_ERRORS:
        return FIXED_ERRORS[status]
    if status == "compile_error":
        return _expected_compiler_text(answer, encoding)
    run = answer["run"]
    if run is None or run["killed_by"] == "sandbox":
        return (run and text_of(run, "stderr", encoding)) or "Process ended unexpectedly"
    number = run["exit_code"] if run["signal"] is None else 128 + run["signal"]
    return text_of(run, "stderr", encoding) or f"Process exited with code {number}"


def _expected_compiler_text(answer: Json, encoding: str) -> str:
    stage, error = answer["compile"], answer["error"] or ""
    text = text_of(stage, "stderr", encoding) or text_of(stage, "stdout", encoding)
    expected = f"Compilation Error:\n{text}"
    if stage["killed_by"] is None and text:
        return expected
    require(len(error) > len(expected), "not a word on what ended the compiler", answer)
    return expected + error.removeprefix(expected)


def _check_timings(answer: Json) -> None:
    timings = answer["timings"]
    check_shape(timings, TIMINGS_SHAPE, "timings")
    for name in ("compile", "run"):
        wall_ms = (answer[name] or {}).get("wall_ms") or 0
        if name == "compile" and timings["compile_cache"] == "hit":
            continue  # the stage is as it was the first time
        require(timings[f"{name}_ms"] == wall_ms, f"{name}_ms is not the stage's", answer)
    parts = sum(timings[f"{part}_ms"] for part in ("queue", "sandbox", "compile", "run"))
    require(parts <= timings["total_ms"] + ROUNDING_MS, "parts exceed the whole", timings)
    apart = abs(answer["executionTime"] - timings["total_ms"])
    require(apart <= 0.5 + ROUNDING_MS, "executionTime is not the whole job's", answer)


def check_error(status: int, headers: Mapping[str, str], answer: Json) -> None:
    """Anything but a 200. `headers` looks names up in any case."""
    require(status in ERROR_CODES, "no such status", status)
    named = status in (400, 401)
    shape: dict[str, Predicate] = {"error": is_text, "code": one_of(ERROR_CODES[status])}
    check_shape(answer, shape | ({"details": is_details} if named else {}), "error")
    require(bool(answer["error"]), "an error without a word", answer)
    if status == 401:
        require(answer["error"] == "Unauthorized", "the older runner's word", answer)
    retry_after = headers.get("Retry-After")
    if status in (429, 503):
        require(bool(re.fullmatch("[1-9][0-9]*", retry_after or "")), "Retry-After", retry_after)
    else:
        require(retry_after is None, "Retry-After for what won't get better", retry_after)
    challenge = headers.get("WWW-Authenticate", "")
    is_asked = challenge.startswith('Bearer realm="')
    require(is_asked == (status == 401), "WWW-Authenticate", challenge)
    require(("Allow" in headers) == (status == 405), "Allow", dict(headers))
    check_headers(headers, "application/json")


def is_details(value: object) -> bool:
    """A few problems, each with its field and what is wrong there."""
    if not isinstance(value, list) or not 1 <= len(value) <= MOST_DETAILS:
        return False
    for problem in value:
        check_shape(problem, PROBLEM_SHAPE, "details")
        require(bool(problem["field"] and problem["message"]), "an empty detail", problem)
    return True


def check_headers(headers: Mapping[str, str], media_type: str) -> None:
    """What every response of ours has."""
    given = headers.get("X-Request-Id", "")
    require(bool(REQUEST_ID.fullmatch(given)), "X-Request-Id", given)
    content_type = headers.get("Content-Type")
    require(content_type == f"{media_type}; charset=utf-8", "Content-Type", content_type)
