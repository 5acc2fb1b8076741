from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.sandbox.spec import (
    ReadLimit,
    container_config,
    file_size_limit,
    pids_limit,
    tmpfs_mounts,
    work_bytes,
)
from orchestrator.sandbox.syscalls import seccomp_profile, syscall_table
from orchestrator.sandbox.uids import Uids
from tests.sandbox_support import make_spec, make_traits

UIDS = Uids(agent=300_000_000, compile=300_000_001, run=300_000_002)
MIB = 1 << 20


def config(**changes: Any) -> dict[str, Any]:
    return container_config(make_spec(**changes), UIDS, make_traits(), deadline=1234)


def host(**changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = config(**changes)["HostConfig"]
    return made


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("NetworkMode", "none"),
        ("IpcMode", "private"),
        ("CgroupnsMode", "private"),
        ("ReadonlyRootfs", True),
        ("CapDrop", ["ALL"]),
        ("CapAdd", ["SETUID", "SETGID", "KILL"]),
        ("Memory", 64 * MIB),
        ("MemorySwap", 64 * MIB),
        ("NanoCpus", 1_000_000_000),
        ("PidsLimit", 17),
        ("LogConfig", {"Type": "none"}),
        ("AutoRemove", False),
        ("RestartPolicy", {"Name": "no"}),
    ],
)
def test_the_host_config_has_every_protection(key: str, value: object) -> None:
    assert host()[key] == value


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("NetworkDisabled", True),
        ("User", "0:0"),
        ("Tty", False),
        ("OpenStdin", True),
        ("StdinOnce", True),
        ("StopSignal", "SIGKILL"),
        ("Env", []),
        ("Entrypoint", ["/sandbox/agent"]),
        ("Cmd", ["300000000", "300000001", "300000002", "60"]),
    ],
)
def test_the_container_is_the_agent_s_and_has_no_network(key: str, value: object) -> None:
    assert config()[key] == value


@pytest.mark.parametrize(
    "key", ["Binds", "Mounts", "Devices", "Privileged", "PidMode", "UsernsMode"]
)
def test_nothing_of_the_host_is_let_in(key: str) -> None:
    assert key not in host()


def test_nothing_gains_privileges_and_the_profile_is_ours() -> None:
    no_new, profile = host()["SecurityOpt"]
    assert no_new == "no-new-privileges"
    assert json.loads(profile.removeprefix("seccomp=")) == seccomp_profile(syscall_table())


def test_queues_that_outlive_their_process_are_off() -> None:
    assert host()["Sysctls"] == {
        "kernel.shmmni": "0",
        "kernel.msgmni": "0",
        "kernel.sem": "0 0 0 0",
        "fs.mqueue.queues_max": "0",
    }


def test_ulimits_can_not_be_raised_again() -> None:
    limits = {each["Name"]: each for each in host()["Ulimits"]}
    assert limits["core"]["Hard"] == 0
    assert limits["fsize"]["Hard"] == file_size_limit(make_spec())
    assert limits["memlock"]["Hard"] == 64 << 10
    assert limits["sigpending"]["Hard"] == 1024
    assert set(limits) == {"core", "nofile", "fsize", "stack", "memlock", "sigpending"}
    assert all(limits[name]["Soft"] == limits[name]["Hard"] for name in set(limits) - {"stack"})


def test_a_program_may_ask_for_all_the_stack_there_is() -> None:
    (stack,) = (each for each in host()["Ulimits"] if each["Name"] == "stack")
    assert (stack["Soft"], stack["Hard"]) == (64 << 20, -1)


def test_labels_say_whose_it_is_and_until_when() -> None:
    assert config(job_id="job-7")["Labels"] == {
        "codebae.instance": "ffffffffffffffff",
        "codebae.job": "job-7",
        "codebae.deadline": "1234",
    }


def test_a_runtime_is_named_only_when_one_is_chosen() -> None:
    assert "Runtime" not in host()
    made = container_config(make_spec(), UIDS, make_traits(runtime="crun"), 0)
    assert made["HostConfig"]["Runtime"] == "crun"


