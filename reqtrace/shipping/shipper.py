"""From the request path to the store: a queue, and a native thread that empties it."""

import logging
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import repeat
from os import getpid
from time import perf_counter_ns

from reqtrace.conf import Settings
from reqtrace.execution.faults import Faults
from reqtrace.execution.places import native
from reqtrace.shipping.backlog import Backlog, Losses, losses_of
from reqtrace.shipping.ledger import Ledger
from reqtrace.shipping.outage import Outages
from reqtrace.shipping.trimming import Trimming
from reqtrace.stores import registry
from reqtrace.stores.base import Item
from reqtrace.watching.live import OpenRequest

_BATCH = 256
"""How many requests are made into records and written at a time."""
_MANY = 2 * _BATCH
"""When so many wait they are shipped before they are due: they would only take up memory."""
_BACK_OFF_LONGEST_NS = 5_000_000_000
_LATE_NS = 2_000_000_000
"""When the thread has not been seen for so long, the request path looks whether this is its process at all."""
_PATIENCE_SECONDS = 5.0
"""How long the end of a process waits, for everything together."""
_REQUEST_SECONDS = 0.02
"""How long a request waits, as the process ends or where no thread runs."""
_SOON_SECONDS = 0.02
_IDLE_SECONDS = 1.0
"""How long the thread sleeps where nothing happens; the first request to end wakes it."""
_ALONE_NS = 1_000_000_000
"""How often requests ship where the thread does not run."""

logger = logging.getLogger("reqtrace")


