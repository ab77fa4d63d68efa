"""Begin, checkpoint, finish: what happens on the request path, and nothing else.

No lock, no I/O, no query and no copy of the application's objects stands here: a request leaves behind a handful of
primitives in a queue, and everything that can wait is done by the ledger on the shipper's time.
"""

from collections.abc import Mapping
from contextvars import ContextVar
from itertools import count
from os import getpid
from time import perf_counter_ns, time_ns
from typing import Any
from weakref import ref

from reqtrace import conf, identity, process
from reqtrace.execution import Execution, LiveThread, Place
from reqtrace.faults import Faults
from reqtrace.identity import Identity
from reqtrace.ledger import Ledger
from reqtrace.live import OpenRequest
from reqtrace.shipping import Shipper

current_request: ContextVar[OpenRequest | None] = ContextVar("reqtrace.current_request", default=None)


class Recorder:
    """Follows the requests of this process."""

    def __init__(self, settings: conf.Settings) -> None:
        """Get ready; the first request starts the clockwork."""
        self.settings = settings
        self.faults = Faults()
        self.renew()

    def renew(self) -> None:
        """Start from nothing, as a process of its own: at the beginning, and in a child right after a fork."""
        self.execution = Execution()
        self.open: dict[int, OpenRequest] = {}
        """Requests in flight by their number."""
        self.ledger = Ledger(self.settings, self.faults, self.open)
        self.shipper = Shipper(self.settings, self.ledger, self.faults)
        self._numbers = count(1)
        self._pid_to_watch = process.pid_to_watch()
        self._started = False

    def begin(self, request: Any) -> OpenRequest | None:
        """Open the record of a Django request that arrives here; None if that failed."""
        try:
            if not self._started or self._pid_to_watch is not None:
                self._start(request)
            place = self.execution.here()
            number = next(self._numbers)
            opened = OpenRequest(number, request, place, place.thread.arrive(number), time_ns(), perf_counter_ns())
            self.open[number] = opened
            return opened
        except Exception as error:
            self.faults.note("begin", error)
            return None

    def checkpoint(self, opened: OpenRequest, name: str) -> Place | None:
        """Look at where the request runs now; a place not seen before becomes a hop."""
        try:
            place = self.execution.here()
            if place is not opened.place and not opened.has_been_at(place):
                self._hop(opened, place, name)
            return place
        except Exception as error:
            self.faults.note(f"checkpoint {name!r}", error)
            return None

    def enter_view(self, opened: OpenRequest) -> None:
        """Note that the view begins, on the thread on which it runs."""
        place = self.checkpoint(opened, "view")
        if place is not None:
            opened.place = place

    def leave_view(self, opened: OpenRequest) -> None:
        """Note that the view ends, on the thread on which it ran."""
        self.checkpoint(opened, "view-end")

    def finish(self, opened: OpenRequest) -> None:
        """Close the record; further calls for the same request do nothing."""
        if self.open.pop(opened.number, None) is None:
            return
        try:
            opened.ended_ns = perf_counter_ns()
            self._depart(opened, opened.first.thread, opened.arrival)
            if opened.arrivals is not None:
                for thread, arrival in opened.arrivals:
                    self._depart(opened, thread, arrival)
            self._read(opened)
        except Exception as error:
            self.faults.note("finish", error)
        opened.request = opened.response = None  # let go: nothing of the application's outlives the request here
        self.shipper.put(opened)

    def abandon(self, opened: OpenRequest, error: BaseException) -> None:
        """Close the record of a request that ended by an exception that Django let through."""
        opened.outcome = "error" if isinstance(error, Exception) else "aborted"
        self.finish(opened)

    def follow(self, opened: OpenRequest, response: Any) -> None:
        """Keep the record open until the response is closed, or is gone without ever having been closed."""
        try:
            opened.status = response.status_code
            closers = response._resource_closers
            opened.response = ref(response, lambda _: self._lost(opened))
            closers.append(lambda: self.finish(opened))
        except Exception as error:  # not a response of Django's: nothing will tell when it is closed
            self.faults.note("response", error)
            self.finish(opened)

    def _lost(self, opened: OpenRequest) -> None:
        opened.outcome = "aborted"
        self.finish(opened)

    def _hop(self, opened: OpenRequest, place: Place, name: str) -> None:
        hop = (perf_counter_ns() - opened.began_ns, name, place)
        if opened.hops is None:
            opened.hops, opened.arrivals = [], []
        opened.hops.append(hop)
        thread, arrivals = place.thread, opened.arrivals
        assert arrivals is not None
        if thread is not opened.first.thread and all(thread is not known for known, _ in arrivals):
            arrivals.append((thread, thread.arrive(opened.number)))

    def _depart(self, opened: OpenRequest, thread: LiveThread, arrival: int) -> None:
        others = thread.depart(opened.number, arrival)
        if thread is opened.place.thread:
            opened.before, opened.at_once = arrival - 1, others

    def _read(self, opened: OpenRequest) -> None:
        """Take from the request what the record needs, in primitives: the request itself is let go of."""
        request = opened.request
        opened.path = request.path
        opened.method = request.method
        match = request.resolver_match
        if match is not None:
            opened.route, opened.view = match.route, match._func_path
        opened.user = self.user_of(opened)
        if "session" in request.__dict__:
            opened.session_key = identity.session_key_of(request)
        meta: Mapping[str, Any] = request.META
        if "HTTP_TRACEPARENT" in meta:
            opened.traceparent = meta["HTTP_TRACEPARENT"]
        if self.settings.capture_query_string:
            opened.query_string = meta.get("QUERY_STRING")

    def user_of(self, opened: OpenRequest) -> Identity:
        """Return whose request this is: after a logout still theirs who signed out."""
        user = identity.of_request(opened.request)
        if user.state != "authenticated" and opened.signed_out is not None:
            return opened.signed_out
        return user

    def _start(self, request: Any) -> None:
        if self._pid_to_watch is not None and self._pid_to_watch != getpid():
            self.renew()  # a fork that ran none of Python's hooks
        if not self._started:
            self._started = True
            self.ledger.serving = process.recognise(request)
            self.shipper.start()


def note_logout(*, user: Any, **_: object) -> None:
    """Remember who signed out: the request was theirs (a receiver of Django's ``user_logged_out``)."""
    opened = current_request.get()
    if opened is not None and user is not None:
        opened.signed_out = identity.of_user(user)
