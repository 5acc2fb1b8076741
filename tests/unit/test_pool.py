from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from orchestrator.errors import EngineUnavailableError, NotPreparedError, SandboxError
from orchestrator.sandbox import pool as pool_module
from orchestrator.sandbox.model import LossReason
from orchestrator.sandbox.pool import Lease, Pool
from orchestrator.sandbox.pool_profile import PoolProfile, PoolStatus
from tests.fakes.backend import FakeBackend, FakeSandbox
from tests.sandbox_support import DEADLINE_S, make_spec

MIB = 1 << 20


def profile(size: int = 2, **changes: Any) -> PoolProfile:
    return PoolProfile(make_spec(job_id="pool"), size, 12, **changes)


class Bench:
    """A pool at work over the fake backend."""

    def __init__(self, size: int = 2, **changes: Any) -> None:
        self.backend = FakeBackend()
        self.allowed = 2
        changes = {"profiles": {"sh": profile(size)}, "allowance": lambda: self.allowed} | changes
        self.pool = Pool(self.backend, changes.pop("profiles"), **changes)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Bench]:
        task = asyncio.create_task(self.pool.run())
        try:
            yield self
        finally:
            task.cancel()
            await asyncio.wait([task])
            await self.pool.close()

    async def until(self, holds: Callable[[PoolStatus], bool], name: str = "sh") -> PoolStatus:
        async with asyncio.timeout(DEADLINE_S):
            while not holds(state := self.pool.status()[name]):  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.001)
        return state

    async def full(self, name: str = "sh") -> None:
        await self.until(lambda status: status.ready == status.size, name)

    async def lease(self, **changes: Any) -> Lease:
        return await self.pool.open("sh", make_spec(**changes))


async def test_waiting_sandboxes_are_leased_once_oldest_first_and_replaced() -> None:
    async with Bench().running() as bench:
        await bench.full()
        before = set(bench.backend.live)
        leases = [await bench.lease() for _ in range(2)]
        assert [lease.is_hit for lease in leases] == [True, True]
        assert [lease.sandbox.name for lease in leases] == ["fake-1", "fake-2"]
        await bench.full()
        assert set(bench.backend.live) > before
        state = bench.pool.status()["sh"]
        assert state == PoolStatus(ready=2, creating=0, size=2, hits=2, misses=0)
        for lease in leases:
            await lease.sandbox.close()
    assert not bench.backend.live


async def test_jobs_beyond_the_waiting_sandboxes_get_new_ones() -> None:
    async with Bench().running() as bench:
        await bench.full()
        bench.allowed = 0
        leases = await asyncio.gather(*(bench.lease() for _ in range(5)))
        assert sorted(lease.is_hit for lease in leases) == [False] * 3 + [True] * 2
        assert len({lease.sandbox.name for lease in leases}) == 5
        assert (bench.pool.status()["sh"].hits, bench.pool.status()["sh"].misses) == (2, 3)
        await asyncio.gather(*(lease.sandbox.close() for lease in leases))


async def test_a_language_without_a_profile_gets_a_new_sandbox() -> None:
    async with Bench().running() as bench:
        lease = await bench.pool.open("other", make_spec())
        assert not lease.is_hit
        await lease.sandbox.close()


async def test_a_fresh_lease_never_comes_from_the_pool() -> None:
    async with Bench().running() as bench:
        await bench.full()
        lease = await bench.pool.open("sh", make_spec(), fresh=True)
        assert not lease.is_hit
        await lease.sandbox.close()


