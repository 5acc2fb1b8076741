"""Names of images on the engine: listing, moving and dropping them. Nothing here uses force."""

from __future__ import annotations

from docker import APIClient

from orchestrator.engine.client import EngineClient, Json
from orchestrator.errors import ContainerNotFoundError, EngineConflictError

_NO_NAME = "<none>:<none>"


async def list_tagged(engine: EngineClient, reference: str) -> list[Json]:
    """The images (as GET /images/json has them) with a name that matches `reference`.

    `RepoTags` has the matching names alone. `*` in `reference` stops at `/` and `:`.
    """
    filters = {"reference": [reference]}
    return await engine.call(lambda api: list(api.images(filters=filters)))


async def list_untagged(engine: EngineClient, label: str) -> list[Json]:
    """The images with `label` that have neither a name nor a child; as `list_tagged` has them."""
    filters = {"label": [label], "dangling": ["true"]}
    return await engine.call(lambda api: list(api.images(filters=filters)))


async def tag_image(engine: EngineClient, image: str, name: str) -> None:
    """Have `name` (`repository:tag`) mean `image`, whatever it meant; in one step.

    Raises ContainerNotFoundError when there is no such image.
    """
    repository, _, tag = name.rpartition(":")
    await engine.call(lambda api: api.tag(image, repository, tag))


async def untag_image(engine: EngineClient, name: str) -> None:
    """Drop a name; the image goes with its last one. A name that is not there counts as done.

    Raises EngineConflictError when it is the last one and a container uses the image.
    """
    try:
        await engine.call(lambda api: api.remove_image(name))
    except ContainerNotFoundError:
        return


async def remove_untagged(engine: EngineClient, image: str) -> bool:
    """Remove an image (an id) without a name, and those it was made from that nobody else needs.

    True once it is gone; False when it has a name, a child, or a container that uses it.
    """

    def remove(api: APIClient) -> bool:
        # The engine would take an only name off and remove the image.
        names = api.inspect_image(image)["RepoTags"] or []  # type: ignore[no-untyped-call]
        if any(name != _NO_NAME for name in names):
            return False
        api.remove_image(image)
        return True

    try:
        return await engine.call(remove)
    except ContainerNotFoundError:
        return True
    except EngineConflictError:
        return False
