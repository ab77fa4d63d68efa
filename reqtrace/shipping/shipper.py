"""From the request path to the store: a queue, and a native thread that empties it."""

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from time import perf_counter_ns, time_ns

from reqtrace.conf import Settings
from reqtrace.execution.faults import Faults
from reqtrace.execution.places import native
from reqtrace.shipping.ledger import Ledger
from reqtrace.stores import registry
from reqtrace.stores.base import Item
from reqtrace.watching.live import OpenRequest

_BATCH = 256
"""How many requests are made into records and written at a time."""
_MANY = 2 * _BATCH
"""When so many wait they are shipped before they are due: they would only take up memory."""
_BACK_OFF_LONGEST_NS = 5_000_000_000
_TRIM_EVERY_NS = 5_000_000_000
_LATE_NS = 2_000_000_000
"""When the thread is this late, it does not run: uWSGI without threads, a fork without hooks."""
_PATIENCE_SECONDS = 5
_SOON_SECONDS = 0.02


class Shipper:
    """Takes finished requests from the request path and hands them to the store in batches."""

    def __init__(
        self,
        settings: Settings,
        ledger: Ledger,
        faults: Faults,
        sweep: Callable[[], object],
        spare_time: Callable[[], bool],
    ) -> None:
        """Ship what `ledger` makes of requests; nothing runs before `start`.

        Args:
            settings: how often, and how much may wait.
            ledger: makes records of requests.
            faults: where failures are counted.
            sweep: called before each shipment, to put what nobody else will.
            spare_time: called after each shipment, for work in slices that has no thread of its own; tells whether the
                next slice is wanted soon.

        """
        self.settings = settings
        self.ledger = ledger
        self.faults = faults
        self._sweep = sweep
        self._spare_time = spare_time
        self.inline = False
        """Whether the request path ships by itself, at once: when the process is about to end."""
        self.is_ending = False
        """Whether these are the last shipments."""
        self._queue: deque[OpenRequest] = deque()
        self._room = settings.buffer
        self._overflow: deque[None] = deque()
        self._waiting: list[Item] = []
        """Made into items and not yet taken by the store."""
        self._shipping = native("_thread", "allocate_lock")()
        self._shipped_by: int | None = None
        """The thread that has taken it."""
        self._alarm = native("_thread", "allocate_lock")()
        self._alarm.acquire()
        self._ended = native("_thread", "allocate_lock")()
        self._ended.acquire()
        self._started = self._stopped = False
        self._stale_ns = settings.flush_ms * 1_000_000 + _LATE_NS
        self._seen_ns = 0
        self._retry_ns = 0
        self._back_off_ns = 0
        self._trim_ns = 0

    def start(self) -> None:
        """Start the thread: a real one also under gevent, where threads are greenlets and stop for a busy view."""
        self._started = True
        self._seen_ns = perf_counter_ns()
        native("_thread", "start_new_thread")(self._run, ())

    def put(self, request: OpenRequest) -> None:
        """Take a finished request; beyond ``BUFFER`` the oldest goes and is counted."""
        queue = self._queue
        waiting = len(queue)
        if waiting == _MANY:
            self.wake()
        if waiting >= self._room:
            with suppress(IndexError):  # the other side has just emptied it
                queue.popleft()
                self._overflow.append(None)  # not `+= 1`: two threads would count one
        queue.append(request)
        if self.inline or request.ended_ns - self._seen_ns > self._stale_ns:
            self._seen_ns = request.ended_ns
            # Whoever ships just now would take this along, if the process lived so long. It may be who puts it, too.
            self.ship(wait=self.inline and self._shipped_by != native("_thread", "get_ident")())

    def ship(self, *, wait: bool = True) -> bool:
        """Hand everything to the store; return whether nothing is left. Never raises.

        With `wait` false, return at once if somebody else is shipping.
        """
        if not self._shipping.acquire(wait, _PATIENCE_SECONDS if wait else -1):
            return False
        try:
            self._shipped_by = native("_thread", "get_ident")()
            if perf_counter_ns() < self._retry_ns and not self.inline:
                return False
            return self._ship_all()
        except Exception as error:  # a `StoreError`, or whatever else a store may raise
            self._note_failure(error)
        finally:
            self._shipped_by = None
            self._shipping.release()
        return False

    def drain(self) -> None:
        """Hand over all that is left and say goodbye: the process ends. Waits five seconds at the most.

        The thread does it, not the caller: a signal handler may have interrupted the very code that holds a lock.
        """
        if not self._started or self._stopped:
            return
        self._stopped = True
        if perf_counter_ns() - self._seen_ns > self._stale_ns:
            self._last_words()
        else:
            self.wake()
            self._ended.acquire(True, _PATIENCE_SECONDS)

    def wake(self) -> None:
        """Let the thread ship now instead of when it is due."""
        with suppress(RuntimeError):  # it is awake
            self._alarm.release()

    def _run(self) -> None:
        seconds = wait = self.settings.flush_ms / 1_000
        while not self._stopped:
            self._alarm.acquire(True, wait)
            self._seen_ns = perf_counter_ns()
            self.ship()
            self._trim_when_due()
            try:
                wait = min(_SOON_SECONDS, seconds) if self._spare_time() else seconds
            except Exception as error:
                self.faults.note("work in spare time", error)
        self._last_words()
        self._ended.release()

    def _last_words(self) -> None:
        self.inline = self.is_ending = True
        if self.ship():
            try:
                farewell = self.ledger.farewell()
                if farewell:
                    registry.store().append(farewell)
            except Exception as error:
                self.faults.note("the last shipment", error)

    def _ship_all(self) -> bool:
        self._sweep()
        self._count_overflow()
        due = len(self._queue)
        # A transaction costs as much as dozens of requests in it, and while it is written the next few arrive: they
        # wait for their turn unless they are many, or there is none.
        worth_it = 1 if self.inline else _BATCH
        while True:
            if not self._waiting:
                due -= _BATCH
                self._waiting = self.ledger.items(self._take())
            if self._waiting:
                registry.store().append(self._waiting)
                self._waiting = []
            self._seen_ns = perf_counter_ns()
            if due <= 0 and len(self._queue) < worth_it:
                break
        self._retry_ns = self._back_off_ns = 0
        return True

    def _take(self) -> list[OpenRequest]:
        queue = self._queue
        return [queue.popleft() for _ in range(min(len(queue), _BATCH))]

    def _count_overflow(self) -> None:
        for _ in range(len(self._overflow)):
            self._overflow.popleft()
            self.ledger.dropped += 1

    def _note_failure(self, error: Exception) -> None:
        """Keep what the store did not take, as far as there is room for it, and leave the store alone for a while."""
        self.faults.note("the store", error)
        excess = len(self._waiting) + len(self._queue) - self.settings.buffer
        if excess > 0:
            self.ledger.dropped += sum(item.kind == "request" for item in self._waiting[:excess])
            del self._waiting[:excess]
        self._back_off_ns = min(self._back_off_ns * 2 or 100_000_000, _BACK_OFF_LONGEST_NS)
        self._retry_ns = perf_counter_ns() + self._back_off_ns

    def _trim_when_due(self) -> None:
        now = perf_counter_ns()
        if now < self._trim_ns or self._retry_ns:
            return
        self._trim_ns = now + _TRIM_EVERY_NS
        try:
            age = self.settings.retain_seconds
            registry.store().trim(self.settings.retain, None if age is None else time_ns() - age * 10**9)
        except Exception as error:
            self.faults.note("trimming the store", error)
