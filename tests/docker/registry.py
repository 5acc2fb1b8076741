"""A registry of images on this machine: Debian's, for as long as a test lasts."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.request import Request, urlopen

from tests.checkout import ROOT

START_S = 30
CONFIG = """\
version: 0.1
log: {{level: error, accesslog: {{disabled: true}}}}
storage:
  filesystem: {{rootdirectory: {folder}}}
  delete: {{enabled: true}}
http: {{addr: "127.0.0.1:{port}"}}
"""
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


@dataclass(frozen=True)
class Registry:
    """Engines speak plain HTTP to one on this machine."""

    host: str

    @property
    def name(self) -> str:
        """As IMAGE_REGISTRY has it."""
        return f"{self.host}/codebae-runner"

    def get(self, path: str) -> bytes:
        """Of `/v2/codebae-runner/`. Raises OSError for what is not there."""
        asked = Request(
            f"http://{self.name.replace('/', '/v2/')}/{path}", headers={"Accept": MANIFEST}
        )
        with urlopen(asked, timeout=30) as answer:  # noqa: S310 - our own
            found: bytes = answer.read()
            return found


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def running_registry(folder: Path) -> Iterator[Registry]:
    """An empty one, with its data in `folder`."""
    done = subprocess.run(
        [ROOT / "scripts" / "setup-debian-program", "docker-registry", "usr/bin/docker-registry"],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    port = free_port()
    config = folder / "registry.yaml"
    config.write_text(CONFIG.format(folder=folder / "data", port=port))
    with subprocess.Popen([done.stdout.strip(), "serve", config]) as process:
        try:
            _wait_for(port)
            yield Registry(f"127.0.0.1:{port}")
        finally:
            process.terminate()


def _wait_for(port: int) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise AssertionError("the registry does not listen")
