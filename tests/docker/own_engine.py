"""A second Docker Engine, for tests that kill it or stop it; the other tests' engine lives on."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.sandbox_support import SOCKET
from tests.slowness import SLOWNESS

ROOT = Path(__file__).resolve().parents[2]
START_TIMEOUT_S = 90 * SLOWNESS
GUARD = 'read -r _ && exit; "$1/scripts/engine" stop; rm -rf "$2"'
"""Stops the engine when its stdin ends without a line: the tests were killed."""


@dataclass(frozen=True)
class OwnEngine:
    """An engine that `scripts/engine` started at a socket of its own."""

    url: str

    def start(self) -> None:
        """Start it, or do nothing where it runs."""
        self._script("start")

    def stop(self) -> None:
        self._script("stop")

    @property
    def pid(self) -> int:
        name = f"started{self.url.removeprefix('unix://').replace('/', '-')}"
        return int((ROOT / ".state" / "engine" / name).read_text("ascii").split()[0])

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    async def kill(self) -> None:
        """As the kernel would, out of memory: containers, shims and containerd live on."""
        pid = self.pid
        os.kill(pid, signal.SIGKILL)
        while _lives(pid):  # noqa: ASYNC110 - another process's end
            await asyncio.sleep(0.01)

    def copy_image(self, tag: str) -> None:
        """Have an image of the other engine's."""
        with subprocess.Popen(
            ["docker", "--host", SOCKET, "save", tag], stdout=subprocess.PIPE
        ) as saving:
            subprocess.run(
                ["docker", "--host", self.url, "load", "--quiet"],
                stdin=saving.stdout,
                stdout=subprocess.DEVNULL,
                check=True,
            )
        assert saving.returncode == 0

    def _script(self, command: str) -> None:
        subprocess.run(
            [ROOT / "scripts" / "engine", command],
            env=os.environ | {"DOCKER_HOST": self.url},
            stdin=subprocess.DEVNULL,
            timeout=START_TIMEOUT_S,
            check=True,
        )


def _lives(pid: int) -> bool:
    """Neither gone nor a zombie."""
    try:
        return bool(Path(f"/proc/{pid}/cmdline").read_bytes())
    except OSError:
        return False


@contextmanager
def own_engine() -> Iterator[OwnEngine]:
    """Start one in a folder of its own; afterwards stop it and remove all it had."""
    folder = Path(tempfile.mkdtemp(prefix="codebae-engine-"))
    engine = OwnEngine(f"unix://{folder}/docker.sock")
    with _guarded(engine, folder):
        engine.start()
        try:
            yield engine
        finally:
            with suppress(OSError):
                engine.signal(signal.SIGCONT)
            engine.start()  # what a test left killed would leave its containers behind
            engine.stop()
            _end_shims(folder)
            _unmount(folder)
            shutil.rmtree(folder)


@contextmanager
def _guarded(engine: OwnEngine, folder: Path) -> Iterator[None]:
    """Should these tests be killed meanwhile, the engine is stopped all the same."""
    guard = subprocess.Popen(
        ["sh", "-c", GUARD, "guard", str(ROOT), str(folder)],
        env=os.environ | {"DOCKER_HOST": engine.url},
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield
    finally:
        guard.communicate(b"done\n")


def _end_shims(folder: Path) -> None:
    """One whose container was being made when the engine was killed is known to nobody."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it ends at this moment
            program, *arguments = path.read_bytes().decode(errors="replace").split("\0")
            ours = any(argument.startswith(f"{folder}/") for argument in arguments)
            if ours and Path(program).name.startswith("containerd-shim"):
                os.kill(int(path.parent.name), signal.SIGKILL)


def _unmount(folder: Path) -> None:
    """An engine that was killed leaves its mounts behind."""
    mounted = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    for path in sorted(mounted, reverse=True):
        if path.startswith(f"{folder}/"):
            subprocess.run(["umount", "--lazy", path], check=True)
