"""Build contexts: the same bytes for the same contents, whoever made the files and when."""

from __future__ import annotations

import io
import os
import tarfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import ConfigurationError
from orchestrator.images.context import build_context, parent_images, source_digest

if TYPE_CHECKING:
    from pathlib import Path


def folder_at(path: Path, names: list[str]) -> Path:
    for name in names:
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(name)
    return path


def members(context: bytes) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(context)) as tar:
        return {member.name: member for member in tar}


def test_order_times_and_umask_do_not_matter(tmp_path: Path) -> None:
    names = ["Dockerfile", "b", "a/x", "a/y"]
    one = folder_at(tmp_path / "one", names)
    two = folder_at(tmp_path / "two", names[::-1])
    os.utime(two / "b", (1, 1))
    (two / "b").chmod(0o600)
    (two / "a").chmod(0o700)
    assert build_context(one) == build_context(two)
    assert list(members(build_context(one))) == ["Dockerfile", "a", "a/x", "a/y", "b"]


@pytest.mark.parametrize("change", ["content", "name", "mode", "link"])
def test_the_context_changes_with_everything_the_image_would_see(
    tmp_path: Path, change: str
) -> None:
    folder = folder_at(tmp_path, ["Dockerfile", "b"])
    before = build_context(folder)
    if change == "content":
        (folder / "b").write_text("c")
    elif change == "name":
        (folder / "b").rename(folder / "c")
    elif change == "mode":
        (folder / "b").chmod(0o755)
    else:
        (folder / "l").symlink_to("b")
        assert members(build_context(folder))["l"].linkname == "b"
    assert build_context(folder) != before


def test_a_linked_folder_is_a_link_and_not_walked(tmp_path: Path) -> None:
    folder = folder_at(tmp_path / "here", ["Dockerfile"])
    folder_at(tmp_path / "there", ["secret"])
    (folder / "out").symlink_to(tmp_path / "there")
    assert list(members(build_context(folder))) == ["Dockerfile", "out"]


def test_bytecode_that_an_installation_left_is_no_part_of_it(tmp_path: Path) -> None:
    names = ["Dockerfile", "samples/hello.py"]
    one = folder_at(tmp_path / "one", names)
    two = folder_at(tmp_path / "two", [*names, "samples/__pycache__/hello.cpython-311.pyc"])
    assert build_context(one) == build_context(two)


def test_extra_files_stand_beside_the_folders_own(tmp_path: Path) -> None:
    folder = folder_at(tmp_path, ["Dockerfile", "ca/.gitkeep", "ca/own"])
    context = build_context(folder, {"ca/host": b"1", "ca/own": b"22"})
    found = members(context)
    assert list(found) == ["Dockerfile", "ca", "ca/.gitkeep", "ca/host", "ca/own"]
    assert found["ca/own"].size == 2


def test_a_folder_without_a_dockerfile_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"/_base/Dockerfile: missing$"):
        build_context(folder_at(tmp_path / "_base", ["b"]))


def test_parents_are_the_images_named_outright(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(
        "ARG BASE\n# FROM comment\nFROM debian:12 AS build\nfrom --platform=linux/arm x/y as two\n"
        "FROM ${BASE}\nFROM build\n"
    )
    assert parent_images(tmp_path) == ("debian:12", "x/y")


@given(st.lists(st.binary(max_size=4), max_size=4), st.lists(st.binary(max_size=4), max_size=4))
def test_a_digest_tells_apart_what_differs(one: list[bytes], two: list[bytes]) -> None:
    assert (source_digest(*one) == source_digest(*two)) == (one == two)
