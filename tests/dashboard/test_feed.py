"""The feed against real stores: nothing lost, nothing repeated, one encoding for all, and back after an outage."""

import asyncio
import threading
from contextlib import contextmanager

import msgspec
import pytest

from dashboard import snapshot
from dashboard.api import answers
from dashboard.feed import Feed
from dashboard.protocol import Batch, ServerMessage
from dashboard.subscription import Start
from reqtrace.exceptions import StoreUnavailable
from reqtrace.reading import queries
from reqtrace.records import Reading
from reqtrace.stores.memory import MemoryStore
from reqtrace.stores.sqlite import SqliteStore

from . import samples

WHOLE = samples.item(samples.request(1)).payload


class Listener:
    """A browser's end of a subscription, in process: keeps the texts and what they said."""

    def __init__(self, feed, subscription, after=None):
        self.feed, self.subscription, self.after = feed, subscription, after
        self.texts = []
        self.greeting = []

    async def hear(self):
        async with asyncio.timeout(10):
            if not self.greeting:
                assert await self.subscription.ready(10)
                message = self.subscription.take()
                if isinstance(message, Start):
                    self.greeting = [text async for text in self.feed.greeting(message.position, self.after)]
            if self.greeting:
                message = self.greeting.pop(0)
        self.texts.append(message)
        said = msgspec.json.decode(message, type=ServerMessage)
        self.subscription.seen(getattr(said, "position", 0))
        return said

    async def hear_until(self, type_):
        while not isinstance(said := await self.hear(), type_):
            pass
        return said


@pytest.fixture(params=["memory", "sqlite"])
def store(request, tmp_path):
    store = MemoryStore() if request.param == "memory" else SqliteStore(f"sqlite:///{tmp_path / 'traces.sqlite3'}")
    yield store
    store.close()


@contextmanager
def listening(feed, after=None):
    with feed.subscribe() as subscription:
        yield Listener(feed, subscription, after)


async def test_a_browser_that_joins_among_writes_gets_every_record_once(store):
    total, feed = 600, Feed(lambda: store)
    samples.append(store, [samples.process(), samples.thread(1)])

    def write():
        for number in range(total):
            samples.append(store, [samples.request(number)])

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(3):
            with listening(feed) as listener:
                heard = []
                while len(heard) < total:
                    heard += [record.id for record in samples.requests_in(await listener.hear())]
                assert heard == [f"r{number}" for number in range(total)]
    finally:
        writer.join()


async def test_every_browser_is_handed_the_same_text(store):
    feed = Feed(lambda: store)
    with listening(feed) as one, listening(feed) as other:
        await one.hear()
        await other.hear()
        samples.append(store, [samples.request(1)])
        await one.hear()
        await other.hear()
    assert one.texts[1] is other.texts[1]


async def test_a_browser_that_was_away_is_told_only_what_came_since(store):
    feed = Feed(lambda: store)
    samples.append(store, [samples.request(1)])
    known = store.bounds()[1]
    samples.append(store, [samples.request(2)])
    with listening(feed, after=known) as listener:
        hello = await listener.hear()
    assert hello.resumed
    assert [record.id for record in samples.requests_in(hello)] == ["r2"]


async def test_a_browser_whose_past_was_trimmed_away_starts_afresh(store):
    feed = Feed(lambda: store)
    samples.append(store, [samples.request(1)])
    known = store.bounds()[1]
    samples.append(store, [samples.request(number) for number in range(2, 30)])
    store.trim(retain=5)
    with listening(feed, after=known) as listener:
        hello = await listener.hear()
    assert not hello.resumed
    assert [record.id for record in samples.requests_in(hello)] == [f"r{number}" for number in range(25, 30)]


async def test_a_state_is_bounded_in_bytes_and_says_where_the_lists_go_on(store, monkeypatch):
    monkeypatch.setattr(snapshot, "STATE_BYTES", 40_000)
    monkeypatch.setattr(snapshot, "MESSAGE_BYTES", 10_000)
    samples.append(store, [samples.request(number, path="/" + "x" * 2_000) for number in range(200)])
    samples.append(store, [samples.request(200, path="/" + "x" * 20_000)])  # of a process that cuts nothing
    with listening(Feed(lambda: store)) as listener:
        told = [await listener.hear()]
        while told[-1].position < store.bounds()[1]:
            told.append(await listener.hear())
    found = [record.id for message in told for record in samples.requests_in(message)]
    assert 1 < len(told) < 12
    assert found == [f"r{number}" for number in range(200 - len(found), 200)]
    assert len(found) < 20
    _, page = queries.parse({"cursor": told[0].older.requests}, now_ns=0)
    assert answers.requests(store, queries.Query(), page).requests[0].id == f"r{199 - len(found)}"


async def test_a_full_state_says_where_the_lists_of_the_api_go_on(store, monkeypatch):
    monkeypatch.setitem(snapshot.NEWEST, "request", 2)
    samples.append(store, [samples.request(number) for number in range(5)])
    samples.append(store, [samples.finding(1, "r4")])
    with listening(Feed(lambda: store)) as listener:
        hello = await listener.hear()
    assert [record.id for record in samples.requests_in(hello)] == ["r3", "r4"]
    assert hello.older.findings is None
    _, page = queries.parse({"cursor": hello.older.requests}, now_ns=0)
    older = answers.requests(store, queries.Query(), page)
    assert [record.id for record in older.requests] == ["r2", "r1", "r0"]


