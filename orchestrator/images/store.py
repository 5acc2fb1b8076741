"""Which images the languages have, as the engine's tags and labels say, and moving them.

There is no other memory: a server that starts, one that was killed and another one on the same
engine all read the same. Tags move one at a time, in an order of which every beginning leaves
`current` at an image that was proved, and from which the same operation, repeated, ends well. Two
changes of one language at once are for the caller to prevent.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from orchestrator.engine.client import EngineClient, Json
from orchestrator.engine.tags import (
    list_tagged,
    list_untagged,
    remove_untagged,
    tag_image,
    untag_image,
)
from orchestrator.errors import (
    ContainerNotFoundError,
    EngineConflictError,
    EngineError,
    NoPreviousImageError,
)
from orchestrator.images.tags import (
    ASIDE,
    CANDIDATE,
    CURRENT,
    DISABLED,
    ENABLED,
    LABEL_CONTENT,
    LABEL_DEFINITION,
    MARK_IMAGE,
    PREVIOUS,
    REPOSITORY,
    image_name,
    split_name,
)
from orchestrator.languages.model import LABEL_LANGUAGE, LABEL_SOURCE, LABEL_VERSION

ABANDONED_S = 24 * 3600.0
"""Nothing that is still being built is as old as this."""


@dataclass(frozen=True, slots=True)
class LanguageImage:
    """An image that was built for a language, as its labels describe it.

    `digest` is its id (`sha256:` and 64 hex digits), `definition` the text of its `language.toml`
    (empty where it has none), `created` in epoch seconds, `size_bytes` with all layers, `content`
    the digest of the files it was made of (empty where it was made before there was one).
    """

    digest: str
    version: str
    source: str
    definition: str
    size_bytes: int
    created: int
    content: str = ""


@dataclass(frozen=True, slots=True)
class LanguageImages:
    """What the engine's tags say of one language."""

    id: str
    current: LanguageImage | None = None
    previous: LanguageImage | None = None
    candidate: LanguageImage | None = None
    aside: LanguageImage | None = None
    """Only while a rollback is under way, or was when its process was killed."""
    is_enabled: bool = False
    is_disabled: bool = False

    @property
    def images(self) -> tuple[LanguageImage, ...]:
        """The images that exist, of these four."""
        known = (self.current, self.previous, self.candidate, self.aside)
        return tuple(each for each in known if each is not None)


class Move(NamedTuple):
    """One change of a tag: it moves to an image or, where that is None, is removed."""

    tag: str
    image: str | None


class ImageStore:
    """The languages' images on one engine."""

    def __init__(self, engine: EngineClient) -> None:
        """Keeps nothing but the client."""
        self._engine = engine

    async def read(self) -> dict[str, LanguageImages]:
        """Every language that has an image or a mark, by id; one call to the engine.

        An image without our labels, or with another language's, counts as none.
        """
        return read_images(await list_tagged(self._engine, f"{REPOSITORY}/*"))

    async def promoted_at(self, language_id: str) -> str | None:
        """When the current image last got a name, as when promoted; ISO 8601, from the engine.

        None without one, and where the engine does not know.
        """
        try:
            image = await self._engine.inspect_image(image_name(language_id, CURRENT))
        except ContainerNotFoundError:
            return None
        at = str((image.get("Metadata") or {}).get("LastTagTime") or "")
        return at if at and not at.startswith("0001-") else None  # of one that was pulled

    async def promote(self, language_id: str, digest: str) -> None:
        """Make the image the current one, and the current one the previous.

        Until then the image needs a tag that holds it: `candidate`, which goes. Raises
        ContainerNotFoundError when there is no such image, EngineError when it is not one of this
        language's.
        """
        labels = _labels(await self._engine.inspect_image(digest))
        if not _is_of(labels, language_id):
            raise EngineError(f"{digest[:19]} is no image of the language {language_id}")
        current = await self._held(language_id, CURRENT)
        await self._apply(language_id, promotion(current, digest))

    async def rollback(self, language_id: str) -> None:
        """Swap the current and the previous image; one that was interrupted is completed.

        Raises NoPreviousImageError when there is no other image to go back to.
        """
        current = await self._held(language_id, CURRENT)
        previous = await self._held(language_id, PREVIOUS)
        aside = await self._held(language_id, ASIDE)
        moves = swap(current, previous, aside)
        if not moves:
            raise NoPreviousImageError(f"{language_id}: there is no previous image to go back to")
        await self._apply(language_id, moves)

    async def enable(self, language_id: str) -> None:
        """Mark it as served, whether LANGUAGES names it or not."""
        await self._apply(language_id, (Move(ENABLED, MARK_IMAGE), Move(DISABLED, None)))

    async def disable(self, language_id: str) -> None:
        """Mark it as not served, whatever LANGUAGES names."""
        await self._apply(language_id, (Move(DISABLED, MARK_IMAGE), Move(ENABLED, None)))

    async def drop_candidate(self, language_id: str) -> None:
        """Take the tag `candidate` away; its image stays if another tag or a container has it."""
        await self._apply(language_id, (Move(CANDIDATE, None),))

    async def collect(
        self, keep: Collection[str] = (), *, older_than_s: float = ABANDONED_S
    ) -> list[str]:
        """Remove language images without a tag, and what only they were made from; their digests.

        Those in `keep`, and those that a container uses, are left for another time; so are those
        made lately, which may be steps of a build that somebody else has under way.
        """
        listed = await list_untagged(self._engine, LABEL_LANGUAGE)
        listed.sort(key=lambda image: int(image["Created"]), reverse=True)  # children first
        newest = time.time() - older_than_s
        digests = [
            str(image["Id"])
            for image in listed
            if image["Id"] not in keep and int(image["Created"]) <= newest
        ]
        return [digest for digest in digests if await self.remove(digest)]

    async def remove(self, digest: str) -> bool:
        """Remove an image that no tag holds; True once it is gone, False while it is in use."""
        return await remove_untagged(self._engine, digest)

    async def _held(self, language_id: str, tag: str) -> str | None:
        """The digest of the language's image that has the tag."""
        try:
            image = await self._engine.inspect_image(image_name(language_id, tag))
        except ContainerNotFoundError:
            return None
        return str(image["Id"]) if _is_of(_labels(image), language_id) else None

    async def _apply(self, language_id: str, moves: Iterable[Move]) -> None:
        for tag, image in moves:
            name = image_name(language_id, tag)
            if image is None:
                await self._drop(name)
            else:
                await tag_image(self._engine, image, name)

    async def _drop(self, name: str) -> None:
        try:
            await untag_image(self._engine, name)
        except EngineConflictError:
            # The only name of an image that a container uses; moving it is always allowed.
            await tag_image(self._engine, MARK_IMAGE, name)
            await untag_image(self._engine, name)


