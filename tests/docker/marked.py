"""A language whose image and programs say which build of it they are, to be rebuilt in tests."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from orchestrator.engine.client import EngineClient
from orchestrator.errors import ContainerNotFoundError
from orchestrator.images.store import ImageStore
from orchestrator.settings.images import DEFAULT_IMAGES_DIR

TOML = """\
id = "{id}"
name = "Marked"
version = ["cat", "/etc/marker"]

[source]
name = "main.sh"
extensions = [".sh"]

[run]
command = ["sh", "{{main}}", "{{args}}"]

[limits]
memory_mb = 64
processes = 16

[pool]
size = 2

[samples]
hello = {{ stdout = "Hello, World!\\n" }}
"""
SAY_MARKER = "cat /etc/marker"


@dataclass(frozen=True)
class Marked:
    """The language's folder, beside the real shared ones."""

    id: str
    images_dir: Path

    @property
    def folder(self) -> Path:
        return self.images_dir / self.id

    def write(self, marker: int, *steps: str, hello: str = "echo 'Hello, World!'") -> None:
        """What the next build is made of: its version is `marker`, and `steps` are run before."""
        (self.folder / "samples").mkdir(parents=True, exist_ok=True)
        (self.folder / "language.toml").write_text(TOML.format(id=self.id))
        (self.folder / "samples" / "hello.sh").write_text(f"{hello}\n")
        lines = ["FROM codebae-runner/base:current", *steps, f"RUN echo {marker} > /etc/marker"]
        (self.folder / "Dockerfile").write_text("\n".join([*lines, ""]))


def make_marked(root: Path, language_id: str) -> Marked:
    """One in a new folder of images below `root`."""
    images_dir = root / "images"
    for name in ("_agent", "_base", "_sandbox"):
        shutil.copytree(DEFAULT_IMAGES_DIR / name, images_dir / name)
    marked = Marked(language_id, images_dir)
    marked.write(1)
    return marked


async def remove_images(engine: EngineClient, language_id: str) -> None:
    """All that a made-up language has left on the engine."""
    store = ImageStore(engine)
    tagged = await engine.call(lambda api: api.images(f"codebae-runner/{language_id}"))
    for name in [name for image in tagged for name in image["RepoTags"] or ()]:
        try:
            await engine.call(lambda api, name=name: api.remove_image(name, force=True))
        except ContainerNotFoundError:
            continue
    await store.collect(older_than_s=0)
