"""The wheels, built once, and the service's in a virtual environment that has nothing else of ours."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.checkout import ROOT

# Nothing of this process's own surroundings, where the checkout itself can be imported.
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COV"))}


@dataclass(frozen=True)
class Installed:
    """A virtual environment with the service, and an empty folder to call it from."""

    venv: Path
    folder: Path

    def run(self, name: str, *arguments: object, **env: str) -> str:
        """What a program of it prints on stdout; it must succeed."""
        return call(self.venv / "bin" / name, *arguments, cwd=self.folder, **env)


def call(*command: object, cwd: Path = ROOT, **env: str) -> str:
    done = subprocess.run(
        [str(each) for each in command],
        cwd=cwd,
        env=CLEAN | env,
        check=False,
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make dist` makes of the Python packages; twine has looked at it."""
    folder = tmp_path_factory.mktemp("dist")
    printed = call("scripts/dist", "--python-only", folder)
    assert sorted(printed.split()) == sorted(str(path) for path in folder.iterdir())
    return folder


@pytest.fixture(scope="session")
def installed(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel with what requirements.txt pins, and nothing else."""
    folder = tmp_path_factory.mktemp("installed")
    call(sys.executable, "-m", "venv", folder / "venv")
    made = Installed(folder / "venv", folder / "elsewhere")
    made.folder.mkdir()
    pip = ("-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-deps")
    made.run("python", *pip, "--require-hashes", "-r", ROOT / "requirements.txt")
    (wheel,) = dist.glob("codebae_runner-*.whl")
    made.run("python", *pip, "--no-index", wheel)
    return made