@given(st.integers(16, 65_536), st.booleans())
def test_the_writable_folders_together_take_at_most_half_the_memory(
    memory_mb: int,
    compiler: bool,  # noqa: FBT001 - hypothesis passes by position
) -> None:
    spec = make_spec(memory_bytes=memory_mb * MIB, uses_compiler=compiler)
    sizes = [int(_options(each)["size"]) for each in tmpfs_mounts(spec, UIDS).values()]
    assert sum(sizes) <= spec.memory_bytes // 2
    assert 0 < file_size_limit(spec) < work_bytes(spec)


def test_each_writable_folder_has_bounds_and_an_owner() -> None:
    mounts = {path: _options(text) for path, text in tmpfs_mounts(make_spec(), UIDS).items()}
    assert set(mounts) == {"/build", "/work", "/tmp", "/dev/shm"}
    for options in mounts.values():
        assert {"nosuid", "nodev", "noatime", "size", "nr_inodes", "mode"} <= set(options)
    owners = {path: options.get("uid") for path, options in mounts.items()}
    assert owners == {
        "/build": "300000001",
        "/work": "300000002",
        "/tmp": None,
        "/dev/shm": None,
    }
    assert [path for path, options in mounts.items() if "exec" in options] == ["/build", "/work"]


def test_what_a_run_may_write_follows_its_own_memory_and_only_the_build_the_compiler_s() -> None:
    spec = make_spec(memory_bytes=256 * MIB, run_memory_bytes=32 * MIB)
    mounts = {path: _options(text) for path, text in tmpfs_mounts(spec, UIDS).items()}
    sizes = {path: int(options["size"]) // MIB for path, options in mounts.items()}
    assert sizes == {"/build": 48, "/work": 5, "/tmp": 4, "/dev/shm": 1}
    assert work_bytes(spec) == 5 * MIB
    assert file_size_limit(spec) == 20 * MIB


def test_more_memory_than_the_language_s_default_makes_no_folder_larger() -> None:
    pooled = make_spec(memory_bytes=256 * MIB)
    asked_for = make_spec(memory_bytes=512 * MIB, disk_memory_bytes=256 * MIB)
    assert tmpfs_mounts(asked_for, UIDS) == tmpfs_mounts(pooled, UIDS)
    assert file_size_limit(asked_for) == file_size_limit(pooled)
    one, other = (container_config(spec, UIDS, make_traits(), 0) for spec in (asked_for, pooled))
    assert one["HostConfig"]["ShmSize"] == other["HostConfig"]["ShmSize"]


def test_an_interpreted_language_has_no_build_folder() -> None:
    assert "/build" not in tmpfs_mounts(make_spec(uses_compiler=False), UIDS)


def test_the_agent_does_not_count_as_a_process_of_the_program_s() -> None:
    assert pids_limit(4) == 5


def _options(text: str) -> dict[str, str]:
    return dict(part.partition("=")[::2] for part in text.split(","))


def test_files_that_reveal_the_machine_are_masked_and_so_are_the_engine_s_own() -> None:
    masked = set(host()["MaskedPaths"])
    assert {"/proc/pressure", "/proc/kcore", "/proc/keys", "/sys/firmware"} <= masked
    assert {"/proc/cmdline", "/proc/config.gz", "/proc/diskstats", "/proc/loadavg"} <= masked
    assert "/sys/fs/cgroup/memory/memory.max_usage_in_bytes" in masked


def test_reads_from_the_disk_are_bounded_in_bytes_and_in_number() -> None:
    assert not {"BlkioDeviceReadBps", "BlkioDeviceReadIOps"} & set(host())
    traits = make_traits(reads=ReadLimit("/dev/vda", 8 * MIB))
    made = container_config(make_spec(), UIDS, traits, 0)["HostConfig"]
    assert made["BlkioDeviceReadBps"] == [{"Path": "/dev/vda", "Rate": 8 * MIB}]
    assert made["BlkioDeviceReadIOps"] == [{"Path": "/dev/vda", "Rate": 512}]


@pytest.mark.parametrize(
    "needed", ["/proc/stat", "/proc/meminfo", "/proc/cpuinfo", "/sys/fs/cgroup"]
)
def test_files_that_runtimes_read_are_not_masked(needed: str) -> None:
    """Node.js ends where /proc/stat is empty; the JVM takes its limits from cgroups."""
    assert needed not in host()["MaskedPaths"]