class Shipper:
    """Takes finished requests from the request path and hands them to the store in batches.

    The request path never waits for the store. It ships by itself only where the thread is known not to run: in uWSGI
    without threads, where none can be started, and in a fork that ran none of Python's hooks. Even there, and as the
    process ends, it waits for 20 ms at the most.
    """

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
        self.is_ending = False
        """Whether these are the last shipments."""
        self._trimming = Trimming(settings, ledger, faults)
        self.backlog = Backlog(settings.buffer, self._trimming.part)
        self.outages = ledger.outages = Outages(ledger.losses, settings.buffer, faults)
        self._queue: deque[OpenRequest | None] = deque()
        """What ended, and behind each that is large a None for every KiB: places in the queue are bytes, too."""
        self._room = settings.buffer
        ledger.waiting = self._waiting
        self._crowd = min(_MANY, settings.buffer)
        self._crowded_out: deque[OpenRequest] = deque()
        """What had to go, and may have a finding, which is to be kept."""
        self._forgotten: deque[Losses] = deque()
        """What had to go besides; not counters, which two threads would tear."""
        self._in_hand: Sequence[Item] = ()
        """What is just being written."""
        self._shipping = native("_thread", "allocate_lock")()
        self._shipped_by: int | None = None
        """The thread that has taken it."""
        self._thread: int | None = None
        """Ours."""
        self._alarm = native("_thread", "allocate_lock")()
        self._alarm.acquire()
        self._nap = native("_thread", "allocate_lock")()
        self._nap.acquire()
        self._ended = native("_thread", "allocate_lock")()
        self._ended.acquire()
        self._started = self._stopped = False
        self._pid = getpid()
        self._attend_ns = 0
        """Requests that end later than this look after the thread: 0 where it sleeps until there is work."""
        self._is_hurried = False
        """Whether the thread ships as soon as it wakes up."""
        self._is_hasty = False
        """Whether whatever ends is shipped at once: the process is about to end."""
        self.ships_inline = False
        """Whether the request path ships by itself, at once: in tests, in which every request counts."""
        self._thread_ships = True
        self._retry_ns = 0
        self._back_off_ns = 0

    def start(self, *, threads_run: bool = True) -> None:
        """Start the thread: a real one also under gevent, where threads are greenlets and stop for a busy view.

        Where `threads_run` is false it gets but the odd moment, and ships nothing: it might stop in the middle of it.
        """
        self._started = True
        try:
            native("_thread", "start_new_thread")(self._run, ())
        except RuntimeError as error:
            self.faults.note("starting a thread", error)
            threads_run = False
        if not threads_run:
            self._ship_alone()

    def put(self, request: OpenRequest) -> None:
        """Take a finished request, or one of which more was found; beyond ``BUFFER`` the oldest goes and is counted."""
        if request.is_waiting:
            return
        request.is_waiting = True
        queue = self._queue
        if len(queue) >= self._crowd:
            self._make_room(request)
        queue.append(request)
        if request.weight:
            queue.extend(repeat(None, request.weight))
        if request.ended_ns > self._attend_ns:
            self._attend(request.ended_ns)

    def ship(self, *, wait: bool = True) -> bool:
        """Hand everything to the store; return whether nothing is left. Never raises.

        With `wait` false, return at once if somebody else is shipping.
        """
        if not self._shipping.acquire(wait, _PATIENCE_SECONDS if wait else -1):
            return False
        try:
            self._shipped_by = native("_thread", "get_ident")()
            return self._ship_all()
        except Exception as error:
            self.faults.note("shipping", error)
        finally:
            self._shipped_by = None
            self._shipping.release()
        return False

    def ship_inline(self, is_inline: bool) -> None:
        """Have the request path ship by itself, at once, or no more."""
        self.ships_inline = is_inline
        self._attend_ns = 0

    def hasten(self) -> None:
        """Ship whatever ends at once from now on: the process has been told to end, and may do so on the spot."""
        self._is_hasty = True
        self._attend_ns = 0
        self.wake()

    def drain(self) -> None:
        """Hand over all that is left and say goodbye: the process ends. Waits five seconds at the most.

        The thread does it, not the caller: a signal handler may have interrupted the very code that holds a lock.
        """
        if not self._started or self._stopped:
            return
        self._stopped = True
        if self._thread_ships and self._pid == getpid():
            self.wake()
            self._ended.acquire(True, _PATIENCE_SECONDS)
        else:
            self._last_words()
        self._say_what_is_lost()

    def wake(self) -> None:
        """Let the thread ship now instead of when it is due."""
        self._is_hurried = True
        self._rouse()

    def _waiting(self) -> int:
        return len(self._queue) - self._queue.count(None) + len(self.backlog)

    def _rouse(self) -> None:
        with suppress(RuntimeError):  # it is awake
            self._alarm.release()

    def _make_room(self, request: OpenRequest) -> None:
        """Let the oldest go as far as it must."""
        if not self._is_hurried:
            self.wake()
        queue = self._queue
        with suppress(IndexError):  # the other side has just emptied it
            while len(queue) + request.weight >= self._room:
                oldest = queue.popleft()
                if oldest is not None:
                    self._crowd_out(oldest)

    def _crowd_out(self, request: OpenRequest) -> None:
        if request.facts and len(self._crowded_out) < _MANY:
            self._crowded_out.append(request)
            return
        self._forgotten.append(Losses(not request.is_counted, bool(request.facts)))
        request.is_counted = True
        request.is_waiting = False

    def _attend(self, ended_ns: int) -> None:
        """Look after the thread, on the request path."""
        if self.ships_inline:
            # Whoever ships just now would take this along, if the process lived so long. It may be who puts it, too.
            self.ship(wait=self._shipped_by != native("_thread", "get_ident")())
        elif self._pid != getpid():  # a fork that ran none of Python's hooks: the thread is the parent's
            self._ship_alone()
        elif not self._thread_ships:
            self._attend_ns = ended_ns + _ALONE_NS
            if self.ship(wait=False):
                self._trimming.trim_when_due()
            elif len(self._queue) >= _BATCH and not self.outages.is_on:
                self._attend_ns = 0  # the next request goes on
        elif self._is_hasty:
            self.wake()
            until = perf_counter_ns() + int(_REQUEST_SECONDS * 1e9)
            while (self._queue or self._shipping.locked()) and perf_counter_ns() < until:
                self._nap.acquire(True, 0.001)
        else:
            self._attend_ns = ended_ns + _LATE_NS
            self._rouse()

    def _ship_alone(self) -> None:
        self._thread_ships = False
        self._pid = getpid()
        self._attend_ns = 0
        self._trimming.is_hurried = True
        registry.store().patience_seconds = _REQUEST_SECONDS

    def _ships_alone(self) -> bool:
        """Tell whether a request waits for what is shipped."""
        return not (self._thread_ships or self.is_ending or self.ships_inline)

    def _run(self) -> None:
        self._thread = native("_thread", "get_ident")()
        pause = flush = self.settings.flush_ms / 1_000
        while not self._stopped:
            try:
                self._sleep(pause)
                pause = self._round(flush)
            except BaseException as error:  # whatever the application's own code raised here: the thread goes on
                self.faults.note("the shipper's thread", error)
        if self._thread_ships:
            self._last_words()
            self._ended.release()

    def _sleep(self, pause: float) -> None:
        """Sleep until it is time; from an idle sleep the first request wakes, and others may follow until it is due."""
        if pause >= _IDLE_SECONDS:
            self._watched_from(0)
            if not (self._queue or self._is_hurried):
                self._alarm.acquire(True, pause)
            pause = self.settings.flush_ms / 1_000 if self._queue else 0
        until_ns = perf_counter_ns() + int(pause * 1e9)
        self._watched_from(until_ns + _LATE_NS)
        while not self._is_hurried and (left_ns := until_ns - perf_counter_ns()) > 0:
            self._alarm.acquire(True, left_ns / 1e9)
        self._is_hurried = False

    def _watched_from(self, time_ns: int) -> None:
        self._attend_ns = time_ns
        if self._is_hasty or self.ships_inline or not self._thread_ships:  # as may have been said just now
            self._attend_ns = 0

    def _round(self, flush: float) -> float:
        """Ship, trim, and use what time is left; return how long to sleep."""
        has_work = bool(self._queue)
        if self._thread_ships and self.ship():
            self._trimming.trim_when_due()
        if self._spare_time():
            return min(_SOON_SECONDS, flush)
        return flush if has_work or self._queue or self.backlog else max(_IDLE_SECONDS, flush)

    def _last_words(self) -> None:
        self.is_ending = True
        until_ns = perf_counter_ns() + int(_PATIENCE_SECONDS * 1e9)

        def is_timely() -> bool:
            left = (until_ns - perf_counter_ns()) / 1e9
            registry.store().patience_seconds = max(0.05, left)
            return left > 0

        try:
            if is_timely() and self.ship() and is_timely():
                farewell = self.ledger.farewell()
                if farewell:
                    registry.store().append(farewell)
                if self._trimming.written and is_timely():
                    self._trimming.trim()
        except Exception as error:
            self.faults.note("the last shipment", error)

    def _ship_all(self) -> bool:
        self._sweep()
        is_away = perf_counter_ns() < self._retry_ns and not (self.is_ending or self.ships_inline)
        due = len(self._queue)
        # A transaction costs as much as dozens of requests in it, and while it is written the next few arrive: they
        # wait for their turn unless they are many, or there is none.
        worth_it = 1 if self.is_ending or self._is_hasty or self.ships_inline else _BATCH
        until_ns = perf_counter_ns() + int(_REQUEST_SECONDS * 1e9)
        while True:
            due -= _BATCH
            items = self.ledger.items(self._take(), self._take_crowded_out())
            if is_away or self.backlog:
                self.ledger.lose(self.backlog.add(items))
            elif items:
                is_away = not self._write(items)
            if not is_away:
                self._trim_when_due()  # under load this goes on and on
            if due <= 0 and len(self._queue) < worth_it:
                break
            if self._ships_alone() and perf_counter_ns() > until_ns:
                return False
        while self.backlog and not is_away:
            batch = self.backlog.batch()
            if is_away := not self._write(batch):
                break
            self.backlog.taken(batch)
            self._trim_when_due()
        if not is_away:
            self.outages.end()
            self._retry_ns = self._back_off_ns = 0
        return not is_away

    def _trim_when_due(self) -> None:
        if self._shipped_by == self._thread:
            self._trimming.trim_when_due()

    def _write(self, items: Sequence[Item]) -> bool:
        """Hand items to the store; keep them when it does not take them, and leave it alone for a while."""
        self._in_hand = items
        try:
            registry.store().append(items)
        except Exception as error:  # a `StoreError`, or whatever else a store may raise
            self.outages.begin(error)
            self.ledger.lose(self.backlog.add(items, tried=True))
            self._back_off_ns = min(self._back_off_ns * 2 or 100_000_000, _BACK_OFF_LONGEST_NS)
            self._retry_ns = perf_counter_ns() + self._back_off_ns
            return False
        finally:
            self._in_hand = ()
        self._trimming.written += len(items)
        return True

    def _take(self) -> list[OpenRequest]:
        queue = self._queue
        taken = [queue.popleft() for _ in range(min(len(queue), _BATCH))]
        return [request for request in taken if request is not None]

    def _take_crowded_out(self) -> list[OpenRequest]:
        for _ in range(len(self._forgotten)):
            self.ledger.lose(self._forgotten.popleft(), unseen=True)
        return [self._crowded_out.popleft() for _ in range(len(self._crowded_out))]

    def _say_what_is_lost(self) -> None:
        """Log what the end of this process takes along."""
        waiting = [request for request in (*self._queue, *self._crowded_out) if request is not None]
        kept, in_hand = self.backlog.losses(), losses_of(self._in_hand if not self.backlog else ())
        requests = sum(not request.is_counted for request in waiting) + kept.requests + in_hand.requests
        requests += sum(lost.requests for lost in list(self._forgotten))
        findings = kept.findings + in_hand.findings
        if self.outages.is_on:
            earlier = self.outages.losses()
            requests, findings = requests + earlier.requests, findings + earlier.findings
        if requests or findings:
            logger.error(
                "reqtrace could not hand everything to its store before the process ended: %d requests and %d findings "
                "are lost, as far as none of them arrives late.",
                requests,
                findings,
            )
