"""Runs a submission and its interactor against each other, each in a sandbox of its own."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from typing import Any

from orchestrator.jobs.events import JobEvent, Printed
from orchestrator.jobs.judging.checker_program import (
    interactor_files,
    program_stage,
    read_interactor,
)
from orchestrator.jobs.judging.checkers import CheckerOutcome, CheckerStatus
from orchestrator.jobs.judging.checking import TURN_BYTES, apply_checker, unchecked_result
from orchestrator.jobs.model import (
    Interactor,
    JudgeTest,
    StageResult,
    TestResult,
    Utterance,
    Verdict,
)
from orchestrator.jobs.plan import test_stage
from orchestrator.jobs.program_runner import ProgramRunner
from orchestrator.sandbox.model import Signal, Stage, Stream
from orchestrator.sandbox.stdin import StdinStream

_NO = frozenset({CheckerStatus.WRONG, CheckerStatus.FAILED})
INTERACTOR_SLACK_MS = 5000
"""The interactor's extra wall time: while it waits for the submission it is not itself slow."""
GRACE_S = 0.2
"""How long a failed submission waits for its interactor's end, which may be reported later though
it came first: then the interactor had decided, and the submission failed because of it."""


@dataclass(slots=True)
class Transcript:
    """The beginning of the conversation, up to `room` bytes."""

    room: int
    """The bytes left; each turn takes TURN_BYTES beside its text."""
    spoken: list[tuple[bool, bytearray]] = field(default_factory=list)

    def add(self, data: bytes, *, by_interactor: bool) -> None:
        """Append what one side printed, or as much as fits; once cut, nothing more is added."""
        is_turn = not self.spoken or self.spoken[-1][0] is not by_interactor
        room = self.room - TURN_BYTES if is_turn else self.room
        piece = data[: max(room, 0)]
        if is_turn and piece:
            self.spoken.append((by_interactor, bytearray()))
        if piece:
            self.spoken[-1][1].extend(piece)
        self.room = room - len(piece) if len(piece) == len(data) else 0

    def utterances(self) -> tuple[Utterance, ...]:
        """Return the turns in order."""
        return tuple(Utterance(by_interactor, bytes(data)) for by_interactor, data in self.spoken)


class _Side:
    """One of the two programs: a `Listener` that pipes its stdout to the other side's stdin."""

    has_heard = False

    def __init__(self, *, is_interactor: bool, transcript: Transcript | None) -> None:
        self.stdin = StdinStream()
        self.is_over = asyncio.Event()
        self.other: _Side = self
        self.is_interactor = is_interactor
        self._transcript = transcript
        self._said = b""

    def send(self, event: JobEvent) -> None:
        """Collect what was printed on stdout; `drain`, which follows each time, passes it on."""
        if isinstance(event, Printed) and event.stream is Stream.STDOUT:
            self._said += event.data
            if self._transcript is not None:
                self._transcript.add(event.data, by_interactor=self.is_interactor)

    async def drain(self, deadline: float) -> None:
        """Pass the output on; block the program while the other side does not read it.

        After `deadline` nothing is lost: unread bytes stay queued, bounded by the output limit.
        """
        said, self._said = self._said, b""
        if not said:
            return
        self.other.stdin.write_nowait(said)
        if self.other.stdin.pending_bytes:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(deadline):
                    await self.other.stdin.write(b"")

    def end_stdin(self) -> None:
        """Close this side's stdin: the other side will print no more."""
        self.stdin.end()

    def kill(self) -> None:
        """Kill this side's program: whatever it does, it can't change the verdict."""
        self.stdin.end()
        self.stdin.signal(Signal.KILL)


@dataclass(frozen=True, slots=True)
class Sides:
    """The two programs of an interaction, and the rule by which the interactor is run and read."""

    solution: ProgramRunner
    interactor: ProgramRunner
    rule: Interactor

    def read(self, ended: StageResult) -> CheckerOutcome:
        """Read the interactor's decision from how it ended."""
        return read_interactor(ended, self.rule, self.interactor.uncaught)


