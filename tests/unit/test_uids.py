from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.sandbox import uids
from orchestrator.sandbox.uids import RANGE_SIZE, RANGE_START, draw_uids


@given(st.integers(0, 20))
def test_no_two_live_sandboxes_share_a_uid(count: int) -> None:
    taken: set[int] = set()
    used: list[int] = []
    for _ in range(count):
        drawn = draw_uids(taken)
        taken.add(drawn.agent)
        used += [drawn.agent, drawn.compile, drawn.run]
    assert len(used) == len(set(used))
    assert all(RANGE_START <= uid < 2**31 for uid in used)


def test_a_uid_range_in_use_is_never_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = iter([0, 0, 1])
    monkeypatch.setattr(uids.secrets, "randbelow", lambda _: next(drawn))
    first = draw_uids(set())
    second = draw_uids({first.agent})
    assert second.agent == first.agent + RANGE_SIZE
