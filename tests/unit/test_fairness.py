"""Who is let in next: the rules of `fairness.py`, one by one and in the long run."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.jobs.queue.fairness import ACTIVE_S, FairQueue
from orchestrator.jobs.queue.key_queue import FairShare

MANY = 10_000


@dataclass(eq=False)
class Job:
    key: str
    client: str = ""
    memory_mb: int = 10


@dataclass
class Scene:
    """A queue, its clock, and what is held."""

    slots: int = 4
    memory_mb: int = 1000
    spare_mb: int = 0
    now: float = 1000.0
    held: list[Job] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.queue: FairQueue[Job] = FairQueue(
            slots=self.slots,
            memory_mb=self.memory_mb,
            spare_mb=self.spare_mb,
            clock=lambda: self.now,
        )

    def expect(self, *names: str, **shares: FairShare) -> None:
        self.queue.expect(dict.fromkeys(names, FairShare()) | shares)

    def send(self, key: str, count: int = 1, client: str = "", memory_mb: int = 10) -> None:
        for _ in range(count):
            self.queue.push(Job(key, client, memory_mb))

    def let_in(self) -> str:
        """The keys of those let in, in order; with their clients, where they have any."""
        jobs = list(iter(self.queue.pop, None))
        self.held += jobs
        assert len(self.held) == self.queue.active <= self.slots
        assert sum(job.memory_mb for job in self.held) == self.queue.reserved_mb <= self.memory_mb
        return " ".join(job.key + job.client for job in jobs)

    def end(self, key: str, client: str = "") -> None:
        """The oldest of that key's that are held."""
        job = next(each for each in self.held if (each.key, each.client) == (key, client))
        self.held.remove(job)
        self.queue.give_back(job)

    def holds(self) -> Counter[str]:
        return Counter(job.key for job in self.held)


def test_a_key_alone_has_every_slot() -> None:
    scene = Scene()
    scene.expect("a")
    scene.send("a", 9)
    assert scene.let_in() == "a a a a"


def test_the_last_slot_is_left_for_a_key_that_has_none() -> None:
    scene = Scene()
    scene.expect("a", "b")
    scene.send("a", 9)
    assert scene.let_in() == "a a a"
    scene.send("b")
    assert scene.let_in() == "b"


def test_a_key_idle_for_long_does_not_reserve_the_last_slot() -> None:
    scene = Scene()
    scene.expect("a", "b")
    scene.now += ACTIVE_S + 1
    scene.send("a", 9)
    assert scene.let_in() == "a a a a"
    scene.send("b")
    scene.end("a")
    assert scene.let_in() == "b"
    scene.end("b")
    assert scene.let_in() == ""  # it has just been there


def test_a_key_that_is_new_counts_as_active_and_one_that_is_gone_does_not() -> None:
    scene = Scene()
    scene.expect("a")
    scene.now += ACTIVE_S + 1
    scene.expect("a", "b")
    scene.send("a", 9)
    assert scene.let_in() == "a a a"
    scene.expect("a")
    assert scene.let_in() == "a"


def test_with_one_slot_keys_take_turns() -> None:
    scene = Scene(slots=1)
    scene.expect("a", "b")
    scene.send("a", 3)
    assert scene.let_in() == "a"
    scene.send("b", 2)
    order = []
    while scene.held:
        scene.end(scene.held[0].key)
        order.append(scene.let_in())
    assert order == ["b", "a", "b", "a", ""]


def test_the_key_with_the_fewest_slots_for_its_weight_is_next() -> None:
    scene = Scene(slots=8)
    scene.expect(a=FairShare(weight=3), b=FairShare())
    scene.send("a", 20)
    scene.send("b", 20)
    scene.let_in()
    assert scene.holds() == {"a": 6, "b": 2}


def test_a_cap_holds_and_keeps_no_slot_from_others() -> None:
    scene = Scene()
    scene.expect(a=FairShare(), b=FairShare(max_jobs=1))
    scene.send("b", 3)
    assert scene.let_in() == "b"
    scene.send("a", 5)
    assert scene.let_in() == "a a a"  # b, which can have no more, needs none left
    scene.end("b")
    assert scene.let_in() == "b"