@pytest.mark.parametrize(
    ("changes", "hit", "limits"),
    [
        pytest.param({}, True, [], id="as it was made"),
        pytest.param({"processes": 4}, True, [(64 * MIB, 4)], id="fewer processes"),
        pytest.param(
            {"memory_bytes": 128 * MIB, "disk_memory_bytes": 64 * MIB},
            True,
            [(128 * MIB, 16)],
            id="more memory",
        ),
        pytest.param({"memory_bytes": 32 * MIB}, False, [], id="less memory"),
        pytest.param({"run_memory_bytes": 32 * MIB}, False, [], id="less for the run"),
        pytest.param({"image": "sha256:other"}, False, [], id="another image"),
        pytest.param({"uses_compiler": False}, False, [], id="no compiler"),
    ],
)
async def test_a_job_gets_a_waiting_sandbox_only_if_its_spec_fits(
    monkeypatch: pytest.MonkeyPatch,
    changes: dict[str, Any],
    hit: bool,  # noqa: FBT001 - a column
    limits: list[tuple[int, int]],
) -> None:
    seen = []

    async def set_limits(_: FakeSandbox, memory_bytes: int, processes: int) -> bool:
        seen.append((memory_bytes, processes))
        return True

    monkeypatch.setattr(FakeSandbox, "set_limits", set_limits)
    async with Bench().running() as bench:
        await bench.full()
        lease = await bench.lease(**changes)
        assert (lease.is_hit, seen) == (hit, limits)
        await lease.sandbox.close()


async def test_a_leased_sandbox_whose_limits_can_not_be_set_is_removed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def set_limits(*_: Any) -> bool:
        raise EngineUnavailableError("gone")

    monkeypatch.setattr(FakeSandbox, "set_limits", set_limits)
    async with Bench().running() as bench:
        await bench.full()
        with pytest.raises(EngineUnavailableError):
            await bench.lease(processes=4)
    assert not bench.backend.live


async def test_a_sandbox_that_dies_while_it_waits_is_replaced() -> None:
    async with Bench().running() as bench:
        await bench.full()
        await bench.backend.live["fake-1"].close()
        await bench.until(lambda status: status.ready == 2 and "fake-3" in bench.backend.live)
        assert (await bench.lease()).sandbox.name == "fake-2"


async def test_a_sandbox_found_dead_at_a_lease_is_passed_over() -> None:
    async with Bench().running() as bench:
        await bench.full()
        bench.backend.live["fake-1"].lose(LossReason.OUTSIDE)
        await asyncio.sleep(0)  # its watch is over, but nobody has been told yet
        assert bench.pool.status()["sh"].ready == 2
        lease = await bench.lease()
        assert (lease.is_hit, lease.sandbox.name) == (True, "fake-2")
        await bench.full()
        assert "fake-1" not in bench.backend.live
        await lease.sandbox.close()


async def test_old_sandboxes_are_replaced_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_module, "LOOK_AGAIN_S", 0.01)
    bench = Bench(max_age_s=0.05)
    async with bench.running():
        await bench.full()
        seen: set[str] = set()
        fewest = 2
        async with asyncio.timeout(DEADLINE_S):
            while len(seen) < 6:
                seen |= set(bench.backend.live)
                fewest = min(fewest, bench.pool.status()["sh"].ready)
                await asyncio.sleep(0.001)
        assert fewest >= 1


async def test_no_sandbox_is_made_while_the_allowance_is_0() -> None:
    bench = Bench()
    bench.allowed = 0
    async with bench.running():
        lease = await bench.lease()  # wakes it
        assert len(bench.backend.opened) == 1
        bench.allowed = 1
        bench.pool.wake()
        await bench.full()
        await lease.sandbox.close()


async def test_no_more_sandboxes_than_the_allowance_are_made_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    most = 0

    async def slow(self: FakeBackend, spec: Any) -> FakeSandbox:
        nonlocal most
        most = max(most, bench.pool.status()["sh"].creating)
        await asyncio.sleep(0.001)
        return await real(self, spec)

    real = FakeBackend.open
    monkeypatch.setattr(FakeBackend, "open", slow)
    bench = Bench(size=6)
    async with bench.running():
        await bench.full()
    assert most == 2


async def test_a_refill_that_fails_is_tried_again_after_a_pause(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pool_module, "LOOK_AGAIN_S", 0.01)
    monkeypatch.setattr(pool_module, "PAUSE_S", 0.05)
    bench = Bench()
    errors = iter([SandboxError("once"), ValueError("a bug"), None, None])
    bench.backend.fail_open = lambda: next(errors)  # type: ignore[assignment, return-value]
    async with bench.running():
        await bench.full()
    assert len(bench.backend.opened) == 4


