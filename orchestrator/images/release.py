"""Which of a registry's images are this version's own: those made of the files that we have.

An image's tag there is our version, a digest of those files, and the machine's kind, as in
`0.1.0-1f2e3d4c5b6a-amd64`: what another version has pushed, be it older or newer, has another one.
A release can pin more, the images' digests (`image-digests.toml`): then nothing else is pulled,
whatever a tag means by now.
"""

from __future__ import annotations

import platform
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestrator import __version__
from orchestrator.errors import ConfigurationError
from orchestrator.images.context import content_of, source_digest
from orchestrator.images.tags import PINNED

AGENT, BASE = "agent", "base"
SHARED = {AGENT: "_agent", BASE: "_base"}
"""The folders of what is no language's image, by the image's name."""

RECIPE = b"3"
"""Part of every digest: raise it when what `build.py` does to an image changes."""

TAG_DIGITS = 12
_MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}
_PIN = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Pin:
    """What a release has pushed: the manifest that `tag` meant then."""

    tag: str
    digest: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """An image as a registry has it.

    `content` is in its label, `digest` empty where none is pinned.
    """

    name: str
    tag: str
    content: str
    digest: str = ""

    def source(self, registry: str) -> str:
        """What to pull: by digest where one is pinned."""
        return f"{registry}/{self.name}" + (f"@{self.digest}" if self.digest else f":{self.tag}")

    @property
    def pinned(self) -> str:
        """The tag that says here that it was pulled by that digest; empty where none is pinned."""
        short = self.digest.removeprefix("sha256:")[:TAG_DIGITS]
        return f"{PINNED}{short}" if short else ""


def wanted_images(images_dir: Path, names: Iterable[str], pins: Mapping[str, Pin]) -> list[Wanted]:
    """Of the agent, the base, and each language whose folder is named. Raises ConfigurationError.

    A pin counts for the files it was made with alone.
    """
    return [_wanted(name, content_digest(images_dir, name), pins.get(name)) for name in names]


def _wanted(name: str, content: str, pin: Pin | None) -> Wanted:
    tag = release_tag(content)
    return Wanted(name, tag, content, pin.digest if pin and pin.tag == tag else "")


def content_digest(images_dir: Path, name: str) -> str:
    """Of all files that an image is made of, as 64 hex digits; the same on every machine.

    Raises ConfigurationError where one of the folders is missing.
    """
    folders = [SHARED[name]] if name in SHARED else [name, "_sandbox", *SHARED.values()]
    return source_digest(RECIPE, *(content_of(images_dir / folder) for folder in folders))


def release_tag(content: str) -> str:
    """The tag that goes with a content's digest, on a machine of our kind."""
    machine = platform.machine()
    return f"{__version__}-{content[:TAG_DIGITS]}-{_MACHINES.get(machine, machine)}"


def read_pins(path: Path) -> dict[str, Pin]:
    """What a release has pinned, by image; nothing where there is no such file.

    Raises ConfigurationError that names the file.
    """
    try:
        found = tomllib.loads(path.read_text("utf-8"))
        return {name: _pin(table) for name, table in found.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, KeyError) as err:
        raise ConfigurationError(f"setting IMAGE_DIGESTS: {path}: {err}") from err


def _pin(table: Mapping[str, str]) -> Pin:
    if not _PIN.fullmatch(table["digest"]):
        raise ValueError(f"{table['digest']!r} is no digest")
    return Pin(table["tag"], table["digest"])
