"""Wrong keys, counted by the address they come from, in a table that is bounded. No I/O.

Only wrong keys are refused sooner for it: a right one from the same address is taken as ever, or
whoever shares a proxy with an admin could lock them out.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from orchestrator.api.callers.client_address import home

WINDOW_S = 60.0
MOST_ADDRESSES = 4096


@dataclass(slots=True)
class _Tally:
    began: float
    count: int = 0


class Guesses:
    """Counts per address, in a bounded table (the oldest goes first). For one event loop."""

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        """`most` in a minute from one address; 0: any number. `clock` in seconds."""
        self._most = most
        self._clock = clock
        self._tallies: OrderedDict[str, _Tally] = OrderedDict()

    def add(self, address: str) -> tuple[int, int]:
        """Count one more. Returns the count of this minute, and the seconds to wait (0: none)."""
        now = self._clock()
        client = home(address)
        tally = self._tallies.get(client)
        if tally is None or now - tally.began >= WINDOW_S:
            tally = self._tallies[client] = _Tally(now)
        self._tallies.move_to_end(client)
        if len(self._tallies) > MOST_ADDRESSES:
            self._tallies.popitem(last=False)
        tally.count += 1
        if not self._most or tally.count <= self._most:
            return tally.count, 0
        return tally.count, max(1, math.ceil(tally.began + WINDOW_S - now))
