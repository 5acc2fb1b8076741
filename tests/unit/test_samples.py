"""Samples as jobs, on the fake: what each comes to, and what an admin is told of it."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest
from structlog.testing import capture_logs

from orchestrator.errors import DrainingError, SandboxError
from orchestrator.images import sample_runs as module
from orchestrator.images.sample_runs import Budgets, SampleResult, judge, resolve, run_samples
from orchestrator.jobs.model import Cause, StageResult, Verdict
from orchestrator.languages.model import LimitDefaults, Sample, SampleFile, SampleLimits
from tests.api_support import make_result
from tests.service_support import Bench, until


def sample(script: str, name: str = "one", **fields: Any) -> Sample:
    return Sample("sh", name, (SampleFile("main.sh", script.encode()),), **fields)


async def results(bench: Bench, *samples: Sample) -> list[SampleResult]:
    return [result async for result in run_samples(bench.service, bench.admission, samples)]


async def test_each_result_as_it_is_known() -> None:
    bench = Bench()
    found = await results(
        bench,
        sample("echo Hello", "hello", stdout="Hello\n"),
        sample("cat", "echo", input="Grüße", stdout="Grüße"),
        sample("exit 3", "fails", status="runtime_error", exit_code=3),
        sample("sleep 60", "hangs", status="time_limit", limits=SampleLimits(wall_ms=20)),
        sample("echo wrong >&2; exit 4", "odd", stdout=""),
    )
    assert [(each.language, each.sample, each.passed) for each in found] == [
        ("sh", "hello", True),
        ("sh", "echo", True),
        ("sh", "fails", True),
        ("sh", "hangs", True),
        ("sh", "odd", False),
    ]
    assert all(each.wall_ms > 0 for each in found)
    assert {each.detail for each in found[:4]} == {""}
    assert found[4].detail == (
        "expected accepted, but it came to runtime_error, exit code 4\nstderr: wrong"
    )
    await bench.settled()


async def test_every_file_is_sent_the_main_one_first() -> None:
    files = (SampleFile("main.sh", b". other.sh"), SampleFile("other.sh", b"echo other"))
    (found,) = await results(Bench(), Sample("sh", "files", files, stdout="other\n"))
    assert found.passed


async def test_a_full_queue_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench()
    naps: list[float] = []
    tickets = [bench.admission.ticket("others") for _ in range(5)]

    async def sleep(seconds: float) -> None:
        naps.append(seconds)
        tickets.pop().release()

    monkeypatch.setattr(module.asyncio, "sleep", sleep)
    (found,) = await results(bench, sample("echo 1", stdout="1\n"))
    assert found.passed
    assert naps == [1]


async def test_a_server_that_drains_takes_none() -> None:
    bench = Bench()
    bench.admission.drain()
    with pytest.raises(DrainingError):
        await results(bench, sample("echo 1"))


async def test_one_that_can_never_run_here_says_so() -> None:
    (found,) = await results(Bench(), sample("", limits=SampleLimits(memory_mb=4096)))
    assert (found.passed, found.first_try) == (False, "")
    assert found.detail.startswith("limits.memory_mb: 4096 MB is more than")


async def test_what_fails_once_is_tried_again_and_both_are_told() -> None:
    bench = Bench()
    troubles = [SandboxError("not ready")] * 2  # a job is run again for the first of them
    bench.backend.fail_open = lambda: troubles.pop() if troubles else None
    with capture_logs() as logs:
        again, at_once = await results(
            bench, sample("echo 1", stdout="1\n"), sample("echo 2", stdout="2\n")
        )
    assert (again.passed, again.detail) == (True, "")
    assert again.first_try == "expected accepted, but it came to internal_error (engine)"
    assert (at_once.passed, at_once.first_try) == (True, "")
    retried = [each for each in logs if each["event"] == "tried_again"]
    assert [(each["trial"], each["detail"]) for each in retried] == [("sh/one", again.first_try)]


async def test_what_fails_twice_has_failed_and_is_not_tried_a_third_time() -> None:
    bench = Bench()
    (found,) = await results(bench, sample("echo wrong", stdout="right\n"))
    assert not found.passed
    assert found.first_try == found.detail
    assert "expected 'right" in found.detail
    assert len(bench.backend.opened) == 2


async def test_a_compile_cut_off_by_the_wall_says_how_much_cpu_it_had() -> None:
    (found,) = await results(Bench("sleep 60", compile_wall_ms=20), sample("echo 1"))
    assert re.match(
        r"expected accepted, but it came to compile_error \(wall\); "
        r"the compile used 0 of its 10000 ms of CPU in \d+ ms$",
        found.detail,
    )


async def test_cancelling_ends_the_job() -> None:
    bench = Bench()
    task = asyncio.create_task(results(bench, sample("sleep 60")))
    await until(lambda: bool(bench.backend.live))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await bench.settled()


def test_limits_are_what_is_asked_for_or_ample() -> None:
    defaults = LimitDefaults(256, 64)
    usual = resolve(SampleLimits(), defaults)
    assert (usual.wall_ms, usual.cpu_ms, usual.output_bytes) == (40_000, 10_000, 131_072)
    assert (usual.memory_mb, usual.processes) == (256, 64)
    asked = resolve(SampleLimits(1000, None, 32, 2, 9), defaults)
    assert (asked.wall_ms, asked.cpu_ms, asked.output_bytes) == (1000, 1000, 2048)
    assert (asked.memory_mb, asked.processes) == (32, 9)


ACCEPTED = StageResult(Verdict.ACCEPTED, exit_code=0)
BUDGETS = Budgets(compile=10_000, run=2000)


@pytest.mark.parametrize(
    ("wanted", "changes", "expected"),
    [
        ({}, {}, None),
        ({"stdout": "a\n"}, {"run": StageResult(Verdict.ACCEPTED, b"a\n", exit_code=0)}, None),
        (
            {"stdout": "a\nb\n"},
            {"run": StageResult(Verdict.ACCEPTED, b"a\nc\n", b"x\n\ny\n", exit_code=0)},
            "stdout: line 2, column 1: expected 'b\\n', got 'c\\n'\nstderr: x\nstderr: \nstderr: y",
        ),
        (
            {"stdout": "é"},
            {"run": StageResult(Verdict.ACCEPTED, b"\xe9", exit_code=0)},
            "stdout: line 1, column 1: expected 'é', got '\ufffd'",
        ),
        (
            {"status": "runtime_error", "exit_code": 3},
            {
                "status": Verdict.RUNTIME_ERROR,
                "run": StageResult(Verdict.RUNTIME_ERROR, signal=11, killed_by=Cause.SIGNAL),
            },
            "expected exit code 3, got signal 11",
        ),
        (
            {"status": "compile_error"},
            {"status": Verdict.COMPILE_ERROR, "run": None},
            None,
        ),
        (
            {"status": "time_limit"},
            {
                "status": Verdict.MEMORY_LIMIT,
                "killed_by": Cause.MEMORY,
                "run": StageResult(Verdict.MEMORY_LIMIT, killed_by=Cause.MEMORY),
            },
            "expected time_limit, but it came to memory_limit (memory)",
        ),
        (
            {},
            {
                "status": Verdict.COMPILE_ERROR,
                "run": None,
                "compile": StageResult(Verdict.COMPILE_ERROR, b"", b"no ;\n" * 20, exit_code=1),
            },
            "expected accepted, but it came to compile_error" + "\ncompiler: no ;" * 8,
        ),
        (
            {},
            {
                "status": Verdict.COMPILE_ERROR,
                "run": None,
                "compile": StageResult(Verdict.COMPILE_ERROR, b"said on stdout\n", exit_code=1),
            },
            "expected accepted, but it came to compile_error\ncompiler: said on stdout",
        ),
        (
            {},
            {"status": Verdict.INTERNAL_ERROR, "killed_by": Cause.ENGINE, "run": None},
            "expected accepted, but it came to internal_error (engine)",
        ),
    ],
)
def test_what_is_wrong(
    wanted: dict[str, Any], changes: dict[str, Any], expected: str | None
) -> None:
    assert judge(sample("", **wanted), make_result(**changes), BUDGETS) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {
                "run": None,
                "compile": StageResult(
                    Verdict.COMPILE_ERROR, killed_by=Cause.WALL, cpu_ms=812.4, wall_ms=40_000.2
                ),
            },
            "compile_error (wall); the compile used 812 of its 10000 ms of CPU in 40000 ms",
        ),
        (
            {
                "run": None,
                "compile": StageResult(
                    Verdict.COMPILE_ERROR, killed_by=Cause.CPU, cpu_ms=10_003.0, wall_ms=10_400.0
                ),
            },
            "compile_error (cpu); the compile used 10003 of its 10000 ms of CPU in 10400 ms",
        ),
        (
            {
                "run": StageResult(
                    Verdict.TIME_LIMIT, killed_by=Cause.WALL, cpu_ms=30.0, wall_ms=8000.0
                )
            },
            "time_limit (wall); the run used 30 of its 2000 ms of CPU in 8000 ms",
        ),
    ],
)
def test_of_what_took_too_long_is_said_whether_it_was_at_work(
    changes: dict[str, Any], expected: str
) -> None:
    stage = changes["run"] or changes["compile"]
    result = make_result(status=stage.status, killed_by=stage.killed_by, **changes)
    assert judge(sample(""), result, BUDGETS) == f"expected accepted, but it came to {expected}"
