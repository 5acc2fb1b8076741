"""Who has a place, who waits at the door, and who has to go."""

from orchestrator.api.connections.crowd import Crowd
from orchestrator.machine import connections_within


def filled(count: int, *, most: int = 4, newcomers: int = 2) -> Crowd[int]:
    crowd: Crowd[int] = Crowd(most, 2, newcomers)
    for number in range(count):
        assert crowd.enter(number, f"address {number // 2}", 0.0) == []
        crowd.busy(number)
    return crowd


def test_one_address_has_so_many_places_and_others_still_get_in() -> None:
    crowd = filled(2)
    crowd.enter(10, "address 0", 0.0)
    crowd.enter(11, "another", 0.0)
    assert [crowd.has_place(each) for each in (0, 1, 10, 11)] == [True, True, False, True]
    crowd.leave(0)
    crowd.enter(12, "address 0", 0.0)
    assert crowd.has_place(12)


def test_connections_of_a_proxy_are_not_counted_by_address() -> None:
    crowd: Crowd[int] = Crowd(4, 1, 0)
    for number in range(4):
        crowd.enter(number, None, 0.0)
    assert len(crowd) == 4


def test_when_all_places_are_taken_the_first_newcomer_goes_for_the_last() -> None:
    crowd = filled(4)
    gone = [crowd.enter(number, "new", 5.0) for number in (10, 11, 12)]
    assert gone == [[], [], [10]]
    assert not any(crowd.has_place(number) for number in (10, 11, 12))


def test_who_has_been_idle_for_the_longest_makes_room() -> None:
    crowd = filled(4)
    crowd.idle(2, 10.0)
    crowd.idle(1, 11.0)
    assert crowd.enter(10, "new", 10.5) == []
    assert crowd.enter(11, "new", 11.5) == [2]
    assert crowd.has_place(11)
    assert not crowd.has_place(2)
    crowd.busy(1)
    assert crowd.enter(12, "new too", 99.0) == [11]


def test_leaving_is_idempotent() -> None:
    crowd = filled(2)
    crowd.leave(0)
    crowd.leave(0)
    crowd.idle(0, 1.0)
    crowd.enter(10, "address 0", 1.0)
    crowd.enter(11, "address 0", 1.0)
    assert (crowd.has_place(10), crowd.has_place(11)) == (True, False)


def test_descriptors_are_kept_for_the_engine() -> None:
    assert connections_within(1 << 20, 1024) == (1024, 2048)
    for limit in (64, 256, 1024, 4096, 20_000):
        most, newcomers = connections_within(limit, 1024)
        assert 0 < most <= 1024
        assert newcomers > 0
        assert most + newcomers <= max(limit - 256, limit // 2)
