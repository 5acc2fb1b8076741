"""What `make dist` builds, used without the checkout it was built from."""

from __future__ import annotations

import json
import re
import sys
import tarfile
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

from orchestrator import __version__
from orchestrator.settings.images import DEFAULT_IMAGES_DIR
from orchestrator.images.context import build_context, source_digest
from tests.checkout import ROOT, copy_checkout
from tests.dist.conftest import Installed, call

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.timeout(300),
]

DIGESTS = """
import json
from orchestrator.settings.images import DEFAULT_IMAGES_DIR
from orchestrator.images.context import build_context, source_digest
from orchestrator.languages.registry import load_folders
print(json.dumps({
    "where": str(DEFAULT_IMAGES_DIR),
    "languages": [folder.id for folder in load_folders(DEFAULT_IMAGES_DIR, ["all"])],
    "digests": {
        path.name: source_digest(build_context(path)) for path in DEFAULT_IMAGES_DIR.iterdir()
    },
}))
"""
NAMES = {"codebae_runner", "codebae_runner_client"}


def test_there_are_a_wheel_and_an_sdist_of_both_packages(dist: Path) -> None:
    wheels = {f"{name}-{__version__}-py3-none-any.whl" for name in NAMES}
    sdists = {f"{name}-{__version__}.tar.gz" for name in NAMES}
    assert {path.name for path in dist.iterdir()} == wheels | sdists


def test_metadata_says_under_which_licence_and_whose_it_is(dist: Path) -> None:
    for path in dist.glob("*.whl"):
        with zipfile.ZipFile(path) as wheel:
            (folder,) = {name.split("/")[0] for name in wheel.namelist() if ".dist-info/" in name}
            metadata = Parser().parsestr(wheel.read(f"{folder}/METADATA").decode())
            licence = wheel.read(f"{folder}/licenses/LICENSE").decode()
        assert metadata["License-Expression"] == "MIT"
        assert metadata["Author"] == "the codebae-runner authors"
        assert metadata["Version"] == __version__
        assert metadata["Keywords"]
        assert licence == (ROOT / "LICENSE").read_text()


def test_the_commands_start_from_an_empty_virtual_environment(installed: Installed) -> None:
    assert "Usage: codebae-runner" in installed.run("codebae-runner", "--help")
    assert installed.run("codebae-runner", "--version").split()[-1] == __version__


def test_the_wheel_needs_nothing_but_what_it_says(installed: Installed) -> None:
    assert "No broken requirements" in installed.run("python", "-m", "pip", "check")


def test_the_images_folders_travel_with_it_byte_by_byte(installed: Installed) -> None:
    found = json.loads(installed.run("python", "-c", DIGESTS))
    assert Path(found["where"]).is_relative_to(installed.venv)
    folders = [path for path in DEFAULT_IMAGES_DIR.iterdir() if path.is_dir()]
    assert found["digests"] == {path.name: source_digest(build_context(path)) for path in folders}
    assert {"_agent", "_base", "_sandbox", "python"} <= found["digests"].keys()
    assert len(found["languages"]) == len(folders) - 3


def test_this_machine_s_certificates_do_not_travel(tmp_path: Path) -> None:
    checkout = copy_checkout(tmp_path / "checkout")
    (checkout / "images" / "_base" / "ca-certificates" / "proxy.crt").write_text("mine")
    (checkout / ".env").write_text("API_KEY=mine\n")
    build = (sys.executable, "-m", "hatchling", "build", "--directory", tmp_path / "built")
    call(*build, cwd=checkout)
    (wheel,) = (tmp_path / "built").glob("*.whl")
    (sdist,) = (tmp_path / "built").glob("*.tar.gz")
    with zipfile.ZipFile(wheel) as opened:
        names = opened.namelist()
    with tarfile.open(sdist) as opened_sdist:
        names += opened_sdist.getnames()
    assert any(name.endswith("ca-certificates/.gitkeep") for name in names)
    assert not [name for name in names if re.search(r"\.crt$|\.env$|__pycache__|/dist/", name)]


def test_the_client_s_wheel_stands_alone(
    dist: Path, installed: Installed, tmp_path: Path
) -> None:
    (wheel,) = dist.glob("codebae_runner_client-*.whl")
    pip = ("-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-deps", "--no-index")
    installed.run("python", *pip, "--target", tmp_path, wheel)
    code = "import codebae_runner_client as it; print(it.__file__); it.Runner; it.AsyncRunner"
    assert installed.run("python", "-c", code, PYTHONPATH=str(tmp_path)).startswith(str(tmp_path))
    assert (tmp_path / "codebae_runner_client" / "py.typed").exists()
