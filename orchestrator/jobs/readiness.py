"""Whether the service may take jobs, and if not, why."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field


@dataclass(slots=True)
class Readiness:
    """`reason` is None when ready, otherwise what `/health` says."""

    reason: str | None = "starting"
    settled: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once the self-test is over, well or badly."""

    def settle(self, reason: str | None) -> None:
        """The self-test is over: None when it passed, else what is wrong."""
        self.reason = reason
        self.settled.set()
