"""How many submissions a key has left in this minute, and the headers that say so.

The headers are those of draft-ietf-httpapi-ratelimit-headers-06, the last with a field for each
figure, which is what clients read; later drafts put all into one.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pyrate_limiter import Duration, InMemoryBucket, Rate, RateItem

from orchestrator.access.model import Key
from orchestrator.api.errors import ApiError

WINDOW_S = 60


@dataclass(frozen=True, slots=True)
class Quota:
    """What a key has: `limit` in a minute, `remaining` now, one more in `reset_s` seconds."""

    limit: int
    remaining: int
    reset_s: int

    @property
    def headers(self) -> dict[str, str]:
        """As an answer has them."""
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.reset_s),
            "RateLimit-Policy": f"{self.limit};w={WINDOW_S}",
        }


class Rates:
    """A log of the last minute for each key that has a rate. For one event loop."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` in seconds."""
        self._clock = clock
        self._buckets: dict[str, InMemoryBucket] = {}

    def take(self, key: Key) -> tuple[Quota | None, bool]:
        """Count one more submission. Returns the quota (None: no rate); whether it is allowed."""
        if not key.rate:
            return None, True
        now = int(self._clock() * 1000)
        bucket = self._bucket(key)
        bucket.leak(now)
        is_allowed = bool(bucket.put(RateItem(key.name, now)))
        oldest = bucket.peek(bucket.count() - 1)
        reset_ms = oldest.timestamp + Duration.MINUTE - now if oldest is not None else 0
        reset_s = max(1, math.ceil(reset_ms / 1000))
        return Quota(key.rate, max(0, key.rate - bucket.count()), reset_s), is_allowed

    def forget_all_but(self, keys: Iterable[Key]) -> None:
        """Forget what was counted of all other keys."""
        names = {key.name for key in keys}
        self._buckets = {name: each for name, each in self._buckets.items() if name in names}

    def _bucket(self, key: Key) -> InMemoryBucket:
        bucket = self._buckets.get(key.name)
        if bucket is None or bucket.rates[0].limit != key.rate:
            bucket = InMemoryBucket([Rate(key.rate, Duration.MINUTE)])
            self._buckets[key.name] = bucket
        return bucket


def too_many(quota: Quota) -> ApiError:
    """The refusal of a submission beyond the rate."""
    text = f"This key may send {quota.limit} submissions a minute, try again later"
    return ApiError(429, "rate_limited", text, retry_after_s=quota.reset_s)
