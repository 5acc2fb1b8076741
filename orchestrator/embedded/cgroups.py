"""Cgroups for an engine inside a container: its containers belong below the container's own.

Only there the container's memory limit holds for them too. Cgroup v1 and the hybrid of both were
tried; pure v2 is written by its documentation.
"""

from __future__ import annotations

import contextlib
import ctypes
from pathlib import Path

import structlog

from orchestrator.machine import CGROUPS, own_cgroup

log = structlog.get_logger(__name__)

LEAF = "server"
"""On v2 a cgroup that shares out memory holds no processes: ours go in here."""


def prepare_cgroups(root: Path = CGROUPS) -> str:
    """The `--cgroup-parent` for an engine of ours; empty where its own default will do.

    It will on a machine of our own, whose root we are in, and where the hierarchy that we are shown
    begins with our own cgroup. Needs the right to write there, and to mount.
    """
    if (root / "cgroup.controllers").exists():
        return _nest(root)
    free_unified(root)
    tree = root / "memory"
    return _parent(tree, own_cgroup(tree))


def free_unified(root: Path) -> None:
    """Take a hybrid's controllers away from v2, by mounting their v1 hierarchies.

    crun refuses hybrids otherwise. Where mounting is not allowed, runc serves as well.
    """
    for controller in _words(root / "unified" / "cgroup.controllers"):
        folder = root / controller
        with contextlib.suppress(OSError):
            folder.mkdir(exist_ok=True)
            if not mount_v1(controller, folder):
                folder.rmdir()


def mount_v1(controller: str, folder: Path) -> bool:
    """Whether the controller's v1 hierarchy is at `folder` now."""
    libc = ctypes.CDLL(None, use_errno=True)
    kind = b"cgroup"
    return bool(libc.mount(kind, bytes(folder), kind, 0, controller.encode()) == 0)


def _nest(root: Path) -> str:
    own = own_cgroup(root)
    if own is None or not (own / "cgroup.type").exists():
        return ""  # the machine's root, the one cgroup that may hold processes and share out too
    if own.name == LEAF:
        own = own.parent  # as a server before us has left it
    try:
        _make_room(own)
    except OSError as err:
        log.warning("cgroup_not_shared_out", cgroup=str(own), error=str(err))
    return _parent(root, own)


def _make_room(own: Path) -> None:
    (own / LEAF).mkdir(exist_ok=True)
    for pid in _words(own / "cgroup.procs"):
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
