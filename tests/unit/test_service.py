from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from orchestrator.errors import (
    ContainerNotFoundError,
    DrainingError,
    EngineError,
    EngineShortageError,
    EngineUnavailableError,
    InvalidSubmissionError,
    SandboxError,
)
from orchestrator.jobs import leased_sandbox
from orchestrator.jobs.events import (
    Printed,
    Queued,
    StageEnded,
    StageStarted,
)
from orchestrator.jobs.model import (
    Cause,
    Failure,
    Phase,
    Verdict,
)
from orchestrator.jobs.stages import LATE_BYTES_PER_S
from orchestrator.sandbox.contract import OutputSink
from orchestrator.sandbox.model import (
    LossReason,
    Signal,
    StageKind,
    StageReport,
    Stream,
)
from orchestrator.sandbox.pool import Pool
from orchestrator.sandbox.pool_profile import PoolProfile
from orchestrator.sandbox.stdin import StdinStream
from tests.fakes.backend import FakeBackend, FakeSandbox
from tests.sandbox_support import DEADLINE_S, make_report, make_spec
from tests.service_support import Bench, Ear, cancelled, started, until


async def test_a_container_that_cannot_start_for_want_of_something_is_tried_again_after_a_pause(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(leased_sandbox, "SHORTAGE_PAUSE_S", 0.01)
    bench = Bench(engine_patience=DEADLINE_S)
    short = [EngineShortageError("errno 524")] * 3
    bench.backend.fail_open = lambda: short.pop() if short else None
    result = await bench.run("echo hello")
    assert (result.status, len(bench.backend.opened)) == (Verdict.ACCEPTED, 4)
    await bench.settled()


async def test_a_shortage_that_lasts_longer_than_engine_patience_is_a_503() -> None:
    bench = Bench(engine_patience=0.0)
    bench.backend.fail_open = lambda: EngineShortageError("errno 524")
    result = await bench.run("echo hello")
    assert (result.status, result.failure) == (
        Verdict.INTERNAL_ERROR,
        Failure.ENGINE_UNAVAILABLE,
    )
    await bench.settled()


async def test_a_program_s_output_and_exit_code_are_its_result() -> None:
    bench = Bench()
    result = await bench.run("cat; echo oops >&2; exit 3", stdin=b"in")
    assert (result.status, result.compile) == (Verdict.RUNTIME_ERROR, None)
    assert result.run is not None
    assert (result.run.stdout, result.run.stderr, result.run.exit_code) == (b"in", b"oops\n", 3)
    assert (result.language, result.version) == ("sh", "1.2")
    assert result.timings.total_ms >= result.timings.run_ms
    await bench.settled()


async def test_a_program_that_compiles_is_run() -> None:
    bench = Bench("echo compiling")
    result = await bench.run("echo running")
    assert result.status is Verdict.ACCEPTED
    assert result.compile is not None
    assert result.run is not None
    assert (result.compile.stdout, result.run.stdout) == (b"compiling\n", b"running\n")


async def test_a_program_that_does_not_compile_is_not_run() -> None:
    result = await Bench("echo refused >&2; exit 1").run("echo running")
    assert (result.status, result.run) == (Verdict.COMPILE_ERROR, None)
    assert result.compile is not None
    assert result.compile.stderr == b"refused\n"


async def test_output_beyond_the_limit_is_cut_and_is_the_verdict() -> None:
    result = await Bench().run("echo " + "x" * 200)
    assert (result.status, result.killed_by) == (Verdict.OUTPUT_LIMIT, Cause.OUTPUT)
    assert result.run is not None
    assert len(result.run.stdout) == 100


async def test_a_compile_s_leavings_that_exceed_the_run_s_memory_are_its_memory_limit() -> None:
    bench = Bench("echo ok")
    bench.backend.min_memory_bytes = 40 << 20
    result = await bench.run("echo never", memory_mb=32)
    assert (result.status, result.killed_by) == (Verdict.MEMORY_LIMIT, Cause.MEMORY)
    assert (await bench.run("echo fits", memory_mb=48)).status is Verdict.ACCEPTED


async def test_a_sandbox_lost_to_the_engine_is_tried_once_more() -> None:
    bench = Bench()
    result = await bench.run("lose outside")
    assert (result.status, result.killed_by) == (Verdict.INTERNAL_ERROR, Cause.ENGINE)
    assert result.failure is Failure.INTERNAL_ERROR
    assert len(bench.backend.opened) == 2
    await bench.settled()


@pytest.mark.parametrize(
    ("reason", "status", "cause"),
    [
        ("oom", Verdict.MEMORY_LIMIT, Cause.MEMORY),
        ("unknown", Verdict.RUNTIME_ERROR, Cause.SANDBOX),
    ],
)
async def test_a_sandbox_lost_to_the_program_is_a_verdict_and_not_tried_again(
    reason: str, status: Verdict, cause: Cause
) -> None:
    bench = Bench()
    result = await bench.run(f"lose {reason}")
    assert (result.status, result.killed_by, result.failure) == (status, cause, None)
    assert len(bench.backend.opened) == 1


@pytest.mark.parametrize(
    ("error", "failure", "tries"),
    [
        (EngineUnavailableError("gone"), Failure.ENGINE_UNAVAILABLE, 2),
        (ContainerNotFoundError("no such image"), Failure.INTERNAL_ERROR, 2),
        (SandboxError("the agent did not start"), Failure.INTERNAL_ERROR, 2),
    ],
)
async def test_a_sandbox_that_can_t_be_had_is_our_own_failure(
    error: EngineError | SandboxError, failure: Failure, tries: int
) -> None:
    bench = Bench()
    bench.backend.fail_open = lambda: error
    result = await bench.run("echo never")
    assert (result.status, result.failure, result.run) == (Verdict.INTERNAL_ERROR, failure, None)
    assert len(bench.backend.opened) == tries
    await bench.settled()


async def test_a_sandbox_that_was_lost_is_gone_before_the_second_one_is_made() -> None:
    bench = Bench()
    there: list[int] = []
    bench.backend.fail_open = lambda: there.append(len(bench.backend.live))
    await bench.run("lose outside")
    assert there == [0, 0]


async def test_output_beyond_the_limit_is_not_kept_whatever_a_sandbox_passes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def flood(_: Any, __: Any, sink: OutputSink, *___: Any) -> StageReport:
        for stream in Stream:
            for _piece in range(3):
                await sink(stream, b"x" * 70)
        return make_report()

    monkeypatch.setattr("tests.fakes.backend.FakeSandbox.run_stage", flood)
    result = await Bench().run("")
    assert result.run is not None
    assert (result.run.stdout, result.run.stderr) == (b"x" * 100, b"x" * 100)


@pytest.mark.parametrize("reason", list(LossReason))
async def test_a_sandbox_that_was_lost_while_it_waited_is_not_the_program_s_fault(
    monkeypatch: pytest.MonkeyPatch, reason: LossReason
) -> None:
    async def wait_lost(_: FakeSandbox) -> None:
        await asyncio.Event().wait()  # the news is slower than the job

    monkeypatch.setattr(FakeSandbox, "wait_lost", wait_lost)
    bench = Bench()
    made = {
        "sh": PoolProfile(make_spec(image="sha256:0", uses_compiler=False), size=2, memory_mb=12)
    }
    bench.service.pool = pool = Pool(bench.backend, made)
    filling = asyncio.create_task(pool.run())
    async with asyncio.timeout(DEADLINE_S):
        while pool.status()["sh"].ready < 2:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.001)
    filling.cancel()
    for sandbox in bench.backend.live.values():
        sandbox.lose(reason, "while it waited")
    result = await bench.run("echo fine")
    assert (result.status, result.timings.pool) == (Verdict.ACCEPTED, "miss")
    assert result.run is not None
    assert result.run.stdout == b"fine\n"
    assert pool.status()["sh"].hits == 1
    await pool.close()
    await bench.settled()


