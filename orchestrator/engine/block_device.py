"""Which disk the engine's images are on: reads from it can be bounded for each container."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from orchestrator.engine.client import EngineClient
from orchestrator.engine.disk import DataRoot

SYS = Path("/sys")
DEV = Path("/dev")
SOME_IMAGE = "codebae-runner/base:current"
"""Any other will do as well."""


async def images_disk(engine: EngineClient) -> str:
    """The disk's path, as `/dev/vda`; empty where it can't be told: another machine, no one disk.

    Raises EngineError when the engine can't be asked.
    """
    folder = await DataRoot(engine, SOME_IMAGE).folder()
    return disk_of(folder) if folder is not None else ""


def disk_of(folder: Path, sys: Path = SYS, dev: Path = DEV) -> str:
    """The path of the whole disk that a folder is on; empty when there is no such (btrfs)."""
    try:
        device = folder.stat().st_dev
        node = (sys / "dev/block" / f"{os.major(device)}:{os.minor(device)}").resolve(strict=True)
        if (node / "partition").exists():  # only a whole disk can be bounded
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
