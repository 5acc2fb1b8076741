"""Decides which containers a sweep removes. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from orchestrator.sandbox.spec import LABEL_DEADLINE, LABEL_INSTANCE


def leftovers(
    containers: Iterable[Mapping[str, Any]], instance: str, in_use: AbstractSet[str], now: float
) -> tuple[str, ...]:
    """Return the names of the containers to remove.

    These are this instance's that are not `in_use`, and any instance's past its deadline label.
    Another instance's container within its deadline is never touched, nor one without our label.
    `now`: Unix time.
    """
    names = []
    for container in containers:
        labels = container.get("Labels") or {}
        name = str(container["Names"][0]).lstrip("/") if container.get("Names") else container["Id"]
        mine = labels.get(LABEL_INSTANCE) == instance
        if (mine and name not in in_use) or (not mine and _is_past(labels, now)):
            names.append(name)
    return tuple(names)


def _is_past(labels: Mapping[str, str], now: float) -> bool:
    deadline = labels.get(LABEL_DEADLINE, "")
    return LABEL_INSTANCE in labels and deadline.isdecimal() and int(deadline) < now