async def test_a_second_try_that_succeeds_is_the_result() -> None:
    bench = Bench()
    errors = iter([SandboxError("once"), None])
    bench.backend.fail_open = lambda: next(errors)
    result = await bench.run("echo fine")
    assert (result.status, result.failure) == (Verdict.ACCEPTED, None)


async def test_an_engine_that_is_not_back_in_time_gets_no_second_try() -> None:
    bench = Bench(engine_patience=0.01)
    bench.backend.fail_open = lambda: EngineUnavailableError("gone")
    bench.backend.fail_ping = lambda: EngineUnavailableError("gone")
    result = await bench.run("echo never")
    assert (result.status, result.failure) == (
        Verdict.INTERNAL_ERROR,
        Failure.ENGINE_UNAVAILABLE,
    )
    assert len(bench.backend.opened) == 1
    await bench.settled()


async def test_an_engine_that_comes_back_in_time_costs_no_result(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("orchestrator.jobs.watch.ASK_AGAIN_S", 0)
    bench = Bench()
    away = [EngineUnavailableError("gone")] * 3
    bench.backend.fail_open = lambda: away[0] if away else None
    bench.backend.fail_ping = lambda: away.pop() if away else None
    result = await bench.run("echo fine")
    assert (result.status, away) == (Verdict.ACCEPTED, [])


async def test_a_listener_hears_everything_in_order() -> None:
    ear = Ear()
    result = await Bench("echo compiling").run("echo one; echo two >&2", ear)
    assert result.compile is not None
    assert result.run is not None
    assert ear.events == [
        Queued(0),
        StageStarted(StageKind.COMPILE),
        Printed(Stream.STDOUT, b"compiling\n"),
        StageEnded(StageKind.COMPILE, result.compile),
        StageStarted(StageKind.RUN),
        Printed(Stream.STDOUT, b"one\n"),
        Printed(Stream.STDERR, b"two\n"),
        StageEnded(StageKind.RUN, result.run),
    ]


async def test_a_listener_hears_of_a_run_that_never_fitted() -> None:
    bench = Bench("echo ok")
    bench.backend.min_memory_bytes = 40 << 20
    ear = Ear()
    result = await bench.run("echo never", ear, memory_mb=32)
    assert result.run is not None
    assert ear.events[-2:] == [
        StageStarted(StageKind.RUN),
        StageEnded(StageKind.RUN, result.run),
    ]


async def test_a_listener_gets_the_position_in_the_queue() -> None:
    bench = Bench()
    first, ear = await started(bench, "sleep 60"), Ear()
    second = asyncio.create_task(bench.run("echo next", ear))
    await until(lambda: bench.admission.waiting == 1)
    assert ear.events == [Queued(1)]
    await cancelled(first)
    await second
    assert ear.events[:3] == [Queued(1), Queued(0), StageStarted(StageKind.RUN)]


async def test_a_slot_is_kept_until_the_container_is_gone_even_between_two_attempts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = Bench()
    closing, go_on = asyncio.Event(), asyncio.Event()
    close: Callable[..., Any] = FakeSandbox.close

    async def close_slowly(sandbox: FakeSandbox) -> None:
        closing.set()
        await go_on.wait()
        await close(sandbox)

    monkeypatch.setattr(FakeSandbox, "close", close_slowly)
    task = asyncio.create_task(bench.run("lose outside"))
    await closing.wait()
    await cancelled(task)
    await asyncio.sleep(0)
    assert (bench.admission.active, len(bench.backend.live)) == (1, 1)
    go_on.set()
    await bench.settled()


async def test_a_time_out_that_is_not_the_job_s_own_is_a_fault_of_ours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def fail(*_: Any, **__: Any) -> None:
        raise TimeoutError

    monkeypatch.setattr("tests.fakes.backend.FakeSandbox.send_files", fail)
    result = await Bench().run("echo never")
    assert (result.status, result.failure) == (Verdict.INTERNAL_ERROR, Failure.INTERNAL_ERROR)


async def test_a_sandbox_lost_before_it_said_a_word_is_replaced_without_a_word() -> None:
    bench = Bench()
    errors = iter([None, SandboxError("once"), None])
    bench.backend.fail_open = lambda: next(errors)
    ear = Ear()
    result = await bench.run("lose outside", ear)
    assert result.failure is Failure.INTERNAL_ERROR
    assert ear.events == [Queued(0), StageStarted(StageKind.RUN)]


async def test_a_sandbox_lost_after_output_was_heard_is_not_replaced() -> None:
    bench = Bench()
    result = await bench.run("echo heard; lose outside", ear := Ear())
    assert result.status is Verdict.INTERNAL_ERROR
    assert len(bench.backend.opened) == 1
    assert ear.events[-1] == Printed(Stream.STDOUT, b"heard\n")
    assert (await bench.run("echo unheard; lose outside")).status is Verdict.INTERNAL_ERROR
    assert len(bench.backend.opened) == 3


async def test_a_listener_that_is_behind_holds_a_program_up_until_its_time_is_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pieces, size = 5, LATE_BYTES_PER_S // 100

    async def go_on_printing(_: Any, __: Any, sink: OutputSink, *___: Any) -> StageReport:
        for _piece in range(pieces):
            await sink(Stream.STDOUT, b"x" * size)
        return make_report()

    monkeypatch.setattr("tests.fakes.backend.FakeSandbox.run_stage", go_on_printing)
    ear = Ear(slow=True)
    before = asyncio.get_running_loop().time()
    async with asyncio.timeout(DEADLINE_S):
        result = await Bench().run("", ear, wall_ms=50, output_bytes=pieces * size)
    assert result.run is not None
    assert result.run.stdout == b"x" * pieces * size
    time_is_up = ear.deadlines[0]
    assert time_is_up >= before + 0.05
    late = [deadline - time_is_up for deadline in ear.deadlines]
    assert late == pytest.approx([piece * size / LATE_BYTES_PER_S for piece in range(pieces)])


async def test_an_unforeseen_exception_is_an_internal_error_with_a_result(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("orchestrator.jobs.stages.judge_stage", fail)
    bench = Bench()
    result = await bench.run("echo fine")
    assert (result.status, result.failure) == (Verdict.INTERNAL_ERROR, Failure.INTERNAL_ERROR)
    await bench.settled()


async def test_every_job_is_counted_once_with_how_it_ended() -> None:
    bench = Bench()
    await bench.run("echo fine")
    await bench.run("exit 1")
    await bench.service.drain()
    await cancelled(await started(bench, "sleep 60"))
    await bench.settled()
    assert bench.service.statistics.since_start().outcomes == {
        ("sh", Verdict.ACCEPTED, None): 1,
        ("sh", Verdict.RUNTIME_ERROR, None): 1,
        ("sh", Verdict.CANCELLED, Cause.CLIENT): 1,
    }


async def test_a_job_s_phase_follows_its_progress() -> None:
    bench = Bench("sleep 60")
    compiling = await started(bench, "")
    waiting = asyncio.create_task(bench.run(""))
    await until(lambda: bench.admission.waiting == 1)
    await until(lambda: bench.service.active_jobs()[0].phase is not Phase.CREATING)
    assert [job.phase for job in bench.service.active_jobs()] == [Phase.COMPILING, Phase.QUEUED]
    for task in (waiting, compiling):
        await cancelled(task)
    running = await started(bench := Bench(), "sleep 60")
    await until(lambda: bench.service.active_jobs()[0].phase is Phase.RUNNING)
    await cancelled(running)


async def test_a_ticket_older_than_the_drain_comes_too_late() -> None:
    bench = Bench()
    await bench.service.finish(timeout_s=0)
    with pytest.raises(DrainingError):
        await bench.run("echo never")
    await bench.settled()


async def test_a_job_past_its_deadline_is_cancelled() -> None:
    bench = Bench(max_job_ms=200, max_timeout=100, execution_timeout=100, compile_wall_ms=100)
    result = await bench.run("sleep 60")
    assert (result.status, result.killed_by) == (Verdict.CANCELLED, Cause.DEADLINE)
    await bench.settled()


async def test_a_caller_that_goes_away_ends_the_job_and_gives_everything_back() -> None:
    bench = Bench()
    task = await started(bench, "sleep 60")
    (job,) = bench.service.active_jobs()
    assert (job.language, len(job.id)) == ("sh", 16)
    await cancelled(task)
    await bench.settled()


async def test_a_caller_that_goes_away_while_its_sandbox_is_made_keeps_the_slot_until_it_is_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = Bench()
    making, made = asyncio.Event(), asyncio.Event()
    open_really: Callable[..., Any] = bench.backend.open

    async def open_slowly(spec: Any) -> Any:
        making.set()
        await made.wait()
        return await open_really(spec)

    monkeypatch.setattr(FakeBackend, "open", lambda _, spec: open_slowly(spec))
    task = asyncio.create_task(bench.run("echo never"))
    await making.wait()
    await cancelled(task)
    assert bench.admission.active == 1
    made.set()
    await bench.settled()


async def test_a_caller_that_goes_away_while_waiting_leaves_the_queue() -> None:
    bench = Bench()
    first = await started(bench, "sleep 60")
    waiting = asyncio.create_task(bench.run("echo next"))
    await until(lambda: bench.admission.waiting == 1)
    await cancelled(waiting)
    assert bench.admission.waiting == 0
    await cancelled(first)
    await bench.settled()


async def test_a_container_the_engine_would_not_remove_is_left_to_the_sweep(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = Bench()

    async def refuse(_: Any) -> None:
        raise EngineError("device busy")

    monkeypatch.setattr("tests.fakes.backend.FakeSandbox.close", refuse)
    result = await bench.run("echo fine")
    await bench.service.drain()
    assert result.status is Verdict.ACCEPTED
    assert bench.admission.active == 0


async def test_a_job_larger_than_the_whole_budget_is_refused() -> None:
    bench = Bench()
    with pytest.raises(InvalidSubmissionError, match=r"limits\.memory_mb: 2048 MB is more"):
        await bench.run("echo never", memory_mb=2048)
    await bench.settled()


async def test_jobs_that_outlast_the_drain_are_answered_as_cancelled_wherever_they_are() -> None:
    bench = Bench()
    running = await started(bench, "sleep 60")
    waiting = asyncio.create_task(bench.run("echo never"))
    await until(lambda: bench.admission.waiting == 1)
    await bench.service.finish(timeout_s=0)
    for task in (running, waiting):
        result = await task
        assert (result.status, result.killed_by) == (Verdict.CANCELLED, Cause.DRAIN)
    await bench.settled()


async def test_jobs_that_end_within_the_drain_keep_their_verdict() -> None:
    bench = Bench()
    running = await started(bench, "sleep 0.01; echo done")
    await bench.service.finish(timeout_s=DEADLINE_S)
    assert (await running).status is Verdict.ACCEPTED
    await bench.service.finish(timeout_s=DEADLINE_S)


async def test_a_job_that_gets_its_slot_just_as_the_drain_ends_is_cancelled_all_the_same() -> None:
    bench = Bench()
    held = await bench.admission.enqueue(bench.admission.ticket("key-2"), 10).reservation()
    waiting = asyncio.create_task(bench.run("sleep 60"))
    await until(lambda: bench.admission.waiting == 1)
    (job,) = bench.service._jobs.values()  # noqa: SLF001 - the race needs the job itself
    timer = job.timer

    class GrantedMeanwhile:
        """The slot is granted, and the job not yet awake, when the drain looks at its timer."""

        def reschedule(self, when: float) -> None:
            held.release()
            timer.reschedule(when)

        def expired(self) -> bool:
            return timer.expired()

    job.timer = GrantedMeanwhile()  # type: ignore[assignment]
    async with asyncio.timeout(DEADLINE_S / 10):
        await bench.service.finish(timeout_s=0)
    result = await waiting
    assert (result.status, result.killed_by) == (Verdict.CANCELLED, Cause.DRAIN)
    await bench.settled()


async def test_a_cached_compilation_is_restored_and_reported_as_before() -> None:
    bench = Bench("echo compiling; echo careful >&2")
    first, second = [await bench.run("echo running") for _ in range(2)]
    caches = [each.timings.compile_cache for each in (first, second)]
    assert caches == ["miss", "hit"]
    assert first.compile == second.compile
    assert second.compile is not None
    assert (second.compile.stdout, second.compile.stderr) == (b"compiling\n", b"careful\n")
    assert second.run is not None
    assert second.run.stdout == b"running\n"
    assert bench.service.cache.stats().hits == 1
    await bench.settled()


async def test_a_sandbox_lost_while_restoring_from_the_cache_is_retried(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def lost(*_: Any) -> None:
        raise SandboxError("lost")

    bench = Bench("echo compiling")
    await bench.run("echo running")
    monkeypatch.setattr(FakeSandbox, "send_artefact", lost)
    result = await bench.run("echo running")
    assert (result.status, result.timings.compile_cache) == (Verdict.ACCEPTED, "miss")
    assert len(bench.backend.opened) == 3
    await bench.settled()


async def test_live_input_is_the_run_s_and_closed_with_the_job() -> None:
    bench, stream = Bench("cat; echo compiled"), StdinStream()
    writing = asyncio.create_task(stream.write(b"live"))
    running = asyncio.create_task(bench.run("cat", stream=stream, stdin=b"own "))
    assert await writing
    stream.end()
    result = await running
    assert result.compile is not None
    assert result.run is not None
    assert (result.compile.stdout, result.run.stdout) == (b"compiled\n", b"own live")
    await bench.settled()


@pytest.mark.parametrize("compile_script", ["exit 1", "lose unknown"])
async def test_a_writer_to_a_program_that_never_runs_is_released(compile_script: str) -> None:
    bench, stream = Bench(compile_script), StdinStream()
    writing = asyncio.create_task(stream.write(b"x"))
    await bench.run("cat", stream=stream)
    assert await writing is False
    await bench.settled()


async def test_a_job_whose_program_was_given_live_input_is_not_begun_anew() -> None:
    bench = Bench()
    assert (await bench.run("lose outside", stream=StdinStream())).status is Verdict.INTERNAL_ERROR
    assert len(bench.backend.opened) == 1
    bench = Bench("lose outside")
    await bench.run("cat", stream=(stream := StdinStream()))
    assert len(bench.backend.opened) == 2
    assert not stream.was_attached
    await bench.settled()


async def test_a_program_killed_by_the_caller_s_signal_is_a_runtime_error() -> None:
    bench, stream = Bench(), StdinStream()
    stream.signal(Signal.KILL)
    result = await bench.run("sleep 60", stream=stream)
    assert (result.status, result.killed_by) == (Verdict.RUNTIME_ERROR, Cause.SIGNAL)
    assert result.run is not None
    assert result.run.signal == 9


@pytest.mark.parametrize("cause", [Cause.CLIENT, Cause.DEADLINE, Cause.ADMIN])
async def test_one_job_can_be_ended_and_the_others_go_on(cause: Cause) -> None:
    bench = Bench()
    running = await started(bench, "sleep 60")
    waiting = asyncio.create_task(bench.run("echo next"))
    await until(lambda: bench.admission.waiting == 1)
    bench.service.end(next(iter(bench.service._jobs.values())), cause)  # noqa: SLF001 - the job itself
    result = await running
    assert (result.status, result.killed_by) == (Verdict.CANCELLED, cause)
    assert (await waiting).status is Verdict.ACCEPTED
    await bench.settled()
