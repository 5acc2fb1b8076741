"""Where an engine keeps what, and how it is configured. Pure.

The standard library alone (see prepare.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orchestrator.settings import Settings

USUAL_SOCKETS = frozenset({Path("/var/run/docker.sock"), Path("/run/docker.sock")})
NO_NETWORK = {"bridge": "none", "iptables": False}
"""Sandboxes have none, so neither bridge nor firewall rules are wanted."""


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


@dataclass(frozen=True, slots=True)
class UsualLayout(EngineLayout):
    """The files of the machine's own engine, where everybody looks for them."""

    @property
    def exec_root(self) -> Path:
        """As dockerd has it by default."""
        return Path("/var/run/docker")

    @property
    def pid_file(self) -> Path:
        """As dockerd has it by default."""
        return Path("/var/run/docker.pid")


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
        **NO_NETWORK,  # builds use the one we are in
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
    return config | _runtimes({}, crun)


def machine_config(
    machine: dict[str, Any], layout: EngineLayout, *, data_root: str = "", crun: str | None = None
) -> dict[str, Any]:
    """The `machine`'s own configuration, with what this project needs beside it.

    Its `hosts` go: the socket is given on the command line, and twice is an error. `data_root`:
    where it is to be another than the machine's.
    """
    config = NO_NETWORK | {name: value for name, value in machine.items() if name != "hosts"}
    config |= _runtimes(machine.get("runtimes", {}), crun)
    config |= {"exec-root": str(layout.exec_root), "pidfile": str(layout.pid_file)}
    return config | ({"data-root": data_root} if data_root else {})


def _runtimes(known: dict[str, Any], crun: str | None) -> dict[str, Any]:
    runtimes = ({"crun": {"path": crun}} if crun else {}) | known
    return {"runtimes": runtimes} if runtimes else {}
