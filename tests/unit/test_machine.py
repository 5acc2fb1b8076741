"""Memory and CPUs: whichever limit is the least, of our cgroup and of those above it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from orchestrator import machine
from orchestrator.machine import container_cpus, container_memory_mb, own_cgroup

MB = 1 << 20
NO_LIMIT_V1 = "9223372036854771712"


def cgroup(folder: Path, *, ours: bool = False, **files: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    pids = f"1\n{os.getpid()}\n" if ours else "2\n3\n"
    (folder / "cgroup.procs").write_text(pids)
    for name, text in files.items():
        (folder / name.replace("__", ".", 1)).write_text(f"{text}\n")
    return folder


@pytest.fixture(autouse=True)
def _big_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "machine_memory_mb", lambda: 16_000)
    monkeypatch.setattr(machine, "machine_cpus", lambda: 8)


def test_without_cgroups_there_is_what_the_machine_has(tmp_path: Path) -> None:
    assert container_memory_mb(tmp_path) == 16_000
    assert container_cpus(tmp_path) == 8


@pytest.mark.parametrize("path", ["", "docker/abc", "a/b/c"])
def test_v1_a_limit_of_ours_counts_wherever_we_are_shown(tmp_path: Path, path: str) -> None:
    cgroup(tmp_path / "memory" / path, ours=True, memory__limit_in_bytes=str(1024 * MB))
    cgroup(
        tmp_path / "cpu" / path, ours=True, cpu__cfs_quota_us="150000", cpu__cfs_period_us="100000"
    )
    assert container_memory_mb(tmp_path) == 1024
    assert container_cpus(tmp_path) == 2


def test_v1_no_limit_is_a_huge_number_and_no_quota_a_negative_one(tmp_path: Path) -> None:
    cgroup(tmp_path / "memory", ours=True, memory__limit_in_bytes=NO_LIMIT_V1)
    cgroup(tmp_path / "cpu", ours=True, cpu__cfs_quota_us="-1", cpu__cfs_period_us="100000")
    assert container_memory_mb(tmp_path) == 16_000
    assert container_cpus(tmp_path) == 8


def test_v2_the_least_limit_on_the_way_up_counts_and_a_neighbour_s_does_not(tmp_path: Path) -> None:
    cgroup(tmp_path, memory__max="max", cpu__max="max 100000")
    (tmp_path / "cgroup.controllers").write_text("cpu memory\n")
    cgroup(tmp_path / "aaa", memory__max=str(64 * MB))
    cgroup(tmp_path / "pod", memory__max=str(2048 * MB), cpu__max="50000 100000")
    cgroup(tmp_path / "pod" / "own", ours=True, memory__max="max", cpu__max="max 100000")
    assert container_memory_mb(tmp_path) == 2048
    assert container_cpus(tmp_path) == 1


def test_v2_a_root_without_limits_is_the_machine(tmp_path: Path) -> None:
    cgroup(tmp_path, ours=True)
    (tmp_path / "cgroup.controllers").write_text("cpu memory\n")
    assert container_memory_mb(tmp_path) == 16_000
    assert container_cpus(tmp_path) == 8


def test_a_hierarchy_that_does_not_show_us_has_no_cgroup_of_ours(tmp_path: Path) -> None:
    cgroup(tmp_path / "a")
    assert own_cgroup(tmp_path) is None
    assert own_cgroup(tmp_path / "missing") is None


def test_this_machine_has_memory_and_cpus() -> None:
    assert container_memory_mb() > 0
    assert container_cpus() > 0