def test_the_last_memory_is_left_for_a_key_that_has_none() -> None:
    scene = Scene(slots=8, memory_mb=640, spare_mb=256)
    scene.expect("a", "b")
    scene.send("a", 3, memory_mb=256)
    assert scene.let_in() == "a"
    scene.send("b", memory_mb=256)
    assert scene.let_in() == "b"
    scene.end("b")
    assert scene.let_in() == ""
    scene.end("a")
    assert scene.let_in() == "a"


def test_a_key_s_big_job_waits_for_its_own_and_keeps_nobody_else_waiting() -> None:
    scene = Scene(slots=8, memory_mb=640, spare_mb=64)
    scene.expect("a", "b")
    scene.send("a", memory_mb=512)
    assert scene.let_in() == "a"
    scene.send("a", memory_mb=512)
    scene.send("b", 2, memory_mb=64)
    assert scene.let_in() == "b b"


def test_a_big_job_of_a_key_that_has_none_is_not_starved() -> None:
    scene = Scene(slots=8, memory_mb=640)
    scene.expect("a", "b")
    scene.send("a", 3, memory_mb=300)
    assert scene.let_in() == "a a"
    scene.send("b", memory_mb=512)
    scene.send("a", 3, memory_mb=30)
    assert scene.let_in() == ""
    scene.end("a")
    scene.end("a")
    assert scene.let_in() == "b"
    scene.end("b")
    assert scene.let_in() == "a a a a"


def test_a_key_s_clients_take_turns() -> None:
    scene = Scene(slots=1)
    scene.send("a", 3, "x")
    scene.send("a", 1, "y")
    scene.send("a", 1)
    order = []
    while scene.queue.waiting:
        order.append(scene.let_in())
        scene.end("a", scene.held[0].client)
    assert order == ["ax", "ay", "a", "ax", "ax"]


def test_a_client_leaves_its_key_s_last_place_to_others() -> None:
    scene = Scene()
    scene.expect(a=FairShare(), capped=FairShare(max_jobs=2))
    scene.now += ACTIVE_S + 1
    scene.send("a", 9, "x")
    assert scene.let_in() == "ax ax ax"
    scene.send("a", 1, "y")
    assert scene.let_in() == "ay"
    scene = Scene()
    scene.expect(capped=FairShare(max_jobs=2))
    scene.send("capped", 9, "x")
    assert scene.let_in() == "cappedx"
    scene.send("capped", 9, "y")
    assert scene.let_in() == "cappedy"


def test_unexpected_keys_are_forgotten_when_their_jobs_end() -> None:
    scene = Scene()
    scene.expect("a")
    for number in range(100):
        scene.send(f"stranger {number}", client=f"client {number}")
        scene.let_in()
        scene.end(f"stranger {number}", f"client {number}")
        scene.send("a", client=f"client {number}")
        scene.let_in()
        scene.end("a", f"client {number}")
    (key_queue,) = scene.queue._key_queues.values()  # noqa: SLF001 - what is not kept shows nowhere
    assert not key_queue.held_by
    assert not key_queue.clients


shares = st.dictionaries(
    st.sampled_from("abcd"),
    st.builds(FairShare, weight=st.integers(1, 5), max_jobs=st.integers(0, 3)),
    min_size=1,
)
steps = st.lists(
    st.one_of(
        st.tuples(
            st.sampled_from("abcde"), st.sampled_from(["", "x", "y"]), st.sampled_from([10, 40, 90])
        ),
        st.integers(0, 20),
    ),
    max_size=80,
)


