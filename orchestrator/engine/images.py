"""Builds images, with a deadline and limits; a cancelled build ends at once."""

from __future__ import annotations

import asyncio
import io
import math
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, cast

import requests
import urllib3
from docker import APIClient
from docker import errors as docker_errors

from orchestrator.engine.build_log import BuildLog, LineRelay, LineSink, StepFailedError
from orchestrator.engine.cancellable_call import cancellable_call
from orchestrator.engine.client import EngineClient
from orchestrator.engine.disk import DiskGuard
from orchestrator.errors import (
    ContainerNotFoundError,
    DiskSpaceError,
    EngineConflictError,
    EngineError,
    EngineUnavailableError,
)

BUILD_DEADLINE_S = 1800.0
BUILD_CPU_SHARES = 128
"""A job's container has 1024: a build gets the CPU time that jobs leave."""

WENT_AWAY = "The engine went away in the middle of the build"
UNDO_TRIES = 10
UNDO_INTERVAL_S = 0.5

_BROKEN = (
    urllib3.exceptions.HTTPError,
    requests.RequestException,
    docker_errors.StreamParseError,
    OSError,
)


@dataclass(frozen=True, slots=True)
class BuildRequest:
    """What to build: `context` is a tar with a `Dockerfile`; an empty `target` is the last stage.

    `memory_bytes`: the memory limit of each step, without swap; 0: no limit.
    """

    context: bytes = field(repr=False)
    tag: str
    target: str = ""
    buildargs: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    no_cache: bool = False
    memory_bytes: int = 0
    cpu_shares: int = BUILD_CPU_SHARES


async def build_image(
    engine: EngineClient,
    request: BuildRequest,
    on_line: LineSink,
    *,
    deadline_s: float = BUILD_DEADLINE_S,
    disk: DiskGuard | None = None,
) -> str:
    """Build an image and return its id; the tag moves to it only if the whole build succeeds.

    `on_line` gets the log line by line on the event loop, all before this returns; of a flood some
    lines are dropped. When the waiting task is cancelled, at the deadline, or when `disk` finds too
    little space, the build ends at once. Raises EngineError with the line that explains the
    failure, DiskSpaceError, or EngineUnavailableError.
    """
    made = ""
    log = BuildLog(request.memory_bytes)
    relay = LineRelay(asyncio.get_running_loop(), on_line)

    def build(api: APIClient) -> str:
        return _build(api, request, deadline_s, log, relay)

    try:
        made = await _call_within(engine, build, deadline_s, disk)
    except StepFailedError as err:
        await _expect_engine(engine, err)
        raise
    except DiskSpaceError:
        await _remove_made(engine, log.made)
        raise
    except asyncio.CancelledError:
        relay.close()
        raise
    else:
        return made
    finally:
        if request.no_cache:  # what is not part of the image is of no use without the cache
            await _remove_unused(engine, [each for each in log.made if each not in made])
        await relay.finish()
        relay.close()


async def _call_within(
    engine: EngineClient,
    build: Callable[[APIClient], str],
    deadline_s: float,
    disk: DiskGuard | None,
) -> str:
    """What `build` returns. Raises EngineError at the deadline, DiskSpaceError for want of room."""

    def call() -> Coroutine[Any, Any, str]:
        return cancellable_call(engine, build, deadline_s=deadline_s)

    try:
        return await (call() if disk is None else disk.over(call))
    except TimeoutError as err:
        raise EngineError(f"The build did not end in {deadline_s:g} s (BUILD_TIMEOUT)") from err


def _build(
    api: APIClient, request: BuildRequest, deadline_s: float, log: BuildLog, relay: LineRelay
) -> str:
    # Above the deadline, which the caller enforces and which is not a failure of the engine.
    events = _start_build(api, request, timeout_s=math.ceil(deadline_s) + 5)
    try:
        with closing(events):
            for event in events:
                for line in log.feed(event):
                    relay.put(line)
                relay.rest()
    except docker_errors.APIError:
        raise  # a refusal; it is also an exception of the HTTP library
    except _BROKEN as err:
        raise EngineUnavailableError(WENT_AWAY) from err
    return log.image_id


def _start_build(api: APIClient, request: BuildRequest, *, timeout_s: int) -> Any:
    limits: dict[str, Any] = {"cpushares": request.cpu_shares}
    if request.memory_bytes:
        limits |= {"memory": request.memory_bytes, "memswap": request.memory_bytes}
    return api.build(
        fileobj=io.BytesIO(request.context),
        custom_context=True,
        tag=request.tag or None,
        target=request.target or None,
        buildargs=dict(request.buildargs),
        labels=dict(request.labels),
        nocache=request.no_cache,
        container_limits=cast("Any", limits),
        network_mode="host",  # the only mode that also works on an engine without a bridge
        rm=True,
        forcerm=True,
        decode=True,
        timeout=timeout_s,
    )


async def _expect_engine(engine: EngineClient, err: EngineError) -> None:
    """Raise EngineUnavailableError if the step failed because the engine is being stopped.

    A stopping engine ends its containers, and accepts no connections any more.
    """
    try:
        await engine.ping()
    except EngineUnavailableError:
        raise EngineUnavailableError(WENT_AWAY) from err


async def _remove_made(engine: EngineClient, images: Sequence[str]) -> None:
    """Remove the images a build has made; its last container may still use one for a moment."""
    left = list(images)
    for _ in range(UNDO_TRIES):
        while left:
            if not await _is_removed(engine, left[-1]):
                break
            left.pop()
        if not left:
            return
        await asyncio.sleep(UNDO_INTERVAL_S)


async def _remove_unused(engine: EngineClient, images: Sequence[str]) -> None:
    """Remove the images a build without the cache has made that are not in use, the last first."""
    for image in reversed(images):
        try:
            await _is_removed(engine, image)
        except EngineError:
            return  # they take disk space, and do no other harm


async def _is_removed(engine: EngineClient, image: str) -> bool:
    try:
        await engine.call(lambda api: api.remove_image(image, noprune=True))
    except ContainerNotFoundError:
        return True
    except EngineConflictError:
        return False
    return True
