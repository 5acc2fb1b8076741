"""Work that takes long when what it is done on is large: on a thread, so that others are served."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

LARGE = 32_768
"""Bytes; what is smaller is done at once, which costs less than going to a thread and back."""
_READER = ThreadPoolExecutor(1, thread_name_prefix="reader")
"""One: what is read may be twenty times its size in memory while it is."""


async def off_loop(size: int, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Do `work`, on a thread if `size` is large; it must touch nothing that others change."""
    if size <= LARGE:
        return work(*args, **kwargs)
    doing = _READER.submit(work, *args, **kwargs)
    return await asyncio.wrap_future(doing)
