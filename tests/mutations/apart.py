"""A second engine, with images built from the spoilt copy: the shared tags are never moved."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass

from tests.docker.own_engine import OwnEngine, own_engine
from tests.mutations.scratch import Scratch
from tests.mutations.trial import BrokenTrialError

LANGUAGES = "c,python"
COPIED = ("debian:bookworm-slim", "codebae-runner/base:current")
"""All others are built there, so that what a build can take from its cache is in it."""


@dataclass(frozen=True, slots=True)
class Workshop:
    """The engine, and the way to its images."""

    scratch: Scratch
    url: str

    @property
    def env(self) -> dict[str, str]:
        """For whatever is to use this engine."""
        env = self.scratch.env(DOCKER_HOST=self.url, LANGUAGES=LANGUAGES)
        return {name: value for name, value in env.items() if name != "RUNNER_URL"}

    def build(self) -> str:
        """Build and prove the images of the copy as it is now; why that was refused, or nothing."""
        images_log = self.scratch.beside / "images.log"
        with images_log.open("wb") as log:
            ended = subprocess.run(
                [str(self.scratch.python), "-m", "orchestrator", "languages", "build"],
                cwd=self.scratch.root,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                check=False,
            )
        if ended.returncode == 0:
            return ""
        lines = [
            line for line in images_log.read_text("utf-8", "replace").splitlines() if line.strip()
        ]
        return lines[-1] if lines else f"exit status {ended.returncode}"


@contextmanager
def workshop(scratch: Scratch) -> Iterator[Workshop]:
    """With the images as they should be: on the engine MUTANTS_HOST, or on one made for this."""
    with _engine() as engine:
        for tag in COPIED:
            engine.copy_image(tag)
        made = Workshop(scratch, engine.url)
        refusal = made.build()
        if refusal:
            raise BrokenTrialError(f"the images can't be built without any mutation: {refusal}")
        yield made


def _engine() -> AbstractContextManager[OwnEngine]:
    url = os.environ.get("MUTANTS_HOST")
    return nullcontext(OwnEngine(url)) if url else own_engine()
