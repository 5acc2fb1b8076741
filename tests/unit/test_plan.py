from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from orchestrator.errors import InvalidSubmissionError
from orchestrator.jobs.model import JudgeTest, Limits, Submission
from orchestrator.jobs.plan import REPORT_MS, Plan, make_plan, with_time_given_back
from orchestrator.jobs.plan import test_stage as stage_of_test
from orchestrator.languages.model import InstalledLanguage
from orchestrator.languages.registry import load_languages
from orchestrator.sandbox.model import SourceFile, StageKind
from orchestrator.settings.images import DEFAULT_IMAGES_DIR
from tests.api_support import make_settings

REGISTRY = load_languages(DEFAULT_IMAGES_DIR, ("cpp", "java", "python"))
SETTINGS = make_settings()
MIB = 1 << 20


def plan(language: str, limits: dict[str, Any] | None = None, **changes: Any) -> Plan:
    found = REGISTRY.find(language)
    assert found is not None
    defaults = {
        "wall_ms": 1000,
        "cpu_ms": 900,
        "memory_mb": found.limits.memory_mb,
        "output_bytes": 5000,
        "processes": found.limits.processes,
    }
    files = (SourceFile(found.source.name, b"text"),)
    submission = Submission(
        language=language,
        files=changes.pop("files", files),
        limits=Limits(**(defaults | (limits or {}))),
        **changes,
    )
    return make_plan("job-1", submission, InstalledLanguage(found, "1", "sha256:0"), SETTINGS)


def test_a_run_has_the_submission_s_limits_and_a_compile_the_server_s() -> None:
    made = plan("cpp")
    assert made.compile is not None
    assert made.compile.kind is StageKind.COMPILE
    assert (made.compile.wall_ms, made.compile.cpu_ms) == (40_000, 10_000)
    assert (made.run.wall_ms, made.run.cpu_ms) == (1000, 900)
    assert made.run.stdout_limit == made.run.stderr_limit == 5000


def test_a_test_has_its_own_limits_and_input_and_no_more_diagnostics_than_the_run() -> None:
    own = Limits(wall_ms=300, cpu_ms=200, memory_mb=64, output_bytes=9000, processes=8)
    run = plan("cpp", stdin=b"the run's").run
    stage = stage_of_test(run, JudgeTest("1", b"its own", None, own))
    assert (stage.wall_ms, stage.cpu_ms, stage.stdin) == (300, 200, b"its own")
    assert (stage.stdout_limit, stage.stderr_limit) == (9000, 5000)
    assert stage.argv == run.argv


def test_a_submission_may_have_limits_of_its_own_for_compiling() -> None:
    limits = Limits(wall_ms=300, cpu_ms=200, memory_mb=400, output_bytes=1024, processes=4)
    made = plan("cpp", compile_limits=limits)
    assert made.compile is not None
    assert (made.compile.wall_ms, made.compile.cpu_ms) == (300, 200)
    assert made.compile.stdout_limit == made.compile.stderr_limit == 1024
    assert (made.sandbox.memory_bytes, made.sandbox.processes) == (400 * MIB, 64)
    assert made.sandbox.run_memory_bytes == 256 * MIB
    huge = replace(limits, output_bytes=1 << 30, memory_mb=16)
    made = plan("cpp", compile_limits=huge)
    assert made.compile is not None
    assert made.compile.stdout_limit == SETTINGS.max_output_size
    assert made.sandbox.memory_bytes == 256 * MIB


def test_an_interpreted_language_has_no_compile_and_exactly_the_limits_asked() -> None:
    made = plan("python", {"memory_mb": 32, "processes": 8})
    assert made.compile is None
    assert not made.sandbox.uses_compiler
    assert (made.sandbox.memory_bytes, made.sandbox.processes) == (32 * MIB, 8)


def test_a_compiler_never_gets_less_than_its_language_s_defaults() -> None:
    made = plan("cpp", {"memory_mb": 32, "processes": 8})
    assert (made.sandbox.memory_bytes, made.sandbox.processes) == (256 * MIB, 64)
    assert made.sandbox_memory_mb == 256
    assert made.sandbox.run_memory_bytes == 32 * MIB
    assert made.sandbox.image == "sha256:0"


