"""Two jobs at the same time: what one uses up, all that a uid has, the other one does not miss."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from tests.docker.server import Server
from tests.hostile.attacks import source

pytestmark = [pytest.mark.docker, pytest.mark.asyncio(loop_scope="session")]

HOLDS_S = (4.0, 8.0, 16.0)  # a machine that is too slow for the first gets more time


async def _use_up(server: Server, resource: str, begin: float, release: float) -> dict[str, float]:
    """Run `use_up.py`; what it prints: a name and a figure per line."""
    answer = await server.execute(
        language="python",
        code=source("python", "use_up"),
        args=[resource, str(begin), str(release)],
        timeout=60_000,
    )
    assert answer["status"] == "accepted", answer
    return {name: float(figure) for name, figure in map(str.split, answer["output"].splitlines())}


async def _side_by_side(server: Server, resource: str) -> tuple[dict[str, float], dict[str, float]]:
    """One that holds all it could get, and one that begins and is done while the first holds it."""
    for hold in HOLDS_S:
        now = time.clock_gettime(time.CLOCK_BOOTTIME)
        holder, other = await asyncio.gather(
            _use_up(server, resource, now, now + hold),
            _use_up(server, resource, now + hold / 2, now),
        )
        if holder["full"] <= other["began"] and other["full"] <= holder["released"]:
            return holder, other
    raise AssertionError("the two never ran at the same time")


@pytest.mark.parametrize(
    "resource", ["inotify", "pipe_buffers", "pending_signals", "flying_descriptors"]
)
async def test_a_neighbour_s_used_up_quota_takes_nothing_away(
    server: Server, resource: str
) -> None:
    holder, other = await _side_by_side(server, resource)
    assert holder["got"] > 0
    # It was the uid's share that was used up, not a process's: a second process gets none.
    assert holder["second"] == 0
    assert other["got"] == holder["got"]


def _kernel(setting: str) -> int:
    return int((Path("/proc/sys/fs") / setting).read_text("ascii"))


async def test_the_share_is_the_kernel_s_own_limit(server: Server) -> None:
    inotify = await _use_up(server, "inotify", 0, 0)
    assert inotify["got"] == _kernel("inotify/max_user_instances")
    pipes = await _use_up(server, "pipe_buffers", 0, 0)
    most = _kernel("pipe-user-pages-soft") * 4096 // (1 << 20)
    assert most - 1 <= pipes["got"] <= most  # the programs' own pipes take a little of it
