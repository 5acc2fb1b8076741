"""What a killed engine leaves, and the next one would trip over: pid files and dead sockets.

A container that is started again has its old files and other processes: the pid in a file may be
anybody's by now, so it counts only with the name of the program.

The standard library alone (see prepare.py).
"""

from __future__ import annotations

import contextlib
import re
import socket
from collections.abc import Callable
from pathlib import Path

from orchestrator.embedded.layout import EngineLayout

SYSTEM_CONTAINERD = Path("/run/containerd")

Removed = Callable[[str, Path], None]
"""Hears what was removed: `stale_pid_file_removed` or `dead_socket_removed`, and its path."""


def _unheard(_what: str, _path: Path) -> None:
    pass


def drop_leftovers(
    layout: EngineLayout,
    system_containerd: Path = SYSTEM_CONTAINERD,
    removed: Removed = _unheard,
) -> None:
    """Remove every pid file without its process, and every socket that nobody listens at.

    The system's containerd is among them: an engine uses it wherever its socket exists.
    """
    drop_stale_pid(layout.pid_file, "dockerd", removed)
    drop_stale_pid(layout.containerd / "containerd.pid", "containerd", removed)
    sockets = [layout.socket]
    for folder in (layout.containerd, system_containerd):
        sockets += sorted(folder.glob("*.sock")) + sorted(folder.glob("*.sock.ttrpc"))
    for path in sockets:
        drop_dead_socket(path, removed)


def drop_stale_pid(path: Path, name: str, removed: Removed = _unheard) -> None:
    """Remove a pid file whose process is gone, or is another program."""
    try:
        digits = re.sub(r"\D", "", path.read_text("ascii", "replace"))
    except OSError:
        return
    if not digits or not is_running(int(digits), name):
        path.unlink(missing_ok=True)
        removed("stale_pid_file_removed", path)


def is_running(pid: int, name: str) -> bool:
    """Whether the process lives (a zombie does not) and runs a program of that name."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return False
    comm, _, rest = stat.partition("(")[2].rpartition(")")
    return comm == name and rest.split()[0] not in {"Z", "X"}


def drop_dead_socket(path: Path, removed: Removed = _unheard) -> None:
    """Remove a socket that nobody listens at."""
    if not path.is_socket():
        return
    with socket.socket(socket.AF_UNIX) as client, contextlib.suppress(OSError):
        client.settimeout(1)
        try:
            client.connect(str(path))
        except ConnectionRefusedError:
            path.unlink(missing_ok=True)
            removed("dead_socket_removed", path)
