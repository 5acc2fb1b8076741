"""docs/howto/add-a-language.md, followed word for word."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from orchestrator.images.description import describe_image
from orchestrator.images.sample_runs import run_samples
from orchestrator.images.store import ImageStore
from orchestrator.jobs.queue.admission import Admission
from orchestrator.jobs.service import JobService
from orchestrator.languages.catalog import Catalog
from orchestrator.languages.registry import load_folder
from orchestrator.settings.images import DEFAULT_IMAGES_DIR
from tests.api_support import make_settings
from tests.docker.marked import remove_images

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from orchestrator.engine.client import EngineClient
    from tests.conftest import Docker

pytestmark = [
    pytest.mark.docker,
    pytest.mark.thorough,
    pytest.mark.timeout(300),
]

ROOT = DEFAULT_IMAGES_DIR.parent
GUIDE = ROOT / "docs" / "howto" / "add-a-language.md"
LANGUAGE = "tcl"
# A block, and the line above it where that names a file (whole, or to be added to).
_BLOCK = re.compile(
    r"(?:^`(?P<path>[^`\n]+)`(?P<added>, added at the end)?:\n\n)?"
    r"^```(?P<kind>\w+)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Workplace:
    """A folder that stands for a checkout: the shared images, and whatever the guide adds."""

    folder: Path

    def write(self, path: str, text: str, mode: str) -> None:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open(mode, encoding="utf-8") as stream:
            stream.write(text)

    def shell(self, script: str) -> str:
        """What a reader would see."""
        env = os.environ | {
            "PYTHONPATH": str(ROOT),
            "IMAGES_DIR": str(self.folder / "images"),
            "STATE_DIR": str(self.folder / "state"),
        }
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=self.folder,
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture
async def workplace(tmp_path: Path, engine: EngineClient) -> AsyncIterator[Workplace]:
    for name in ("_agent", "_base", "_sandbox"):
        shutil.copytree(DEFAULT_IMAGES_DIR / name, tmp_path / "images" / name)
    (tmp_path / ".venv").symlink_to(sys.prefix)
    yield Workplace(tmp_path)
    await remove_images(engine, LANGUAGE)


async def test_the_guide_works_as_it_is_written(workplace: Workplace, docker: Docker) -> None:
    blocks = list(_BLOCK.finditer(GUIDE.read_text("utf-8")))
    assert GUIDE.read_text("utf-8").count("```") == 2 * len(blocks)
    printed = None
    for block in blocks:
        if block["path"]:
            workplace.write(block["path"], block["text"], "a" if block["added"] else "w")
        elif block["kind"] == "sh":
            printed = workplace.shell(block["text"])
        else:
            assert block["kind"] == "text", "a block that is neither a file nor a command"
            assert printed == block["text"]
    measured = workplace.shell(".venv/bin/python -m bench.languages tcl")  # its last section's
    assert "Tcl" in measured
    assert not (DEFAULT_IMAGES_DIR / LANGUAGE).exists(), "the guide's language is not one we ship"
    await prove(workplace.folder / "images", docker)


async def prove(images: Path, docker: Docker) -> None:
    """Every sample the guide has written comes out as it should."""
    folder = load_folder(images, LANGUAGE)
    current = (await ImageStore(docker.engine).read())[LANGUAGE].current
    (installed,) = describe_image(images, LANGUAGE, current).languages
    assert installed.language == folder.languages[0]
    assert installed.version.startswith("8.6.")
    admission = Admission(slots=1, queue=0, memory_mb=1024)
    service = JobService(make_settings(), docker.backend, admission, Catalog([installed]))
    results = [each async for each in run_samples(service, admission, folder.samples)]
    await service.drain()
    assert [(each.sample, each.detail) for each in results] == [
        (name, "") for name in ("hello", "echo", "files", "runtime_error", "memory_limit", "expr")
    ]
