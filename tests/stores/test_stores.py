"""The contract that every store keeps, and how the one in force is found."""

import re
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from reqtrace.exceptions import StoreError
from reqtrace.records import MEASUREMENTS_KEPT, MEASUREMENTS_PER_PROCESS, TYPES, Mark
from reqtrace.stores import registry
from reqtrace.stores.base import Item, Store
from reqtrace.stores.memory import MemoryStore
from reqtrace.stores.redis_streams import RedisStreamStore
from reqtrace.stores.sqlite import SqliteStore
from tests.conftest import eventually
from tests.factories import corrupt, item, items, measurement, process, request, thread
from tests.redis_server import PROGRAM, VALKEY, free_port, redis_server


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str | None]:
    """Run a Redis server; return its address, or None where there is no server to run."""
    if not PROGRAM:
        yield None
        return
    port = free_port()
    with redis_server(port, tmp_path_factory.mktemp("redis")):
        yield f"redis://127.0.0.1:{port}/0"


@pytest.fixture(scope="module")
def valkey_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str | None]:
    """Run a Valkey server; return its address, or None where there is none."""
    if not VALKEY:
        yield None
        return
    port = free_port()
    with redis_server(port, tmp_path_factory.mktemp("valkey"), program=VALKEY):
        yield f"valkey://127.0.0.1:{port}/0"


@pytest.fixture(params=["memory", "sqlite", "redis", "valkey"])
def store(
    request: pytest.FixtureRequest, tmp_path: Path, redis_url: str | None, valkey_url: str | None
) -> Iterator[Store]:
    """Return a store of each kind."""
    made: Store
    if request.param == "memory":
        made = MemoryStore()
    elif request.param == "sqlite":
        made = SqliteStore(f"sqlite:///{tmp_path}/traces.sqlite3")
    else:
        url = redis_url if request.param == "redis" else valkey_url
        if url is None:
            pytest.skip(f"{request.param}-server is not installed")
        made = RedisStreamStore(f"{url}?prefix={tmp_path.name}")
    with closing(made) as store:
        yield store


def plain(number: int, payload: bytes = b"{}") -> Item:
    """Return an item that no test looks into."""
    return Item("request", f"r{number}", payload)


def keys(store: Store) -> list[str]:
    """Return the keys of all that a store holds, oldest first."""
    return [entry.key for entry in store.read(0, 100_000)]


def test_a_store_never_written_to_is_empty(store: Store) -> None:
    assert store.bounds() == (0, 0)
    assert store.read(0, 10) == []
    assert store.read_back(None, 10) == []
    assert store.get("request", "r1") is None
    assert store.trim(1, 1.0) == 0
    assert store.purge() == 0


def test_entries_come_back_as_they_were_written_and_in_their_order(store: Store) -> None:
    written = [plain(1, b'{"a": "\xc3\xa4"}'), Item("thread", "t1", b"{}"), Item("finding", "f1", b"{}")]
    store.append(written[:2])
    store.append(written[2:])
    entries = store.read(0, 10)
    assert [Item(entry.kind, entry.key, entry.payload) for entry in entries] == written
    assert [entry.position for entry in entries] == sorted({entry.position for entry in entries})
    assert store.get("thread", "t1") == entries[1]
    assert store.bounds() == (entries[0].position, entries[-1].position)


@pytest.mark.parametrize("size", [1, 2, 3, 64, 65, 127, 128, 129, 256, 300])
def test_a_batch_of_any_size_comes_back_whole_behind_the_one_before(store: Store, size: int) -> None:
    store.append([plain(0)])
    before = store.bounds()[1]
    store.append([plain(number) for number in range(1, size + 1)])
    entries = store.read(before, 1_000)
    assert [entry.key for entry in entries] == [f"r{number}" for number in range(1, size + 1)]
    assert store.bounds()[1] == entries[-1].position


def test_an_empty_batch_writes_nothing(store: Store) -> None:
    store.append([])
    assert store.bounds() == (0, 0)


def test_reading_goes_on_from_a_position_in_both_directions(store: Store) -> None:
    store.append([plain(number) for number in range(5)])
    positions = [entry.position for entry in store.read(0, 10)]
    assert [entry.key for entry in store.read(positions[1], 2)] == ["r2", "r3"]
    assert store.read(positions[-1], 2) == []
    assert [entry.key for entry in store.read_back(None, 2)] == ["r4", "r3"]
    assert [entry.key for entry in store.read_back(positions[2], 5)] == ["r1", "r0"]
    assert store.read_back(positions[0], 5) == []


