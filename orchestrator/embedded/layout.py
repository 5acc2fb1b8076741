"""The files and the configuration of an embedded engine. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.settings import Settings


@dataclass(frozen=True, slots=True)
class EngineLayout:
    """The paths of an engine's files: all beside its socket, except for its data."""

    socket: Path
    data_root: Path

    @property
    def exec_root(self) -> Path:
        """The folder of the engine's runtime state."""
        return self.socket.with_suffix(".exec")

    @property
    def containerd(self) -> Path:
        """The folder of its containerd's sockets and pid file."""
        return self.exec_root / "containerd"

    @property
    def pid_file(self) -> Path:
        """The engine's pid file."""
        return self.socket.with_suffix(".pid")

    @property
    def config_file(self) -> Path:
        """The engine's configuration file, in place of the machine's own in /etc/docker."""
        return self.socket.with_suffix(".json")


def layout_of(settings: Settings) -> EngineLayout:
    """Return the layout for the settings DOCKER_HOST and ENGINE_DATA_ROOT."""
    path = Path(settings.docker_host.removeprefix("unix://")).absolute()
    return EngineLayout(path, settings.engine_data_root.absolute())


def engine_config(
    layout: EngineLayout, *, cgroup_parent: str = "", crun: str | None = None
) -> dict[str, Any]:
    """Return the engine's configuration: one unix socket, no networks.

    `crun`: the path of crun if it is installed; runc always is.
    """
    config: dict[str, Any] = {
        "hosts": [f"unix://{layout.socket}"],
        "data-root": str(layout.data_root),
        "exec-root": str(layout.exec_root),
        "pidfile": str(layout.pid_file),
        # Sandboxes have no network, and builds use the one we are in.
        "bridge": "none",
        "iptables": False,
        "ip6tables": False,
        "ip-forward": False,
        "ip-masq": False,
        "userland-proxy": False,
        "exec-opts": ["native.cgroupdriver=cgroupfs"],
        "log-level": "warn",
        "shutdown-timeout": 5,
    }
    if cgroup_parent:
        config["cgroup-parent"] = cgroup_parent
    if crun:
        config["runtimes"] = {"crun": {"path": crun}}
    return config
