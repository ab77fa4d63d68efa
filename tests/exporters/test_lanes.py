"""Slots: whatever comes, nothing overlaps, and there are no more than there must be."""

from hypothesis import given
from hypothesis import strategies as st

from reqtrace.exporters.lanes import Slots, moves_of
from reqtrace.records import Hop
from tests.factories import request

lengths = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 30)).map(lambda one: (one[0], one[0] + one[1])))


@given(lengths)
def test_lengths_in_a_slot_never_overlap_nor_touch(lengths: list[tuple[int, int]]) -> None:
    slots, last = Slots(), {}
    for start, end in sorted(lengths, key=lambda one: one[1]):
        slot = slots.take(start, end)
        assert last.get(slot, -1) < start
        last[slot] = end


@given(lengths)
def test_there_are_as_many_slots_as_lengths_overlap_at_once(lengths: list[tuple[int, int]]) -> None:
    slots = Slots()
    for start, end in sorted(lengths, key=lambda one: one[1]):
        slots.take(start, end)
    assert len(slots) == max((sum(start <= at <= end for start, end in lengths) for at in range(91)), default=0)


@given(lengths)
def test_lengths_in_any_order_get_a_slot_of_their_own_time(lengths: list[tuple[int, int]]) -> None:
    slots, taken = Slots(), []
    for start, end in lengths:
        slot = slots.take(start, end)
        assert all(slot != other or end < begin or finish < start for begin, finish, other in taken)
        taken.append((start, end, slot))


def test_a_hop_says_nothing_where_the_request_ran_from_its_beginning() -> None:
    start, view = Hop(0, "start", 1, 1), Hop(5, "view", 2, 2)
    assert moves_of(request(thread_serial=1, hops=[start])) == []
    assert moves_of(request(thread_serial=2, hops=[start, view])) == [start, view]
    assert moves_of(request(thread_serial=1, hops=[start, view])) == [view]
    assert moves_of(request(thread_serial=1, task_serial=3, hops=[start])) == [start]
    assert moves_of(request(hops=[])) == []