async def test_threads_of_one_request_each_do_not_crowd_out_those_that_are_shared(store, monkeypatch):
    monkeypatch.setitem(snapshot.NEWEST, "thread", 2)
    alone = [msgspec.structs.replace(samples.thread(serial), sharing="exclusive") for serial in range(2, 7)]
    samples.append(store, [samples.thread(1), *alone])
    with listening(Feed(lambda: store)) as listener:
        hello = await listener.hear()
    assert [thread.serial for thread in hello.records.threads] == [1, 5, 6]


async def test_what_the_holders_named_is_left_to_the_details_of_one_request(store):
    named = Reading("view", "shop.current", "request", 1)
    samples.append(store, [samples.request(1, readings=[named])])
    with listening(Feed(lambda: store)) as listener:
        assert samples.requests_in(await listener.hear())[0].readings == []
    assert answers.requests(store, queries.Query(), queries.Page()).requests[0].readings == []
    assert answers.request_detail(store, "r1").request.readings == [named]


async def test_a_request_is_handed_on_as_it_stands_in_the_store(store):
    samples.append(store, [samples.request(1)])
    with listening(Feed(lambda: store)) as listener:
        await listener.hear()
    assert WHOLE.decode() in listener.texts[0]


async def test_a_field_that_only_a_newer_writer_knows_is_handed_on_and_cannot_stop_the_feed(store):
    payload = WHOLE[:-1] + b',null,null,null,[],false,"\xff"]'
    newer = msgspec.structs.replace(samples.item(samples.request(1)), payload=payload)
    store.append([newer])
    with listening(Feed(lambda: store)) as listener:
        assert samples.requests_in(await listener.hear()) == [samples.request(1)]


async def test_an_outage_is_told_and_ends_by_itself_without_loss():
    store, fails = MemoryStore(), False

    def open_store():
        if fails:
            raise StoreUnavailable("The store does not answer.")
        return store

    feed = Feed(open_store)
    with listening(feed) as listener:
        await listener.hear()
        fails = True
        assert (await listener.hear()).health.message == "The store does not answer."
        with listening(feed) as latecomer:
            assert (await latecomer.hear()).health.store == "unreachable"
        samples.append(store, [samples.request(1)])
        fails = False
        assert (await listener.hear()).health.store == "ok"
        assert [record.id for record in samples.requests_in(await listener.hear())] == ["r1"]


async def test_a_feed_that_begins_in_an_outage_says_hello_when_the_store_is_back():
    store, fails = MemoryStore(), True
    samples.append(store, [samples.request(1)])

    def open_store():
        if fails:
            raise StoreUnavailable("The store does not answer.")
        return store

    with listening(Feed(open_store)) as listener:
        assert (await listener.hear()).health.store == "unreachable"
        fails = False
        assert (await listener.hear()).health.store == "ok"
        assert [record.id for record in samples.requests_in(await listener.hear())] == ["r1"]


async def test_a_store_that_began_anew_is_told_afresh():
    stores = [MemoryStore()]
    samples.append(stores[0], [samples.request(number) for number in range(9)])
    with listening(Feed(lambda: stores[-1])) as listener:
        assert len(samples.requests_in(await listener.hear())) == 9
        stores.append(MemoryStore())
        hello = await listener.hear()
    assert (hello.resumed, hello.records.requests) == (False, [])


@pytest.mark.parametrize(
    "payload",
    [b"", b"{", b"{}", b"[1, 2]", b"\xff", WHOLE[:-1], WHOLE + b"]", WHOLE.replace(b"GET", b"\xff"), b'"' + WHOLE],
)
async def test_an_entry_that_is_no_record_is_skipped_and_counted_once(store, payload):
    feed = Feed(lambda: store)
    bad = msgspec.structs.replace(samples.item(samples.request(1)), payload=payload)
    store.append([bad])
    with listening(feed) as listener:
        assert (await listener.hear()).health.corrupt == 1
        store.append([msgspec.structs.replace(bad, key="other"), samples.item(samples.request(2))])
        assert [record.id for record in samples.requests_in(await listener.hear_until(Batch))] == ["r2"]
    with listening(feed) as listener:
        assert (await listener.hear()).health.corrupt == 2


async def test_the_feed_stops_reading_when_the_last_browser_has_left():
    reads = []

    def open_store():
        reads.append(1)
        return store

    store = MemoryStore()
    feed = Feed(open_store)
    with listening(feed) as listener:
        await listener.hear()
    await asyncio.sleep(0)
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "reqtrace feed"]


async def test_a_page_is_told_the_last_minutes_of_every_process_and_each_measurement_as_it_is_made(store):
    first, *rest = [samples.measurement(number) for number in range(1, 6)]
    samples.append(store, [samples.process(), first, samples.measurement(1, "p2"), *rest])
    with listening(Feed(lambda: store)) as listener:
        hello = await listener.hear()
        assert [(one.process, one.number) for one in hello.records.measurements] == [
            ("p1", 1),
            ("p2", 1),
            *(("p1", number) for number in range(2, 6)),
        ]
        samples.append(store, [samples.measurement(6)])
        assert [one.number for one in (await listener.hear_until(Batch)).records.measurements] == [6]


async def test_a_page_that_opens_is_given_the_newest_five_thousand_requests(store):
    samples.append(store, [samples.request(number) for number in range(6_000)])
    with listening(Feed(lambda: store)) as listener:
        heard = [await listener.hear()]
        while heard[-1].position == 0:
            heard.append(await listener.hear())
    assert [record.id for said in heard for record in samples.requests_in(said)] == [
        f"r{n}" for n in range(1_000, 6_000)
    ]
    assert max(map(len, listener.texts)) < 1_000_000, "Daphne sends no more in one message"
