"""What this version's images are called in a registry, and what that hangs on."""

from __future__ import annotations

import platform
import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from orchestrator import __version__
from orchestrator.__main__ import main
from orchestrator.images import release
from orchestrator.images.release import (
    Pin,
    content_digest,
    read_pins,
    release_tag,
    wanted_images,
)
from tests.checkout import ROOT
from tests.languages_support import write_language, write_shared

IMAGES = ("agent", "base", "shout", "other")


@pytest.fixture
def images_dir(tmp_path: Path) -> Path:
    write_shared(tmp_path)
    write_language(tmp_path)
    write_language(tmp_path, "other")
    return tmp_path


def digests(images_dir: Path) -> dict[str, str]:
    return {name: content_digest(images_dir, name) for name in IMAGES}


@pytest.mark.parametrize(
    ("folder", "changed"),
    [
        ("shout", {"shout"}),
        ("other", {"other"}),
        ("_sandbox", {"shout", "other"}),
        ("_agent", {"agent", "shout", "other"}),
        ("_base", {"base", "shout", "other"}),
    ],
)
def test_a_file_changes_the_images_it_is_in_and_no_others(
    images_dir: Path, folder: str, changed: set[str]
) -> None:
    before = digests(images_dir)
    (images_dir / folder / "file").write_text("new")
    after = digests(images_dir)
    assert {name for name in IMAGES if before[name] != after[name]} == changed


def test_what_the_machine_adds_changes_nothing(images_dir: Path) -> None:
    folder = images_dir / "_base" / "ca-certificates"
    folder.mkdir()
    (folder / ".gitkeep").write_text("")
    before = digests(images_dir)
    (folder / "proxy.crt").write_text("a proxy's")
    (images_dir / "shout" / "__pycache__").mkdir()
    (images_dir / "shout" / "__pycache__" / "x.pyc").write_text("")
    assert digests(images_dir) == before


def test_a_change_of_how_images_are_made_changes_all(
    images_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = digests(images_dir)
    monkeypatch.setattr(release, "RECIPE", b"another")
    after = digests(images_dir)
    assert all(before[name] != after[name] for name in IMAGES)


@pytest.mark.parametrize(
    ("machine", "kind"), [("x86_64", "amd64"), ("aarch64", "arm64"), ("riscv64", "riscv64")]
)
def test_a_tag_says_version_content_and_kind_of_machine(
    monkeypatch: pytest.MonkeyPatch, machine: str, kind: str
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: machine)
    assert release_tag("0123456789abcdef" * 4) == f"{__version__}-0123456789ab-{kind}"


def test_a_copy_of_the_images_has_the_same_tags(tmp_path: Path) -> None:
    """As in the runner's own image and in a wheel."""
    copy = shutil.copytree(ROOT / "images", tmp_path / "images", symlinks=True)
    names = ["agent", "base", "c", "cpp", "java", "python"]
    assert wanted_images(copy, names, {}) == wanted_images(ROOT / "images", names, {})


def test_the_command_prints_a_tag_for_each_image(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_KEY", "some-key-of-tests")
    printed = CliRunner().invoke(main, ["languages", "tags", "python"]).output
    lines = [line.split("\t") for line in printed.splitlines()]
    assert [name for name, _ in lines] == ["agent", "base", "python"]
    for _, tag in lines:
        assert re.fullmatch(rf"{re.escape(__version__)}-[0-9a-f]{{12}}-\w+", tag)


def test_pins_are_read_and_no_file_means_none(tmp_path: Path) -> None:
    path = tmp_path / "image-digests.toml"
    assert read_pins(path) == {}
    digest = f"sha256:{'a' * 64}"
    path.write_text(f'[c]\ntag = "1-a-amd64"\ndigest = "{digest}"\n')
    assert read_pins(path) == {"c": Pin("1-a-amd64", digest)}