async def test_a_language_without_a_size_has_one_ready_for_as_long_as_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pool_module, "LOOK_AGAIN_S", 0.01)
    bench = Bench(size=0, memory_mb=100, max_age_s=0.3)
    async with bench.running():
        await asyncio.sleep(0.03)  # several looks
        assert not bench.backend.opened
        lease = await bench.lease()
        assert not lease.is_hit
        await bench.until(lambda status: status.ready == 1)
        await lease.sandbox.close()
        await bench.until(lambda status: status.ready == 0)
        async with asyncio.timeout(DEADLINE_S):
            while bench.backend.live:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.001)


async def test_a_language_without_a_size_has_none_where_there_is_no_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pool_module, "LOOK_AGAIN_S", 0.01)
    profiles = {"sh": profile(1), "rare": profile(0)}
    async with Bench(profiles=profiles, memory_mb=20).running() as bench:
        await bench.full()
        lease = await bench.pool.open("rare", make_spec())
        await asyncio.sleep(0.03)  # several looks
        assert bench.pool.status()["rare"].ready == 0
        await lease.sandbox.close()


async def test_closing_removes_waiting_sandboxes_and_those_in_the_making(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    entered = asyncio.Event()

    async def never(*_: Any) -> None:
        entered.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(FakeSandbox, "prepare", never)
    profiles = {"sh": profile(1), "slow": profile(1, server=("compiler",))}
    async with Bench(profiles=profiles).running() as bench:
        await bench.full()
        await entered.wait()
        assert len(bench.backend.live) == 2
    assert not bench.backend.live


async def test_a_prepared_compiler_comes_with_the_lease_and_is_done_without_once_it_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pool_module, "PAUSE_S", 0.0)
    monkeypatch.setattr(pool_module, "LOOK_AGAIN_S", 0.01)
    monkeypatch.setattr(pool_module, "FAILURES", 1)
    asked = []

    async def prepare(_: FakeSandbox, argv: tuple[str, ...], env: dict[str, str]) -> None:
        asked.append((argv, env))
        if len(asked) == 2:
            raise NotPreparedError("it ended")

    monkeypatch.setattr(FakeSandbox, "prepare", prepare)
    profiles = {"sh": profile(2, server=("compiler", "wait"), server_env={"A": "b"})}
    async with Bench(profiles=profiles).running() as bench:
        await bench.full()
        bench.allowed = 0
        assert [(await bench.lease()).is_prepared for _ in range(2)] == [True, False]
        assert asked == [(("compiler", "wait"), {"A": "b"})] * 2
        assert not (await bench.lease()).is_prepared
        assert "fake-2" not in bench.backend.live  # what is left of a failure is not used


async def test_a_changed_profile_replaces_the_waiting_sandboxes() -> None:
    async with Bench().running() as bench:
        await bench.full()
        before = set(bench.backend.live)
        bench.pool.set_profiles(
            {"sh": PoolProfile(make_spec(job_id="pool", image="sha256:new"), 2, 12)}
        )
        await bench.until(lambda status: status.ready == 0)
        await bench.full()
        assert not before & set(bench.backend.live)
        old, new = await bench.lease(), await bench.lease(image="sha256:new")
        assert (old.is_hit, new.is_hit) == (False, True)
        for lease in (old, new):
            await lease.sandbox.close()


async def test_the_same_profile_keeps_the_waiting_sandboxes() -> None:
    async with Bench().running() as bench:
        await bench.full()
        before = set(bench.backend.live)
        bench.pool.set_profiles({"sh": profile(3)})
        await bench.full()
        assert before < set(bench.backend.live)
        bench.pool.set_profiles({"sh": profile(1)})
        await bench.until(lambda status: status.ready == 1)


async def test_a_sandbox_being_made_when_its_profile_changes_never_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench, gate = Bench(size=1), asyncio.Event()
    made = FakeBackend.open

    async def open_slowly(self: FakeBackend, spec: Any) -> FakeSandbox:
        await gate.wait()
        return await made(self, spec)

    monkeypatch.setattr(FakeBackend, "open", open_slowly)
    async with bench.running():
        await bench.until(lambda status: status.creating == 1)
        bench.pool.set_profiles({"other": profile(1)})
        gate.set()
        await bench.full("other")
        assert set(bench.pool.status()) == {"other"}
        async with asyncio.timeout(DEADLINE_S):
            while len(bench.backend.live) > 1:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.001)
    assert not bench.backend.live
