"""Cgroups for an engine inside a container: its containers belong below the container's own.

Only there the container's memory limit holds for them too.

On pure v2 an engine looks for its own cgroup where /proc/self/cgroup says that it is, and without
it gives up limits on swap, and news of OOM kills. So that path must lead there in the tree it sees,
and must not be the machine's root, which has no such limit.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
from pathlib import Path

import structlog

from orchestrator.embedded.v1_cgroups import mend_v1
from orchestrator.machine import CGROUPS, own_cgroup

log = structlog.get_logger(__name__)

SELF = Path("/proc/self/cgroup")
MS_BIND = 4096
LEAF = "server"
"""On v2 a cgroup that shares out memory holds no processes: ours go in here."""


def prepare_cgroups(root: Path = CGROUPS, self_file: Path = SELF) -> str:
    """The `--cgroup-parent` for an engine of ours; empty where its own default will do.

    It will on a machine of our own, whose root we are in, and where the hierarchy that we are shown
    begins with our own cgroup. Needs the right to write there, and to mount.
    """
    if (root / "cgroup.controllers").exists():
        return _nest(root, self_file)
    mend_v1(root)
    tree = root / "memory"
    return _parent(tree, own_cgroup(tree))


def bind_mount(folder: Path, place: Path) -> bool:
    """Whether `folder` is what is seen at `place` now."""
    libc = ctypes.CDLL(None, use_errno=True)
    return bool(libc.mount(bytes(folder), bytes(place), None, MS_BIND, None) == 0)


def _nest(root: Path, self_file: Path) -> str:
    here = own_cgroup(root)
    if here is None:
        return ""
    # In a leaf a server before us has left the rest as it is to be.
    own = here.parent if here.name == LEAF and here != root else here
    is_found = root.joinpath(*_named(self_file)) == here
    try:
        _make_room(own)
    except OSError as err:
        log.warning("cgroup_not_shared_out", cgroup=str(own), error=str(err))
    if is_found or own == root:
        return _parent(root, own)
    # A cgroup namespace of our own, beside a tree that is not: its root is to be seen as one.
    if bind_mount(own, root):
        return ""
    log.warning("cgroup_not_at_the_root", cgroup=str(own))
    return _parent(root, own)


def _named(self_file: Path) -> list[str]:
    """The parts of the path that v2 has for us, in the eyes of our cgroup namespace."""
    try:
        lines = self_file.read_text("ascii").splitlines()
    except OSError:
        return []
    path = next((line[3:] for line in lines if line.startswith("0::")), "")
    return [part for part in path.split("/") if part]


def _make_room(own: Path) -> None:
    """Go into the leaf, and share out what there is. The machine's root may keep the others."""
    (own / LEAF).mkdir(exist_ok=True)
    is_machine = not (own / "cgroup.type").exists()
    for pid in [str(os.getpid())] if is_machine else _words(own / "cgroup.procs"):
        with contextlib.suppress(ProcessLookupError):
            (own / LEAF / "cgroup.procs").write_text(pid, "ascii")
    wanted = " ".join(f"+{name}" for name in _words(own / "cgroup.controllers"))
    (own / "cgroup.subtree_control").write_text(wanted, "ascii")


def _parent(tree: Path, own: Path | None) -> str:
    return "" if own in {None, tree} else f"/{own.relative_to(tree)}"


def _words(path: Path) -> list[str]:
    try:
        return path.read_text("ascii").split()
    except OSError:
        return []
