"""Room on the disk where the engine keeps its images: measured, and watched during a build."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from orchestrator.engine.client import EngineClient
from orchestrator.engine.one_off_container import run_one_off
from orchestrator.errors import ContainerNotFoundError, DiskSpaceError, EngineError

WATCH_INTERVAL_S = 2.0
CONTAINER_INTERVAL_S = 15.0
"""How old a figure out of a container may be: a container costs a fifth of a CPU second."""

FreeBytes = Callable[[], Awaitable[int | None]]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class DiskGuard:
    """Keeps `min_bytes` free. `free_bytes` says what is; None where it can't be told."""

    free_bytes: FreeBytes
    min_bytes: int
    interval_s: float = WATCH_INTERVAL_S

    async def check(self) -> None:
        """Raises DiskSpaceError when there is less room than there must be."""
        free = await self.free_bytes()
        if free is not None and free < self.min_bytes:
            raise DiskSpaceError(
                f"{free >> 20} MB free where the engine keeps its images, a build needs "
                f"{self.min_bytes >> 20} (BUILD_MIN_DISK_MB): remove old images, or make room"
            )

    async def over(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Do `work`, for its result; cancel it, or do not begin, when there is too little room.

        Then raises DiskSpaceError.
        """
        await self.check()
        working = asyncio.create_task(work())
        watching = asyncio.create_task(self._watch())
        try:
            await asyncio.wait({working, watching}, return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                watching.result()
            return await working
        finally:
            working.cancel()
            watching.cancel()
            await asyncio.gather(working, watching, return_exceptions=True)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self.interval_s)
            try:
                await self.check()
            except DiskSpaceError:
                raise
            except EngineError:
                continue  # measured the next time; without its engine the work ends by itself


class DataRoot:
    """Free space of the engine's data root.

    Asked of the folder itself where that is on this machine and is the engine's own, which costs
    nothing; elsewhere (a server in a container, another user's) of `df` in a container, whose root
    lies on the same disk.
    """

    def __init__(self, engine: EngineClient, image: str) -> None:
        """`image`: one with a `df`; without it, and with no folder, the space can't be told."""
        self._engine = engine
        self._image = image
        self._folder: Path | None = None
        self._was_sought = False
        self._measured: int | None = None
        self._measured_at_s = 0.0

    async def free_bytes(self) -> int | None:
        """Bytes that can still be written; None where there is no way to tell.

        Raises EngineError when the engine can't be asked.
        """
        folder = await self.folder()
        if folder is not None:
            return _free_bytes(folder)
        now_s = time.monotonic()
        if self._measured is None or now_s - self._measured_at_s > CONTAINER_INTERVAL_S:
            self._measured = await self._ask_container()
            self._measured_at_s = now_s
        return self._measured

    async def folder(self) -> Path | None:
        """The folder, if it is on this machine. Raises EngineError when it can't be asked for."""
        if not self._was_sought:
            self._folder = await self._find()
            self._was_sought = True
        return self._folder

    async def _find(self) -> Path | None:
        """The data root, if it is here. A folder of that name may be another engine's.

        Known by an image in it, where the engine's storage driver keeps its images.
        """
        info = await self._engine.info()
        root = Path(str(info.get("DockerRootDir") or "/nowhere"))
        images = root / "image" / str(info.get("Driver")) / "imagedb" / "content"
        try:
            if not images.is_dir():
                return None
            digest = await self._some_image()
            is_here = bool(digest) and (images / digest.replace(":", "/")).is_file()
        except OSError:
            return None
        return root if is_here else None

    async def _some_image(self) -> str:
        """The id of an image that the engine has; empty when it has none."""
        try:
            return str((await self._engine.inspect_image(self._image))["Id"])
        except ContainerNotFoundError:
            digests = await self._engine.call(lambda api: list(api.images(quiet=True)))
            return str(digests[0]) if digests else ""

    async def _ask_container(self) -> int | None:
        try:
            output = await run_one_off(self._engine, self._image, ["df", "-kP", "/"])
            return parse_df(output)
        except ContainerNotFoundError:
            return None
        except EngineError as err:
            if "no space left on device" in str(err).lower():
                return 0  # not even for a container
            raise


def _free_bytes(folder: Path) -> int:
    figures = os.statvfs(folder)
    return figures.f_bavail * figures.f_frsize


def parse_df(output: str) -> int | None:
    """Free bytes in what `df -kP` of one path prints; None when it is anything else."""
    fields = output.strip().rpartition("\n")[2].split()
    try:
        return int(fields[3]) << 10
    except (IndexError, ValueError):
        return None