@given(shares, st.integers(1, 4), st.sampled_from([0, 30]), steps)
def test_caps_and_the_reserved_last_place_hold_and_every_request_is_granted(
    expected: dict[str, FairShare],
    slots: int,
    spare_mb: int,
    plan: list[tuple[str, str, int] | int],
) -> None:
    scene = Scene(slots=slots, memory_mb=100, spare_mb=spare_mb)
    scene.queue.expect(expected)
    sent = 0
    for step in plan:
        if isinstance(step, tuple):
            scene.send(step[0], client=step[1], memory_mb=step[2])
            sent += 1
        elif scene.held:
            job = scene.held[step % len(scene.held)]
            scene.end(job.key, job.client)
        _check_grants(scene, expected)
    served = sent - scene.queue.waiting
    while scene.held:  # whatever has happened: as jobs end, all are let in
        scene.end(scene.held[0].key, scene.held[0].client)
        before = len(scene.held)
        _check_grants(scene, expected)
        served += len(scene.held) - before
    assert (served, scene.queue.waiting) == (sent, 0)
    assert (scene.queue.active, scene.queue.reserved_mb) == (0, 0)


def _check_grants(scene: Scene, expected: dict[str, FairShare]) -> None:
    """Let in who may be, one at a time, each by the rules."""
    while (job := scene.queue.pop()) is not None:
        held, mine = scene.holds(), expected.get(job.key, FairShare())
        assert not mine.max_jobs or held[job.key] < mine.max_jobs
        others = [
            name
            for name, share in expected.items()
            if name != job.key and (not share.max_jobs or held[name] < share.max_jobs)
        ]
        if held[job.key] and len(scene.held) + 1 == scene.slots:
            least = min((held[name] / expected[name].weight for name in others), default=MANY)
            assert held[job.key] / mine.weight <= least
        scene.held.append(job)


@given(
    st.lists(st.integers(1, 6), min_size=2, max_size=4),
    st.integers(1, 3),
    st.randoms(use_true_random=False),
)
def test_slots_are_shared_by_weight_in_the_long_run(
    weights: Sequence[int], factor: int, chance: object
) -> None:
    """With a slot, or with as many as the weights come to, whichever jobs end first."""
    names = "abcd"[: len(weights)]
    for slots in (1, factor * sum(weights)):
        scene = Scene(slots=slots, memory_mb=MANY)
        scene.expect(**{name: FairShare(weight=w) for name, w in zip(names, weights, strict=True)})
        rounds = 20 * sum(weights)
        for name in names:
            scene.send(name, 2 * rounds)
        granted: Counter[str] = Counter(scene.let_in().split())
        while granted.total() < rounds:
            job = chance.choice(scene.held)  # type: ignore[attr-defined]
            scene.end(job.key)
            granted.update(scene.let_in().split())
            if slots > 1:
                held = scene.holds()
                assert [held[name] for name in names] == [factor * weight for weight in weights]
        if slots == 1:
            for name, weight in zip(names, weights, strict=True):
                due = granted.total() * weight / sum(weights)
                assert abs(granted[name] - due) <= len(names)


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["", "x"])), max_size=15),
    st.lists(st.integers(1, 4), min_size=3, max_size=3),
)
def test_positions_are_the_order_in_which_requests_are_granted(
    owners: list[tuple[str, str]], weights: list[int]
) -> None:
    scene = Scene(slots=1)
    scene.expect(**{name: FairShare(weight=w) for name, w in zip("abc", weights, strict=True)})
    jobs = [Job(key, client) for key, client in owners]
    for job in jobs:
        scene.queue.push(job)
    expected = sorted(jobs, key=scene.queue.position)
    assert list(scene.queue.in_turn()) == expected
    assert [scene.queue.position(job) for job in expected] == list(range(1, len(jobs) + 1))
    let_in = []
    while (job := scene.queue.pop()) is not None:
        let_in.append(job)
        scene.queue.give_back(job)
    assert let_in == expected
    assert not any(map(scene.queue.position, jobs))


@pytest.mark.parametrize("sleepers", [1, 3, 50])
def test_no_number_of_long_jobs_of_one_key_keeps_another_key_waiting(sleepers: int) -> None:
    """What was found: a key's sleepers in every slot, and another key's hello behind them."""
    scene = Scene(slots=4, memory_mb=640, spare_mb=256)
    scene.expect("app", "course")
    scene.send("app", sleepers, memory_mb=64)
    scene.let_in()
    for _ in itertools.repeat(None, 20):
        scene.send("course", memory_mb=256)
        assert scene.let_in() == "course"
        scene.end("course")
        scene.let_in()
