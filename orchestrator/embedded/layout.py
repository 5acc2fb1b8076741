"""Where an embedded engine keeps what, and how it is configured. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.settings import Settings


@dataclass(frozen=True, slots=True)
class EngineLayout:
    """The files of an engine: all beside its socket, but for its data."""

    socket: Path
    data_root: Path

    @property
    def exec_root(self) -> Path:
        """What lasts as long as the engine runs."""
        return self.socket.with_suffix(".exec")

    @property
    def containerd(self) -> Path:
        """Where its containerd has its sockets."""
        return self.exec_root / "containerd"

    @property
    def pid_file(self) -> Path:
        """The engine's pid."""
        return self.socket.with_suffix(".pid")

    @property
    def config_file(self) -> Path:
        """Its configuration; the machine's own, in /etc/docker, is not looked at."""
        return self.socket.with_suffix(".json")


def layout_of(settings: Settings) -> EngineLayout:
    """The layout that DOCKER_HOST and ENGINE_DATA_ROOT ask for."""
    path = Path(settings.docker_host.removeprefix("unix://")).absolute()
    return EngineLayout(path, settings.engine_data_root.absolute())


def engine_config(
    layout: EngineLayout, *, cgroup_parent: str = "", crun: str | None = None
) -> dict[str, Any]:
    """The engine's configuration: one unix socket, no network of any kind.

    `crun`: its path, where there is one; runc is there in any case.
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
