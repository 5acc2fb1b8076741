"""Which language a file is in, when nobody says so: told from the end of its name."""

from __future__ import annotations

import contextlib
from pathlib import Path

from orchestrator.cli.program import program
from orchestrator.errors import ConfigurationError
from orchestrator.languages.model import Language
from orchestrator.languages.registry import folder_ids, load_folder

LOCALLY = "{program} languages build {id} && {program} languages enable {id}"
REMOTELY = "an admin can build it: {program} languages rebuild {id} --url {url}"


def no_language(file: Path, images_dir: Path, url: str = "") -> str:
    """What to say where nothing that is served has the file's extension.

    `images_dir`: where to look for a language that is not built; `url`: of the server, if it is one
    that was to run the file.
    """
    text = f"{file.name}: no language has the extension {file.suffix!r}"
    found = find_by_extension(file.suffix, images_dir)
    if found is None:
        return f"{text}; name it with --language"
    how = (REMOTELY if url else LOCALLY).format(program=program(), id=found.image_owner, url=url)
    return f"{text} here; {found.name} does, and is not served: {how}"


def find_by_extension(extension: str, images_dir: Path) -> Language | None:
    """The first language of any folder that has it; a folder that is no good is passed over."""
    with contextlib.suppress(ConfigurationError):
        for language_id in folder_ids(images_dir):
            with contextlib.suppress(ConfigurationError):
                for each in load_folder(images_dir, language_id).languages:
                    if extension in each.source.extensions:
                        return each
    return None