def promotion(current: str | None, digest: str) -> tuple[Move, ...]:
    """The moves that make `digest` current: the old one is held by `previous` before it is not."""
    moves = [Move(ASIDE, None)]
    if current != digest:
        moves += [Move(PREVIOUS, current)] if current else []
        moves.append(Move(CURRENT, digest))
    return (*moves, Move(CANDIDATE, None))


def swap(current: str | None, previous: str | None, aside: str | None) -> tuple[Move, ...]:
    """The moves that swap `current` and `previous`, or complete such a swap; none: impossible.

    Two names can't be swapped without a third: the image that goes out is held by `aside` until it
    is held by `previous`.
    """
    if aside and aside != current and previous in {current, aside}:
        return (Move(PREVIOUS, aside), Move(ASIDE, None))
    if previous in {None, current}:
        return ()
    if current is None:
        return (Move(CURRENT, previous),)
    return (
        Move(ASIDE, current),
        Move(CURRENT, previous),
        Move(PREVIOUS, current),
        Move(ASIDE, None),
    )


def read_images(listed: Iterable[Json]) -> dict[str, LanguageImages]:
    """What a listing of our repositories (as GET /images/json answers) says of each language."""
    tags: dict[str, dict[str, LanguageImage | None]] = {}
    for image in listed:
        labels = image.get("Labels") or {}
        for name in image.get("RepoTags") or ():
            language_id, tag = split_name(name)
            found = _describe(image, labels) if _is_of(labels, language_id) else None
            tags.setdefault(language_id, {})[tag] = found
    read = (_of_one(language_id, tags[language_id]) for language_id in sorted(tags))
    return {images.id: images for images in read if images != LanguageImages(images.id)}


def _of_one(language_id: str, tags: Mapping[str, LanguageImage | None]) -> LanguageImages:
    return LanguageImages(
        language_id,
        current=tags.get(CURRENT),
        previous=tags.get(PREVIOUS),
        candidate=tags.get(CANDIDATE),
        aside=tags.get(ASIDE),
        is_enabled=ENABLED in tags,
        is_disabled=DISABLED in tags,
    )


def _describe(image: Json, labels: Mapping[str, str]) -> LanguageImage:
    return LanguageImage(
        digest=str(image["Id"]),
        version=labels[LABEL_VERSION],
        source=labels.get(LABEL_SOURCE, ""),
        definition=labels.get(LABEL_DEFINITION, ""),
        size_bytes=int(image["Size"]),
        created=int(image["Created"]),
        content=labels.get(LABEL_CONTENT, ""),
    )


def _labels(image: Json) -> dict[str, str]:
    return (image.get("Config") or {}).get("Labels") or {}


def _is_of(labels: Mapping[str, str], language_id: str) -> bool:
    return labels.get(LABEL_LANGUAGE) == language_id and LABEL_VERSION in labels
