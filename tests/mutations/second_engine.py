"""A second engine, with images built from the spoilt copy: the shared tags are never moved."""

from __future__ import annotations

import os
import re
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
_FAILED = re.compile(r"^(\w+): failed: (.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class SecondEngine:
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
        failed = _FAILED.search(images_log.read_text("utf-8", "replace"))
        if failed is None or failed[1].startswith("_"):  # nor is what does not compile a mutation
            raise BrokenTrialError(
                f"no image was built: {failed[2] if failed else 'no word of why'}"
            )
        return f"{failed[1]}: {failed[2]}"


@contextmanager
def second_engine(scratch: Scratch) -> Iterator[SecondEngine]:
    """With the images as they should be: on the engine MUTANTS_HOST, or on one made for this."""
    with _engine() as engine:
        for tag in COPIED:
            engine.copy_image(tag)
        made = SecondEngine(scratch, engine.url)
        refusal = made.build()
        if refusal:
            raise BrokenTrialError(f"the images can't be built without any mutation: {refusal}")
        yield made


def _engine() -> AbstractContextManager[OwnEngine]:
    url = os.environ.get("MUTANTS_HOST")
    return nullcontext(OwnEngine(url)) if url else own_engine()
