"""Questions to a store with many requests: the answers are those of reading everything, and cost much less."""

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from reqtrace.reading import queries
from reqtrace.reading.queries import Page, Query
from reqtrace.reading.reader import LOOKED_AT, Reader
from reqtrace.records import Hop, Request, User
from reqtrace.stores.base import Item, Store
from reqtrace.stores.memory import MemoryStore
from reqtrace.stores.redis_streams import RedisStreamStore
from reqtrace.stores.sqlite import SqliteStore
from tests.factories import START_NS, finding, items, request
from tests.redis_server import PROGRAM, free_port, redis_server

NOBODY, CAROL = User("anonymous"), User("authenticated", "7", 'ca"r\\ol,\u00e9')
QUESTIONS: list[dict[str, str]] = [
    {"user": "alice"}, {"user": "1"}, {"user": "anonymous"}, {"user": "unresolved"}, {"user": 'ca"r\\ol,\u00e9'},
    {"path": "/a"}, {"path": "/a/b/"}, {"path": "/a/b/c/d/1"}, {"path": '/q"\\'}, {"path": "/"}, {"path": "/none/"},
    {"method": "post"}, {"status": "404"}, {"status": "5xx"}, {"status": "418"},
    {"thread": "2"}, {"thread": "9"}, {"thread": "77"}, {"process": "p2"}, {"process": "102"},
    {"route": "orders"}, {"view": "shop.views"}, {"view": "s.pay"}, {"session": "s3"},
    {"ms": ">40"}, {"ms": "<=2"}, {"ms": ">=7000"}, {"user": "alice", "path": "/a/", "status": "200"},
    {"since": str(START_NS // 10**9 + 300)}, {"until": str(START_NS // 10**9 + 5)}, {"since": "2040-01-01"},
    {"user": "alice", "since": str(START_NS // 10**9 + 280)},
]  # fmt: skip


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str | None]:
    """Run a Redis server; return its address, or None where there is no server to run."""
    if not PROGRAM:
        yield None
        return
    port = free_port()
    with redis_server(port, tmp_path_factory.mktemp("redis")):
        yield f"redis://127.0.0.1:{port}/0"


@pytest.fixture(params=["memory", "sqlite", "redis"])
def store(request: pytest.FixtureRequest, tmp_path: Path, redis_url: str | None) -> Iterator[Store]:
    """Return a store of each kind."""
    if request.param == "redis" and redis_url is None:
        pytest.skip("redis-server is not installed")
    made: Store = (
        MemoryStore()
        if request.param == "memory"
        else SqliteStore(f"sqlite:///{tmp_path}/traces.sqlite3")
        if request.param == "sqlite"
        else RedisStreamStore(f"{redis_url}?prefix={tmp_path.name}")
    )
    with closing(made) as store:
        yield store


def made(number: int, choose: random.Random) -> Request:
    """Return a request that differs from the others in everything that can be asked for."""
    process = choose.choice((1, 2))
    serial = choose.choice((1, 2, 3))
    hops = [Hop(0, "start", 1, serial)] + [Hop(5, "view", 9, 9)] * (number % 50 == 0)
    return request(
        number,
        process=f"p{process}",
        pid=100 + process,
        thread_serial=serial,
        hops=hops,
        method=choose.choice(("GET", "GET", "POST")),
        path=choose.choice((f"/a/b/c/d/{number}", "/a/b/", "/ab/", f'/q"\\{number}\n', "/")),
        route=choose.choice(("orders/", "", "pay/")),
        view=choose.choice(("shop.views.orders", "shop.views.pay", "")),
        status=choose.choice((200, 200, 200, 404, 500, None)),
        outcome="open" if number % 97 == 0 else "ok",
        user=choose.choice((User("authenticated", "1", "alice"), NOBODY, User(), CAROL)),
        session=choose.choice((None, "s1", "s3")),
        duration_ns=choose.choice((1_000_000, 10_000_000, 50_000_000)),
    )


def write(store: Store, records: list[Request], choose: random.Random) -> None:
    """Write requests in batches of every size, as several processes do."""
    rest = list(records)
    while rest:
        size = choose.choice((1, 1, 3, 20, 150, 400))
        store.append(items(*rest[:size]))
        rest = rest[size:]


def answered(store: Store, query: Query, limit: int = 40) -> list[str]:
    """Return the ids of all that match, page by page."""
    reader, found, before = Reader(store), [], None
    while True:
        page = reader.page(query, Page(limit=limit, before=before))
        found += [request.id for request in page.requests]
        if page.cursor is None:
            return found
        before = page.cursor


def ask_everything(store: Store) -> None:
    """Compare the answer to each question with that of reading everything."""
    reader = Reader(store)
    records = [reader.decode(entry) for entry in store.read_back(None, 100_000, ("request",))]
    for question in QUESTIONS:
        query, _ = queries.parse(question, START_NS)
        expected = [record.id for record in records if isinstance(record, Request) and query.matches_request(record)]
        assert answered(store, query) == expected, question


def test_every_question_is_answered_as_by_reading_everything(store: Store) -> None:
    choose = random.Random(5)
    records = [made(number, choose) for number in range(1, 1_800)]
    write(store, records, choose)
    ask_everything(store)
    for record in choose.sample(records, 200):  # written again: they move to the end of the line
        record.path, record.outcome, record.user = "/a/moved/", "ok", CAROL
    write(store, choose.sample(records, 400), choose)
    ask_everything(store)
    store.trim(700)
    ask_everything(store)
    store.purge()
    assert answered(store, Query(user="alice")) == []
    write(store, records[:5], choose)
    ask_everything(store)


@pytest.mark.parametrize("question", [{"user": "nobody"}, {"path": "/none/"}, {"status": "418"}, {"thread": "77"},
                                      {"since": "2040-01-01"}, {"method": "PUT"}, {"ms": ">7000"}])  # fmt: skip
def test_what_is_nowhere_is_known_without_reading(store: Store, question: dict[str, str]) -> None:
    if isinstance(store, MemoryStore):
        pytest.skip("a store in memory holds little, and reads it all")
    choose = random.Random(5)
    write(store, [made(number, choose) for number in range(1, 2_000) if number % 97], choose)
    query, _ = queries.parse(question, START_NS)
    found = Reader(store).store.search(queries_sought(query), None, 10, LOOKED_AT)
    assert (found.entries, found.before, found.looked) == ([], None, 0)


def queries_sought(query: Query) -> Any:
    """Return what a store is asked for a filter."""
    from reqtrace.reading.seeking import sought_of

    return sought_of(query)


def test_no_finding_of_a_level_is_known_without_reading(store: Store) -> None:
    store.append(
        [*items(*(request(number) for number in range(1, 40))), *items(finding("p1-00000001", level="hazard"))]
    )
    reader = Reader(store)
    assert reader.page(Query(level="leak"), Page()).requests == []
    assert [found.id for found in reader.page(Query(level="hazard"), Page()).requests] == ["p1-00000001"]
    assert reader.page(Query(level="hazard", user="bob"), Page()) == reader.page(Query(level="leak"), Page())


def test_one_question_reads_so_much_and_says_where_to_go_on(store: Store) -> None:
    for first in range(0, LOOKED_AT + 2_000, 1_000):
        store.append(items(*(request(number, path="/x/") for number in range(first, first + 1_000))))
    page = Reader(store).page(Query(view="orders", task="none"), Page())
    assert page.requests == []
    assert page.cursor is not None
    assert answered(store, Query(view="orders", task="none")) == []


def test_a_file_of_before_is_read_as_it_was_and_summarized_from_then_on(tmp_path: Path) -> None:
    choose = random.Random(5)
    path = tmp_path / "traces.sqlite3"
    records = [made(number, choose) for number in range(1, 1_500)]
    with closing(SqliteStore(f"sqlite:///{path}")) as store:
        write(store, records[:500], choose)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE summary")
    with closing(SqliteStore(f"sqlite:///{path}")) as store:
        ask_everything(store)
        write(store, records[500:1_000], choose)
        ask_everything(store)
        with closing(sqlite3.connect(path)) as earlier:  # a process of an earlier version that still runs
            last = earlier.execute("SELECT last FROM line").fetchone()[0]
            entries: list[Item] = items(*records[1_000:1_200])
            rows = [(last + 1 + at, 4, item.key, item.payload) for at, item in enumerate(entries)]
            earlier.executemany("INSERT INTO entry (position, kind, key, payload) VALUES (?, ?, ?, ?)", rows)
            earlier.execute("UPDATE line SET last = last + ?", (len(rows),))
            earlier.commit()
        write(store, records[1_200:], choose)
        ask_everything(store)
        with closing(sqlite3.connect(path)) as connection:
            (uncovered,) = connection.execute(
                "SELECT count(*) FROM entry "
                "WHERE NOT EXISTS (SELECT 1 FROM summary WHERE position BETWEEN first AND last)"
            ).fetchone()
        assert uncovered == 700


def test_what_a_record_that_is_none_holds_stops_no_question(store: Store) -> None:
    store.append([Item("request", "broken", b"{"), *items(request(1))])
    assert answered(store, Query(user="alice")) == ["p1-00000001"]
    assert msgspec.json.encode(Reader(store).page(Query(), Page()).requests[0].id) == b'"p1-00000001"'
