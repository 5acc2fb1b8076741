"""What makes a compilation fast is really used: else comparing answers would compare equals."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.jobs.compiling import DECLINED
from orchestrator.jobs.model import Limits, Submission
from orchestrator.jobs.plan import Plan, make_plan
from orchestrator.jobs.pool_profiles import make_pool_profiles
from orchestrator.languages.model import InstalledLanguage
from orchestrator.languages.registry import load_languages
from orchestrator.sandbox.contract import Sandbox
from orchestrator.sandbox.model import SourceFile, Stage, StageReport
from orchestrator.settings.images import DEFAULT_IMAGES_DIR
from tests.api_support import make_settings
from tests.conftest import Docker
from tests.sandbox_support import Collector

pytestmark = pytest.mark.docker

SETTINGS = make_settings(compile_server="on", pool_memory_mb=1000)
REGISTRY = load_languages(DEFAULT_IMAGES_DIR, ("c", "cpp", "java"))
FINDS_GOLD = """
#include <stdio.h>
#include <string.h>
static char text[1 << 20];
int main(void)
{
    FILE *file = fopen("/build/main", "rb");
    size_t size = fread(text, 1, sizeof text - 8, file);
    for (size_t i = 0; i < size; i++)
        if (memcmp(text + i, "gold 1", 6) == 0)
            return 7;
    return 0;
}
"""
VECTORS = "#include <iostream>\n#include <vector>\n#include <algorithm>\nint main() { }\n"
# Stands for g++: says with what it was called first, which makes the fast compile fail.
SPY = '#!/bin/sh\n[ -e called ] || echo "$*" > called\nexit 1\n'


def installed(language: str) -> InstalledLanguage:
    found = REGISTRY.find(language)
    assert found is not None
    return InstalledLanguage(found, "1", found.image)


def plan(language: str, code: str) -> Plan:
    known = installed(language)
    limits = known.language.limits
    submission = Submission(
        language=language,
        files=(SourceFile(known.language.source.name, code.encode()),),
        limits=Limits(10_000, 10_000, limits.memory_mb, 10_000, limits.processes),
    )
    return make_plan("job", submission, known, SETTINGS)


async def run(sandbox: Sandbox, stage: Stage | None) -> tuple[StageReport, str]:
    assert stage is not None
    output = Collector()
    report = await sandbox.run_stage(stage, output.take)
    assert isinstance(report, StageReport)
    return report, output.stdout.decode() + output.stderr.decode()


@pytest.mark.parametrize("language", ["c", "cpp"])
async def test_programs_are_linked_by_gold(docker: Docker, language: str) -> None:
    made = plan(language, FINDS_GOLD)
    sandbox = await docker.backend.open(made.sandbox)
    await sandbox.send_files(made.files, build=True, work=True)
    assert (await run(sandbox, made.compile))[0].exit_code == 0
    assert (await run(sandbox, made.run))[0].exit_code == 7
    await sandbox.close()


async def test_headers_are_precompiled_for_the_sources_that_begin_with_them(
    docker: Docker,
) -> None:
    made = plan("cpp", VECTORS)
    assert made.compile is not None
    argv = tuple("/build/spy" if word == "g++" else word for word in made.compile.argv)
    assert "/build/spy" in argv
    sandbox = await docker.backend.open(made.sandbox)
    await sandbox.send_files(made.files, build=True, work=True)
    await sandbox.send_files([SourceFile("spy", SPY.encode())], build=True, work=False)
    executable = ("/bin/sh", "-c", "chmod 755 spy")
    await run(sandbox, replace(made.compile, argv=executable))
    # Neither its own exit code nor the plain command in its place: that is a stage of its own.
    assert (await run(sandbox, replace(made.compile, argv=argv)))[0].exit_code == DECLINED
    _, called = await run(sandbox, replace(made.compile, argv=("/bin/cat", "called")))
    assert "-include /usr/local/lib/codebae/headers/vectors.hpp" in called
    assert "-fuse-ld=gold" in called
    await sandbox.close()


@pytest.mark.thorough
async def test_the_compile_server_takes_on_what_language_toml_has_compiled(
    docker: Docker,
) -> None:
    """Were it to decline, the command would be executed: and that is not there."""
    profile = make_pool_profiles(SETTINGS, [installed("java")])["java"]
    made = plan("java", "public class Main { public static void main(String[] a) { } }")
    assert made.may_use_server
    assert made.compile is not None
    sandbox = await docker.backend.open(profile.spec)
    await sandbox.prepare(profile.server, profile.server_env)
    await sandbox.send_files(made.files, build=True, work=True)
    argv = ("no-such-javac", *made.compile.argv[1:])
    report, said = await run(sandbox, replace(made.compile, argv=argv, by_prepared=True))
    assert (report.exit_code, said) == (0, "")
    assert (await run(sandbox, made.run))[0].exit_code == 0
    await sandbox.close()
