"""Which containers a sweep removes: a pure decision over the engine's list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from orchestrator.sandbox.spec import LABEL_DEADLINE, LABEL_INSTANCE


def leftovers(
    containers: Iterable[Mapping[str, Any]], instance: str, live: AbstractSet[str], now: float
) -> tuple[str, ...]:
    """Names to remove: this instance's that nobody holds, and anybody's past their deadline.

    `now` is Unix time. Another instance's container within its deadline is never touched, nor ever
    one that is nobody's instance.
    """
    names = []
    for container in containers:
        labels = container.get("Labels") or {}
        name = str(container["Names"][0]).lstrip("/") if container.get("Names") else container["Id"]
        mine = labels.get(LABEL_INSTANCE) == instance
        if (mine and name not in live) or (not mine and _is_past(labels, now)):
            names.append(name)
    return tuple(names)


def _is_past(labels: Mapping[str, str], now: float) -> bool:
    deadline = labels.get(LABEL_DEADLINE, "")
    return LABEL_INSTANCE in labels and deadline.isdecimal() and int(deadline) < now
