"""A candidate is verified on the fake: the self-test, then its samples, with what a retry met."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.errors import EngineError, SandboxError
from orchestrator.images.builder import Candidate
from orchestrator.images.check_results import CheckResult
from orchestrator.images.verifier import ImageVerifier
from orchestrator.jobs.queue.admission import Admission
from orchestrator.languages.model import InstalledLanguage, LanguageFolder, Sample, SampleFile
from orchestrator.sandbox.probes import ProbeResult
from tests.api_support import make_settings
from tests.components_support import FAIL, PASS, sh_language
from tests.fakes.backend import FakeBackend

HELLO = Sample("sh", "hello", (SampleFile("main.sh", b"echo hello"),), stdout="hello\n")
WRONG = Sample("sh", "wrong", (SampleFile("main.sh", b"exit 3"),))
CANDIDATE = Candidate(
    LanguageFolder("sh", Path(), "", (sh_language(),), (HELLO, WRONG)), "sha256:1", "1"
)


async def verify(*checks: ProbeResult | Exception) -> list[CheckResult]:
    async def selftest(image: InstalledLanguage) -> list[ProbeResult]:
        assert image.digest == CANDIDATE.digest
        for each in checks:
            if isinstance(each, Exception):
                raise each
        return [each for each in checks if isinstance(each, ProbeResult)]

    admission = Admission(slots=1, queue=0, memory_mb=512)
    verifier = ImageVerifier(make_settings(), FakeBackend(), admission, selftest)
    return [each async for each in verifier(CANDIDATE)]


async def test_limits_and_samples_are_found_each_with_what_its_first_try_met() -> None:
    limit, hello, wrong = await verify(replace(PASS, first_try="ended by the wall limit"))
    assert limit == CheckResult(
        "limit memory", passed=True, detail=PASS.detail, first_try="ended by the wall limit"
    )
    assert hello == CheckResult("sh/hello", passed=True)
    failure = "expected accepted, but it came to runtime_error, exit code 3"
    assert wrong == CheckResult("sh/wrong", passed=False, detail=failure, first_try=failure)


async def test_where_a_limit_does_not_hold_no_sample_is_tried() -> None:
    assert [each.trial for each in await verify(PASS, FAIL)] == ["limit memory", "limit memory"]


async def test_a_self_test_that_can_t_be_made_is_the_engine_s_fault() -> None:
    with pytest.raises(EngineError, match=r"^self-test: no agent$"):
        await verify(SandboxError("no agent"))
