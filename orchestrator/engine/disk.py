"""Free space on the disk where the engine keeps its images: measured, and watched during builds."""

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
"""How long a figure measured in a container is cached: that costs a fifth of a CPU second."""

FreeBytes = Callable[[], Awaitable[int | None]]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class DiskGuard:
    """Stops work that would leave less than `min_bytes` free, as `free_bytes` measures it.

    A measurement of None (unknown) stops nothing. `interval_s`: how often it is measured.
    """

    free_bytes: FreeBytes
    min_bytes: int
    interval_s: float = WATCH_INTERVAL_S

    async def check(self) -> None:
        """Measure now. Raises DiskSpaceError when less than `min_bytes` is free."""
        free = await self.free_bytes()
        if free is not None and free < self.min_bytes:
            raise DiskSpaceError(
                f"{free >> 20} MB free where the engine keeps its images, a build needs "
                f"{self.min_bytes >> 20} (BUILD_MIN_DISK_MB): remove old images, or make room"
            )

    async def over(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run `work` and return its result, watching the disk meanwhile.

        Cancels it (or does not begin) and raises DiskSpaceError when too little space is left.
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
                continue  # try again next time; without the engine the work fails by itself


class DataRoot:
    """Measures the free space of the engine's data root.

    If the folder is on this machine and is the engine's own: by statvfs, which costs nothing.
    Otherwise (the server is in a container, or may not read it): by `df` in a container, whose root
    is on the same disk.
    """

    def __init__(self, engine: EngineClient, image: str) -> None:
        """`image`: one with a `df`; if it is missing, and the folder too, the space is unknown."""
        self._engine = engine
        self._image = image
        self._folder: Path | None = None
        self._was_sought = False
        self._measured: int | None = None
        self._measured_at_s = 0.0

    async def free_bytes(self) -> int | None:
        """Return the bytes that can still be written; None when that can't be told.

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
        """Return the data root if it is on this machine, else None. Raises EngineError."""
        if not self._was_sought:
            self._folder = await self._find()
            self._was_sought = True
        return self._folder

    async def _find(self) -> Path | None:
        """Find the data root; a local folder of that name may be another engine's.

        Ours has the engine's images where its storage driver keeps them: one of them is looked up.
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
        """Return the id of some image of the engine; empty when it has none."""
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
                return 0  # not even enough for a container
            raise


def _free_bytes(folder: Path) -> int:
    figures = os.statvfs(folder)
    return figures.f_bavail * figures.f_frsize


def parse_df(output: str) -> int | None:
    """Return the free bytes in the output of `df -kP` of one path; None when it is malformed."""
    fields = output.strip().rpartition("\n")[2].split()
    try:
        return int(fields[3]) << 10
    except (IndexError, ValueError):
        return None
