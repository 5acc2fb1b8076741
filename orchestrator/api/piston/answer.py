"""From a job's result to Piston's answer. No I/O."""

from __future__ import annotations

import codecs
from collections.abc import Iterable
from typing import Any, NamedTuple

from orchestrator.api.answers.texts import decode, error_text
from orchestrator.api.piston.runtimes import Runtime
from orchestrator.jobs.events import JobEvent, Printed, StageEnded
from orchestrator.jobs.model import Cause, JobResult, StageResult, Verdict
from orchestrator.sandbox.model import StageKind, Stream

KILLED = "SIGKILL"
OUT_OF_MEMORY = 137
SIGNAL_BASE = 128


class Ending(NamedTuple):
    """How a stage ended, in isolate's words."""

    code: int | None
    signal: str | None
    status: str | None
    message: str | None


_ENDINGS = {
    Cause.WALL: Ending(None, KILLED, "TO", "Time limit exceeded (wall clock)"),
    Cause.CPU: Ending(None, KILLED, "TO", "Time limit exceeded"),
    Cause.SANDBOX: Ending(None, None, "XX", "The sandbox ended unexpectedly"),
}
_STDOUT_TOO_LONG = Ending(None, KILLED, "OL", "stdout length exceeded")
_STDERR_TOO_LONG = Ending(None, KILLED, "EL", "stderr length exceeded")


class OrderedOutput:
    """Keeps what each stage printed, in the order in which it came. A `Listener`; never slow.

    It holds no more than the stages' output limits, twice: a job may be tried again.
    """

    has_heard = False  # nobody has been told anything yet

    def __init__(self) -> None:
        self.stages: dict[StageKind, list[Printed]] = {}
        self._pieces: list[Printed] = []

    def send(self, event: JobEvent) -> None:
        """See `Listener.send`."""
        match event:
            case Printed():
                self._pieces.append(event)
            case StageEnded(kind, result):
                self.stages[kind] = _last(self._pieces, result)
                self._pieces = []

    async def drain(self, deadline: float) -> None:
        """See `Listener.drain`."""


def _last(pieces: list[Printed], result: StageResult) -> list[Printed]:
    """The last pieces, as many as the result has: what comes before is a lost attempt's."""
    left = {Stream.STDOUT: len(result.stdout), Stream.STDERR: len(result.stderr)}
    kept: list[Printed] = []
    for piece in reversed(pieces):
        if len(piece.data) <= left[piece.stream]:
            left[piece.stream] -= len(piece.data)
            kept.append(piece)
    return kept[::-1]


def to_answer(result: JobResult, runtime: Runtime, output: OrderedOutput) -> dict[str, Any]:
    """`{compile?, run, language, version}`; a run that never was is what compile was."""
    stages = {
        kind: stage_fields(stage, output.stages.get(kind, ()))
        for kind, stage in ((StageKind.COMPILE, result.compile), (StageKind.RUN, result.run))
        if stage is not None
    }
    answer: dict[str, Any] = {}
    if StageKind.COMPILE in stages:
        answer["compile"] = stages[StageKind.COMPILE]
    answer["run"] = stages.get(StageKind.RUN) or _no_run(result, answer.get("compile"))
    return answer | {"language": runtime.language, "version": runtime.version}


def _no_run(result: JobResult, compiled: dict[str, Any] | None) -> dict[str, Any]:
    if compiled is not None and _is_refused(result):
        return dict(compiled)
    if result.killed_by is Cause.DEADLINE:
        return stage_fields(StageResult(result.status, killed_by=Cause.WALL), ())
    fields = stage_fields(StageResult(result.status, killed_by=Cause.SANDBOX), ())
    return fields | {"message": error_text(result)}


def _is_refused(result: JobResult) -> bool:
    return result.compile is not None and result.compile.status is not Verdict.ACCEPTED


def stage_fields(stage: StageResult, pieces: Iterable[Printed]) -> dict[str, Any]:
    """A stage's result; `pieces`: its output in the order in which it came."""
    ending = to_ending(stage)
    return {
        "signal": ending.signal,
        "stdout": decode(stage.stdout, truncated=stage.stdout_truncated),
        "stderr": decode(stage.stderr, truncated=stage.stderr_truncated),
        "code": ending.code,
        "output": _interleave(stage, pieces),
        "memory": None if stage.memory_kb is None else stage.memory_kb * 1024,
        "message": ending.message,
        "status": ending.status,
        "cpu_time": _milliseconds(stage.cpu_ms),
        "wall_time": _milliseconds(stage.wall_ms),
    }


def to_ending(stage: StageResult) -> Ending:
    """How a stage ended, as Piston says it."""
    if stage.killed_by is Cause.OUTPUT:
        is_stderr = stage.stderr_truncated and not stage.stdout_truncated
        return _STDERR_TOO_LONG if is_stderr else _STDOUT_TOO_LONG
    if stage.killed_by in _ENDINGS:
        return _ENDINGS[stage.killed_by]
    code = _exit_code(stage)
    if code == 0:
        return Ending(0, None, None, None)
    return Ending(code, None, "RE", f"Exited with error status {code}")


def _exit_code(stage: StageResult) -> int:
    """As a shell has it: 128 and the signal's number. No memory looks like a crash."""
    if stage.signal is not None:
        return SIGNAL_BASE + stage.signal
    if stage.killed_by is Cause.MEMORY:
        return stage.exit_code or OUT_OF_MEMORY
    return stage.exit_code or 0


def _interleave(stage: StageResult, pieces: Iterable[Printed]) -> str:
    new = codecs.getincrementaldecoder("utf-8")
    decoders = {stream: new("replace") for stream in Stream}
    cut = {Stream.STDOUT: stage.stdout_truncated, Stream.STDERR: stage.stderr_truncated}
    text = [decoders[piece.stream].decode(piece.data) for piece in pieces]
    text += [decoders[stream].decode(b"", final=not cut[stream]) for stream in Stream]
    return "".join(text)


def _milliseconds(value: float | None) -> int | None:
    return None if value is None else round(value)
