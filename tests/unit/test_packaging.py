"""What every package says of itself: one version, one licence, the same authors."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from orchestrator import __version__
from orchestrator.__main__ import main
from orchestrator.api.openapi.document import build_document
from orchestrator.settings.images import DEFAULT_IMAGES_DIR, find_images_dir
from tests.api_support import make_settings
from tests.checkout import ROOT

AUTHORS = "the codebae-runner authors"
PYPROJECTS = ("pyproject.toml", "clients/python/pyproject.toml")
NPM = ("clients/js/package.json", "clients/nextjs/package.json")
LOCKS = ("clients/js/package-lock.json", "clients/nextjs/package-lock.json")
OURS = {"@codebae/runner-client", "codebae-runner-nextjs"}


def toml(root: Path, path: str) -> dict[str, Any]:
    return tomllib.loads((root / path).read_text())


def npm(root: Path, path: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((root / path).read_text())
    return found


def ours(lock: dict[str, Any]) -> list[dict[str, Any]]:
    """What a lock file says of this project's own packages."""
    return [each for each in (lock, *lock["packages"].values()) if each.get("name") in OURS]


def labels(root: Path) -> dict[str, str]:
    text = (root / "Dockerfile").read_text()
    return dict(re.findall(r'\borg\.opencontainers\.image\.(\w+)="([^"]*)"', text))


def versions(root: Path) -> set[str]:
    """Every version that stands in a file of its own."""
    source = (root / "orchestrator/__init__.py").read_text()
    found = set(re.findall(r'^__version__ = "(.*)"$', source, re.MULTILINE))
    found |= {npm(root, path)["version"] for path in NPM}
    found |= {each["version"] for path in LOCKS for each in ours(npm(root, path))}
    return found | {labels(root)["version"]}


def test_every_package_has_the_same_version() -> None:
    assert versions(ROOT) == {__version__}


def test_the_python_packages_read_it_where_it_stands() -> None:
    for path in PYPROJECTS:
        read = toml(ROOT, path)
        assert read["project"]["dynamic"] == ["version"]
        source = (ROOT / path).parent / read["tool"]["hatch"]["version"]["path"]
        assert source.resolve() == ROOT / "orchestrator" / "__init__.py"


def test_commands_and_description_say_it() -> None:
    printed = CliRunner().invoke(main, ["--version"]).output
    assert printed == f"codebae-runner, version {__version__}\n"
    assert build_document(make_settings())["info"]["version"] == __version__


def test_a_new_version_is_written_everywhere(tmp_path: Path) -> None:
    for name in ("orchestrator/__init__.py", "Dockerfile", "scripts/set-version", *NPM, *LOCKS):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, tmp_path / name)
    subprocess.run([tmp_path / "scripts" / "set-version", "12.3.45"], check=True)
    assert versions(tmp_path) == {"12.3.45"}
    for path in LOCKS:
        before, after = ((root / path).read_text() for root in (ROOT, tmp_path))
        pairs = zip(before.splitlines(), after.splitlines(), strict=True)
        changed = [one for one, other in pairs if one != other]
        assert len(changed) == len(ours(npm(ROOT, path)))


@pytest.mark.parametrize("version", ["", "1.2", "v1.2.3", "1.2.3; true"])
def test_what_is_no_version_is_not_written(tmp_path: Path, version: str) -> None:
    script = tmp_path / "scripts" / "set-version"
    script.parent.mkdir()
    shutil.copy2(ROOT / "scripts" / "set-version", script)
    done = subprocess.run([script, version], check=False, capture_output=True, text=True)
    assert done.returncode == 2
    assert "usage" in done.stderr


def test_every_package_is_under_the_same_licence_and_brings_it_along() -> None:
    licence = (ROOT / "LICENSE").read_text()
    assert licence.startswith("MIT License\n")
    assert AUTHORS in licence
    for folder in ("clients/python", "clients/js"):
        assert (ROOT / folder / "LICENSE").read_text() == licence
    for path in PYPROJECTS:
        project = toml(ROOT, path)["project"]
        assert (project["license"], project["license-files"]) == ("MIT", ["LICENSE"])
    for path in NPM:
        assert npm(ROOT, path)["license"] == "MIT"
    for path in LOCKS:
        assert all(each.get("license", "MIT") == "MIT" for each in ours(npm(ROOT, path)))
    assert labels(ROOT)["licenses"] == "MIT"


def test_every_c_source_of_the_agent_says_its_licence_in_its_first_line() -> None:
    sources = [*(ROOT / "images" / "_agent").rglob("*.[ch]")]
    assert len(sources) > 10
    for path in sources:
        assert path.read_text().startswith("/* SPDX-License-Identifier: MIT */\n"), path


def test_every_package_names_the_same_authors_and_something_to_find_it_by() -> None:
    for path in PYPROJECTS:
        project = toml(ROOT, path)["project"]
        assert project["authors"] == [{"name": AUTHORS}]
        assert project["keywords"]
        assert project["classifiers"]
        # With an SPDX expression there must be none (PEP 639).
        assert not [each for each in project["classifiers"] if each.startswith("License ::")]
    for path in NPM:
        assert npm(ROOT, path)["author"] == AUTHORS
    assert npm(ROOT, NPM[0])["keywords"]


def test_images_are_found_beside_the_package_or_where_a_wheel_has_them(tmp_path: Path) -> None:
    assert DEFAULT_IMAGES_DIR == ROOT / "images"
    package = tmp_path / "orchestrator"
    assert find_images_dir(package) == tmp_path / "images"
    (package / "_data" / "images").mkdir(parents=True)
    assert find_images_dir(package) == package / "_data" / "images"
