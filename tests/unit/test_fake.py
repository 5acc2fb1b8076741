"""What of the fake the contract suite does not see: its switches, and where it gives up."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.errors import EngineUnavailableError
from orchestrator.sandbox.model import LossReason, SourceFile, StageKind, StageLoss
from tests.fakes.backend import FakeBackend
from tests.sandbox_support import Collector, make_spec, make_stage, run_script


async def test_the_fake_lists_the_sandboxes_it_made_and_those_that_live() -> None:
    backend = FakeBackend()
    spec = make_spec(job_id="counted")
    sandbox = await backend.open(spec)
    assert (backend.opened, list(backend.live)) == ([spec], [sandbox.name])
    await sandbox.close()
    assert (backend.opened, list(backend.live)) == ([spec], [])


async def test_the_fake_fails_to_open_when_told_to() -> None:
    errors = [EngineUnavailableError("down"), None]
    backend = FakeBackend(fail_open=lambda: errors.pop(0))
    with pytest.raises(EngineUnavailableError, match="down"):
        await backend.open(make_spec())
    assert not backend.live
    await backend.open(make_spec())
    assert len(backend.opened) == 2


async def test_the_fake_refuses_a_limit_below_the_memory_in_use() -> None:
    backend = FakeBackend(min_memory_bytes=100)
    sandbox = await backend.open(make_spec())
    assert await sandbox.set_limits(100, 1) is True
    assert await sandbox.set_limits(99, 1) is False


@pytest.mark.parametrize("reason", LossReason)
async def test_a_sandbox_that_was_lost_stays_lost(reason: LossReason) -> None:
    sandbox = await FakeBackend().open(make_spec())
    output = Collector()
    loss = await sandbox.run_stage(make_stage(f"echo 1; lose {reason}; echo 2"), output.take)
    assert isinstance(loss, StageLoss)
    assert loss.reason is reason
    assert output.stdout == b"1\n"
    assert await sandbox.run_stage(make_stage("echo 3"), output.take) == replace(
        loss, before_stage=True
    )
    assert output.stdout == b"1\n"


@pytest.mark.parametrize("kind", StageKind)
async def test_a_script_may_be_a_file(kind: StageKind) -> None:
    sandbox = await FakeBackend().open(make_spec())
    await sandbox.send_files([SourceFile("main.sh", b"echo 1\necho 2\n")], build=True, work=True)
    _, stdout, _ = await run_script(sandbox, "", kind=kind, argv=("sh", "main.sh"))
    assert stdout == b"1\n2\n"


async def test_a_stage_without_a_wall_limit_runs_to_its_end() -> None:
    sandbox = await FakeBackend().open(make_spec())
    report, stdout, _ = await run_script(sandbox, "sleep 0.01; echo end", wall_ms=0)
    assert (report.exit_code, stdout) == (0, b"end\n")


async def test_shutting_down_is_remembered_and_a_sweep_finds_nothing() -> None:
    backend = FakeBackend()
    await backend.open(make_spec())
    assert await backend.sweep() == 0
    await backend.shutdown()
    assert backend.closed
    assert not backend.live
