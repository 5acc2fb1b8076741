"""What an engine's runtimes trip over in a tree of v1 cgroups.

The standard library alone (see prepare.py).
"""

from __future__ import annotations

import contextlib
import ctypes
from pathlib import Path


def mend_v1(root: Path) -> None:
    """Make the tree one that crun takes, as far as we may; without that runc serves as well."""
    move_controllers_to_v1(root)
    link_controllers(root)


def move_controllers_to_v1(root: Path) -> None:
    """Take a hybrid's controllers away from v2, by mounting their v1 hierarchies.

    crun refuses hybrids otherwise.
    """
    for controller in _controllers(root / "unified"):
        folder = root / controller
        with contextlib.suppress(OSError):
            folder.mkdir(exist_ok=True)
            if not mount_v1(controller, folder):
                folder.rmdir()


def link_controllers(root: Path) -> None:
    """Let each controller be found by its own name: some inits mount `cpu,cpuacct` and no links.

    crun refuses such a tree, runc does not.
    """
    for folder in root.glob("*,*"):
        for controller in folder.name.split(","):
            with contextlib.suppress(OSError):  # it is there, or it is not for us to make
                (root / controller).symlink_to(folder.name)


def mount_v1(controller: str, folder: Path) -> bool:
    """Whether the controller's v1 hierarchy is at `folder` now."""
    libc = ctypes.CDLL(None, use_errno=True)
    kind = b"cgroup"
    return bool(libc.mount(kind, bytes(folder), kind, 0, controller.encode()) == 0)


def _controllers(folder: Path) -> list[str]:
    try:
        return (folder / "cgroup.controllers").read_text("ascii").split()
    except OSError:
        return []
