"""Sets up cgroups for an engine in a container: its containers go below the container's cgroup.

Only there does the container's memory limit include them.

On pure v2 an engine looks for its own cgroup at the path in /proc/self/cgroup. If it isn't there,
the engine does without swap limits and OOM events. So that path must exist in the tree that it
sees, and must not be the machine's root, which has no such limits.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
from pathlib import Path

import structlog

from orchestrator.machine import CGROUPS, own_cgroup

log = structlog.get_logger(__name__)

SELF = Path("/proc/self/cgroup")
MS_BIND = 4096
LEAF = "server"
"""On v2 a cgroup with controllers for its children can't hold processes: ours go into this one."""


def prepare_cgroups(root: Path = CGROUPS, self_file: Path = SELF) -> str:
    """Prepare the cgroup tree; return the engine's `--cgroup-parent`, empty for its default.

    The default will do when we are in the root of the tree: on a machine without a container, or
    where the visible tree begins with our own cgroup. Needs the rights to write there and to mount.
    """
    if (root / "cgroup.controllers").exists():
        return _nest(root, self_file)
    move_controllers_to_v1(root)
    link_controllers(root)
    tree = root / "memory"
    return _parent(tree, own_cgroup(tree))


def move_controllers_to_v1(root: Path) -> None:
    """On a hybrid, move the v2 controllers to v1, by mounting their v1 hierarchies.

    crun refuses hybrids otherwise. Where mounting is not allowed, runc is used.
    """
    for controller in _words(root / "unified" / "cgroup.controllers"):
        folder = root / controller
        with contextlib.suppress(OSError):
            folder.mkdir(exist_ok=True)
            if not mount_v1(controller, folder):
                folder.rmdir()


def link_controllers(root: Path) -> None:
    """Link each controller of a joint mount (`cpu,cpuacct`) by its own name, as most inits do.

    crun refuses a tree without the links, runc does not.
    """
    for folder in root.glob("*,*"):
        for controller in folder.name.split(","):
            with contextlib.suppress(OSError):  # it exists already, or we may not make it
                (root / controller).symlink_to(folder.name)


def mount_v1(controller: str, folder: Path) -> bool:
    """Mount the controller's v1 hierarchy at `folder`; return whether that succeeded."""
    libc = ctypes.CDLL(None, use_errno=True)
    kind = b"cgroup"
    return bool(libc.mount(kind, bytes(folder), kind, 0, controller.encode()) == 0)


def bind_mount(folder: Path, place: Path) -> bool:
    """Bind-mount `folder` at `place`; return whether that succeeded."""
    libc = ctypes.CDLL(None, use_errno=True)
    return bool(libc.mount(bytes(folder), bytes(place), None, MS_BIND, None) == 0)


def _nest(root: Path, self_file: Path) -> str:
    here = own_cgroup(root)
    if here is None:
        return ""
    # If we are in the leaf already, an earlier server has prepared the rest.
    own = here.parent if here.name == LEAF and here != root else here
    is_found = root.joinpath(*_named(self_file)) == here
    try:
        _make_room(own)
    except OSError as err:
        log.warning("cgroup_not_shared_out", cgroup=str(own), error=str(err))
    if is_found or own == root:
        return _parent(root, own)
    # We have a cgroup namespace, but the tree shows the host's: mount our cgroup as its root.
    if bind_mount(own, root):
        return ""
    log.warning("cgroup_not_at_the_root", cgroup=str(own))
    return _parent(root, own)


def _named(self_file: Path) -> list[str]:
    """Return the parts of our v2 cgroup's path, as our cgroup namespace shows it."""
    try:
        lines = self_file.read_text("ascii").splitlines()
    except OSError:
        return []
    path = next((line[3:] for line in lines if line.startswith("0::")), "")
    return [part for part in path.split("/") if part]


def _make_room(own: Path) -> None:
    """Move our processes into the leaf, and enable all controllers for the children.

    In the machine's root only this process moves: the root may hold processes.
    """
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
