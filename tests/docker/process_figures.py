"""What a server and the engine around it hold: memory, descriptors, threads, what is left over."""

from __future__ import annotations

import contextlib
import re
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from orchestrator.engine.client import EngineClient
from tests.sandbox_support import SOCKET, containers_of

PROC = Path("/proc")
_ENGINE = ("dockerd", "containerd", "containerd-shim")
_SHIM_ID = re.compile(rb"containerd-shim[^\0]*\0(?:[^\0]+\0)*?-id\0([0-9a-f]{64})\0")


@dataclass(frozen=True)
class Process:
    """A line of /proc: `state` is a letter, Z for a zombie."""

    pid: int
    parent: int
    name: str
    state: str


@dataclass(frozen=True)
class Figures:
    """Taken while the server is idle. `zombies` of the server and of the engine's processes.

    `containers`: all of the server's; its tests take off those that wait in the pool.
    """

    rss_mb: float
    pss_mb: float
    descriptors: int
    threads: int
    zombies: int
    containers: int
    stray_shims: int
    dockerd_rss_mb: float


async def take_figures(pid: int, engine: EngineClient, instance: str) -> Figures:
    processes = list(_processes())
    return Figures(
        rss_mb=_field(pid, "status", "VmRSS") / 1024,
        pss_mb=_field(pid, "smaps_rollup", "Pss") / 1024,
        descriptors=len(list((PROC / str(pid) / "fd").iterdir())),
        threads=_field(pid, "status", "Threads"),
        zombies=_count_zombies(processes, pid),
        containers=len(await containers_of(engine, instance)),
        stray_shims=await _count_stray_shims(engine),
        dockerd_rss_mb=_field(_engine_pid(), "status", "VmRSS") / 1024,
    )


def _engine_pid() -> int:
    """Who listens on the engine's socket: other engines may run beside it."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(SOCKET.removeprefix("unix://"))
        credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    return int(struct.unpack("iII", credentials)[0])


def _count_zombies(processes: list[Process], server: int) -> int:
    """Of those whose parents we answer for: init's own are reaped when init sees fit."""
    parents = {each.pid for each in processes if each.name in _ENGINE} | {server}
    return sum(each.state == "Z" and each.parent in parents for each in processes)


async def _count_stray_shims(engine: EngineClient) -> int:
    """Shims without a container. Shims first: one is there as long as its container is."""
    shims = set()
    for each in _processes():
        with contextlib.suppress(OSError):
            found = _SHIM_ID.search((PROC / str(each.pid) / "cmdline").read_bytes())
            shims |= {found[1].decode()} if found else set()
    known = {container["Id"] for container in await engine.list_containers([])}
    return len(shims - known)


def _processes() -> Iterator[Process]:
    for folder in PROC.iterdir():
        if folder.name.isdecimal():
            with contextlib.suppress(OSError):  # it has just ended
                yield _parse(int(folder.name), (folder / "stat").read_text())


def _parse(pid: int, stat: str) -> Process:
    """The name may hold anything, brackets and blanks too."""
    name, _, rest = stat.partition("(")[2].rpartition(")")
    state, parent = rest.split()[:2]
    return Process(pid, int(parent), name, state)


def _field(pid: int, file: str, name: str) -> int:
    text = (PROC / str(pid) / file).read_text()
    found = re.search(rf"^{name}:\s+(\d+)", text, re.MULTILINE)
    assert found is not None, (file, name)
    return int(found[1])
