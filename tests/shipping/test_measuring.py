"""What a process says it uses of its machine: true, seldom enough, and never at the cost of a request."""

import logging
import resource
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import psutil
import pytest
from django.test import Client

from reqtrace.execution.faults import Faults
from reqtrace.reading.reader import Reader
from reqtrace.records import Measurement, NativeThread
from reqtrace.shipping import measuring
from reqtrace.shipping.measuring import BUSY_NS, IDLE_LONGEST_NS, IDLE_NS, THREADS_KEPT, Counts, Meter
from tests.conftest import Tracing, eventually

SECOND = 1_000_000_000


class Clock:
    """Stands in for the module `time`, and moves when it is told to."""

    def __init__(self) -> None:
        """Begin some time after the machine did."""
        self.now = 1_000 * SECOND

    def perf_counter_ns(self) -> int:
        """Return the time."""
        return self.now

    time_ns = process_time_ns = thread_time_ns = perf_counter_ns


class Work:
    """What a process has done, as the meter is told."""

    def __init__(self) -> None:
        """Have done one request."""
        self.counts: Counts | None = Counts(1, 0, 0)

    def __call__(self) -> Counts | None:
        """Tell it."""
        return self.counts


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Return the clock that the meter looks at."""
    clock = Clock()
    monkeypatch.setattr(measuring, "time", clock)
    return clock


def measure(meter: Meter) -> Measurement:
    """Return what a meter measures when it is due."""
    meter.measure_when_due()
    (measurement,) = meter.taken()
    return measurement


def times_measured(meter: Meter, clock: Clock, seconds: int) -> int:
    """Return how often a meter measures in so many seconds in which it is asked ten times each."""
    for _ in range(seconds * 10):
        clock.now += SECOND // 10
        meter.measure_when_due()
    return len(list(meter.taken()))


@contextmanager
def thread_that_worked(name: str, cpu_ns: int) -> Iterator[threading.Thread]:
    """Run a thread that has used so much processor time and waits now."""
    worked, over = threading.Event(), threading.Event()

    def work() -> None:
        while time.thread_time_ns() < cpu_ns:
            pass
        worked.set()
        over.wait()

    thread = threading.Thread(target=work, name=name)
    thread.start()
    try:
        assert worked.wait(30)
        yield thread
    finally:
        over.set()
        thread.join()


def test_a_measurement_says_what_the_system_says() -> None:
    meter = Meter("p1", lambda: Counts(7, 2, 3), Faults())
    process = psutil.Process()
    with ExitStack() as waiting:
        for number in range(10):
            waiting.enter_context(thread_that_worked(f"waiting-{number}", 0))
        measured = measure(meter)
        listed = {thread.id for thread in process.threads()}
        known = listed.intersection(thread.native_id for thread in threading.enumerate())
    assert (measured.process, measured.number, measured.requests_in_flight, measured.dropped) == ("p1", 1, 2, 3)
    assert measured.memory_usage is not None
    assert 0.5 < measured.memory_usage / process.memory_info().rss < 2
    assert measured.thread_count is not None
    assert measured.thread_count >= len(known) > 10
    assert abs(measured.thread_count - len(listed)) < 10
    assert measured.open_file_descriptor_count is not None
    assert abs(measured.open_file_descriptor_count - process.num_fds()) < 10
    assert measured.context_switches_voluntary is not None
    assert 0 < measured.context_switches_voluntary <= resource.getrusage(resource.RUSAGE_SELF).ru_nvcsw
    assert abs(measured.measured_ns - time.time_ns()) < 60 * SECOND


def test_rates_are_those_since_the_measurement_before(clock: Clock) -> None:
    work = Work()
    meter = Meter("p1", work, Faults())
    first = measure(meter)
    assert (first.cpu_utilization, first.requests_per_second) == (None, 0)
    clock.now += 2 * SECOND
    work.counts = Counts(11, 0, 0)
    second = measure(meter)
    assert (second.requests_per_second, second.number) == (5, 2)
    assert second.cpu_utilization == 1, "the clock of the processor went as fast"


def test_nothing_is_measured_before_the_first_request(clock: Clock) -> None:
    work = Work()
    meter = Meter("p1", work, Faults())
    work.counts = None
    assert times_measured(meter, clock, 10) == 0


def test_a_busy_process_is_measured_every_second_and_an_idle_one_ever_less_often(clock: Clock) -> None:
    work = Work()
    meter = Meter("p1", work, Faults())
    measure(meter)
    assert 0 < times_measured(meter, clock, 300) < 300 * SECOND // IDLE_NS
    assert times_measured(meter, clock, 600) == 600 * SECOND // IDLE_LONGEST_NS
    work.counts = Counts(1, 1, 0)
    assert times_measured(meter, clock, 20) == 20 * SECOND // BUSY_NS


def test_a_process_that_falls_idle_is_measured_once_more_at_once(clock: Clock) -> None:
    work = Work()
    meter = Meter("p1", work, Faults())
    work.counts = Counts(1, 1, 0)
    measure(meter)
    work.counts = Counts(2, 0, 0)
    clock.now += BUSY_NS
    assert measure(meter).requests_in_flight == 0


def test_where_measuring_is_slow_it_is_done_less_often(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    work = Work()
    work.counts = Counts(1, 1, 0)
    meter = Meter("p1", work, Faults())

    def slow(_: psutil.Process) -> int:
        clock.now += SECOND // 10
        return 1

    monkeypatch.setattr(psutil.Process, "num_fds", slow)
    measure(meter)
    assert times_measured(meter, clock, 200) == 10


def test_threads_are_named_with_the_time_that_they_used() -> None:
    with thread_that_worked("busy-one", 60_000_000) as thread:
        measured = measure(Meter("p1", lambda: Counts(1, 0, 0), Faults()))
    assert measured.threads is not None
    found = {one.native_id: one for one in measured.threads}
    assert found[threading.main_thread().native_id].name in ("MainThread", "reqtrace")
    assert thread.native_id is not None
    assert found[thread.native_id].name == "busy-one"
    assert found[thread.native_id].cpu_time_ns >= 40_000_000


def test_a_thread_is_said_to_use_what_it_used_since_the_last_look(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    meter = Meter("p1", lambda: Counts(1, 1, 0), Faults())
    times = [{8: 3.0}, {8: 4.0, 9: 0.5}]
    monkeypatch.setattr(psutil.Process, "threads", lambda _: [Times(*one) for one in times[0].items()])
    assert shares(measure(meter)) == {8: 0}
    del times[0]
    clock.now += IDLE_NS - BUSY_NS
    assert measure(meter).threads is None, "they are looked at less often"
    clock.now += BUSY_NS
    assert shares(measure(meter)) == {8: 0.2, 9: 0.1}


class Times:
    """What psutil says of a thread."""

    def __init__(self, native_id: int, seconds: float) -> None:
        """Have used half of the seconds in user mode."""
        self.id = native_id
        self.user_time = self.system_time = seconds / 2


def shares(measurement: Measurement) -> dict[int, float]:
    """Return which thread used how much of a processor."""
    assert measurement.threads is not None
    return {thread.native_id: thread.cpu_utilization for thread in measurement.threads}


def test_of_many_threads_those_that_used_most_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil.Process, "threads", lambda _: [Times(number, number) for number in range(1_000)])
    threads = measure(Meter("p1", lambda: Counts(1, 0, 0), Faults())).threads
    assert threads is not None
    assert [thread.native_id for thread in threads] == list(range(999, 999 - THREADS_KEPT, -1))


@pytest.mark.parametrize(
    ("method", "field"),
    [
        ("memory_info", "memory_usage"),
        ("num_threads", "thread_count"),
        ("num_fds", "open_file_descriptor_count"),
        ("threads", "threads"),
        ("__init__", "memory_usage"),
    ],
)
def test_what_cannot_be_measured_is_none_and_one_fault_however_often(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, method: str, field: str
) -> None:
    def refuse(*_: object) -> Any:
        raise psutil.AccessDenied

    faults = Faults()
    meter = Meter("p1", lambda: Counts(1, 1, 0), faults)
    with caplog.at_level(logging.ERROR, "reqtrace"), monkeypatch.context() as patch:
        patch.setattr(psutil.Process, method, refuse)
        for _ in range(10):
            assert getattr(measure(meter), field) is None
            clock.now += IDLE_NS
    assert faults.count == len(caplog.records) == 1


def test_what_no_store_takes_does_not_pile_up(clock: Clock) -> None:
    meter = Meter("p1", lambda: Counts(1, 1, 0), Faults())
    assert times_measured(meter, clock, 300) < 100


def test_a_process_that_serves_is_measured_by_the_shipper(tracing: Callable[..., Tracing], client: Client) -> None:
    traced = tracing()
    client.get("/plain/")

    def measurement() -> Measurement | None:
        reader = Reader(traced.store)
        entries = traced.store.read(0, 10, ("measurement",))
        record = reader.decode(entries[0]) if entries else None
        return record if isinstance(record, Measurement) else None

    found = eventually(measurement)
    assert found is not None
    assert (found.process, found.number) == (traced.recorder.ledger.process_id, 1)
    assert found.threads is not None
    assert "reqtrace" in {thread.name for thread in found.threads if isinstance(thread, NativeThread)}
