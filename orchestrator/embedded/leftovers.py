"""Removes what a killed engine leaves and the next one would fail on: pid files, dead sockets.

A restarted container has its old files but other processes: the pid in a file may be any process's
by now, so it counts only together with the name of the program.
"""

from __future__ import annotations

import contextlib
import re
import socket
from pathlib import Path

import structlog

from orchestrator.embedded.layout import EngineLayout

log = structlog.get_logger(__name__)

SYSTEM_CONTAINERD = Path("/run/containerd")


def drop_leftovers(layout: EngineLayout, system_containerd: Path = SYSTEM_CONTAINERD) -> None:
    """Remove stale pid files, and sockets that nobody listens at.

    The system's containerd is included: an engine uses it whenever its socket exists.
    """
    drop_stale_pid(layout.pid_file, "dockerd")
    drop_stale_pid(layout.containerd / "containerd.pid", "containerd")
    sockets = [layout.socket]
    for folder in (layout.containerd, system_containerd):
        sockets += sorted(folder.glob("*.sock")) + sorted(folder.glob("*.sock.ttrpc"))
    for path in sockets:
        drop_dead_socket(path)


def drop_stale_pid(path: Path, name: str) -> None:
    """Remove a pid file whose process is gone, or is another program."""
    try:
        digits = re.sub(r"\D", "", path.read_text("ascii", "replace"))
    except OSError:
        return
    if not digits or not is_running(int(digits), name):
        log.info("stale_pid_file_removed", file=str(path))
        path.unlink(missing_ok=True)


def is_running(pid: int, name: str) -> bool:
    """Return whether the process runs (a zombie does not) a program of that name."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return False
    comm, _, rest = stat.partition("(")[2].rpartition(")")
    return comm == name and rest.split()[0] not in {"Z", "X"}


def drop_dead_socket(path: Path) -> None:
    """Remove a socket that nobody listens at."""
    if not path.is_socket():
        return
    with socket.socket(socket.AF_UNIX) as client, contextlib.suppress(OSError):
        client.settimeout(1)
        try:
            client.connect(str(path))
        except ConnectionRefusedError:
            log.info("dead_socket_removed", file=str(path))
            path.unlink(missing_ok=True)
