"""Runs, checks and reports a submission's tests, one after the other."""

from __future__ import annotations

import asyncio

from orchestrator.jobs.attempt import Attempt
from orchestrator.jobs.events import Listener, TestEnded, TestStarted
from orchestrator.jobs.judging.checker_program import checker_files, program_stage, read_checker
from orchestrator.jobs.judging.checkers import CheckerOutcome
from orchestrator.jobs.judging.checking import (
    apply_checker,
    check_text,
    keep_output,
    kept_bytes,
    unchecked_result,
)
from orchestrator.jobs.judging.interaction import Sides, interact
from orchestrator.jobs.judging.scoring import skipped_result
from orchestrator.jobs.leased_sandbox import LeasedSandbox
from orchestrator.jobs.model import (
    CheckerProgram,
    Interactor,
    JudgeTest,
    Judging,
    StageResult,
    TestResult,
    Verdict,
)
from orchestrator.jobs.plan import test_stage
from orchestrator.jobs.program_runner import ProgramRunner

LARGE_BYTES = 4096  # comparing more than this may take milliseconds: not on the event loop


async def judge_tests(
    attempt: Attempt, judging: Judging, sandbox: LeasedSandbox, listener: Listener
) -> None:
    """Run the tests that have no result yet, and append their results to `attempt.tests`.

    `sandbox`: a fresh one with the compiled program, for the first test. Ends early when the
    attempt fails (`attempt.failure`), or when a program that had to be compiled again does not
    compile; the results so far stay.
    """
    judge = _Judge(attempt, judging, sandbox)
    if not await judge.get_ready():
        return
    room = judging.returned_bytes - sum(map(kept_bytes, attempt.tests))
    for number in range(len(attempt.tests), len(judging.tests)):
        test = judging.tests[number]
        result: TestResult | None = skipped_result(test)
        if not _is_decided(attempt, judging):
            listener.send(TestStarted(number, test.name))
            result = await judge.run(test, room)
        if result is None or attempt.failure is not None:
            return
        kept = keep_output(result, judging.return_outputs, room)
        room -= kept_bytes(kept)
        attempt.tests.append(kept)
        listener.send(TestEnded(number, kept))


def _is_decided(attempt: Attempt, judging: Judging) -> bool:
    last = attempt.tests[-1].stage.status if attempt.tests else Verdict.ACCEPTED
    return judging.stop_on_failure and last is not Verdict.ACCEPTED


class _Judge:
    """Runs one test at a time; a checker program or interactor has a sandbox of its own."""

    def __init__(self, attempt: Attempt, judging: Judging, sandbox: LeasedSandbox) -> None:
        self._attempt = attempt
        self._rule = judging.checker
        self._solution = ProgramRunner(attempt.program, sandbox, is_retry=attempt.is_retry)
        self._checker: ProgramRunner | None = None
        if attempt.checker is not None:
            self._checker = ProgramRunner(attempt.checker, is_retry=attempt.is_retry)

    async def get_ready(self) -> bool:
        """Prepare the checker program or interactor, if any; False: it did not compile."""
        return self._checker is None or await self._checker.get_ready()

    async def run(self, test: JudgeTest, room: int) -> TestResult | None:
        """Run and check one test; ignore the result if the attempt has failed meanwhile.

        None: as `ProgramRunner.run`. `room`: the bytes left for a transcript.
        """
        if self._checker is not None and isinstance(self._rule, Interactor):
            wanted = self._rule.transcript_bytes
            transcript_room = min(wanted, room) if wanted else None
            sides = Sides(self._solution, self._checker, self._rule)
            return await interact(sides, test, transcript_room)
        run = self._solution.program.plan.run
        stage = await self._solution.run(test_stage(run, test), test.limits)
        if stage is None:
            return None
        if stage.status is not Verdict.ACCEPTED:
            return unchecked_result(test, stage)
        if self._checker is not None and isinstance(self._rule, CheckerProgram):
            outcome = await _ask(self._checker, self._rule, test, stage)
            return None if outcome is None else apply_checker(test, stage, outcome)
        return await self._compare(test, stage)

    async def _compare(self, test: JudgeTest, stage: StageResult) -> TestResult:
        checker = self._rule
        if test.expected is None or isinstance(checker, CheckerProgram | Interactor):
            return unchecked_result(test, stage)
        if len(stage.stdout) + len(test.expected) > LARGE_BYTES:
            job_id = self._solution.program.job_id
            work = asyncio.to_thread(check_text, test, checker, stage)
            self._attempt.comparison = asyncio.create_task(work, name=f"compare {job_id}")
            return await asyncio.shield(self._attempt.comparison)
        return check_text(test, checker, stage)


async def _ask(
    checker: ProgramRunner, rule: CheckerProgram, test: JudgeTest, stage: StageResult
) -> CheckerOutcome | None:
    program = checker.program
    files = checker_files(test, stage.stdout, rule.protocol)
    asking = program_stage(program.plan.run, rule.protocol, stage.stdout)
    ended = await checker.run(asking, program.submission.limits, files)
    return None if ended is None else read_checker(ended, rule, checker.uncaught)
