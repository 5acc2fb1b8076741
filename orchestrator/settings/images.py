"""The settings of languages and their images.

A part of `settings.py`; docs/reference/settings.md has a line for each.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings

_PACKAGE = Path(__file__).resolve().parent.parent


def find_images_dir(package: Path) -> Path:
    """Where a wheel has put them, inside the package; else beside it, as in a checkout."""
    shipped = package / "_data" / "images"
    return shipped if shipped.is_dir() else package.parent / "images"


DEFAULT_IMAGES_DIR = find_images_dir(_PACKAGE)


class ImageSettings(BaseSettings):
    """Which languages there are, and how their images are made and looked after."""

    images_dir: Path = Field(DEFAULT_IMAGES_DIR, description="The folder of the language folders.")
    image_digests: Path = Field(
        DEFAULT_IMAGES_DIR.parent / "image-digests.toml",
        description="A file, which a release makes, of the digests of its images: with it nothing "
        "else is pulled from IMAGE_REGISTRY, whatever the tags there mean by now.",
    )
    languages: str = Field(
        "c,cpp,java,python",
        description="Comma-separated ids of the language folders to build and serve; "
        "`all`: every folder.",
    )
    languages_interval: Annotated[float, Field(gt=0, le=3600)] = Field(
        30.0, description="Seconds between looks at which images the engine has by now."
    )
    build_timeout: Annotated[float, Field(gt=0, le=86_400)] = Field(
        1800.0, description="Seconds the build of one image may take."
    )
    build_memory_mb: Annotated[int, Field(ge=0, le=1 << 24)] = Field(
        0, description="Memory a step of a build may use, in MiB; 0: half of the machine's."
    )
    build_min_disk_mb: Annotated[int, Field(ge=0, le=1 << 30)] = Field(
        2048,
        description="Room that must be free where the engine keeps its images, before and during "
        "a build, in MiB; 0: not looked at.",
    )

    @cached_property
    def language_ids(self) -> tuple[str, ...]:
        """The languages to serve, in the order given; `all` stands for itself."""
        return tuple(name.strip() for name in self.languages.split(",") if name.strip())
