"""Reaps orphaned processes, which become children of a container's PID 1."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable, Collection

INTERVAL_S = 1.0


async def reap_orphans(ours: Callable[[], Collection[int]]) -> None:
    """Reap ended children every second, except `ours`, which others wait for; until cancelled."""
    while True:
        reap(ours())
        await asyncio.sleep(INTERVAL_S)


def reap(ours: Collection[int]) -> int:
    """Reap the children that have ended, except `ours`; return how many."""
    count = 0
    with contextlib.suppress(ChildProcessError):
        while (ended := _next_ended()) and ended not in ours:
            os.waitpid(ended, os.WNOHANG)
            count += 1
    return count


def _next_ended() -> int:
    """Return the pid of a child that has ended, without reaping it; 0: there is none.

    One of `ours` hides the others until it has been waited for, which is soon.
    """
    found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    return found.si_pid if found is not None else 0
