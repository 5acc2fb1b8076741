"""What comes before an engine that scripts/engine starts; for the server's own see engine.py.

The standard library alone, and of this project only what says the same of itself: the script runs
this module before there is a virtualenv.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

from orchestrator.embedded.layout import USUAL_SOCKETS, EngineLayout, UsualLayout, machine_config
from orchestrator.embedded.leftovers import SYSTEM_CONTAINERD, drop_leftovers
from orchestrator.embedded.v1_cgroups import mend_v1

CGROUPS = Path("/sys/fs/cgroup")
MACHINE = Path("/etc/docker/daemon.json")
WORDS = {"stale_pid_file_removed": "stale", "dead_socket_removed": "dead"}


def prepare(  # noqa: PLR0913 - the machine's own places among them
    socket: Path,
    data_root: str,
    config_file: Path,
    *,
    cgroups: Path = CGROUPS,
    machine: Path = MACHINE,
    system_containerd: Path = SYSTEM_CONTAINERD,
) -> None:
    """Make room for an engine at `socket`, and write down how it is to run.

    `data_root`: where it keeps its data; empty: beside its socket, at a usual one where the machine
    says. Raises OSError, and ValueError where the machine's own configuration is no JSON.
    """
    layout = layout_at(socket, data_root)
    is_the_machines = isinstance(layout, UsualLayout) and not data_root
    socket.parent.mkdir(parents=True, exist_ok=True)
    drop_leftovers(layout, system_containerd, _say_removed)
    mend_v1(cgroups)
    config = machine_config(
        _read(machine),
        layout,
        data_root="" if is_the_machines else str(layout.data_root),
        crun=shutil.which("crun"),
    )
    config_file.write_text(json.dumps(config, indent=2) + "\n")


def layout_at(socket: Path, data_root: str) -> EngineLayout:
    """The layout of an engine at that socket."""
    kind = UsualLayout if socket in USUAL_SOCKETS else EngineLayout
    return kind(socket, Path(data_root) if data_root else socket.with_suffix(".data"))


def _read(file: Path) -> dict[str, Any]:
    text = file.read_text() if file.exists() else ""
    return dict(json.loads(text)) if text.strip() else {}


def _say_removed(what: str, path: Path) -> None:
    print(f"==> removing the {WORDS[what]} {path}", file=sys.stderr)  # noqa: T201 - as the script says


if __name__ == "__main__":
    prepare(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
