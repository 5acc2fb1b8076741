"""The uids of a sandbox (agent, compile, run), which no other running sandbox shares.

The kernel counts inotify instances, pipe buffers, pending signals and more per uid, across
containers. Each sandbox draws one of 67 million ranges at random, so two servers on one engine
collide with a chance of 1 in 67 million per pair of running sandboxes; one server never does.
"""

from __future__ import annotations

import secrets
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

RANGE_START = 0x7000_0000  # above systemd's container range, the highest in common use
RANGE_SIZE = 4
RANGES = 67_000_000


@dataclass(frozen=True, slots=True)
class Uids:
    """The uids of one sandbox; gids are the same numbers."""

    agent: int
    compile: int
    run: int


def draw_uids(taken: AbstractSet[int]) -> Uids:
    """Draw a random range; `taken`: the agent uids of this server's running sandboxes."""
    while True:
        start = RANGE_START + RANGE_SIZE * secrets.randbelow(RANGES)
        if start not in taken:
            return Uids(start, start + 1, start + 2)
