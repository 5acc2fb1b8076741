"""A number of workers at once for a while, and how much they get done."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from bench.summary import per_second

Work = Callable[[], Awaitable[None]]


async def sustained(work: Work, *, at_once: int, warm_up_s: float, window_s: float) -> float:
    """How often a second `work` gets done by `at_once` workers, over the window after warming up.

    What is under way at the end is waited for and not counted. The first error ends it.
    """
    finished: list[float] = []
    start = time.monotonic() + warm_up_s
    end = start + window_s

    async def repeat() -> None:
        while time.monotonic() < end:
            await work()
            finished.append(time.monotonic())

    async with asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(repeat())
    return per_second(finished, start, window_s)
