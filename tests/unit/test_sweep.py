from __future__ import annotations

from typing import Any

import pytest

from orchestrator.sandbox.sweep import leftovers

ME, OTHER = "1111111111111111", "2222222222222222"
NOW = 1000.0


def container(instance: str | None, deadline: object = 2000, name: str = "box") -> dict[str, Any]:
    labels = {} if instance is None else {"codebae.instance": instance}
    if deadline is not None:
        labels["codebae.deadline"] = str(deadline)
    return {"Id": "abc", "Names": [f"/{name}"], "Labels": labels}


@pytest.mark.parametrize(
    ("found", "removed"),
    [
        (container(ME), True),
        (container(ME, deadline=None), True),
        (container(OTHER), False),
        (container(OTHER, deadline=999), True),
        (container(OTHER, deadline=1000), False),
        (container(OTHER, deadline=None), False),
        (container(OTHER, deadline="soon"), False),
        (container(OTHER, deadline="²"), False),  # a digit to Python, and no number
        (container(None, deadline=1), False),
        ({"Id": "abc", "Names": ["/stranger"], "Labels": None}, False),
    ],
)
def test_only_own_leftovers_and_containers_past_their_deadline_are_swept(
    found: dict[str, Any],
    removed: bool,  # noqa: FBT001 - a column of the table
) -> None:
    assert leftovers([found], ME, frozenset(), NOW) == (("box",) if removed else ())


def test_a_container_in_use_is_never_swept_even_past_its_deadline() -> None:
    held = container(ME, deadline=1, name="held")
    assert leftovers([held], ME, frozenset({"held"}), NOW) == ()


def test_a_container_without_a_name_goes_by_its_id() -> None:
    assert leftovers([container(ME) | {"Names": []}], ME, frozenset(), NOW) == ("abc",)
