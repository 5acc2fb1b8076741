from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from orchestrator.errors import EngineError, EngineUnavailableError, SandboxError
from orchestrator.sandbox.contract import OutputSink
from orchestrator.sandbox.model import (
    LimitHit,
    LossReason,
    Stage,
    StageCause,
    StageLoss,
    StageOutcome,
    Stream,
)
from orchestrator.sandbox.probes import NOT_KILLED, OUTPUT_LIMIT, PROBE, PROBES, run_probes
from orchestrator.sandbox.selftest_record import fingerprint, passed_before, remember
from tests.fakes.backend import FakeBackend, FakeSandbox
from tests.sandbox_support import make_report

IDENTITY = """Uid:\t7\t7\t7\t7
CapPrm:\t0000000000000000
CapEff:\t0000000000000000
NoNewPrivs:\t1
Seccomp:\t2
"""
HOLDS: dict[str, tuple[StageOutcome, str]] = {
    "identity": (make_report(), IDENTITY),
    "network": (make_report(), "isolated\n"),
    "readonly": (make_report(), "readonly\n"),
    "output": (make_report(cause=StageCause.OUTPUT), "x" * OUTPUT_LIMIT),
    "cpu": (make_report(cause=StageCause.CPU, exit_code=None, signal=9), ""),
    "wall": (make_report(cause=StageCause.WALL, exit_code=None, signal=9), ""),
    "processes": (make_report(limits_hit=frozenset({LimitHit.PROCESSES})), "refused\n"),
    "memory": (make_report(exit_code=None, signal=9, oom_kills=1), ""),
    "lowered memory": (make_report(exit_code=None, signal=9, oom_kills=1), ""),
    "raised memory": (make_report(), "survived\n"),
    "refused memory": (make_report(), "survived\n"),
}
BY_LIMIT = {
    ("256", 64): "memory",
    ("48", 32): "lowered memory",
    ("80", 96): "raised memory",
    ("40", 96): "refused memory",
    ("40", 64): "refused memory",
}
"""Which probe it is that takes so many MB where there are so many."""


Met = tuple[StageOutcome, str]


@dataclass
class Engine:
    """An engine on which each probe meets what `outcomes` says, or `first` at its first try."""

    outcomes: dict[str, Met] = field(default_factory=lambda: dict(HOLDS))
    first: dict[str, Met] = field(default_factory=dict)
    backend: FakeBackend = field(default_factory=lambda: FakeBackend(min_memory_bytes=8 << 20))
    tried: list[str] = field(default_factory=list)

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async def run_stage(box: FakeSandbox, stage: Stage, sink: OutputSink) -> StageOutcome:
            assert stage.argv[0] == PROBE
            name = "wall" if stage.argv[1] == "cpu" and not stage.cpu_ms else stage.argv[1]
            if name == "memory":
                name = BY_LIMIT[stage.argv[2], box._memory_bytes >> 20]  # noqa: SLF001 - its limit
            self.tried.append(name)
            outcome, text = self.first.pop(name, None) or self.outcomes[name]
            await sink(Stream.STDOUT, text.encode())
            await sink(Stream.STDERR, b"not looked at")
            return outcome

        monkeypatch.setattr(FakeSandbox, "run_stage", run_stage)


async def test_where_every_limit_bites_every_probe_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine()
    engine.install(monkeypatch)
    results = await run_probes(engine.backend, "sh", "image")
    assert [result.check for result in results] == [probe.name for probe in PROBES]
    assert all(result.passed for result in results)
    assert not engine.backend.live
    details = {result.check: result.detail for result in results}
    assert details["memory"] == "out-of-memory kill"
    assert details["processes"] == "met processes; exit code 0; printed refused"
    assert details["output"] == "ended by the output limit; exit code 0"
    assert {result.first_try for result in results} == {""}
    assert len(engine.backend.opened) == 1


