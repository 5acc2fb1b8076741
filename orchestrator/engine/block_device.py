"""Finds the disk that the engine's images are on, so that each container's reads can be limited."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from orchestrator.engine.client import EngineClient
from orchestrator.engine.disk import DataRoot

SYS = Path("/sys")
DEV = Path("/dev")
SOME_IMAGE = "codebae-runner/base:current"
"""An image to find the engine's data root by; any other one will do."""


async def images_disk(engine: EngineClient) -> str:
    """Return the disk's path, such as `/dev/vda`.

    Empty when it can't be told: the engine is on another machine, or on more than one disk. Raises
    EngineError when the engine can't be asked.
    """
    folder = await DataRoot(engine, SOME_IMAGE).folder()
    return disk_of(folder) if folder is not None else ""


def disk_of(folder: Path, sys: Path = SYS, dev: Path = DEV) -> str:
    """Return the path of the whole disk that a folder is on; empty if there is none (btrfs)."""
    try:
        device = folder.stat().st_dev
        node = (sys / "dev/block" / f"{os.major(device)}:{os.minor(device)}").resolve(strict=True)
        if (node / "partition").exists():  # reads can be limited on whole disks only
            node = node.parent
        number = (node / "dev").read_text("ascii").strip()
        path = dev / _name(node / "uevent")
        found = path.stat()
    except OSError:
        return ""
    is_it = stat.S_ISBLK(found.st_mode) and number == _number(found.st_rdev)
    return str(path) if is_it else ""


def _name(uevent: Path) -> str:
    lines = uevent.read_text("ascii").splitlines()
    fields = dict(line.partition("=")[::2] for line in lines)
    return fields.get("DEVNAME", "")


def _number(device: int) -> str:
    return f"{os.major(device)}:{os.minor(device)}"
