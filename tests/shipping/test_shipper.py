"""From the request path to the store: nothing lost within bounds, everything lost counted, whatever the store does."""

import signal
import threading
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from textwrap import dedent
from time import perf_counter_ns

import pytest
from django.test import Client

from reqtrace.capture import recorder
from reqtrace.capture.recorder import Recorder
from reqtrace.exceptions import StoreError, StoreUnavailable
from reqtrace.execution import process
from reqtrace.execution.places import native
from reqtrace.reading.reader import Reader
from reqtrace.records import Process, Request
from reqtrace.shipping import ledger
from reqtrace.shipping import shipper as shipping
from reqtrace.stores.base import Item
from reqtrace.stores.memory import MemoryStore
from reqtrace.stores.sqlite import SqliteStore
from reqtrace.watching.live import Outliving
from tests.conftest import Tracing, eventually
from tests.programs import run_program, start_program

Start = Callable[..., Tracing]
_numbers = count(1)

# The thread ships only when it is woken: what is shipped, and when, is up to the test.
BY_HAND = {"FLUSH_MS": 60_000}


class FickleStore(MemoryStore):
    """A store that takes nothing while there is trouble."""

    trouble: Exception | None = None
    attempts = 0
    meanwhile: Callable[[], object] | None = None
    """What happens while it writes."""

    def append(self, items: Sequence[Item]) -> None:
        """Write all items, or raise what is the matter."""
        self.attempts += 1
        if self.trouble is not None:
            raise self.trouble
        super().append(items)
        if self.meanwhile is not None:
            self.meanwhile()


@pytest.fixture
def fickle(tracing: Start, faulty: list[Recorder]) -> Callable[..., tuple[Tracing, FickleStore]]:
    """Return a function that starts tracing into a store that can be told to fail."""

    def start(**keys: object) -> tuple[Tracing, FickleStore]:
        backends = {"fickle": f"{__name__}.FickleStore"}
        traced = tracing(**BY_HAND, STORE=f"fickle:{next(_numbers)}", STORE_BACKENDS=backends, **keys)
        faulty.append(traced.recorder)
        assert isinstance(traced.store, FickleStore)
        return traced, traced.store

    return start


def _visit(first: int, last: int) -> None:
    for item in range(first, last + 1):
        Client().get(f"/items/{item}/")


def _stored(traced: Tracing) -> list[int]:
    return sorted(int(request.path.split("/")[2]) for request in Reader(traced.store).requests())


def test_beyond_the_buffer_the_oldest_go_and_are_counted(tracing: Start) -> None:
    traced = tracing(**BY_HAND, BUFFER=10)
    with traced.recorder.shipper._shipping:  # the thread is woken, and would make room
        _visit(1, 25)
    assert traced.recorder.shipper.ship()
    assert _stored(traced) == list(range(16, 26))
    assert traced.process().dropped == 15


def test_many_that_wait_are_shipped_before_they_are_due(tracing: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shipping, "_MANY", 5)
    traced = tracing(**BY_HAND)
    _visit(1, 5)
    assert _stored(traced) == []
    _visit(6, 6)
    eventually(lambda: _stored(traced)[:5] == [1, 2, 3, 4, 5])


def test_what_arrives_while_a_batch_is_written_waits_for_the_next_unless_it_is_the_last(
    fickle: Callable[..., tuple[Tracing, FickleStore]],
) -> None:
    traced, store = fickle()
    _visit(1, 3)
    store.meanwhile = lambda: _visit(3 + store.attempts, 3 + min(store.attempts, 3))
    assert traced.recorder.shipper.ship()
    assert (store.attempts, _stored(traced)) == (1, [1, 2, 3])
    traced.recorder.shipper.drain()
    assert _stored(traced) == list(range(1, 7))


