"""A compilation that is tried several times: each has all it may, and only the last is told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from orchestrator.jobs.compiling import has_declined, lacks_memory
from orchestrator.jobs.events import Printed, StageEnded, StageStarted
from orchestrator.jobs.model import (
    Cause,
    CheckerProgram,
    JudgeTest,
    Judging,
    Limits,
    Submission,
    Verdict,
)
from orchestrator.jobs.plan import fit_compile_memory, make_plan
from orchestrator.jobs.verdict import CapturedOutput
from orchestrator.languages.model import CommandRule, InstalledLanguage, MemoryErrorRule
from orchestrator.languages.registry import load_languages
from orchestrator.sandbox.model import (
    LossReason,
    SourceFile,
    Stage,
    StageCause,
    StageKind,
    StageLoss,
)
from orchestrator.settings.images import DEFAULT_IMAGES_DIR
from tests.api_support import make_settings
from tests.components_support import sh_language
from tests.fakes.backend import FakeSandbox
from tests.sandbox_support import make_report
from tests.service_support import Bench, Ear

MIB = 1 << 20
DEFAULT_MB = 64
"""What the fake's language has."""


def fast_bench(fast: str, plain: str, **settings: Any) -> Bench:
    """A service whose compiler is given the word `fast` too: then it does `fast`, else `plain`."""
    bench = Bench("", **settings)
    rule = CommandRule(("sh", "-c", "{fast}", plain), fast=(fast,))
    language = replace(sh_language(""), compile=rule)
    bench.service.catalog.replace([InstalledLanguage(language, "1.2", "sha256:0")])
    return bench


