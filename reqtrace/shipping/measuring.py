"""What this process uses of its machine: measured about once a second, on the shipper's thread."""

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, TypeVar, cast

import psutil

from reqtrace.execution.faults import Faults
from reqtrace.execution.places import native
from reqtrace.records import Measurement, NativeThread

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

Result = TypeVar("Result")

BUSY_NS = 1_000_000_000
"""How often a process is measured that has requests."""
IDLE_NS = 5_000_000_000
"""How often one is that has none, at first, and how often threads are looked at."""
IDLE_LONGEST_NS = 60_000_000_000
"""How seldom one is measured in which nothing changes."""
THREADS_KEPT = 64
_COST_SHARE = 200
"""A measurement is followed by none for so many times what it cost: half a percent of a processor is the most."""
_WAITING = 60
"""So many wait for a store that does not answer."""


class Counts(NamedTuple):
    """The work of this process, as the ledger knows it."""

    requests: int
    """Those that ended, so far."""
    in_flight: int
    dropped: int


class Meter:
    """Measures the process in which it is made, on one thread; whoever ships takes away what was measured.

    What cannot be measured, as in some containers, is None. That is one fault for each thing, however often it is met.
    """

    def __init__(self, process_id: str, counts: Callable[[], Counts | None], faults: Faults) -> None:
        """Get ready; nothing is measured as long as `counts` returns None."""
        self._process_id = process_id
        self._counts = counts
        self._faults = faults
        self._failed: set[str] = set()
        self._taken: deque[Measurement] = deque(maxlen=_WAITING)
        self._number = 0
        self._busy_due_ns = self._idle_due_ns = 0
        self._idle_every_ns = IDLE_NS
        self._before: Counts | None = None
        self._before_ns = self._cpu_ns = 0
        self._threads_ns = 0
        self._thread_times: dict[int, int] = {}
        self._process: psutil.Process | None = None

    def measure_when_due(self) -> None:
        """Measure if it is time to."""
        now = time.perf_counter_ns()
        counts = self._counts() if now >= self._busy_due_ns else None
        if counts is None:
            return
        if self._is_busy(counts):
            self._idle_every_ns = IDLE_NS
        elif now < self._idle_due_ns:
            return
        else:
            self._idle_every_ns = min(2 * self._idle_every_ns, IDLE_LONGEST_NS)
        began_ns = time.thread_time_ns()
        self._taken.append(self._measurement(counts, now))
        rest = (time.thread_time_ns() - began_ns) * _COST_SHARE
        self._busy_due_ns = now + max(BUSY_NS, rest)
        self._idle_due_ns = now + max(self._idle_every_ns, rest)

    def taken(self) -> Iterator[Measurement]:
        """Hand out, once, what was measured since the last time."""
        with suppress(IndexError):
            while True:
                yield self._taken.popleft()

    def _is_busy(self, counts: Counts) -> bool:
        before = self._before
        return before is None or counts.requests > before.requests or counts.in_flight + before.in_flight > 0

    def _measurement(self, counts: Counts, now: int) -> Measurement:
        before, passed_ns, cpu_ns = self._before or counts, max(1, now - self._before_ns), time.process_time_ns()
        self._number += 1
        measured = Measurement(
            process=self._process_id,
            number=self._number,
            measured_ns=time.time_ns(),
            requests_in_flight=counts.in_flight,
            requests_per_second=round((counts.requests - before.requests) * 1e9 / passed_ns, 2),
            dropped=counts.dropped,
            # Not psutil's, which counts in hundredths of a second.
            cpu_utilization=round((cpu_ns - self._cpu_ns) / passed_ns, 4) if self._before else None,
        )
        self._before, self._before_ns, self._cpu_ns = counts, now, cpu_ns
        process = self._process = self._process or self._tried("the process", psutil.Process)
        if process is not None:
            self._ask(process, measured)  # not within `oneshot()`: that takes a lock, and saves nothing here
            if now - self._threads_ns >= IDLE_NS:
                measured.threads = self._tried("threads", lambda: self._threads(process, now))
        return measured

    def _ask(self, process: psutil.Process, measured: Measurement) -> None:
        measured.memory_usage = self._tried("memory", lambda: int(process.memory_info().rss))
        measured.thread_count = self._tried("the number of threads", process.num_threads)
        if resource is not None:  # psutil's are those of the main thread alone
            used = resource.getrusage(resource.RUSAGE_SELF)
            measured.context_switches_voluntary = used.ru_nvcsw
            measured.context_switches_involuntary = used.ru_nivcsw
        if hasattr(process, "num_fds"):  # Windows has handles instead, which are not only files
            measured.open_file_descriptor_count = self._tried("open files", process.num_fds)

    def _threads(self, process: psutil.Process, now: int) -> list[NativeThread]:
        passed_ns, self._threads_ns = now - self._threads_ns, now
        times = {thread.id: round((thread.user_time + thread.system_time) * 1e9) for thread in process.threads()}
        before, self._thread_times = self._thread_times, times
        names = _names_in_python()
        found = []
        for native_id, cpu_ns in times.items():
            # One that was not there before began since, unless this is the first look.
            used_ns = cpu_ns - before.get(native_id, 0 if before else cpu_ns)
            found.append(NativeThread(native_id, names.get(native_id), cpu_ns, round(used_ns / passed_ns, 4)))
        found.sort(key=lambda thread: (-thread.cpu_utilization, -thread.cpu_time_ns))
        return [thread if thread.name else _named_by_system(thread) for thread in found[:THREADS_KEPT]]

    def _tried(self, what: str, measure: Callable[[], Result]) -> Result | None:
        try:
            return measure()
        except Exception as error:
            if what not in self._failed:
                self._failed.add(what)
                self._faults.note(f"measuring {what}", error)
            return None


def _names_in_python() -> dict[int, str]:
    # Not `threading.enumerate()`: it takes a lock, and under gevent one that a native thread must not wait for.
    active = cast("dict[int, threading.Thread]", getattr(threading, "_active", {}))
    # In a forked process Python 3.11 still has the parent's number for the main thread; on Linux it is the pid.
    names = {native("_thread", "get_native_id")(): "reqtrace", os.getpid(): threading.main_thread().name}
    for thread in list(active.values()):
        if thread.native_id is not None:
            names.setdefault(thread.native_id, thread.name)
    return names


def _named_by_system(thread: NativeThread) -> NativeThread:
    """Return a thread that Python did not start with the name that top and htop show, where there is one."""
    try:
        name = Path(f"/proc/self/task/{thread.native_id}/comm").read_text().strip()
    except (OSError, UnicodeDecodeError):
        return thread
    return NativeThread(thread.native_id, name or None, thread.cpu_time_ns, thread.cpu_utilization)
