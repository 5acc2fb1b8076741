"""The configuration of a sandbox's container, built by one pure function; no client can alter it.

Lines that protect say against what. `tests/unit/test_spec.py` checks them, `tests/hostile/` attacks
them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from orchestrator.sandbox.model import SandboxSpec
from orchestrator.sandbox.syscalls import seccomp_profile, syscall_table
from orchestrator.sandbox.uids import Uids

LABEL_INSTANCE = "codebae.instance"
LABEL_JOB = "codebae.job"
LABEL_DEADLINE = "codebae.deadline"

AGENT = "/sandbox/agent"
OPEN_FILES = 256
STACK_BYTES = 64 << 20  # for compilers: 8 MB is not enough. Each run has its own (`stack_kb`).
LOCKED_BYTES = 64 << 10  # memory the kernel can't reclaim, the image's files included
WAITING_SIGNALS = 1024  # and timers: those of the whole machine are in one hash table
READ_BYTES = 16 << 10
UNLIMITED = -1
OOM_SCORE = 500  # if the machine itself runs out of memory, a job is killed before the server

# Shares of the memory limit, in 32nds. Together half of it: a full tmpfs is charged memory, and
# must leave the agent room to report.
_TMPFS_32NDS = {"/build": 6, "/work": 5, "/tmp": 4, "/dev/shm": 1}  # noqa: S108 - inside the sandbox
_INODES = {"/build": 4096, "/work": 4096, "/tmp": 2048, "/dev/shm": 256}  # noqa: S108 - as above

# The engine's own masked paths (20.10 to 28), which a list of ours replaces.
_ENGINE_MASKS = (
    "/proc/asound",
    "/proc/acpi",
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/sys/firmware",
    "/sys/devices/virtual/powercap",
)
# They reveal the machine's load, its hardware, and what others do on it. Pressure files can also be
# watched by anybody, which is work for the kernel.
_MACHINE_MASKS = (
    "/proc/pressure",
    "/proc/buddyinfo",
    "/proc/cmdline",
    "/proc/config.gz",
    "/proc/consoles",
    "/proc/diskstats",
    "/proc/fs",
    "/proc/iomem",
    "/proc/ioports",
    "/proc/kallsyms",
    "/proc/key-users",
    "/proc/loadavg",
    "/proc/locks",
    "/proc/mdstat",
    "/proc/modules",
    "/proc/partitions",
    "/proc/schedstat",
    "/proc/softirqs",
    "/proc/swaps",
    "/proc/sys/fs/dentry-state",
    "/proc/sys/fs/file-nr",
    "/proc/sys/fs/inode-nr",
    "/proc/sys/fs/inode-state",
    "/proc/sys/kernel/pty/nr",
    "/proc/sys/kernel/random/boot_id",
    "/proc/vmstat",
    "/proc/zoneinfo",
    "/sys/block",
    "/sys/class",
    "/sys/fs/btrfs",
    "/sys/fs/ext4",
    "/sys/fs/xfs",
    "/sys/kernel/slab",  # a look counts lists of the machine's, under their locks
    "/sys/devices/pci0000:00",
    "/sys/devices/platform",
    "/sys/devices/virtual",
)
# Counters over a sandbox's lifetime: one test could signal to the next by them. Others stay: the
# agent needs some (cgroup.c: CPU time, memory.stat, failures), and runtimes read the limits.
_LIFETIME_MASKS = tuple(
    f"/sys/fs/cgroup/{name}"
    for name in (
        "blkio",
        "cpuacct/cpuacct.stat",
        "cpuacct/cpuacct.usage_all",
        "cpuacct/cpuacct.usage_percpu",
        "cpuacct/cpuacct.usage_percpu_sys",
        "cpuacct/cpuacct.usage_percpu_user",
        "cpuacct/cpuacct.usage_sys",
        "cpuacct/cpuacct.usage_user",
        "io.stat",
        "memory/memory.failcnt",
        "memory/memory.kmem.failcnt",
        "memory/memory.kmem.max_usage_in_bytes",
        "memory/memory.max_usage_in_bytes",
        "memory/memory.memsw.failcnt",
        "memory/memory.memsw.max_usage_in_bytes",
        "memory/memory.numa_stat",
        "memory.numa_stat",
        "memory.peak",
        "memory.swap.peak",
        "pids/pids.peak",
        "pids.peak",
    )
)
MASKED_PATHS = (*_ENGINE_MASKS, *_MACHINE_MASKS, *_LIFETIME_MASKS)


@dataclass(frozen=True, slots=True)
class ReadLimit:
    """The read limit of a sandbox on the disk that the images are on. `bytes_s`: bytes/s."""

    device: str
    bytes_s: int

    @property
    def reads_s(self) -> int:
        """Reads per second, since small reads take the disk's time as well."""
        return self.bytes_s // READ_BYTES


@dataclass(frozen=True, slots=True)
class EngineTraits:
    """What the configuration depends on besides the spec: instance, settings, engine."""

    instance: str
    cpus: float
    runtime: str
    reads: ReadLimit | None = None


