"""Images that are not built: pulled from a registry, or made of a tar."""

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
    """Have the image that a registry has under `name` (`host/repository:tag`, or `…@sha256:…`).

    `on_event` hears, in a thread of its own, whatever the engine says of it meanwhile, as
    POST /images/create does. Given up at once when the waiting task is cancelled. Raises
    EngineError, with what the registry or the engine said.
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
    """Make an image of one layer out of a tar, packed by xz. Raises EngineError."""
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
    """Bit by bit: whole, it is larger than the server. The engine would need `xz` for it."""
    with lzma.open(tar) as packed:
        while chunk := packed.read(CHUNK_BYTES):
            yield chunk
