"""Gets images that are not built: pulls them from a registry, or imports them from a tar."""

from __future__ import annotations

import lzma
from collections.abc import Callable, Iterator
from pathlib import Path

from docker import APIClient

from orchestrator.engine.cancellable_call import cancellable_call
from orchestrator.engine.client import EngineClient, Json
from orchestrator.errors import EngineError

CHUNK_BYTES = 1 << 20
IMPORT_DEADLINE_S = 300.0


async def pull_image(
    engine: EngineClient,
    name: str,
    *,
    deadline_s: float,
    on_event: Callable[[Json], None] = lambda _: None,
) -> None:
    """Pull the image `name` (`host/repository:tag`, or `…@sha256:…`) from its registry.

    `on_event` gets the engine's progress events (of POST /images/create), in a thread. Cancelling
    the waiting task ends the pull at once. Raises EngineError with the registry's or engine's text.
    """
    repository, at, tag = name.rpartition("@")
    if not at:
        repository, _, tag = name.rpartition(":")

    def pull(api: APIClient) -> None:
        for event in api.pull(repository, tag=tag, stream=True, decode=True):
            if "error" in event:
                raise EngineError(str(event["error"]))
            on_event(event)

    try:
        await cancellable_call(engine, pull, deadline_s=deadline_s)
    except TimeoutError as err:
        raise EngineError(f"{name} was not pulled in {deadline_s:g} s (BUILD_TIMEOUT)") from err


async def import_image(engine: EngineClient, tar: Path, name: str) -> None:
    """Import a tar, packed by xz, as the one layer of an image. Raises EngineError."""
    repository, _, tag = name.rpartition(":")

    def load(api: APIClient) -> None:
        answer = api.import_image_from_data(
            _unpacked(tar), repository=repository, tag=tag, changes=['CMD ["bash"]']
        )
        if '"error"' in str(answer):
            raise EngineError(f"{tar}: {str(answer).strip()[-300:]}")

    try:
        await cancellable_call(engine, load, deadline_s=IMPORT_DEADLINE_S)
    except TimeoutError as err:
        raise EngineError(f"{tar} was not imported in {IMPORT_DEADLINE_S:g} s") from err


def _unpacked(tar: Path) -> Iterator[bytes]:
    """Unpack in chunks, as the whole is larger than the server; the engine would need `xz`."""
    with lzma.open(tar) as packed:
        while chunk := packed.read(CHUNK_BYTES):
            yield chunk
