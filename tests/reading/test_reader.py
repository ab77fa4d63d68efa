"""Reading a store: filtered, paged, complete while others write, and past what is corrupt."""

from collections.abc import Callable, Iterator, Sequence

import pytest

from reqtrace.reading.queries import Page, Query
from reqtrace.reading.reader import Reader
from reqtrace.records import RecordKind
from reqtrace.stores.base import Entry, Item
from reqtrace.stores.memory import MemoryStore
from tests.factories import BOB, corrupt, finding, items, process, request, thread


@pytest.fixture
def store() -> MemoryStore:
    """Return a store."""
    return MemoryStore()


@pytest.fixture
def reader(store: MemoryStore) -> Reader:
    """Return a reader of it."""
    return Reader(store)


def test_records_come_back_as_they_were(store: MemoryStore, reader: Reader) -> None:
    one = request()
    written = (process(), thread(), one, finding(one.id))
    store.append(items(*written))
    read = (*reader.processes(), *reader.threads(), *reader.requests(), *reader.findings())
    assert read == written
    assert reader.request(one.id) == one
    assert reader.process("p1") == written[0]
    assert reader.request("nobody") is None
    assert reader.process("nobody") is None


def test_what_is_corrupt_is_skipped_and_counted_once_however_often_it_is_met(
    store: MemoryStore, reader: Reader
) -> None:
    store.append([corrupt(), *items(request(1)), Item("request", "text", b"\xff"), Item("request", "other", b"[]")])
    for _ in range(2):
        assert [one.id for one in reader.requests()] == [request(1).id]
    assert reader.request("broken") is None
    assert reader.page(Query(), Page()).requests == [request(1)]
    assert reader.corrupt == 3


def test_a_page_ends_where_the_next_begins(store: MemoryStore, reader: Reader) -> None:
    store.append(items(*(request(number, user=BOB if number % 3 else None) for number in range(3_000) if number % 3)))
    store.append(items(*(request(number) for number in range(3_000, 3_010))))
    pages: list[int] = []
    before = None
    while True:
        page = reader.page(Query(user="bob"), Page(limit=700, before=before))
        pages.append(len(page.requests))
        before = page.cursor
        if before is None:
            break
    assert pages == [700, 700, 600]
    newest = reader.page(Query(), Page(limit=2))
    assert [one.id for one in newest.requests] == [request(3_009).id, request(3_008).id]


def test_a_query_for_findings_finds_their_requests(store: MemoryStore, reader: Reader) -> None:
    store.append(items(request(1), request(2), request(3)))
    store.append(items(finding(request(1).id, kind="lost", level="notice"), finding(request(3).id)))
    assert list(reader.requests(Query(kind="crossed"))) == [request(3)]
    assert reader.page(Query(level="notice"), Page()).requests == [request(1)]
    assert list(reader.requests(Query(with_findings=True))) == [request(1), request(3)]
    assert list(reader.requests(Query(with_findings=True, path="/cart"))) == []


def test_findings_are_filtered_by_their_requests_too(store: MemoryStore, reader: Reader) -> None:
    store.append(items(request(1), request(2, user=BOB)))
    of_alice, of_bob, of_nobody = finding(request(1).id), finding(request(2).id, kind="lost"), finding("trimmed-away")
    store.append(items(of_alice, of_bob, of_nobody))
    assert list(reader.findings()) == [of_alice, of_bob, of_nobody]
    assert list(reader.findings(Query(user="bob"))) == [of_bob]
    assert list(reader.findings(Query(kind="crossed"))) == [of_alice, of_nobody]
    assert list(reader.findings(Query(kind="crossed", user="bob"))) == []


def test_threads_are_filtered_by_process_and_serial(store: MemoryStore, reader: Reader) -> None:
    store.append(items(process("p1", pid=101), process("p2", pid=102)))
    store.append(items(thread(1), thread(2), thread(1, process="p2"), thread(2, process="p2")))

    def found(query: Query) -> list[tuple[str, int]]:
        return [(one.process, one.serial) for one in reader.threads(query)]

    assert found(Query(process="p2")) == found(Query(process="102")) == [("p2", 1), ("p2", 2)]
    assert found(Query(thread=1)) == [("p1", 1), ("p2", 1)]
    assert found(Query(process="101", thread=2)) == [("p1", 2)]
    assert found(Query(process="103")) == []


class Interrupted(MemoryStore):
    """A store to which somebody writes while its second batch is read."""

    def __init__(self) -> None:
        super().__init__()
        self.meanwhile: Callable[[], None] = lambda: None

    def read(self, after: int, limit: int, kinds: Sequence[RecordKind] | None = None) -> list[Entry]:
        """Read, after somebody has written."""
        if after:
            meanwhile, self.meanwhile = self.meanwhile, lambda: None
            meanwhile()
        return super().read(after, limit, kinds)


@pytest.fixture
def interrupted() -> Iterator[Interrupted]:
    """Return such a store; the test fails if nobody wrote."""
    store = Interrupted()
    yield store
    untouched = Interrupted().meanwhile
    assert store.meanwhile.__code__.co_code == untouched.__code__.co_code


def test_what_moves_along_the_line_while_it_is_read_is_neither_missed_nor_read_twice(interrupted: Interrupted) -> None:
    opened = [request(number, outcome="open", status=None) for number in (1, 2_000)]
    interrupted.append(items(opened[0], *(request(number) for number in range(2, 2_000)), opened[1]))

    def finish_both_and_begin_another() -> None:
        interrupted.append(items(request(1), request(2_000), request(2_001, start_ns=2**62)))

    interrupted.meanwhile = finish_both_and_begin_another
    found = list(Reader(interrupted).requests())
    assert len(found) == 2_000
    assert found[0] == opened[0]
    assert found[-1] == request(2_000)


def test_a_thread_that_shows_activity_while_threads_are_read_is_read_once(interrupted: Interrupted) -> None:
    interrupted.append(items(*(thread(serial) for serial in range(1, 1_500))))
    interrupted.meanwhile = lambda: interrupted.append(items(thread(1), thread(1_400, requests=99)))
    found = list(Reader(interrupted).threads())
    assert sorted(one.serial for one in found) == list(range(1, 1_500))
    assert [one.requests for one in found if one.serial == 1_400] == [99]


def test_a_reader_tells_how_far_it_has_come(store: MemoryStore, reader: Reader) -> None:
    store.append(items(*(request(number) for number in range(2_500))))
    told: list[tuple[str, float]] = []
    reader.watch = lambda stage, share: told.append((stage, share))
    assert len(list(reader.requests())) == 2_500
    assert {stage for stage, _ in told} == {"reading request records"}
    assert [round(share, 2) for _, share in told] == [0.4, 0.8, 1]


def test_findings_of_few_requests_are_found_without_decoding_those_of_all_others(
    store: MemoryStore, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = [request(number, path="/rare/" if number == 7 else "/shop/") for number in range(200)]
    store.append(items(*requests, *(finding(one.id) for one in requests)))
    decoded, decode = list[str](), reader.decode
    monkeypatch.setattr(reader, "decode", lambda entry: (decoded.append(entry.kind), decode(entry))[1])
    found = reader.finding_page(Query(path="/rare/"), Page())
    assert [one.request for one in found.findings] == [requests[7].id]
    assert decoded.count("finding") == 1
