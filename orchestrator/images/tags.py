"""How the engine's images are named and labelled: the whole memory of what is built and served."""

from __future__ import annotations

REPOSITORY = "codebae-runner"
LABEL_DEFINITION = "codebae.definition"
"""The text of the `language.toml` that the image was proved with."""

LABEL_CONTENT = "codebae.content"
"""The digest of the files that the image was made of (`release.py`), whoever has built it."""

CURRENT = "current"
PREVIOUS = "previous"
CANDIDATE = "candidate"
ASIDE = "aside"
"""Holds the image that a rollback takes out of service, until it has become the previous one."""

PINNED = "pinned-"
"""What a tag begins with that says which digest of a release an image was pulled by."""

ENABLED = "enabled"
DISABLED = "disabled"


def image_name(language_id: str, tag: str) -> str:
    """The name of a language's image: `codebae-runner/c:current`."""
    return f"{REPOSITORY}/{language_id}:{tag}"


def split_name(name: str) -> tuple[str, str]:
    """Language id and tag of a name that `image_name` made."""
    language_id, _, tag = name.removeprefix(f"{REPOSITORY}/").rpartition(":")
    return language_id, tag


MARK_IMAGE = image_name("agent", CURRENT)
"""What the tags that only mark something point at: small, and on every engine with languages."""

BASE_IMAGE = image_name("base", CURRENT)
"""What every language's image begins with."""
