"""A submission's tests, one after the other: run, check, tell. Results are in `job.tests`."""

from __future__ import annotations

import asyncio

from orchestrator.jobs.building import Means
from orchestrator.jobs.checker_program import checker_files, program_stage, read_checker
from orchestrator.jobs.checkers import CheckerSays
from orchestrator.jobs.checking import (
    apply_checker,
    check_text,
    keep_output,
    kept_bytes,
    not_checked,
)
from orchestrator.jobs.events import Listener, TestEnded, TestStarted
from orchestrator.jobs.interaction import Sides, interact
from orchestrator.jobs.job import Job
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
from orchestrator.jobs.runner import Runner
from orchestrator.jobs.scoring import skipped
from orchestrator.sandbox.backend import Sandbox

LARGE_BYTES = 4096  # to compare more than this may take milliseconds: not on the event loop


async def judge_tests(
    job: Job, judging: Judging, sandbox: Sandbox, means: Means, listener: Listener
) -> None:
    """Run the tests that have no result yet, the first of them in `sandbox`, which is fresh.

    Ends early when the fault is ours (`job.failure` says so), or when a program that had to be
    compiled again was refused; what there is stays.
    """
    judge = _Judge(job, judging, sandbox, means)
    if not await judge.get_ready():
        return
    room = judging.returned_bytes - sum(map(kept_bytes, job.tests))
    for number in range(len(job.tests), len(judging.tests)):
        test = judging.tests[number]
        result: TestResult | None = skipped(test)
        if not _is_decided(job, judging):
            _announce(job, number, test, listener)
            result = await judge.run(test, room)
        if result is None or job.failure is not None:
            return
        kept = keep_output(result, judging.return_outputs, room)
        room -= kept_bytes(kept)
        job.tests.append(kept)
        listener.send(TestEnded(number, kept))


def _is_decided(job: Job, judging: Judging) -> bool:
    last = job.tests[-1].stage.status if job.tests else Verdict.ACCEPTED
    return judging.stop_on_failure and last is not Verdict.ACCEPTED


def _announce(job: Job, number: int, test: JudgeTest, listener: Listener) -> None:
    if number >= job.begun_tests:  # it was, when a sandbox was lost in the middle of it
        job.begun_tests = number + 1
        listener.send(TestStarted(number, test.name))


class _Judge:
    """Runs one test at a time; a checker program or interactor is in a sandbox of its own."""

    def __init__(self, job: Job, judging: Judging, sandbox: Sandbox, means: Means) -> None:
        self._job = job
        self._rule = judging.checker
        is_anew = job.attempts > 1
        self._runner = Runner(job, means, sandbox, is_anew=is_anew)
        self._helper: Runner | None = None
        if job.helper is not None:
            self._helper = Runner(job.helper, means, is_anew=is_anew)

    async def get_ready(self) -> bool:
        """Have checker or interactor ready; False: it does not compile, or could not be."""
        if self._helper is None:
            return True
        is_ready = await self._helper.get_ready()
        self._note_failure(self._helper)
        return is_ready

    async def run(self, test: JudgeTest, room: int) -> TestResult | None:
        """One test's result; of no use when the job has failed meanwhile; None: as `Runner.run`.

        `room`: for its transcript, in bytes.
        """
        if self._helper is not None and isinstance(self._rule, Interactor):
            wanted = self._rule.transcript_bytes
            transcript_room = min(wanted, room) if wanted else None
            sides = Sides(self._runner, self._helper, self._rule)
            result = await interact(sides, test, transcript_room)
            self._note_failure(self._helper)
            return result
        stage = await self._runner.run(test_stage(self._job.plan.run, test), test.limits)
        if stage is None:
            return None
        if stage.status is not Verdict.ACCEPTED:
            return not_checked(test, stage)
        if self._helper is not None and isinstance(self._rule, CheckerProgram):
            says = await self._ask(self._helper, self._rule, test, stage)
            return None if says is None else apply_checker(test, stage, says)
        return await self._compare(test, stage)

    async def _compare(self, test: JudgeTest, stage: StageResult) -> TestResult:
        checker = self._rule
        if test.expected is None or isinstance(checker, CheckerProgram | Interactor):
            return not_checked(test, stage)
        if len(stage.stdout) + len(test.expected) > LARGE_BYTES:
            work = asyncio.to_thread(check_text, test, checker, stage)
            self._job.comparing = asyncio.create_task(work, name=f"compare {self._job.id}")
            return await asyncio.shield(self._job.comparing)
        return check_text(test, checker, stage)

    async def _ask(
        self, checker: Runner, rule: CheckerProgram, test: JudgeTest, stage: StageResult
    ) -> CheckerSays | None:
        program = checker.job
        files = checker_files(test, stage.stdout, rule.protocol)
        asking = program_stage(program.plan.run, rule.protocol, stage.stdout)
        ended = await checker.run(asking, program.submission.limits, files)
        self._note_failure(checker)
        return None if ended is None else read_checker(ended, rule, checker.uncaught)

    def _note_failure(self, helper: Runner) -> None:
        self._job.failure = self._job.failure or helper.job.failure
