"""A copy of the checkout to spoil: the tree itself is never touched."""

from __future__ import annotations

import hashlib
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.checkout import ROOT, copy_checkout
from tests.mutations.mutation import Mutation

STATE = ROOT / ".state" / "mutations"


@dataclass(frozen=True, slots=True)
class Scratch:
    """A git repository of its own, since tests ask git for the files; with the tree's `.venv`."""

    root: Path

    @property
    def beside(self) -> Path:
        """A folder for logs and the like, which goes when the copy goes."""
        return self.root.parent

    @property
    def python(self) -> Path:
        return self.root / ".venv" / "bin" / "python"

    def env(self, **more: str) -> dict[str, str]:
        """An environment in which Python finds the copy first, and pytest is as it comes."""
        paths = f"{self.root}:{self.root / 'clients' / 'python' / 'src'}"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
        return kept | {"PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"} | more

    def read(self, file: str) -> str:
        return (self.root / file).read_text("utf-8")

    @contextmanager
    def spoilt(self, mutation: Mutation) -> Iterator[None]:
        """Have the mutation in the copy."""
        path, text = self.root / mutation.file, self.read(mutation.file)
        path.write_text(mutation.spoil(text), "utf-8")
        try:
            yield
        finally:
            path.write_text(text, "utf-8")


@contextmanager
def scratch_copy() -> Iterator[Scratch]:
    """A fresh one, for as long as it is needed."""
    STATE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=STATE, prefix="run-") as folder:
        root = copy_checkout(Path(folder) / "checkout")
        (root / ".venv").symlink_to(ROOT / ".venv")
        for command in (["init", "--quiet"], ["add", "--all"]):
            subprocess.run(["git", *command], cwd=root, check=True, capture_output=True)
        yield Scratch(root)


def digest(scratch: Scratch) -> str:
    """What the recorded coverage depends on: the code and its tests."""
    whole = hashlib.sha256()
    for folder in ("orchestrator", "clients/python", "tests"):
        for path in sorted((scratch.root / folder).rglob("*.py")):
            name = str(path.relative_to(scratch.root))
            if not name.startswith("tests/mutations/"):
                whole.update(name.encode() + b"\0" + path.read_bytes())
    return whole.hexdigest()