BROKEN: list[tuple[str, StageOutcome, str]] = [
    ("identity", make_report(), IDENTITY.replace("7", "0")),
    ("identity", make_report(), IDENTITY.replace("CapEff:\t00", "CapEff:\t20")),
    ("identity", make_report(), IDENTITY.replace("CapPrm:\t00", "CapPrm:\t20")),
    ("identity", make_report(), IDENTITY.replace("NoNewPrivs:\t1", "NoNewPrivs:\t0")),
    ("identity", make_report(), IDENTITY.replace("Seccomp:\t2", "Seccomp:\t0")),
    ("identity", make_report(), ""),
    ("network", make_report(exit_code=1), "eth0\n"),
    ("readonly", make_report(exit_code=1), "/etc\n"),
    ("output", make_report(), "x"),
    ("output", make_report(cause=StageCause.OUTPUT), "x" * (OUTPUT_LIMIT + 1)),
    ("cpu", make_report(cause=StageCause.WALL, exit_code=None, signal=9), ""),
    ("cpu", make_report(cause=StageCause.CPU), "survived\n"),
    ("wall", make_report(), ""),
    ("wall", make_report(cause=StageCause.WALL), "survived\n"),
    ("processes", make_report(), "survived\n"),
    ("memory", make_report(), "survived\n"),
    ("memory", make_report(exit_code=None, signal=9), ""),
    ("memory", StageLoss(LossReason.OOM, "the engine reports it"), ""),
    ("lowered memory", make_report(), "survived\n"),
    ("raised memory", make_report(exit_code=None, signal=9, oom_kills=1), ""),
    ("refused memory", make_report(exit_code=None, signal=9, oom_kills=1), ""),
    ("refused memory", StageLoss(LossReason.OOM, "the engine reports it"), ""),
]


@pytest.mark.parametrize(("probe", "outcome", "text"), BROKEN)
async def test_a_limit_that_does_not_bite_fails_and_ends_the_test(
    monkeypatch: pytest.MonkeyPatch, probe: str, outcome: StageOutcome, text: str
) -> None:
    engine = Engine()
    engine.outcomes[probe] = (outcome, text)
    engine.install(monkeypatch)
    *before, last = await run_probes(engine.backend, "sh", "image")
    assert all(result.passed for result in before)
    assert (last.check, last.passed) == (probe, False)
    assert last.detail
    assert last.first_try == last.detail
    assert [each.first_try for each in before] == [""] * len(before)
    assert not engine.backend.live
    assert engine.tried.count(probe) == len(engine.backend.opened) == 2


@pytest.mark.parametrize(
    ("outcome", "check", "words"),
    [
        (EngineError("cannot set kernel memory with cgroupv2"), "lowered", "cannot set kernel"),
        (SandboxError("the agent did not say"), "lowered", "change to 32 MB: the agent did not"),
        (False, "lowered", "change to 32 MB was refused, with nothing in use"),
        (True, "refused", "change to 7 MB was made, below what is in use"),
    ],
)
async def test_a_runtime_that_can_not_update_limits_fails_by_name(
    monkeypatch: pytest.MonkeyPatch,
    outcome: Exception | bool,  # noqa: FBT001 - a table's column
    check: str,
    words: str,
) -> None:
    async def set_limits(box: FakeSandbox, memory_bytes: int, _: int) -> bool:
        if isinstance(outcome, Exception):
            raise outcome
        box._memory_bytes = memory_bytes  # noqa: SLF001 - as the fake has it
        return outcome

    engine = Engine()
    engine.install(monkeypatch)
    monkeypatch.setattr(FakeSandbox, "set_limits", set_limits)
    *_, last = await run_probes(engine.backend, "sh", "image")
    assert (last.check, last.passed) == (f"{check} memory", False)
    assert words in last.detail
    assert words in last.first_try
    assert not engine.backend.live


async def test_an_engine_that_is_away_at_an_update_says_nothing_about_the_limits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def set_limits(*_: object) -> bool:
        raise EngineUnavailableError("away")

    engine = Engine()
    engine.install(monkeypatch)
    monkeypatch.setattr(FakeSandbox, "set_limits", set_limits)
    with pytest.raises(EngineUnavailableError, match="away"):
        await run_probes(engine.backend, "sh", "image")
    assert not engine.backend.live


async def test_a_probe_that_could_not_be_killed_is_reported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine = Engine()
    engine.outcomes["cpu"] = (make_report(cause=StageCause.CPU), "survived\n")
    engine.install(monkeypatch)
    *_, last = await run_probes(engine.backend, "sh", "image")
    assert NOT_KILLED in last.detail


