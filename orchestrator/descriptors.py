"""How many files and connections this process may have open."""

from __future__ import annotations

import resource

RESERVED = 256
"""For what is no client's: the engine, sandboxes, files; at most half of all there are."""
MOST_NEWCOMERS = 2048


def raise_limit() -> int:
    """As many descriptors as may be had: the soft limit is raised to the hard one.

    The service needs none of what a low soft limit is for: it does not use `select()`.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def connections_within(limit: int, wanted: int) -> tuple[int, int]:
    """How many connections there may be with `limit` descriptors, and how many newcomers beside.

    Newcomers are those for whom there is no room: they are told so.
    """
    left = max(limit - RESERVED, limit // 2)
    most = min(wanted, left * 3 // 4)
    return most, min(left - most, MOST_NEWCOMERS)