@dataclass(frozen=True, slots=True)
class _Ended:
    solution: StageResult | None
    interactor: StageResult | None
    solution_was_first: bool


async def interact(sides: Sides, test: JudgeTest, transcript_room: int | None) -> TestResult | None:
    """Run one test's interaction and return its result, to be ignored if the attempt has failed.

    None: as `ProgramRunner.run`. `transcript_room`: the most bytes kept; None: no transcript.
    """
    for is_last in (False, True):
        # Neither program's time begins before both sandboxes are ready.
        if not (await sides.solution.get_ready() and await sides.interactor.get_ready()):
            break
        transcript = None if transcript_room is None else Transcript(transcript_room)
        ended = await _talk(sides, test, transcript, is_last=is_last)
        if ended.solution is not None and ended.interactor is not None:
            outcome = sides.read(ended.interactor)
            result = decide(test, ended.solution, outcome, solution_first=ended.solution_was_first)
            said = None if transcript is None else transcript.utterances()
            return replace(result, transcript=said)
    return None


def decide(
    test: JudgeTest, solution: StageResult, outcome: CheckerOutcome, *, solution_first: bool
) -> TestResult:
    """Decide whose verdict counts, by who ended first and how.

    A submission that failed before its interactor had decided has failed. An interactor that
    rejected first has rejected, however the submission then ended. A submission that floods its
    interactor until that fails is itself at fault.
    """
    failed = solution.status is not Verdict.ACCEPTED
    floods = solution.status is Verdict.OUTPUT_LIMIT and outcome.status is CheckerStatus.FAILED
    if failed and (solution_first or floods or outcome.status not in _NO):
        return replace(
            unchecked_result(test, solution), judge_message=outcome.judge_message or None
        )
    said_no = replace(solution, killed_by=None) if failed else solution
    return apply_checker(test, said_no, outcome)


async def _talk(
    sides: Sides, test: JudgeTest, transcript: Transcript | None, *, is_last: bool
) -> _Ended:
    solution, interactor = sides.solution, sides.interactor
    mine = _Side(is_interactor=False, transcript=transcript)
    theirs = _Side(is_interactor=True, transcript=transcript)
    mine.other, theirs.other = theirs, mine
    stage = replace(test_stage(solution.program.plan.run, test), stdin=b"")
    order: list[_Side] = []
    runs = (
        solution.try_once(stage, test.limits, is_last=is_last, listener=mine, stdin=mine.stdin),
        interactor.try_once(
            _interactor_stage(sides, stage),
            interactor.program.submission.limits,
            interactor_files(test),
            is_last=is_last,
            listener=theirs,
            stdin=theirs.stdin,
        ),
    )
    tasks = [
        asyncio.create_task(_until_over(run, side, order, sides.read), name="interaction")
        for run, side in zip(runs, (mine, theirs), strict=True)
    ]
    try:
        solved, interacted = await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    return _Ended(solved, interacted, solution_was_first=order[0] is mine)


def _interactor_stage(sides: Sides, stage: Stage) -> Stage:
    run = program_stage(sides.interactor.program.plan.run, sides.rule.protocol)
    return replace(run, wall_ms=stage.wall_most_ms + INTERACTOR_SLACK_MS)


async def _until_over(
    run: Coroutine[Any, Any, StageResult | None],
    side: _Side,
    order: list[_Side],
    read: Callable[[StageResult], CheckerOutcome],
) -> StageResult | None:
    """Run one side to its end, note the order of ends, and close or kill the other side."""
    try:
        result = await run
    finally:
        side.stdin.close()
    if result is not None and not side.is_interactor and result.status is not Verdict.ACCEPTED:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GRACE_S):
                await side.other.is_over.wait()
    order.append(side)
    side.is_over.set()
    outcome = read(result) if result is not None and side.is_interactor else None
    if result is None or (outcome is not None and outcome.status is CheckerStatus.WRONG):
        side.other.kill()
    else:
        # Also after an interactor's failure: the submission may still turn out to flood it.
        side.other.end_stdin()
    return result