def test_many_that_arrive_while_a_batch_is_written_are_written_at_once(
    fickle: Callable[..., tuple[Tracing, FickleStore]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shipping, "_BATCH", 4)
    traced, store = fickle()
    _visit(1, 6)
    store.meanwhile = lambda: _visit(7, 11 if store.attempts == 2 else 6)
    assert traced.recorder.shipper.ship()
    assert (store.attempts, _stored(traced)) == (3, list(range(1, 11)))


def test_a_store_that_comes_back_gets_everything(fickle: Callable[..., tuple[Tracing, FickleStore]]) -> None:
    traced, store = fickle(BUFFER=100)
    store.trouble = StoreUnavailable("away")
    _visit(1, 5)
    assert not traced.recorder.shipper.ship()
    _visit(6, 10)
    store.trouble = None
    eventually(traced.recorder.shipper.ship)
    assert _stored(traced) == list(range(1, 11))
    assert traced.process().dropped == 0
    assert traced.recorder.faults.count == 1


def test_what_a_store_away_for_too_long_never_gets_is_counted(
    fickle: Callable[..., tuple[Tracing, FickleStore]],
) -> None:
    traced, store = fickle(BUFFER=10)
    shipper = traced.recorder.shipper
    store.trouble = StoreUnavailable("away")
    for first in (1, 8, 15, 22):
        _visit(first, first + 6)
        shipper._retry_ns = 0
        assert not shipper.ship()
    assert len(shipper._queue) + len(shipper.backlog) <= 10 + 9  # the first batch may be there already
    store.trouble = None
    shipper._retry_ns = 0
    assert shipper.ship()
    kept = _stored(traced)
    assert kept[:7] == list(range(1, 8)), "what the store may have taken the first time was let go"
    assert kept[7:] == list(range(29 - len(kept[7:]), 29))
    assert traced.recorder.ledger.dropped == 28 - len(kept)
    shipper.drain()
    assert (traced.process().requests, traced.process().dropped) == (28, 28 - len(kept))


@pytest.mark.parametrize("trouble", [StoreError("foreign file"), ZeroDivisionError("strange"), RuntimeError()])
def test_whatever_a_store_raises_nothing_is_lost_and_it_is_left_alone_for_a_while(
    fickle: Callable[..., tuple[Tracing, FickleStore]], monkeypatch: pytest.MonkeyPatch, trouble: Exception
) -> None:
    now = [perf_counter_ns()]
    monkeypatch.setattr(shipping, "perf_counter_ns", lambda: now[0])
    traced, store = fickle()
    shipper = traced.recorder.shipper
    store.trouble = trouble
    _visit(1, 3)
    assert not shipper.ship()
    waits = []
    for _ in range(8):
        begun, attempts = now[0], store.attempts
        while store.attempts == attempts:
            now[0] += 50_000_000
            assert not shipper.ship()
        waits.append((now[0] - begun) / 1e9)
    assert waits == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
    store.trouble = None
    now[0] += 5_000_000_000
    assert shipper.ship()
    assert _stored(traced) == [1, 2, 3]
    _visit(4, 4)
    assert shipper.ship()
    assert _stored(traced) == [1, 2, 3, 4]


def test_the_thread_ships_by_itself_when_it_is_due(tracing: Start) -> None:
    traced = tracing(FLUSH_MS=10)
    _visit(1, 3)
    assert eventually(lambda: _stored(traced) == [1, 2, 3])


def test_holders_are_looked_for_a_slice_at_a_time_twice_a_second_once_all_modules_were_seen(
    tracing: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [perf_counter_ns()]
    monkeypatch.setattr(recorder, "perf_counter_ns", lambda: now[0])
    monkeypatch.setattr(shipping, "_IDLE_SECONDS", 0.01)
    traced = tracing(FLUSH_MS=10)
    discovery, meter = traced.recorder.discovery, traced.recorder.ledger.meter
    slices, rounds = [], []

    def search() -> None:  # of a project that takes many
        slices.append(now[0])
        discovery.rounds += 1

    monkeypatch.setattr(discovery, "search", search)
    monkeypatch.setattr(traced.recorder, "_is_idle", lambda: False)
    monkeypatch.setattr(meter, "measure_when_due", lambda: rounds.append(now[0]))
    _visit(1, 1)
    eventually(lambda: len(rounds) >= 5)
    assert len(slices) >= len(rounds) - 1, "before, it takes every occasion"
    discovery.is_through = True
    for _ in range(3):
        now[0] += 500_000_000
        eventually(lambda: rounds.count(now[0]) >= 5)
        assert slices.count(now[0]) == 1
    monkeypatch.setattr(traced.recorder, "_is_idle", lambda: True)
    looks: list[int] = []
    monkeypatch.setattr(traced.recorder.outliving, "search", lambda: looks.append(now[0]) or ())
    for seconds, expected in ((5, 1), (0.5, 0), (4.5, 1), (31, 0)):  # seldom then, and in the end no more
        now[0] += int(seconds * 1e9)
        eventually(lambda: rounds.count(now[0]) >= 5)
        assert looks.count(now[0]) == expected


def test_where_no_thread_can_be_started_requests_ship_once_a_second_and_wait_for_nobody(
    fickle: Callable[..., tuple[Tracing, FickleStore]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    traced, store = fickle()
    shipper = traced.recorder.shipper
    monkeypatch.setattr(
        shipping, "native", lambda module, name: refuse if name == "start_new_thread" else native(module, name)
    )
    _visit(1, 1)
    assert _stored(traced) == [1]
    assert store.patience_seconds == 0.02
    _visit(2, 3)
    assert _stored(traced) == [1]
    shipper._attend_ns -= 10**9
    with shipper._shipping:  # a signal handler has interrupted who ships
        began = perf_counter_ns()
        _visit(4, 4)
        assert perf_counter_ns() - began < 10**9
    assert _stored(traced) == [1]
    shipper._attend_ns -= 10**9
    _visit(5, 5)
    assert _stored(traced) == [1, 2, 3, 4, 5]


def test_where_threads_get_but_the_odd_moment_requests_ship_and_the_thread_does_not(
    tracing: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "threads_run", lambda: False)
    traced = tracing(FLUSH_MS=10)
    ship, ships = traced.recorder.shipper.ship, list[int]()
    monkeypatch.setattr(
        traced.recorder.shipper, "ship", lambda **how: (ships.append(threading.get_ident()), ship(**how))[1]
    )
    _visit(1, 2)
    eventually(lambda: traced.recorder.discovery.is_through)  # which the thread sees to
    assert set(ships) == {threading.get_ident()}


def test_a_fork_that_ran_no_hooks_has_requests_ship(tracing: Start) -> None:
    traced = tracing(**BY_HAND)
    shipper = traced.recorder.shipper
    _visit(1, 1)
    eventually(lambda: shipper._attend_ns > perf_counter_ns() + 30 * 10**9)  # the thread sleeps
    shipper._pid = -1
    shipper._attend_ns -= 70 * 10**9
    _visit(2, 3)
    assert _stored(traced) == [1, 2, 3]


def test_a_store_that_hangs_in_a_trim_keeps_no_request_waiting(
    fickle: Callable[..., tuple[Tracing, FickleStore]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shipping, "_LATE_NS", 0)
    may_end, hangs = threading.Event(), threading.Event()

    def hang(*_: object) -> int:
        hangs.set()
        may_end.wait(30)
        return 0

    traced, store = fickle()
    monkeypatch.setattr(store, "trim", hang)
    _visit(1, 1)
    traced.recorder.shipper.wake()
    assert hangs.wait(30)
    attempts = store.attempts
    began = perf_counter_ns()
    _visit(2, 30)
    assert perf_counter_ns() - began < 5 * 10**9
    assert store.attempts == attempts, "a request has shipped"
    may_end.set()
    traced.recorder.shipper.wake()
    eventually(lambda: _stored(traced) == list(range(1, 31)))


def test_the_store_is_trimmed_also_while_a_long_queue_is_written(
    fickle: Callable[..., tuple[Tracing, FickleStore]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shipping, "_BATCH", 16)
    traced, store = fickle(RETAIN=100)
    kept: list[int] = []
    store.meanwhile = lambda: kept.append(store._counts["request"])
    with traced.recorder.shipper._shipping:
        _visit(1, 400)
    traced.recorder.shipper.wake()
    eventually(lambda: 400 in _stored(traced))
    assert max(kept) <= 200, "it grew as long as there was something to write"


def test_retain_holds_within_a_tenth_also_while_a_store_that_was_away_gets_what_waited(
    fickle: Callable[..., tuple[Tracing, FickleStore]],
) -> None:
    traced, store = fickle(RETAIN=1_000)
    kept: list[int] = []
    store.meanwhile = lambda: kept.append(store._counts["request"])
    store.trouble = StoreUnavailable("away")
    _visit(1, 4_000)
    assert not traced.recorder.shipper.ship()
    assert len(traced.recorder.shipper.backlog) > 3_000
    store.trouble = None
    traced.recorder.shipper._retry_ns = 0
    traced.recorder.shipper.wake()
    eventually(lambda: 4_000 in _stored(traced))
    assert max(kept) <= 1_100


def test_what_others_write_while_a_process_trims_has_grown_when_it_looks_again(
    fickle: Callable[..., tuple[Tracing, FickleStore]], monkeypatch: pytest.MonkeyPatch
) -> None:
    traced, store = fickle(RETAIN=1_000)
    trim, others = store.trim, [Item("request", f"other-{number}", b"") for number in range(300)]

    def trim_slowly(*limits: float | None) -> None:
        trim(*limits)
        store.append(others)

    trimming = traced.recorder.shipper._trimming
    trimming.trim()
    monkeypatch.setattr(store, "trim", trim_slowly)
    trimming.trim()
    assert trimming._has_grown()


def test_a_signal_that_interrupts_shipping_does_not_wait_for_it_for_ever(
    tracing: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    traced = tracing(**BY_HAND)
    monkeypatch.setattr(shipping, "_PATIENCE_SECONDS", 0.05)
    shipper = traced.recorder.shipper
    with shipper._shipping:
        assert not shipper.ship()
        assert not shipper.ship(wait=False)


@pytest.mark.parametrize(("share", "kept"), [(0.0, {0}), (1.0, {60}), (0.5, set(range(5, 56)))])
def test_requests_left_out_by_sampling_are_counted_and_count_for_their_thread(
    tracing: Start, share: float, kept: set[int]
) -> None:
    traced = tracing(**BY_HAND, SAMPLE=share)
    _visit(1, 60)
    stored = len(traced.requests())
    assert stored in kept
    process = traced.process()
    assert (process.requests, process.sampled_out, process.dropped) == (60, 60 - stored, 0)
    assert traced.threads()[0].requests == 60


def test_a_request_left_out_in_which_something_is_found_later_is_stored_after_all_and_counted_once(
    tracing: Start,
) -> None:
    traced = tracing(**BY_HAND, SAMPLE=0.0)
    _visit(1, 2)
    shipper = traced.recorder.shipper
    opened = shipper._queue[0]
    assert opened is not None
    shipper.ship()
    opened.note(Outliving("later", 10, opened.place, []))
    shipper.put(opened)
    shipper.drain()
    process = traced.process()
    assert _stored(traced) == [1]
    assert (process.requests, process.sampled_out, process.dropped) == (2, 1, 0)
    assert (process.leaks, process.hazards) == (0, 1)


def test_a_process_says_how_much_waits_and_that_nothing_does_any_more(
    fickle: Callable[..., tuple[Tracing, FickleStore]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "_CHANGED_EVERY_NS", 0)
    traced, store = fickle()
    shipper = traced.recorder.shipper
    store.trouble = StoreUnavailable("away")
    _visit(1, 5)
    shipper.ship()
    _visit(6, 8)
    shipper._retry_ns = 0
    shipper.ship()
    store.trouble = None
    shipper._retry_ns = 0
    _visit(9, 9)
    shipper.ship()
    (told,) = Reader(store).processes()
    assert told.waiting >= 8, "requests, their thread and the process"
    shipper.ship()
    (told,) = Reader(store).processes()
    assert told.waiting == 0


def _program(body: str) -> str:
    return dedent(
        """
            import django
            django.setup()
            from django.test import Client

            def visit(*items):
                for item in items:
                    assert Client().get(f"/items/{item}/").status_code == 200

            """
    ) + dedent(body)


class Left:
    """What a program has left in its store."""

    def __init__(self, directory: Path) -> None:
        """Keep the store in `directory`."""
        url = f"sqlite:///{directory / 'traces.sqlite3'}"
        self.environment = {"REQTRACE_STORE": url, "REQTRACE_FLUSH_MS": "60000"}
        self._store = SqliteStore(url)

    def requests(self) -> list[Request]:
        """Return the requests, by their paths."""
        try:
            return sorted(Reader(self._store).requests(), key=lambda request: int(request.path.split("/")[2]))
        finally:
            self._store.close()

    def items(self) -> list[int]:
        """Return which items were asked for."""
        return [int(request.path.split("/")[2]) for request in self.requests()]

    def processes(self) -> list[Process]:
        """Return the processes."""
        try:
            return list(Reader(self._store).processes())
        finally:
            self._store.close()


@pytest.fixture
def left(tmp_path: Path) -> Left:
    """Return a store for programs to write to."""
    return Left(tmp_path)


def test_a_process_that_ends_ships_what_it_has_and_says_goodbye(left: Left) -> None:
    run_program(_program("visit(1, 2, 3)"), **left.environment)
    assert left.items() == [1, 2, 3]
    (process,) = left.processes()
    assert process.requests == 3
    assert process.ended_ns is not None
    assert (process.faults, process.last_fault) == (0, None)


def test_a_process_that_ends_by_an_exception_ships_too(left: Left) -> None:
    program = start_program(_program("visit(1)\nraise SystemExit(3)"), **left.environment)
    assert program.wait(60) == 3
    program.communicate()
    assert left.items() == [1]


def test_sigterm_ships_and_then_ends_the_process_as_it_would_have(left: Left) -> None:
    body = "import os, signal\nvisit(1, 2)\nos.kill(os.getpid(), signal.SIGTERM)\nvisit(3)"
    run_program(_program(body), ends_by=signal.SIGTERM, **left.environment)
    assert left.items() == [1, 2]
    assert left.processes()[0].ended_ns is not None


def test_sigterm_reaches_a_handler_of_the_servers_and_requests_after_it_ship_at_once(left: Left) -> None:
    told = run_program(
        _program(
            """
            import os, signal, time
            heard = []
            signal.signal(signal.SIGTERM, lambda number, frame: heard.append(number))
            visit(1)
            os.kill(os.getpid(), signal.SIGTERM)
            visit(2)
            print(heard == [signal.SIGTERM], flush=True)
            time.sleep(0.5)
            os._exit(0)  # as uvicorn does, which looks ten times a second: nothing else is run
            """
        ),
        **left.environment,
    )
    assert told == "True"
    assert left.items() == [1, 2]


def test_a_request_that_ends_after_sigterm_waits_for_its_shipment_but_not_long(
    fickle: Callable[..., tuple[Tracing, FickleStore]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shipping, "_REQUEST_SECONDS", 5)
    traced, store = fickle()
    shipper = traced.recorder.shipper
    _visit(1, 1)
    shipper.hasten()
    for number in range(2, 6):
        _visit(number, number)
        assert number in _stored(traced)
    monkeypatch.setattr(shipping, "_REQUEST_SECONDS", 0.02)
    may_end = threading.Event()
    store.meanwhile = lambda: may_end.wait(30)
    began = perf_counter_ns()
    _visit(6, 6)
    assert 0.02 < (perf_counter_ns() - began) / 1e9 < 2
    may_end.set()


def test_a_process_that_ignores_sigterm_lives_on(left: Left) -> None:
    body = (
        "import os, signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nvisit(1)\n"
        "os.kill(os.getpid(), signal.SIGTERM)\nvisit(2)"
    )
    run_program(_program(body), **left.environment)
    assert left.items() == [1, 2]


def test_a_forked_child_ships_its_own_and_nothing_of_its_parents(left: Left) -> None:
    run_program(
        _program(
            """
            import os, sys
            visit(1, 2, 3)
            child = os.fork()
            if not child:
                visit(4, 5)
                sys.exit()
            assert os.waitpid(child, 0)[1] == 0
            visit(6)
            """
        ),
        **left.environment,
    )
    requests = left.requests()
    assert left.items() == [1, 2, 3, 4, 5, 6]
    processes = {process.pid: process for process in left.processes()}
    assert len(processes) == 2
    assert sorted(process.requests for process in processes.values()) == [2, 4]
    assert all(process.ended_ns is not None for process in processes.values())
    assert all(request.process == processes[request.pid].id for request in requests)
    assert [request.pid == requests[0].pid for request in requests] == [True, True, True, False, False, True]
    assert {request.thread_serial for request in requests} == {1}
    assert [request.same_thread.before for request in requests] == [0, 1, 2, 0, 1, 3]


def test_a_child_of_multiprocessing_ships_though_it_skips_what_runs_at_exit(left: Left) -> None:
    run_program(
        _program(
            """
            import multiprocessing
            visit(1)
            child = multiprocessing.get_context("fork").Process(target=visit, args=(2, 3))
            child.start()
            child.join()
            assert child.exitcode == 0
            """
        ),
        **left.environment,
    )
    assert left.items() == [1, 2, 3]
    assert len(left.processes()) == 2


def test_a_wrong_setting_is_logged_shown_and_replaced_by_its_default(left: Left) -> None:
    program = start_program(
        _program("visit(1)"), **left.environment, REQTRACE_SAMPLE="lots", REQTRACE_BUFFFER="1", REQTRACE_BUFFER="-3"
    )
    output, errors = program.communicate(timeout=60)
    assert program.returncode == 0, output + errors
    assert "REQTRACE_SAMPLE" in errors
    assert "Did you mean 'BUFFER'?" in errors
    assert left.items() == [1]
    (process,) = left.processes()
    assert process.faults == 3  # without which the page would not show what the last one was
    assert all(f"REQTRACE_{key} " in str(process.last_fault) for key in ("SAMPLE", "BUFFFER", "BUFFER"))


def test_a_store_that_there_is_not_is_logged_shown_and_replaced_by_the_default(tmp_path: Path) -> None:
    left = Left(tmp_path / ".reqtrace")
    body = _program(f"from django.conf import settings\nsettings.BASE_DIR = {str(tmp_path)!r}\nvisit(1)")
    program = start_program(body, REQTRACE_STORE="postgres://shop:secret@db")
    output, errors = program.communicate(timeout=60)
    assert program.returncode == 0, output + errors
    assert errors.count("no store has the scheme 'postgres'") == 1
    assert "secret" not in errors
    assert left.items() == [1]
    (process,) = left.processes()
    assert process.faults == 1
    assert "no store has the scheme 'postgres'" in str(process.last_fault)


def test_otel_without_opentelemetry_is_logged_and_shown(left: Left) -> None:
    body = _program("from reqtrace import checks\nchecks.find_spec = lambda name: None\nvisit(1)")
    program = start_program(body, **left.environment, REQTRACE_OTEL="true")
    output, errors = program.communicate(timeout=60)
    assert program.returncode == 0, output + errors
    assert "OpenTelemetry is not installed" in errors
    (process,) = left.processes()
    assert "OpenTelemetry is not installed" in str(process.last_fault)


def test_a_store_that_cannot_be_used_leaves_the_application_alone(tmp_path: Path) -> None:
    foreign = tmp_path / "traces.sqlite3"
    foreign.write_bytes(b"no database " * 1000)
    program = start_program(_program("visit(1, 2, 3)\nprint('served')"), REQTRACE_STORE=f"sqlite:///{foreign}")
    output, errors = program.communicate(timeout=60)
    assert (program.returncode, output) == (0, "served\n"), errors
    assert errors.count("reqtrace's store takes nothing: ") == 1
    assert errors.count(f"{foreign} is not a SQLite database") == 1
    assert "3 requests and 0 findings are lost" in errors
    assert foreign.read_bytes() == b"no database " * 1000