def test_reading_can_be_confined_to_kinds(store: Store) -> None:
    store.append([Item(kind, f"{kind}{number}", b"{}") for number in range(3) for kind in TYPES])
    assert [entry.key for entry in store.read(0, 2, ("finding",))] == ["finding0", "finding1"]
    assert [entry.key for entry in store.read(0, 3, ("thread", "process"))] == ["process0", "thread0", "process1"]
    assert [entry.key for entry in store.read_back(None, 3, ("request", "finding"))] == [
        "finding2",
        "request2",
        "finding1",
    ]
    assert len(store.read(0, 100, ("process", "thread", "request", "finding"))) == 12
    assert store.read(0, 100, ()) == []


def test_writing_a_key_again_moves_it_to_the_end_and_a_follower_sees_each_state_once(store: Store) -> None:
    store.append([plain(1, b"open"), plain(2)])
    seen = store.read(0, 10)
    store.append([plain(1, b"closed")])
    (news,) = store.read(seen[-1].position, 10)
    assert (news.key, news.payload) == ("r1", b"closed")
    assert keys(store) == ["r2", "r1"]
    assert store.get("request", "r1") == news


def test_of_two_states_in_one_batch_the_later_stays(store: Store) -> None:
    store.append([plain(1, b"open"), plain(2), plain(1, b"closed")])
    assert [(entry.key, entry.payload) for entry in store.read(0, 10)] == [("r2", b"{}"), ("r1", b"closed")]


def test_kinds_do_not_share_their_keys(store: Store) -> None:
    store.append([Item("process", "same", b"1"), Item("thread", "same", b"2")])
    assert len(keys(store)) == 2


def test_a_position_is_never_used_again(store: Store) -> None:
    store.append([plain(1)])
    positions = [store.bounds()[1]]
    for change in (lambda: None, store.purge, lambda: store.trim(0)):
        change()
        store.append([plain(1)])
        positions.append(store.bounds()[1])
    assert positions == sorted(set(positions))


def test_purging_says_how_much_went_and_keeps_the_end_of_the_line(store: Store) -> None:
    store.append([plain(1), plain(2), plain(1)])
    end = store.bounds()[1]
    assert store.purge() == 2
    assert keys(store) == []
    assert store.bounds() == (end, end)


def test_trimming_counts_requests_and_takes_what_is_older_of_every_kind(store: Store) -> None:
    store.append([Item("process", "p1", b"{}"), *(plain(number) for number in range(3)), Item("thread", "t1", b"{}")])
    store.append([plain(number) for number in range(3, 6)])
    assert store.trim(6) == 0
    assert store.trim(3) == 4
    assert keys(store) == ["t1", "r3", "r4", "r5"]
    assert store.trim(3) == 0


def test_what_people_said_outlives_what_it_was_said_of(store: Store) -> None:
    store.append([plain(0), Item("mark", "g1", b"1"), plain(1), Item("mark", "g2", b"2"), plain(2)])
    assert store.trim(1) == 2
    assert keys(store) == ["g1", "g2", "r2"]
    assert store.bounds() == (store.read(0, 3)[2].position, store.read(0, 3)[2].position)
    assert store.trim(0, 60) == 1
    assert [entry.key for entry in store.read(0, 10, ("mark",))] == ["g1", "g2"]
    assert store.bounds()[0] == store.bounds()[1]
    store.append([Item("mark", "g1", b"3")])
    assert [entry.payload for entry in store.read(0, 10)] == [b"2", b"3"]
    assert store.purge() == 2


def test_of_the_measurements_of_a_process_the_newest_stay(store: Store) -> None:
    store.append(items(*(measurement(number) for number in range(1, MEASUREMENTS_PER_PROCESS + 6))))
    store.append(items(measurement(1, process="p2")))
    payloads = [entry.payload for entry in store.read(0, 10_000, ("measurement",))]
    assert len(payloads) == MEASUREMENTS_PER_PROCESS + 1
    assert payloads[0] == item(measurement(6)).payload


