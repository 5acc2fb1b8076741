"""Whether the kernel can tell of every change to a file: not where another machine makes them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

LOCAL = frozenset({"btrfs", "ext2", "ext3", "ext4", "f2fs", "overlay", "tmpfs", "xfs", "zfs"})
"""Of any other, as virtiofs, 9p or NFS, it is not sure that all changes are made through it."""
MOUNTS = Path("/proc/self/mountinfo")
_ESCAPED = re.compile(r"\\([0-7]{3})")


def tell_of_changes(folders: Sequence[Path], mounts: Path = MOUNTS) -> bool:
    """Whether all of `folders` are on file systems of this machine's own."""
    try:
        known = _read(mounts.read_text(errors="surrogateescape"))
    except OSError:
        return True  # no Linux: nothing is shared with a container here
    return all(_type_of(folder.resolve(), known) in LOCAL for folder in folders)


def _read(text: str) -> dict[Path, str]:
    """The type of each mount by its place; of several at one place the last is the one seen."""
    found = {}
    for line in text.splitlines():
        mount, _, rest = line.partition(" - ")
        place = _ESCAPED.sub(lambda code: chr(int(code[1], 8)), mount.split()[4])
        found[Path(place)] = rest.split()[0]
    return found


def _type_of(folder: Path, known: dict[Path, str]) -> str:
    return next((known[each] for each in (folder, *folder.parents) if each in known), "")
