"""What the kernel says of processes and cgroups: CPU time, memory, who belongs to whom."""

from __future__ import annotations

import contextlib
import re
import socket
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.errors import BenchError

PROC = Path("/proc")
CGROUP = Path("/sys/fs/cgroup")
MIB = 1 << 20  # as everywhere here, what is called MB
_KIB = 1024
_CPU_CLOCK = 2  # CPUCLOCK_SCHED, the lowest bits of a clock id
_PEER = struct.Struct("3i")  # struct ucred: pid, uid, gid


def cpu_s(pid: int) -> float:
    """CPU time of a process in seconds, to the nanosecond, threads that have ended included.

    Through the process's own CPU clock (clock_getcpuclockid(3)): /proc counts in ticks of 10 ms.
    Raises OSError when there is no such process.
    """
    return time.clock_gettime(~pid << 3 | _CPU_CLOCK)


def main_thread_cpu_s(pid: int) -> float:
    """CPU time of a process's first thread, where its event loop runs, in seconds."""
    text = (PROC / str(pid) / "task" / str(pid) / "schedstat").read_text()
    return int(text.split()[0]) / 1e9


def pss_mb(pid: int) -> float:
    """A process's memory, its share of what it shares, in MB."""
    return _field(pid, "smaps_rollup", "Pss")


def rss_mb(pid: int) -> float:
    """A process's resident memory in MB."""
    return _field(pid, "status", "VmRSS")


def _field(pid: int, file: str, name: str) -> float:
    text = (PROC / str(pid) / file).read_text()
    found = re.search(rf"^{name}:\s+(\d+) kB", text, re.MULTILINE)
    if found is None:
        raise BenchError(f"/proc/{pid}/{file} has no {name}")
    return int(found[1]) * _KIB / MIB


@dataclass(frozen=True, slots=True)
class Process:
    """A line of /proc."""

    pid: int
    parent: int
    name: str


def process(pid: int) -> Process:
    """Who that is. Raises OSError when it is gone. The name may hold anything, brackets too."""
    name, _, rest = (PROC / str(pid) / "stat").read_text().partition("(")[2].rpartition(")")
    return Process(pid, int(rest.split()[1]), name)


def processes() -> Iterator[Process]:
    """Everybody."""
    for folder in PROC.iterdir():
        if folder.name.isdecimal():
            with contextlib.suppress(OSError):  # it has just ended
                yield process(int(folder.name))


def listener_pid(socket_path: str) -> int:
    """Who listens at a unix socket: other engines may run beside it."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(socket_path)
        credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size)
    return int(_PEER.unpack(credentials)[0])


@dataclass(frozen=True, slots=True)
class Cgroup:
    """A container's memory cgroup: what it uses in MB, and the names of who is in it."""

    usage_mb: float
    members: tuple[str, ...]


def memory_cgroup(pid: int) -> Cgroup:
    """The cgroup that counts a process's memory, v1 or v2. Raises BenchError when none is found."""
    lines = (PROC / str(pid) / "cgroup").read_text().splitlines()
    for root, path, usage in _candidates(lines):
        folder = root / path.lstrip("/")
        with contextlib.suppress(OSError):
            used = int((folder / usage).read_text()) / MIB
            members = (folder / "cgroup.procs").read_text().split()
            return Cgroup(used, tuple(process(int(member)).name for member in members))
    raise BenchError(f"no memory cgroup of process {pid} can be read")


def _candidates(lines: list[str]) -> Iterator[tuple[Path, str, str]]:
    """Where it may be: the hierarchy's root, the path in it, and the file of what is in use."""
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers == "memory":
            yield CGROUP / "memory", path, "memory.usage_in_bytes"
        elif not controllers:
            yield CGROUP, path, "memory.current"
            yield CGROUP / "unified", path, "memory.current"
