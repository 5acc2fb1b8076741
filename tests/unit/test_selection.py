"""What is served: by the settings, by the marks, by what the images say of themselves."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestrator.errors import ConfigurationError, NoPreviousImageError
from orchestrator.images.description import ImageDescription, describe_image
from orchestrator.images.selection import (
    LanguageSelection,
    check_folder_fits,
    check_previous,
    select_languages,
)
from orchestrator.images.store import LanguageImage, LanguageImages
from orchestrator.languages.model import InstalledLanguage
from orchestrator.languages.registry import load_folder
from orchestrator.settings.images import DEFAULT_IMAGES_DIR
from tests.api_support import make_language, make_settings
from tests.languages_support import TOML, write_language

IMAGE = LanguageImage("sha256:1", "1.2", "s", TOML, 5_000_000, 0)


def images(*names: str, **marks: Any) -> dict[str, LanguageImages]:
    """`marks` by language; a candidate alone is no image."""
    built = {name: LanguageImages(name, current=IMAGE) for name in names}
    for name, fields in marks.items():
        built[name] = replace(built.get(name, LanguageImages(name)), **fields)
    return built


ON, OFF = {"is_enabled": True}, {"is_disabled": True}


@pytest.mark.parametrize(
    ("asked", "there", "selection"),
    [
        (("python", "c"), images("c", "go", "python"), LanguageSelection(("python", "c"), (), ())),
        (("c", "c"), images("c"), LanguageSelection(("c",), (), ())),
        (("c", "go"), images("c"), LanguageSelection(("c",), (), ("go",))),
        (("c",), images("c", "go", go=ON), LanguageSelection(("c", "go"), (), ())),
        (("c",), images("c", go=ON), LanguageSelection(("c",), (), ())),
        (("c", "go"), images("c", "go", go=OFF), LanguageSelection(("c",), ("go",), ())),
        (("c",), images("c", "go", go=OFF), LanguageSelection(("c",), ("go",), ())),
        (("c",), images("c", go=OFF), LanguageSelection(("c",), (), ())),
        (
            ("all",),
            images("awk", "python", "c", awk=OFF),
            LanguageSelection(("c", "python"), ("awk",), ()),
        ),
        (("all",), images("awk", go={"candidate": IMAGE}), LanguageSelection(("awk",), (), ())),
        (("all",), {}, LanguageSelection((), (), ())),
    ],
)
def test_languages_are_selected_by_setting_and_mark(
    asked: tuple[str, ...], there: dict[str, LanguageImages], selection: LanguageSelection
) -> None:
    assert select_languages(asked, there) == selection


def test_an_image_says_itself_what_it_serves(tmp_path: Path) -> None:
    (shout,) = describe_image(tmp_path, "shout", IMAGE).languages
    assert (shout.version, shout.digest, shout.size_bytes) == ("1.2", "sha256:1", 5_000_000)
    assert (shout.language.id, shout.language.aliases) == ("shout", ("awk", "Loud"))
    cpp = replace(IMAGE, definition=(DEFAULT_IMAGES_DIR / "cpp" / "language.toml").read_text())
    found = describe_image(tmp_path, "cpp", cpp).languages
    assert [each.language.id for each in found] == ["cpp", "cpp20", "cpp23"]
    assert {each.digest for each in found} == {"sha256:1"}
    assert describe_image(tmp_path, "cpp", None) == ImageDescription()


def test_an_image_that_can_t_be_used_is_rejected_with_the_reason(tmp_path: Path) -> None:
    cpp = replace(IMAGE, definition=(DEFAULT_IMAGES_DIR / "cpp" / "language.toml").read_text())
    other = describe_image(tmp_path, "shout", cpp)
    assert "shout/language.toml: id: 'cpp' is not" in str(other.rejection)
    old = describe_image(tmp_path, "shout", replace(IMAGE, definition=""))
    assert "is of an earlier version" in str(old.rejection)
    assert other.languages == old.languages == ()
    fine = describe_image(tmp_path, "shout", IMAGE)
    assert fine.within(make_settings()) == fine
    assert fine.usable == fine.languages
    unfit = fine.within(make_settings(max_processes=4))
    assert unfit.languages == fine.languages
    assert unfit.usable == ()
    assert str(unfit.rejection).startswith("setting MAX_PROCESSES: 4 is less than the ")


@pytest.mark.parametrize(
    ("previous", "message"),
    [
        (None, "^shout: there is no previous image to go back to$"),
        (IMAGE, "there is no previous image"),
        (replace(IMAGE, digest="sha256:0", definition=""), "can't be used: the image of shout is"),
    ],
)
def test_a_rollback_without_a_usable_previous_image_is_refused(
    tmp_path: Path, previous: LanguageImage | None, message: str
) -> None:
    with pytest.raises(NoPreviousImageError, match=message):
        check_previous(LanguageImages("shout", IMAGE, previous), tmp_path)


def test_a_rollback_needs_another_image_or_completes_an_interrupted_one(tmp_path: Path) -> None:
    older = replace(IMAGE, digest="sha256:0")
    check_previous(LanguageImages("shout", IMAGE, older), tmp_path)
    # A rollback that was cut short is completed.
    check_previous(LanguageImages("shout", IMAGE, IMAGE, aside=older), tmp_path)
    with pytest.raises(NoPreviousImageError):
        check_previous(LanguageImages("shout", IMAGE, IMAGE, aside=IMAGE), tmp_path)


def test_a_folder_must_fit_what_else_is_served(tmp_path: Path) -> None:
    write_language(tmp_path / "images")
    folder = load_folder(tmp_path / "images", "shout")
    (own,) = (InstalledLanguage(each, "1", "sha256:0") for each in folder.languages)
    gawk = InstalledLanguage(make_language("gawk", "LOUD"), "1", "sha256:1")
    check_folder_fits(make_settings(), folder, [own])
    with pytest.raises(
        ConfigurationError,
        match=r"^images/shout/language.toml: aliases: 'Loud' already belongs to gawk$",
    ):
        check_folder_fits(make_settings(), folder, [own, gawk])
    with pytest.raises(ConfigurationError, match=r"^setting MAX_MEMORY_MB: 63 is less than the 64"):
        check_folder_fits(make_settings(max_memory_mb=63), folder, [])
