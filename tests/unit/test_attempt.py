"""When a job is attempted once more, and what the next attempt begins with."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.jobs.attempt import Attempt, ProgramProgress
from orchestrator.jobs.events import (
    DeduplicatingListener,
    JobEvent,
    Printed,
    StageEnded,
    StageStarted,
)
from orchestrator.jobs.events import TestEnded as Ended
from orchestrator.jobs.events import TestStarted as Started
from orchestrator.jobs.job import Job
from orchestrator.jobs.judging.checkers import Lines
from orchestrator.jobs.leased_sandbox import Leases
from orchestrator.jobs.model import (
    Failure,
    JudgeTest,
    Judging,
    Limits,
    StageResult,
    Submission,
    TestResult,
    Verdict,
)
from orchestrator.jobs.plan import make_plan
from orchestrator.jobs.program import Program
from orchestrator.jobs.queue.admission import Admission
from orchestrator.languages.model import InstalledLanguage
from orchestrator.sandbox.model import SourceFile, StageKind, Stream
from orchestrator.sandbox.pool import Pool
from orchestrator.sandbox.stdin import StdinStream
from tests.api_support import make_settings
from tests.components_support import sh_language
from tests.fakes.backend import FakeBackend
from tests.service_support import Ear
from tests.unit.test_stdin import Recorder

LIMITS = Limits(5000, 5000, 64, 100, 16)
SUBMISSION = Submission("sh", (SourceFile("main.sh", b""),), LIMITS)
JUDGED = replace(SUBMISSION, judging=Judging((JudgeTest("1", b"", b"", LIMITS),), Lines()))
COMPILED = StageResult(Verdict.ACCEPTED)
REFUSED = StageResult(Verdict.COMPILE_ERROR)
PASSED = TestResult("1", StageResult(Verdict.ACCEPTED))


def make_program(submission: Submission = SUBMISSION) -> Program:
    installed = InstalledLanguage(sh_language("exit 0"), "1.2", "sha256:0")
    plan = make_plan("job-1", submission, installed, make_settings())
    leases = Leases(Pool(FakeBackend(), {}), "job-1", patience_s=0)
    return Program("job-1", "key-1", submission, installed, plan, leases, cache=None)


async def make_job(submission: Submission = SUBMISSION) -> Job:
    admission = Admission(slots=1, queue=1, memory_mb=1024)
    place = admission.enqueue(admission.ticket("key-1"), 64)
    program = make_program(submission)
    return Job("job-1", "key-1", place, program, None, Attempt(ProgramProgress(program)))


async def lost_job(submission: Submission = SUBMISSION) -> Job:
    job = await make_job(submission)
    job.attempt.program.is_lost = True
    return job


def heard() -> Ear:
    ear = Ear()
    ear.send(Printed(Stream.STDOUT, b"x"))
    return ear


async def test_an_attempt_that_was_not_lost_is_not_followed_by_another() -> None:
    assert not (await make_job()).may_retry(Ear())


async def test_a_first_attempt_that_was_lost_is_followed_by_a_second_and_that_by_none() -> None:
    job = await lost_job()
    assert job.may_retry(Ear())
    job.begin_attempt(after_loss=True)
    job.attempt.fault = Failure.ENGINE_UNAVAILABLE
    assert not job.may_retry(Ear())


async def test_an_attempt_that_brought_a_further_test_s_result_is_followed_by_another() -> None:
    job = await lost_job(JUDGED)
    for has_result in (True, False):
        job.begin_attempt(after_loss=True)
        job.attempt.program.is_lost = True
        if has_result:
            job.attempt.tests.append(PASSED)
        assert job.may_retry(Ear()) is has_result


@pytest.mark.parametrize(
    ("submission", "compiled", "expected"),
    [
        (SUBMISSION, COMPILED, False),
        (JUDGED, None, False),
        (JUDGED, REFUSED, False),
        (JUDGED, COMPILED, True),
    ],
)
async def test_an_attempt_that_was_heard_is_retried_only_if_that_repeats_nothing(
    submission: Submission,
    compiled: StageResult | None,
    expected: bool,  # noqa: FBT001
) -> None:
    job = await lost_job(submission)
    job.attempt.program.compile = compiled
    assert job.may_retry(heard()) is expected


async def test_a_program_that_was_given_its_input_is_not_run_again() -> None:
    job = await lost_job()
    job.stdin = StdinStream()
    assert job.may_retry(Ear())
    job.stdin.attach(Recorder(1), 1)
    assert not job.may_retry(Ear())


async def test_the_next_attempt_keeps_the_tests_results_and_what_compiled_before_them() -> None:
    job = await lost_job(JUDGED)
    job.attempt.program.compile, job.attempt.program.restored_s = COMPILED, 0.5
    job.attempt.tests.append(PASSED)
    job.begin_attempt(after_loss=True)
    attempt = job.attempt
    assert (attempt.is_retry, attempt.failure, attempt.has_new_results) == (True, None, False)
    assert (attempt.program.compile, attempt.program.restored_s) == (COMPILED, 0.5)
    assert attempt.tests == [PASSED]


async def test_the_next_attempt_at_a_run_without_tests_keeps_nothing_of_the_last() -> None:
    job = await lost_job()
    job.attempt.program.compile, job.attempt.run = COMPILED, REFUSED
    job.begin_attempt(after_loss=True)
    assert (job.attempt.program.compile, job.attempt.run, job.attempt.failure) == (None,) * 3


@pytest.mark.parametrize("was_lost", [False, True])
async def test_an_attempt_with_more_memory_is_a_retry_only_if_the_last_one_was(
    was_lost: bool,  # noqa: FBT001
) -> None:
    job = await make_job()
    if was_lost:
        job.begin_attempt(after_loss=True)
    job.attempt.program.needs_memory = True
    assert job.attempt.needs_memory
    job.begin_attempt(after_loss=False)
    assert (job.attempt.is_retry, job.attempt.needs_memory) == (was_lost, False)


def test_a_checker_s_loss_is_the_attempt_s_and_an_error_says_more_than_it() -> None:
    attempt = Attempt(
        ProgramProgress(make_program()), ProgramProgress(make_program(), is_lost=True)
    )
    assert attempt.failure is Failure.INTERNAL_ERROR
    attempt.fault = Failure.ENGINE_UNAVAILABLE
    assert attempt.failure is Failure.ENGINE_UNAVAILABLE


def test_a_lost_attempt_does_not_ask_for_memory() -> None:
    checker = ProgramProgress(make_program(), needs_memory=True)
    attempt = Attempt(ProgramProgress(make_program()), checker)
    assert attempt.needs_memory
    attempt.program.is_lost = True
    assert not attempt.needs_memory


def test_a_start_is_reported_once_over_all_attempts_and_all_else_each_time() -> None:
    ear = Ear()
    announcer = DeduplicatingListener(ear)
    again: list[JobEvent] = [StageStarted(StageKind.COMPILE), Started(0, "1"), Started(1, "2")]
    always: list[JobEvent] = [StageEnded(StageKind.COMPILE, COMPILED), Ended(0, PASSED)]
    for event in (*again, *again, *always, *always, StageStarted(StageKind.RUN)):
        announcer.send(event)
    assert ear.events == [*again, *always, *always, StageStarted(StageKind.RUN)]
    assert announcer.has_heard