async def test_a_failed_probe_is_run_again_in_a_fresh_sandbox_and_both_are_reported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    busy = (make_report(cause=StageCause.WALL, exit_code=None, signal=9), "")
    engine = Engine(first={"cpu": busy, "memory": busy})
    engine.install(monkeypatch)
    with capture_logs() as logs:
        results = await run_probes(engine.backend, "sh", "image")
    assert [(each.check, each.passed) for each in results] == [(each, True) for each in HOLDS]
    told = {each.check: each.first_try for each in results if each.first_try}
    said = "ended by the wall limit"
    assert told == {"cpu": said, "memory": said}
    assert [each["trial"] for each in logs if each["event"] == "tried_again"] == ["cpu", "memory"]
    assert len(engine.tried) == len(HOLDS) + 2
    assert len(engine.backend.opened) == 3
    assert not engine.backend.live


async def test_a_sandbox_that_starts_at_the_second_try_only_is_reported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    troubles = [EngineError("killed from outside")]
    backend = FakeBackend(
        fail_open=lambda: troubles.pop() if troubles else None, min_memory_bytes=8 << 20
    )
    Engine(backend=backend).install(monkeypatch)
    first, *others = await run_probes(backend, "sh", "image")
    assert (first.passed, first.first_try) == (True, "start: killed from outside")
    assert {each.first_try for each in others} == {""}


async def test_a_sandbox_that_does_not_start_for_the_second_try_has_failed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers: list[SandboxError | None] = [SandboxError("no agent"), None]
    backend = FakeBackend(fail_open=answers.pop)
    Engine(backend=backend, first={"network": (make_report(exit_code=1), "eth0\n")}).install(
        monkeypatch
    )
    *before, last = await run_probes(backend, "sh", "image")
    assert [each.check for each in before] == ["identity"]
    assert (last.check, last.passed, last.detail) == ("start", False, "no agent")
    assert last.first_try == "network: exit code 1; printed eth0"


async def test_an_image_whose_agent_does_not_start_has_failed() -> None:
    backend = FakeBackend(fail_open=lambda: SandboxError("no agent"))
    (result,) = await run_probes(backend, "sh", "image")
    assert (result.check, result.passed, result.detail) == ("start", False, "no agent")
    assert len(backend.opened) == 2


async def test_an_engine_in_trouble_says_nothing_about_the_limits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    backend = FakeBackend(fail_open=lambda: EngineUnavailableError("away"))
    with pytest.raises(EngineUnavailableError):
        await run_probes(backend, "sh", "image")
    assert len(backend.opened) == 1
    engine = Engine()
    engine.outcomes["cpu"] = (StageLoss(LossReason.OUTSIDE, "killed"), "")
    engine.install(monkeypatch)
    with pytest.raises(EngineError, match="the cpu probe was cut off: killed"):
        await run_probes(engine.backend, "sh", "image")
    assert not engine.backend.live


def test_a_pass_is_recorded_for_this_boot_engine_runtime_and_image(tmp_path: Path) -> None:
    info = {"ID": "abc", "ServerVersion": "20", "DefaultRuntime": "runc"}
    mark = fingerprint(info, "", "sha256:1")
    remember(tmp_path, [mark])
    assert passed_before(tmp_path) == {mark}
    others = {
        fingerprint({**info, "ID": "other"}, "", "sha256:1"),
        fingerprint({**info, "ServerVersion": "21"}, "", "sha256:1"),
        fingerprint({**info, "DefaultRuntime": "crun"}, "", "sha256:1"),
        fingerprint(info, "crun", "sha256:1"),
        fingerprint(info, "", "sha256:2"),
    }
    assert mark not in others
    assert fingerprint(info, "runc", "sha256:1") == mark


@pytest.mark.parametrize("damage", [None, "", "{", "null", "7", "[1, 2]", '{"a": 1}'])
def test_an_unreadable_record_of_passes_is_empty(tmp_path: Path, damage: str | None) -> None:
    if damage is not None:
        (tmp_path / "selftest.json").write_text(damage)
    assert passed_before(tmp_path) == frozenset()
