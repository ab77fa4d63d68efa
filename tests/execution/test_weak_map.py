"""What is mapped by which object it is, for as long as that lives."""

import gc

from reqtrace.execution.weak_map import WeakIdentityMap, WeakMap


class Row:
    """Equals every other row of the same number, as models do."""

    def __init__(self, number: int) -> None:
        """Be that row."""
        self.number = number

    def __eq__(self, other: object) -> bool:
        """Compare by number."""
        return isinstance(other, Row) and other.number == self.number

    def __hash__(self) -> int:
        """Follow `__eq__`."""
        return self.number


def test_equal_objects_are_told_apart() -> None:
    known: WeakIdentityMap[str] = WeakIdentityMap(8)
    first, second, third = Row(1), Row(1), Row(1)
    known.add(first, "first")
    known.add(second, "second")
    assert [known.find(row) for row in (first, second, third)] == ["first", "second", None]


def test_an_object_at_the_address_of_a_dead_one_is_not_taken_for_it() -> None:
    known: WeakIdentityMap[str] = WeakIdentityMap(8)
    dead = Row(1)
    known.add(dead, "dead")
    address = id(dead)
    del dead
    successor = Row(1)
    known._by_address[id(successor)] = known._by_address[address]  # as if it had been given the same one
    assert known.find(successor) is None
    known.sweep()
    known.add(successor, "living")
    known.sweep()
    assert known.find(successor) == "living"


def test_the_dead_make_room_and_what_finds_none_is_left_out() -> None:
    known: WeakIdentityMap[int] = WeakIdentityMap(2)
    rows = [Row(number) for number in range(3)]
    for row in rows:
        known.add(row, row.number)
    assert [known.find(row) for row in rows] == [0, 1, None]
    del row
    last = rows.pop()
    rows.clear()
    known.sweep()
    known.add(last, 2)
    assert known.find(last) == 2


def test_what_allows_no_weak_reference_is_left_out() -> None:
    known: WeakIdentityMap[int] = WeakIdentityMap(2)
    known.add("text", 1)
    assert known.find("text") is None


def test_an_object_that_comes_for_two_values_was_made_for_neither() -> None:
    known: WeakIdentityMap[str] = WeakIdentityMap(2)
    row = Row(1)
    for name in ("alice", "alice"):
        known.add(row, name)
    assert known.find(row) == "alice"
    for name in ("bob", "alice"):
        known.add(row, name)
        assert known.find(row) is None


def test_a_collection_in_the_middle_takes_nothing_but_the_dead() -> None:
    known: WeakMap[int] = WeakMap()
    rows = [Row(number) for number in range(8_000)]
    thresholds = gc.get_threshold()
    gc.disable()
    try:
        for row in rows:
            known.add(row, row.number)
        for number in range(8_000, 8_200):
            dead = Row(number)
            dead.itself = dead  # type: ignore[attr-defined]
            known.add(dead, number)
        del dead
        gc.set_threshold(gc.get_count()[0] + 500)
        gc.enable()
        found = known.items()
    finally:
        gc.set_threshold(*thresholds)
        gc.enable()
    gc.collect()
    assert sorted(value for _, value in found if value < 8_000) == list(range(8_000))
