"""The runner's image in a container, as on Fly.io, and how much memory it has at its most."""

from __future__ import annotations

import json
import subprocess
import threading
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from tests.docker.server import API_KEYS

ROOT = Path(__file__).resolve().parents[2]
PORT = 3961
URL = f"http://127.0.0.1:{PORT}"
CGROUPS = Path("/sys/fs/cgroup/memory")
MB = 1 << 20
# As compose.yaml has them: `--privileged` is not needed, and not everywhere to be had.
RIGHTS = (
    *(f"--cap-add={name}" for name in ("SYS_ADMIN", "NET_ADMIN", "SYS_PTRACE", "MKNOD")),
    *(f"--security-opt={option}" for option in ("seccomp=unconfined", "apparmor=unconfined")),
    "--device-cgroup-rule=a *:* rwm",
    "--volume=/sys/fs/cgroup:/sys/fs/cgroup:rw",
)


def docker(*arguments: str) -> str:
    done = subprocess.run(["docker", *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def machine() -> tuple[str, ...]:
    """Fly's machine in docker's words: CPUs, memory, and with it the swap."""
    fly = tomllib.loads((ROOT / "fly.toml").read_text())
    (vm,) = fly["vm"]
    memory = int(vm["memory"].removesuffix("gb")) * 1024
    return (
        f"--cpus={vm['cpus']}",
        f"--memory={memory}m",
        f"--memory-swap={memory + fly['swap_size_mb']}m",
        *(f"--env={name}={value}" for name, value in fly["env"].items()),
    )


@dataclass
class Peaks:
    """In MiB: anonymous memory, swap, and all of it with what files are cached."""

    anonymous: int = 0
    swap: int = 0
    charged: int = 0


@dataclass
class Container:
    name: str
    id: str
    peaks: Peaks = field(default_factory=Peaks)

    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(docker("inspect", self.id))[0]["State"]
        return found

    def run(self, script: str) -> str:
        return docker("exec", self.id, "sh", "-c", script)

    def until_healthy(self, deadline_s: float) -> list[tuple[float, str]]:
        """When, in seconds from now, it first gave each reason not to be; the last is `healthy`."""
        started, reasons = time.monotonic(), list[tuple[float, str]]()
        while True:
            after = round(time.monotonic() - started, 1)
            reason = _health()
            if not reasons or reasons[-1][1] != reason:
                reasons.append((after, reason))
                print(f"    {after:6} s  {reason}", flush=True)  # noqa: T201 - for who waits
            if reason == "healthy":
                return reasons
            assert self.state()["Running"], docker("logs", "--tail", "30", self.id)
            assert after < deadline_s, reasons
            time.sleep(0.1)

    def look(self) -> None:
        """One look at its memory; none where its cgroup is not shown here."""
        try:
            text = (CGROUPS / "docker" / self.id / "memory.stat").read_text()
            used = (CGROUPS / "docker" / self.id / "memory.usage_in_bytes").read_text()
        except OSError:
            return
        stat = {name: int(value) // MB for name, value in map(str.split, text.splitlines())}
        peaks = self.peaks
        peaks.anonymous = max(peaks.anonymous, stat["total_rss"] + stat["total_shmem"])
        peaks.swap = max(peaks.swap, stat.get("total_swap", 0))
        peaks.charged = max(peaks.charged, int(used) // MB)


def _health() -> str:
    try:
        with urlopen(f"{URL}/health", timeout=5) as answer:  # noqa: S310 - our own
            return str(json.load(answer)["status"])
    except OSError as err:
        body = getattr(err, "read", bytes)()
        return str(json.loads(body)["reason"]) if body else "no answer"


@contextmanager
def fly_machine(image: str, used_volume: str = "") -> Iterator[Container]:
    """One with a volume, by default an empty one of its own; afterwards neither is left."""
    name = "codebae-image-walk"
    volume = used_volume or docker("volume", "create")
    made = docker(
        *("run", "--detach", "--name", name, "--network=host", *machine(), *RIGHTS),
        *(f"--volume={volume}:/data", f"--env=API_KEY={API_KEYS}", f"--env=PORT={PORT}", image),
    )
    container, over = Container(name, made), threading.Event()

    def watch() -> None:
        while not over.wait(0.05):
            container.look()

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield container
    finally:
        over.set()
        watching.join()
        docker("rm", "--force", made)
        if not used_volume:
            docker("volume", "rm", volume)
        assert not (CGROUPS / "docker" / made).exists(), "its cgroup is left"