def container_config(
    spec: SandboxSpec, uids: Uids, traits: EngineTraits, deadline: int
) -> dict[str, Any]:
    """Return the body of POST /containers/create. `deadline`: Unix time from when it is swept."""
    return {
        "Image": spec.image,
        "Entrypoint": [AGENT],
        "Cmd": [str(uids.agent), str(uids.compile), str(uids.run), str(spec.lifetime_s)],
        "Env": [],
        "User": "0:0",  # the agent drops root itself; any other User loses its capabilities
        "WorkingDir": "/",
        "Hostname": "sandbox",
        "NetworkDisabled": True,
        "Tty": False,
        "OpenStdin": True,
        "StdinOnce": True,  # else the agent would never see our end close
        # The agent ignores signals: an engine that stops, or restarts after a kill, would wait ten
        # seconds for each container it finds before it answers anybody.
        "StopSignal": "SIGKILL",
        "AttachStdin": True,
        "AttachStdout": True,
        "AttachStderr": True,
        "Labels": {
            LABEL_INSTANCE: traits.instance,
            LABEL_JOB: spec.job_id,
            LABEL_DEADLINE: str(deadline),
        },
        "HostConfig": _host_config(spec, uids, traits),
    }


def _host_config(spec: SandboxSpec, uids: Uids, traits: EngineTraits) -> dict[str, Any]:
    config: dict[str, Any] = {
        "NetworkMode": "none",
        "IpcMode": "private",
        # Not as the engine's own default has it: the agent looks for its counters at the root.
        "CgroupnsMode": "private",
        "ReadonlyRootfs": True,
        "MaskedPaths": list(MASKED_PATHS),
        "CapDrop": ["ALL"],
        "CapAdd": ["SETUID", "SETGID", "KILL"],
        "SecurityOpt": ["no-new-privileges", f"seccomp={_profile()}"],
        "Memory": spec.memory_bytes,
        "MemorySwap": spec.memory_bytes,
        "NanoCpus": int(traits.cpus * 1e9),
        "PidsLimit": pids_limit(spec.processes),
        "OomScoreAdj": OOM_SCORE,
        "Tmpfs": tmpfs_mounts(spec, uids),
        "ShmSize": run_disk(spec) // 32,
        # SysV and POSIX queues are counted per uid or per machine, and outlive their process.
        "Sysctls": {
            "kernel.shmmni": "0",
            "kernel.msgmni": "0",
            "kernel.sem": "0 0 0 0",
            "fs.mqueue.queues_max": "0",
        },
        "Ulimits": _ulimits(spec),
        "LogConfig": {"Type": "none"},
        "AutoRemove": False,  # it would lose OOMKilled
        "RestartPolicy": {"Name": "no"},
    }
    if traits.runtime:
        config["Runtime"] = traits.runtime
    return config | _read_limits(traits.reads)


def _ulimits(spec: SandboxSpec) -> list[dict[str, Any]]:
    return [
        _ulimit("core", 0),
        _ulimit("nofile", OPEN_FILES),
        _ulimit("fsize", file_size_limit(spec)),
        # A program may ask for more, as evaluation harnesses do: it is memory as any other.
        {"Name": "stack", "Soft": STACK_BYTES, "Hard": UNLIMITED},
        _ulimit("memlock", LOCKED_BYTES),
        _ulimit("sigpending", WAITING_SIGNALS),
    ]


def _read_limits(reads: ReadLimit | None) -> dict[str, Any]:
    """Limit reads: pages beyond the memory limit are evicted, so a loop could saturate the disk."""
    if reads is None:
        return {}
    return {
        "BlkioDeviceReadBps": [{"Path": reads.device, "Rate": reads.bytes_s}],
        "BlkioDeviceReadIOps": [{"Path": reads.device, "Rate": reads.reads_s}],
    }


def tmpfs_mounts(spec: SandboxSpec, uids: Uids) -> dict[str, str]:
    """Return the tmpfs options of the writable folders: size, inodes; only two allow exec."""
    owners = {"/build": uids.compile, "/work": uids.run}
    modes = {"/build": "0755", "/work": "0700"}
    mounts = {}
    for folder, share in _TMPFS_32NDS.items():
        if folder == "/build" and not spec.uses_compiler:
            continue
        # noatime: else one test could see that another has read a file
        options = ["rw", "nosuid", "nodev", "exec" if folder in owners else "noexec", "noatime"]
        memory = _compile_disk(spec) if folder == "/build" else run_disk(spec)
        options += [f"size={memory * share // 32}", f"nr_inodes={_INODES[folder]}"]
        options.append(f"mode={modes.get(folder, '1777')}")
        if folder in owners:
            options += [f"uid={owners[folder]}", f"gid={owners[folder]}"]
        mounts[folder] = ",".join(options)
    return mounts


def pids_limit(processes: int) -> int:
    """Return the cgroup's pids limit: the program's processes, and the agent."""
    return processes + 1


def work_bytes(spec: SandboxSpec) -> int:
    """Return the size of `/work`, in bytes."""
    return run_disk(spec) * _TMPFS_32NDS["/work"] // 32


def run_disk(spec: SandboxSpec) -> int:
    """Return the memory of which `/work`, `/tmp` and `/dev/shm` get their shares, in bytes."""
    return min(spec.run_memory_bytes or spec.memory_bytes, _compile_disk(spec))


def _compile_disk(spec: SandboxSpec) -> int:
    return min(spec.memory_bytes, spec.disk_memory_bytes or spec.memory_bytes)


def file_size_limit(spec: SandboxSpec) -> int:
    """Return the largest file that a program may write, in bytes.

    Half of what `/work` would be with the compiler's memory: the compiler must be able to write its
    program. For a run with less memory `/work` itself is the tighter limit.
    """
    return _compile_disk(spec) * _TMPFS_32NDS["/work"] // 64


def _ulimit(name: str, value: int) -> dict[str, Any]:
    return {"Name": name, "Soft": value, "Hard": value}


@cache
def _profile() -> str:
    """Return the seccomp profile, as the JSON text that the engine takes."""
    return json.dumps(seccomp_profile(syscall_table()))