def test_measurements_of_processes_long_gone_are_trimmed_however_few_requests_there_are(store: Store) -> None:
    store.append([plain(1), Item("mark", "g1", b"{}")])
    store.append([Item("measurement", f"m{number}", b"{}") for number in range(MEASUREMENTS_KEPT)])
    assert store.trim(10) == 0
    store.append([plain(2), *(Item("measurement", f"n{number}", b"{}") for number in range(1_500))])
    assert store.trim(10) == 1_500
    kept = [entry.key for entry in store.read(0, 100_000, ("measurement",))]
    assert (len(kept), kept[0], kept[-1]) == (MEASUREMENTS_KEPT, "m1500", "n1499")
    assert [entry.key for entry in store.read(0, 10, ("request", "mark"))] == ["r1", "g1", "r2"]
    assert store.read_back(None, 1, ("measurement",))[0].key == "n1499"


def test_trimming_counts_a_request_written_twice_once(store: Store) -> None:
    for _ in range(3):
        store.append([plain(1), plain(2)])
    assert store.trim(2) == 0
    assert keys(store) == ["r1", "r2"]


def test_trimming_by_age_goes_by_when_entries_were_written_and_not_by_what_they_say(store: Store) -> None:
    ahead = request(1, start_ns=time.time_ns() + 86_400 * 10**9)  # of a machine whose clock is a day ahead
    store.append(items(process(), ahead, request(2), request(3), thread(), Mark("g1", True, "alice", 1)))
    store.append([corrupt()])
    assert store.trim(100, 0.4) == 0
    time.sleep(0.5)
    store.append(items(request(4), request(2)))
    assert store.trim(100, 0.4) == 5
    assert [entry.key for entry in store.read(0, 10)] == ["g1", item(request(4)).key, item(request(2)).key]
    assert store.trim(100, 0.4) == 0


def test_trimming_thousands_of_requests_takes_them_all(store: Store) -> None:
    store.append(items(*(request(number) for number in range(2_500))))
    assert store.trim(2_400) == 100
    assert store.trim(1, 60) == 2_399
    assert len(keys(store)) == 1


def test_many_threads_write_and_none_of_their_records_is_missed(store: Store) -> None:
    def write(name: str) -> None:
        for number in range(50):
            store.append([Item("request", f"{name}-{number}", b"{}")])

    writers = [threading.Thread(target=write, args=(f"w{number}",)) for number in range(4)]
    for writer in writers:
        writer.start()
    found = follow(store, 200)
    for writer in writers:
        writer.join()
    check_each_once_and_in_order(found)


def follow(store: Store, count: int) -> list[str]:
    """Return the keys that a follower sees until they are so many."""
    found: list[str] = []
    position = 0

    def look() -> bool:
        nonlocal position
        entries = store.read(position, 7)
        found.extend(entry.key for entry in entries)
        position = entries[-1].position if entries else position
        return len(found) >= count

    eventually(look, seconds=60)
    return found


def check_each_once_and_in_order(found: list[str]) -> None:
    """Check that nothing was seen twice, and each writer's records in the order in which it wrote them."""
    assert len(found) == len(set(found))
    for writer in {key.partition("-")[0] for key in found}:
        numbers = [int(key.partition("-")[2]) for key in found if key.startswith(f"{writer}-")]
        assert numbers == list(range(len(numbers)))


def test_all_threads_of_a_process_are_given_one_store(settings: object) -> None:
    settings.REQTRACE = {"STORE": f"memory:{time.monotonic_ns()}"}  # type: ignore[attr-defined]
    found: list[Store] = []
    threads = [threading.Thread(target=lambda: found.append(registry.store())) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(found) == 8
    assert len(set(map(id, found))) == 1


@pytest.mark.parametrize(
    ("url", "backends", "reason"),
    [
        ("postgres://", {}, "no store has the scheme 'postgres'; there are memory, redis, redis+cluster"),
        ("", {}, "it begins with no scheme"),
        ("http://[", {}, "no store has the scheme 'http'"),
        ("x:", {"x": "nowhere.Store"}, "cannot be imported"),
        ("x:", {"x": "reqtrace.records.Request"}, "no subclass"),
        ("x:", {"x": "reqtrace.records.key_of"}, "no subclass"),
    ],
)
def test_an_address_that_no_store_answers_to_is_refused(
    settings: object, url: str, backends: dict[str, str], reason: str
) -> None:
    settings.REQTRACE = {"STORE_BACKENDS": backends}  # type: ignore[attr-defined]
    with pytest.raises(StoreError, match=re.escape(reason)):
        registry.open_store(url)


def test_a_scheme_can_be_added(settings: object) -> None:
    settings.REQTRACE = {"STORE_BACKENDS": {"ram": "reqtrace.stores.memory.MemoryStore"}}  # type: ignore[attr-defined]
    assert isinstance(registry.open_store("ram:"), MemoryStore)
