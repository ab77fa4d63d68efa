"""The timeline's benchmark: its traffic is whole, and its tables say what was measured."""

from pathlib import Path

from benchmarks.timeline import figures
from benchmarks.timeline.writer import write
from reqtrace.reading.reader import Reader
from reqtrace.stores.sqlite import SqliteStore


def test_the_writer_writes_as_many_requests_as_it_was_asked_for_each_of_a_known_thread(tmp_path: Path) -> None:
    store = SqliteStore(f"sqlite:///{tmp_path / 'traces.sqlite3'}")
    try:
        write(store, rate=5_000, requests=500)
        reader = Reader(store)
        requests = list(reader.requests())
        threads = {(thread.process, thread.serial) for thread in reader.threads()}
    finally:
        store.close()
    assert len(requests) >= 500
    assert {(request.process, request.thread_serial) for request in requests} <= threads
    assert all(request.duration_ns > 0 for request in requests)


def test_a_share_is_the_value_that_so_many_do_not_exceed() -> None:
    assert figures.share([3.0, 1.0, 2.0, 4.0], 0.5) == 3.0
    assert figures.share([1.0], 0.95) == 1.0


def test_what_a_further_socket_costs_is_what_the_many_cost_more_than_the_first() -> None:
    runs = [figures.Sockets(1, [10.0], 1.0), figures.Sockets(51, [20.0], 6.0)]
    table = figures.sockets_table(runs, seconds=10)
    assert "| 1 | 10 | 10 | 10% of a core |  |" in table
    assert "| 51 | 20 | 20 | 60% of a core | 1.00% of a core |" in table
