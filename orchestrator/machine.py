"""What there is to be shared out: memory, CPUs and descriptors, of the machine or our container."""

from __future__ import annotations

import math
import os
import resource
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
RESERVED = 256
"""For what is no client's: the engine, sandboxes, files; at most half of all there are."""
MOST_NEWCOMERS = 2048


def machine_memory_mb() -> int:
    """Physical memory of the machine in MiB (sysconf); a container's own limit is not looked at."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20


def container_memory_mb(root: Path = CGROUPS) -> int:
    """The least of the machine's memory and the limits of our cgroup and all above it, in MiB."""
    tree, name = _files(root, "memory", "memory.limit_in_bytes", "memory.max")
    limits = [_number(folder / name) for folder in _upwards(tree)]
    return min([machine_memory_mb(), *(int(limit) >> 20 for limit in limits if limit)])


def machine_cpus() -> int:
    """The machine's CPUs; a container's quota is not looked at."""
    return os.cpu_count() or 1


def container_cpus(root: Path = CGROUPS) -> int:
    """The least of the machine's CPUs and the quotas of our cgroup and all above it, rounded up."""
    tree, _ = _files(root, "cpu", "", "")
    quotas = (_quota(folder) for folder in _upwards(tree))
    return min([machine_cpus(), *(math.ceil(quota) for quota in quotas if quota)])


def raise_limit() -> int:
    """As many descriptors as may be had: the soft limit is raised to the hard one.

    The service needs none of what a low soft limit is for: it does not use `select()`.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def connections_within(limit: int, wanted: int) -> tuple[int, int]:
    """How many connections there may be with `limit` descriptors, and how many newcomers beside.

    Newcomers are those for whom there is no room: they are told so.
    """
    left = max(limit - RESERVED, limit // 2)
    most = min(wanted, left * 3 // 4)
    return most, min(left - most, MOST_NEWCOMERS)


def own_cgroup(tree: Path) -> Path | None:
    """The folder of the hierarchy mounted at `tree` that we are in; None where it is not shown.

    Looked for by our pid, as the path in /proc means another folder where the cgroup namespace
    and the mount do not belong together.
    """
    here = str(os.getpid())
    for folder, _, _ in os.walk(tree):
        if here in _text(Path(folder, "cgroup.procs")).split():
            return Path(folder)
    return None


def _files(root: Path, controller: str, v1: str, v2: str) -> tuple[Path, str]:
    """The hierarchy that has the controller, and what a file of its is called there."""
    is_v2 = (root / "cgroup.controllers").exists()
    return (root, v2) if is_v2 else (root / controller, v1)


def _upwards(tree: Path) -> tuple[Path, ...]:
    """Our cgroup and those above it, as far as they are shown."""
    own = own_cgroup(tree) or tree
    return (own, *(folder for folder in own.parents if folder.is_relative_to(tree)))


def _quota(folder: Path) -> float | None:
    """CPUs' worth of time; None without a quota."""
    quota, _, period = _text(folder / "cpu.max").partition(" ")
    if not quota:
        quota = _text(folder / "cpu.cfs_quota_us")
        period = _text(folder / "cpu.cfs_period_us")
    try:
        found = int(quota) / int(period)
    except (ValueError, ZeroDivisionError):
        return None
    return found if found > 0 else None


def _number(path: Path) -> int | None:
    """None where there is no such file, and for `max`."""
    text = _text(path)
    return int(text) if text.isdigit() else None


def _text(path: Path) -> str:
    try:
        return path.read_text("ascii").strip()
    except OSError:
        return ""