async def test_a_compiler_gets_the_memory_it_needs_and_the_first_try_is_not_reported() -> None:
    bench, ear = Bench("echo compiling; take 300", compile_memory_mb=400), Ear()
    result = await bench.run("echo running", ear)
    assert result.status is Verdict.ACCEPTED
    assert [spec.memory_bytes // MIB for spec in bench.backend.opened] == [DEFAULT_MB, 400]
    assert [event for event in ear.events if isinstance(event, StageStarted)] == [
        StageStarted(StageKind.COMPILE),
        StageStarted(StageKind.RUN),
    ]
    printed = b"".join(event.data for event in ear.events if isinstance(event, Printed))
    assert printed == b"compiling\nrunning\n"
    assert len([event for event in ear.events if isinstance(event, StageEnded)]) == 2
    await bench.settled()


async def test_a_compiler_that_needs_more_than_the_most_memory_is_a_compile_error() -> None:
    bench = Bench("take 500", compile_memory_mb=400)
    result = await bench.run("echo running")
    assert (result.status, result.run) == (Verdict.COMPILE_ERROR, None)
    assert result.compile is not None
    assert result.compile.killed_by is Cause.MEMORY
    assert len(bench.backend.opened) == 2
    await bench.settled()


@pytest.mark.parametrize("script", ["exit 1", "echo wrong >&2; exit 3"])
async def test_a_program_that_does_not_compile_for_another_reason_is_compiled_once(
    script: str,
) -> None:
    bench = Bench(script, compile_memory_mb=400)
    result = await bench.run("echo running")
    assert result.status is Verdict.COMPILE_ERROR
    assert len(bench.backend.opened) == 1
    await bench.settled()


async def test_a_run_gets_its_own_limit_whatever_the_compiler_had() -> None:
    bench = Bench("take 300", compile_memory_mb=400)
    result = await bench.run("take 100")
    assert (result.status, result.run and result.run.killed_by) == (
        Verdict.MEMORY_LIMIT,
        Cause.MEMORY,
    )
    await bench.settled()


async def test_a_compiler_s_extra_memory_is_bounded_by_the_memory_budget() -> None:
    bench = Bench("take 300", memory_mb=200, compile_memory_mb=400)
    result = await bench.run("echo running")
    assert result.compile is not None
    assert result.compile.killed_by is Cause.MEMORY
    assert [spec.memory_bytes // MIB for spec in bench.backend.opened] == [DEFAULT_MB, 200]
    await bench.settled()


async def test_a_compilation_that_needed_more_memory_is_cached() -> None:
    bench = Bench("take 300", compile_memory_mb=400)
    results = [await bench.run("echo running") for _ in range(2)]
    assert [each.timings.compile_cache for each in results] == ["miss", "hit"]
    assert len(bench.backend.opened) == 3
    await bench.settled()


async def test_a_checker_s_compiler_gets_more_memory_too_and_no_test_is_run_twice() -> None:
    bench, ear = Bench("", checker_compile="take 300", compile_memory_mb=400), Ear()
    limits = Limits(5000, 5000, DEFAULT_MB, 100, 16)
    checker = Submission("checker", (SourceFile("main.sh", b"exit 0"),), limits)
    tests = tuple(JudgeTest(name, b"", b"", limits) for name in ("1", "2"))
    judging = Judging(tests, CheckerProgram(checker))
    result = await bench.run("echo running", ear, judging=judging)
    assert result.status is Verdict.ACCEPTED
    assert result.checker is not None
    assert result.checker.status is Verdict.ACCEPTED
    assert len([event for event in ear.events if isinstance(event, StageEnded)]) == 1
    assert [spec.memory_bytes // MIB for spec in bench.backend.opened] == [64, 64, 64, 400]
    await bench.settled()


@pytest.mark.parametrize(
    ("fast", "expected"),
    [
        ("exit 75", b"plain\n"),
        ("echo fast", b"fast\n"),
        ("echo fast; exit 75", b"fast\n"),
        ("take 300", b"plain\n"),
    ],
)
async def test_a_fast_compile_that_declines_is_followed_by_the_plain_one(
    fast: str, expected: bytes
) -> None:
    bench, ear = fast_bench(fast, "echo plain", compile_memory_mb=400), Ear()
    result = await bench.run("echo running", ear)
    assert result.compile is not None
    assert result.compile.stdout == expected
    printed = b"".join(event.data for event in ear.events if isinstance(event, Printed))
    assert printed.startswith(expected)
    is_lost = fast.startswith("take")
    assert len(bench.backend.opened) == 1 + is_lost
    await bench.settled()


@pytest.mark.parametrize("language", ["c", "cpp"])
def test_the_plain_compile_has_all_that_the_fast_one_had(language: str) -> None:
    found = load_languages(DEFAULT_IMAGES_DIR, (language,)).find(language)
    assert found is not None
    limits = Limits(1000, 1000, 256, 1000, 64)
    installed = InstalledLanguage(found, "1", "sha256:0")
    submission = Submission(language, (SourceFile("main." + language, b""),), limits)
    plan = make_plan("job", submission, installed, make_settings())
    assert plan.compile is not None
    assert found.compile is not None
    argv = tuple(word for word in plan.compile.argv if word not in found.compile.fast)
    assert plan.plain == replace(plan.compile, argv=argv)
    without = make_plan("job", submission, installed, make_settings(fast_toolchain=False))
    assert (without.compile, without.plain) == (plan.plain, None)


def test_two_compilers_of_a_job_never_want_more_than_there_is() -> None:
    found = load_languages(DEFAULT_IMAGES_DIR, ("cpp",)).find("cpp")
    assert found is not None
    submission = Submission("cpp", (SourceFile("main.cpp", b""),), Limits(1, 1, 256, 1, 64))
    plan = make_plan("j", submission, InstalledLanguage(found, "1", "sha256:0"), make_settings())
    assert (plan.sandbox_memory_mb, plan.compile_memory_mb) == (256, 512)
    for budget_mb, expected in ((1024, [512, 512]), (640, [384, 256]), (100, [256, 256])):
        plans = fit_compile_memory([plan, plan], budget_mb)
        assert [each.compile_memory_mb for each in plans] == expected


REPORTS = [
    (make_report(exit_code=0), False),
    (make_report(exit_code=1), False),
    (make_report(exit_code=1, oom_kills=1), True),
    (make_report(exit_code=0, oom_kills=1), False),
    (make_report(exit_code=1, memory_kb=990), True),
    (make_report(exit_code=None, signal=9, cause=StageCause.CPU, memory_kb=990), True),
    (make_report(exit_code=None, signal=9, cause=StageCause.CPU), False),
    (make_report(exit_code=None, signal=9, cause=StageCause.OUTPUT, memory_kb=990), False),
    (StageLoss(LossReason.OOM, ""), True),
    (StageLoss(LossReason.UNKNOWN, ""), False),
]


@pytest.mark.parametrize(("outcome", "expected"), REPORTS, ids=str)
def test_lacks_memory_tells_which_failures_more_memory_might_prevent(
    outcome: Any,
    expected: bool,  # noqa: FBT001
) -> None:
    assert lacks_memory(outcome, CapturedOutput(), 1000, MemoryErrorRule()) is expected


def test_a_compiler_may_say_that_it_lacks_memory() -> None:
    java = load_languages(DEFAULT_IMAGES_DIR, ("java",)).find("java")
    assert java is not None
    said = CapturedOutput(
        b"", b"The system is out of resources.\njava.lang.OutOfMemoryError: Java heap"
    )
    assert lacks_memory(make_report(exit_code=3), said, 1000, java.memory_error)
    assert not lacks_memory(
        make_report(exit_code=3), CapturedOutput(b"", b"x"), 1000, java.memory_error
    )


@pytest.mark.parametrize(
    ("code", "stdout", "stderr", "expected"),
    [(75, b"", b"", True), (75, b"x", b"", False), (75, b"", b"x", False), (1, b"", b"", False)],
)
def test_a_fast_compile_declines_by_exit_code_75_without_output(
    code: int,
    stdout: bytes,
    stderr: bytes,
    expected: bool,  # noqa: FBT001
) -> None:
    assert has_declined(make_report(exit_code=code), CapturedOutput(stdout, stderr)) is expected


def test_a_lost_sandbox_has_declined_nothing() -> None:
    assert not has_declined(StageLoss(LossReason.UNKNOWN, ""), CapturedOutput())


async def test_a_fast_compile_that_met_its_memory_is_not_followed_by_a_plain_one_with_as_little(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stages: list[tuple[str, ...]] = []
    whole = FakeSandbox.run_stage

    async def noted(sandbox: FakeSandbox, stage: Stage, *more: Any) -> Any:
        stages.append(stage.argv)
        return await whole(sandbox, stage, *more)

    monkeypatch.setattr(FakeSandbox, "run_stage", noted)
    bench = fast_bench("take 300; exit 75", "take 200", compile_memory_mb=400)
    result = await bench.run("echo running")
    assert result.status is Verdict.ACCEPTED
    assert [argv[2:] for argv in stages] == [
        ("take 300; exit 75", "take 200"),
        ("take 200",),
        (),
    ]
    await bench.settled()