def test_limits_above_the_defaults_hold_for_both_stages() -> None:
    made = plan("cpp", {"memory_mb": 512, "processes": 100})
    assert (made.sandbox.memory_bytes, made.sandbox.processes) == (512 * MIB, 100)


def test_arguments_and_environment_reach_the_stage_they_are_for() -> None:
    made = plan("cpp", args=("a b", "-x"), env={"NAME": "v", "HOME": "/tmp"}, compile_args=("-g",))
    assert made.compile is not None
    assert "-g" in made.compile.argv
    assert "NAME" not in made.compile.env
    assert made.run.argv[-2:] == ("a b", "-x")
    assert made.run.env["NAME"] == "v"
    assert made.run.env["HOME"] == "/tmp"


@pytest.mark.parametrize(
    ("wall_ms", "left_ms", "most_ms"),
    [
        (1000, math.inf, 3000),
        (1000, REPORT_MS + 3001, 3000),
        (1000, REPORT_MS + 2500.7, 2500),  # the job has no more time than that
        (1000, REPORT_MS + 999, 1000),  # nor is a limit ever less than what was asked
        (1000, -5.0, 1000),
    ],
)
def test_a_run_s_wall_limit_moves_by_no_more_than_there_is_time_for(
    wall_ms: int, left_ms: float, most_ms: int
) -> None:
    run = replace(plan("python").run, wall_ms=wall_ms)
    assert with_time_given_back(run, left_ms) == replace(run, wall_most_ms=most_ms)


@pytest.mark.parametrize(("wall_ms", "most_ms"), [(3000, 3000), (1000, 3000), (5000, 5000)])
def test_with_tests_a_wall_limit_moves_to_three_times_the_cpu_time(
    wall_ms: int, most_ms: int
) -> None:
    test = JudgeTest("1", b"", None, Limits(wall_ms, 1000, 64, 100, 16))
    assert stage_of_test(plan("python").run, test).wall_most_ms == most_ms


def test_a_stack_may_grow_until_the_memory_limit_is_near() -> None:
    made = plan("java", {"memory_mb": 512})
    assert made.compile is not None
    assert (made.run.stack_kb, made.compile.stack_kb) == (480 * 1024, 0)
    assert "-Xss384m" in made.run.argv
    test = JudgeTest("1", b"", None, Limits(1, 1, 64, 1, 1))
    assert stage_of_test(made.run, test).stack_kb == 60 * 1024


def test_the_first_file_is_the_main_one() -> None:
    files = (SourceFile("b.py", b""), SourceFile("a.py", b""))
    assert plan("python", files=files).run.argv == ("python3", "-u", "b.py")


def test_files_that_do_not_fit_the_memory_are_refused_by_name() -> None:
    files = (SourceFile("main.py", b"#" * (2 * MIB)),)
    with pytest.raises(InvalidSubmissionError, match=r"files: 2097152 bytes .*memory_mb of 16"):
        plan("python", {"memory_mb": 16}, files=files)
    assert plan("python", {"memory_mb": 64}, files=files).files == files


def test_a_sandbox_outlives_the_longest_job() -> None:
    assert plan("python").sandbox.lifetime_s > SETTINGS.max_job_ms / 1000


@pytest.mark.parametrize("fast", [True, False])
def test_fast_arguments_are_left_out_without_the_fast_toolchain(*, fast: bool) -> None:
    found = REGISTRY.find("cpp")
    assert found is not None
    submission = Submission(
        language="cpp",
        files=(SourceFile("main.cpp", b"text"),),
        limits=Limits(1000, 900, 256, 5000, 64),
    )
    settings = make_settings(fast_toolchain=fast)
    made = make_plan("job-1", submission, InstalledLanguage(found, "1", "sha256:0"), settings)
    assert made.compile is not None
    assert ("--" in made.compile.argv) is fast
    assert made.compile.argv[-7:-2] == ("g++", "-O2", "-std=c++17", "-DONLINE_JUDGE", "-o")
