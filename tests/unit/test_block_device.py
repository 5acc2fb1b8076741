"""Which disk a folder is on, told from /sys and /dev."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from orchestrator.engine.block_device import disk_of

DISK, PARTITION = os.makedev(254, 0), os.makedev(254, 3)


class Machine:
    """A /sys and a /dev with one disk and one partition on it."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sys, self.dev, self.folder = root / "sys", root / "dev", root / "data"
        disk = self.sys / "devices/pci/vda"
        (disk / "vda3").mkdir(parents=True)
        (disk / "dev").write_text("254:0\n")
        (disk / "uevent").write_text("MAJOR=254\nMINOR=0\nDEVNAME=vda\nDEVTYPE=disk\n")
        (disk / "vda3/partition").write_text("3\n")
        (disk / "vda3/uevent").write_text("DEVNAME=vda3\n")
        links = self.sys / "dev/block"
        links.mkdir(parents=True)
        (links / "254:0").symlink_to(disk)
        (links / "254:3").symlink_to(disk / "vda3")
        self.dev.mkdir()
        (self.dev / "vda").touch()
        self.folder.mkdir()
        self.device, self.node = DISK, (stat.S_IFBLK | 0o600, DISK)
        real = Path.stat
        machine = self

        def fake(path: Path, **options: Any) -> Any:
            if path == machine.folder:
                return os.stat_result((0, 0, machine.device, *[0] * 7))
            if path == machine.dev / "vda" and machine.dev.is_dir():
                real(path)
                mode, number = machine.node
                return os.stat_result((mode, *[0] * 9), {"st_rdev": number})
            return real(path, **options)

        monkeypatch.setattr(Path, "stat", fake)

    def found(self) -> str:
        return disk_of(self.folder, self.sys, self.dev)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


@pytest.mark.parametrize("device", [DISK, PARTITION])
def test_the_disk_of_a_folder_is_the_whole_disk(machine: Machine, device: int) -> None:
    machine.device = device
    assert machine.found() == str(machine.dev / "vda")


def test_a_folder_on_no_disk_has_none(machine: Machine) -> None:
    machine.device = os.makedev(0, 44)  # btrfs, overlay, tmpfs
    assert machine.found() == ""


def test_a_disk_without_a_device_node_here_is_not_named(machine: Machine) -> None:
    (machine.dev / "vda").unlink()  # as in a container: the engine could not open it either
    assert machine.found() == ""


@pytest.mark.parametrize(
    "node", [(stat.S_IFREG | 0o600, DISK), (stat.S_IFBLK | 0o600, os.makedev(8, 0))]
)
def test_a_device_node_of_another_device_is_not_taken(
    machine: Machine, node: tuple[int, int]
) -> None:
    machine.node = node
    assert machine.found() == ""
