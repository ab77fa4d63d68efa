"""Which requests shared a thread with one."""

import pytest

from reqtrace.reading import neighbours
from reqtrace.reading.reader import Reader
from reqtrace.records import Hop, Request
from reqtrace.stores.memory import MemoryStore
from tests import factories

MS = 1_000_000


def _request(id_: str, begins_ms: int, ends_ms: int, **fields: object) -> Request:
    return factories.request(
        id=id_, start_ns=factories.START_NS + begins_ms * MS, duration_ns=(ends_ms - begins_ms) * MS, **fields
    )


CHOSEN = _request("chosen", 100, 200)


def _around(*others: Request, stored: bool = True) -> list[list[str]]:
    store = MemoryStore()
    store.append(factories.items(*others, *([CHOSEN] if stored else [])))
    found = neighbours.of(Reader(store), CHOSEN)
    return [[request.id for request in group] for group in found[:3]]


@pytest.mark.parametrize("stored", [True, False])
def test_neighbours_are_told_apart_by_when_they_were_in_flight(stored: bool) -> None:
    assert _around(
        _request("long before", 0, 10),
        _request("just before", 90, 100),
        _request("begun before and ended within", 50, 150),
        _request("around", 40, 300),
        _request("within", 120, 130),
        _request("begun within and ended after", 180, 400),
        _request("just after", 200, 210),
        _request("long after", 900, 910),
        stored=stored,
    ) == [
        ["just before", "long before"],
        ["around", "begun before and ended within", "within", "begun within and ended after"],
        ["just after", "long after"],
    ]


def test_a_request_that_still_runs_is_at_once_with_what_began_after_it() -> None:
    running = _request("running", 20, 30, outcome="open", status=None)
    assert _around(running) == [[], ["running"], []]


def test_requests_at_once_on_other_threads_of_the_process_are_told_apart() -> None:
    store = MemoryStore()
    elsewhere = {
        "at once": _request("at once", 120, 150, thread_serial=2),
        "earlier": _request("earlier", 0, 10, thread_serial=2),
        "another process": _request("another process", 120, 150, process="p2"),
    }
    store.append(factories.items(*elsewhere.values(), CHOSEN))
    assert neighbours.of(Reader(store), CHOSEN).elsewhere == [elsewhere["at once"]]


def test_other_threads_and_threads_of_the_same_number_in_other_processes_are_no_neighbours() -> None:
    assert _around(
        _request("another thread", 0, 10, thread_serial=2),
        _request("another process", 0, 10, process="p2"),
    ) == [[], [], []]


def test_a_request_that_was_on_the_thread_for_a_part_of_it_is_a_neighbour() -> None:
    hops = [Hop(0, "start", 1, 2), Hop(1, "view", 1, 1)]
    assert _around(_request("passing", 0, 10, thread_serial=2, hops=hops)) == [["passing"], [], []]


def test_neighbours_are_looked_for_on_both_sides_of_a_request_in_the_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "SEARCHED", 2)
    store = MemoryStore()
    before = [_request(f"b{number}", number, number + 1) for number in range(5)]
    after = [_request(f"a{number}", 300 + number, 301 + number) for number in range(5)]
    store.append([*factories.items(*before, CHOSEN, *after), factories.corrupt()])
    found = neighbours.of(Reader(store), CHOSEN)
    assert [request.id for request in found.before] == ["b4", "b3"]
    assert [request.id for request in found.after] == ["a0", "a1"]


def test_what_cannot_be_decoded_is_stepped_over() -> None:
    store = MemoryStore()
    store.append([factories.corrupt(), *factories.items(CHOSEN, _request("after", 300, 301))])
    reader = Reader(store)
    assert [request.id for request in neighbours.of(reader, CHOSEN).after] == ["after"]
    assert reader.corrupt == 1
