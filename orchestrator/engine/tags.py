"""Lists, moves and removes the names (tags) of images. Nothing here uses force."""

from __future__ import annotations

from docker import APIClient

from orchestrator.engine.client import EngineClient, Json
from orchestrator.errors import ContainerNotFoundError, EngineConflictError

_NO_NAME = "<none>:<none>"


async def list_tagged(engine: EngineClient, reference: str) -> list[Json]:
    """Return the images with a name that matches `reference`, as GET /images/json lists them.

    `RepoTags` has only the matching names. `*` in `reference` matches neither `/` nor `:`.
    """
    filters = {"reference": [reference]}
    return await engine.call(lambda api: list(api.images(filters=filters)))


async def list_untagged(engine: EngineClient, label: str) -> list[Json]:
    """Return the images with `label` that have neither a name nor a child, in the same form."""
    filters = {"label": [label], "dangling": ["true"]}
    return await engine.call(lambda api: list(api.images(filters=filters)))


async def tag_image(engine: EngineClient, image: str, name: str) -> None:
    """Point `name` (`repository:tag`) to `image`, whatever it pointed to; atomic.

    Raises ContainerNotFoundError when there is no such image.
    """
    repository, _, tag = name.rpartition(":")
    await engine.call(lambda api: api.tag(image, repository, tag))


async def untag_image(engine: EngineClient, name: str) -> None:
    """Remove a name; the image is removed with its last one. A missing name is no error.

    Raises EngineConflictError when it is the last name and a container uses the image.
    """
    try:
        await engine.call(lambda api: api.remove_image(name))
    except ContainerNotFoundError:
        return


async def remove_untagged(engine: EngineClient, image: str) -> bool:
    """Remove an image without a name (by id), and its parents that nothing else needs.

    True once it is gone; False when it has a name or a child, or a container uses it.
    """

    def remove(api: APIClient) -> bool:
        # The engine would remove the image together with its only name.
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
