"""The languages' images out of a registry: this version's, and no others."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress

import structlog

from orchestrator.engine.client import EngineClient, Json
from orchestrator.engine.fetch import pull_image
from orchestrator.engine.tags import list_tagged, tag_image, untag_image
from orchestrator.errors import (
    ContainerNotFoundError,
    EngineConflictError,
    EngineError,
    RunnerError,
)
from orchestrator.images.description import describe_image
from orchestrator.images.release import SHARED, Wanted, read_pins, wanted_images
from orchestrator.images.store import ImageStore
from orchestrator.images.tags import (
    CANDIDATE,
    CURRENT,
    LABEL_CONTENT,
    PINNED,
    REPOSITORY,
    image_name,
    split_name,
)
from orchestrator.settings import Settings

log = structlog.get_logger(__name__)

MB = 1_000_000

Say = Callable[[str], None]


class PullProgress:
    """How far a pull is, by what the engine says of each layer."""

    def __init__(self) -> None:
        """Nothing is known yet."""
        self._layers: dict[str, tuple[int, int]] = {}

    def feed(self, event: Json) -> str:
        """As in `37 of 120 MB`; of the layers that it has begun with. Empty before it has."""
        detail = event.get("progressDetail") or {}
        layer, status = str(event.get("id", "")), event.get("status")
        if status == "Downloading" and detail.get("total"):
            self._layers[layer] = (int(detail.get("current", 0)), int(detail["total"]))
        elif status == "Download complete" and layer in self._layers:
            self._layers[layer] = (self._layers[layer][1],) * 2
        done = sum(each for each, _ in self._layers.values())
        total = sum(each for _, each in self._layers.values())
        return f"{done / MB:.0f} of {total / MB:.0f} MB" if total else ""


async def pull_images(
    settings: Settings, engine: EngineClient, ids: Sequence[str], say: Say
) -> list[str]:
    """Pull this version's images of `ids`. Returns the ids that the registry does not have.

    What is here already is not asked for, what another version has pushed not looked at. Raises
    ConfigurationError where the pins can't be read.
    """
    pins = read_pins(settings.image_digests)
    for wanted in wanted_images(settings.images_dir, SHARED, pins):
        if not await _is_here(engine, wanted):
            await _pull_as(settings, engine, wanted, CURRENT, _saying(say, wanted.name))
    missing = []
    for number, wanted in enumerate(wanted_images(settings.images_dir, ids, pins), 1):
        if await _is_here(engine, wanted):
            continue
        doing = _saying(say, f"{wanted.name} {number}/{len(ids)}")
        if not await _pull_as(settings, engine, wanted, CANDIDATE, doing) or not await _promote(
            settings, ImageStore(engine), wanted.name
        ):
            missing.append(wanted.name)
    return missing


def _saying(say: Say, what: str) -> Say:
    """Says that `what` is pulled, and from then on how far."""
    say(f"pulling {what}")
    return lambda far: say(f"pulling {what}: {far}")


async def _is_here(engine: EngineClient, wanted: Wanted) -> bool:
    """Whether it was made of the files it is to be made of, and pulled, if it was, by that digest.

    One that was built here since, for Debian's updates, counts until another digest is pinned.
    """
    if await _content(engine, image_name(wanted.name, CURRENT)) != wanted.content:
        return False
    pinned = await _pinned(engine, wanted.name)
    return not wanted.pinned or not pinned or wanted.pinned in pinned


async def _pinned(engine: EngineClient, name: str) -> set[str]:
    """The tags here that say by which digests an image was pulled."""
    listed = await list_tagged(engine, f"{REPOSITORY}/{name}:{PINNED}*")
    return {split_name(tag)[1] for image in listed for tag in image.get("RepoTags") or ()}


async def _note_pin(engine: EngineClient, wanted: Wanted, source: str) -> None:
    """Of an image that has come: there is one such tag, but for one that a container holds."""
    for old in await _pinned(engine, wanted.name) - {wanted.pinned}:
        with suppress(EngineConflictError):
            await untag_image(engine, image_name(wanted.name, old))
    if wanted.pinned:
        await tag_image(engine, source, image_name(wanted.name, wanted.pinned))


async def _pull_as(
    settings: Settings, engine: EngineClient, wanted: Wanted, tag: str, say: Say
) -> bool:
    """Whether the registry's image is here now, as `tag`, and made of what it is to be made of."""
    source, started = wanted.source(settings.image_registry), time.monotonic()
    progress = PullProgress()

    def hear(event: Json) -> None:
        far = progress.feed(event)
        if far:
            say(far)

    error = "it was made of other files"
    try:
        await pull_image(engine, source, deadline_s=settings.build_timeout, on_event=hear)
        if await _content(engine, source) == wanted.content:
            await tag_image(engine, source, image_name(wanted.name, tag))
            await _note_pin(engine, wanted, source)
            error = ""
    except EngineError as err:
        error = str(err)
    with suppress(EngineError):  # a name more, which does no harm
        await untag_image(engine, source)
    if error:
        log.warning("image_not_pulled", image=source, error=error)
    else:
        log.info("image_pulled", image=source, seconds=round(time.monotonic() - started, 1))
    return not error


async def _content(engine: EngineClient, image: str) -> str:
    """What its label says of the files that an image is made of; empty where there is none."""
    try:
        found = await engine.inspect_image(image)
    except ContainerNotFoundError:
        return ""
    return str((found["Config"].get("Labels") or {}).get(LABEL_CONTENT, ""))


async def _promote(settings: Settings, store: ImageStore, language_id: str) -> bool:
    """Make the candidate the current image, if this server can make sense of it.

    Its samples were tried where it was built; whether the limits hold in it is tried before it is
    served.
    """
    try:
        images = (await store.read())[language_id]
        if images.candidate is None:
            raise EngineError("it has none of this project's labels, or another language's")
        found = describe_image(settings.images_dir, language_id, images.candidate)
        if found.rejection is not None:
            raise EngineError(found.rejection)
        await store.promote(language_id, images.candidate.digest)
    except (RunnerError, KeyError) as err:
        log.warning("pulled_image_refused", language=language_id, error=str(err))
        await store.drop_candidate(language_id)
        return False
    return True
