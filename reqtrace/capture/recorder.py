"""Begin, checkpoint, finish: what happens on the request path, and nothing else.

No lock, no I/O, no query and no copy of the application's objects stands here: a request leaves behind a handful of
primitives in a queue, and everything that can wait is done by the ledger on the shipper's time.
"""

from collections.abc import Callable
from contextlib import suppress
from itertools import count
from os import getpid
from time import perf_counter_ns, time_ns
from typing import Any

import msgspec
from django.core.signals import request_finished
from django.db.backends.signals import connection_created
from django.utils.functional import SimpleLazyObject, empty
from django.utils.module_loading import import_string

from reqtrace import conf, identity
from reqtrace.capture import looking
from reqtrace.capture.carrying import current, current_in
from reqtrace.execution import process
from reqtrace.execution.faults import Faults
from reqtrace.execution.places import Execution, Place, native
from reqtrace.identity import NOBODY_YET, attribute_of
from reqtrace.shipping.ledger import Ledger
from reqtrace.shipping.shipper import Shipper
from reqtrace.stores import registry
from reqtrace.watching.connections import ConnectionWatch
from reqtrace.watching.handover import Handover
from reqtrace.watching.holders.base import Holder
from reqtrace.watching.holders.declared import holders_of
from reqtrace.watching.holders.discovery import PROBE_AGAIN_NS, SLICE_NS, Discovery
from reqtrace.watching.live import OpenRequest
from reqtrace.watching.outliving import OutlivingSearch
from reqtrace.watching.pages import CachedPages
from reqtrace.watching.retention import RetentionSearch
from reqtrace.watching.sessions import Sessions
from reqtrace.watching.states import States
from reqtrace.watching.watch import Watch
from reqtrace.watching.written import AT_START_NS, WrittenPlaces, loaded_code

BIRTHPLACE = "reqtrace.birthplace"
"""Where an ASGI scope says what `TraceASGI` found in the context in which the server called the application."""
_KNOWN_EVERY = 16
"""While no holder is watched, one request in so many is known by its object: enough to notice those that stay alive."""
_SEARCH_AGAIN_NS = 500_000_000
"""How long holders are not searched for after a slice of the search, once everything has been looked at."""
_SEARCH_SELDOM_NS = 5_000_000_000
"""The same once nothing is left to be found of what was here."""
_SEARCHED_AFTER_NS = 30_000_000_000
"""How long after the last request began or ended it may yet turn out to have left something behind."""
_NOT_PROBED = frozenset({"start", "template", "query", "send", "close"})
"""Checkpoints at which discovery does not look around. By the others whatever keeps requests has been given one, and
what has been given one as the view begins is set on the way in; those that the application names are among them."""
_CALM = 10
"""So few requests in half a second leave each of them the time to look around."""
_NOT_WRITTEN = frozenset({"start", "view", "template", "query", "receive", "send", "response", "close"})
"""Checkpoints at which places that code can write to are left asleep: one look as the view ends is enough, and one at
each that the application names."""


class Recorder:
    """Follows the requests of this process."""

    def __init__(self, settings: conf.Settings) -> None:
        """Get ready; the first request starts the clockwork."""
        self.settings = settings
        self.faults = Faults()
        self._impersonation = self._load_impersonation()
        self._holders: list[Holder] = []
        self._entry: Any = None
        self._hears_closing = False
        self.is_below_asgi = False
        """Whether `TraceASGI` hands requests down: they say in their scopes what it found."""
        self.is_prepared = False
        """Whether the holders that are declared or known have been looked for."""
        self.lineage: process.Lineage | None = None
        """Set while a process is forked off that shares its record with others."""
        at_query = (lambda opened: self.checkpoint(opened, "query")) if "query" in settings.checkpoints else None
        self.connections = ConnectionWatch(current, at_query, self.faults)
        connection_created.connect(self.connections.connected)
        self.renew()

    def prepare(self, entry: Any = None) -> None:
        """Find the holders that are declared or known; once Django has loaded its middleware.

        Args:
            entry: the layer below our middleware, from which discovery walks Django's middleware chain.

        """
        self.is_prepared = True
        self._entry = self.discovery.entry = entry
        self.connections.watch_present()
        with suppress(Exception):  # shipping meets it again, and says it
            registry.store()  # imported on this thread: under gevent, another one must not import what the app does
        holders = holders_of(self.settings, self.faults)
        self._holders = holders
        self.watch.add_all(holders)
        try:
            self.written.search(AT_START_NS, watches=self.settings.discover)
        except Exception as error:
            self.faults.note("reading the application's code", error)

    def renew(self) -> None:
        """Start from nothing, as a process of its own: at the beginning, and in a child right after a fork."""
        line = self.lineage
        self.execution = Execution() if line is None else Execution(line.first_thread)
        self.open: dict[int, OpenRequest] = {}
        """Requests in flight by their number."""
        self.watch = Watch(
            self.settings.checkpoints,
            self._impersonation,
            self.faults,
            self.open,
            lambda opened: self.shipper.put(opened),
            lambda key: self.sessions.owner_of(key),
        )
        self.watch.add_all(self._holders)
        self.handover = Handover(self.watch)
        self.sessions = Sessions()
        self.states = States()
        self.pages = CachedPages()
        self.discovery = Discovery(self.watch.add, self.watch.forget, self.watch.known.find, self.watch.users.find)
        self.discovery.entry = self._entry
        if not self.settings.discover:
            self.discovery.probe_never()
        if loaded_code().is_busy():  # who was reading as this process was forked off is not here
            loaded_code.cache_clear()
        self.written = WrittenPlaces(loaded_code(), self.watch.add, self.watch.users.find)
        self.retention = RetentionSearch(self.watch.known, self.discovery)
        self.outliving = OutlivingSearch(current_in, lambda: list(self.execution.loops), self.watch.known, self.open)
        self.ledger = Ledger(self.settings, self.faults, self.open, self.written, line)
        self.shipper = Shipper(self.settings, self.ledger, self.faults, self.finish_lost, self._spend_spare_time)
        self._known_every = 1
        self._has_getters = False
        self._numbers = count(1 if line is None else line.first_request)
        self._pid_to_watch = process.pid_to_watch()
        self._search_due_ns = self._count_due_ns = 0
        self._is_quiet_time = True
        self._counted = 0
        """How many requests there had been when they were counted last."""
        self._looking = 0
        """How many, when the look at everything began that is under way."""
        self._looked = -1
        """How many, when the last one began that is over."""
        self._work = (0, 0)
        self._quiet_ns = 0
        self._is_ready = self._started = False
        self._starting = native("_thread", "allocate_lock")()
        self._searching = native("_thread", "allocate_lock")()

    def begin(self, request: Any) -> OpenRequest | None:
        """Open the record of a Django request that arrives here; None if that failed."""
        try:
            if not self._is_ready:
                self._start(request)
            place = self.execution.here()
            number = next(self._numbers)
            thread = place.thread
            active = thread.active
            if active or thread.peaks:
                arrival = thread.arrive(number)
            else:  # alone there: the same in fewer steps
                active.add(number)
                thread.arrivals = arrival = thread.arrivals + 1
            opened = OpenRequest(number, request, place, arrival, time_ns(), perf_counter_ns(), place)
            self.open[number] = opened
            request._reqtrace_request = opened
            if self.is_below_asgi:
                born = (request.__dict__.get("scope") or {}).get(BIRTHPLACE)
                if born is not None:
                    born.opened = opened
                    for birth in born.births:
                        opened.note(birth)
            if opened.began_ns >= self.discovery.due_ns or self.watch.holders:
                self._look_closely(opened)
            elif not number % self._known_every:
                self.watch.known.add(request, opened)
            return opened
        except Exception as error:
            self.faults.note("begin", error)
            return None

    def begin_job(self, job: Any, *, is_nested: bool) -> OpenRequest:
        """Open the record of a job; of one within a request or another job only how long it runs is noted."""
        if not self._is_ready:
            self._start(job)
        place = self.execution.here()
        number = next(self._numbers)
        arrival = place.thread.arrivals if is_nested else place.thread.arrive(number)
        opened = OpenRequest(number, job, place, arrival, time_ns(), perf_counter_ns(), place)
        opened.protocol, opened.sent, opened.presumed = "job", job.sent, job.sent.user
        self.open[number] = opened
        if not is_nested:
            self._look_closely(opened)
            opened.is_in_view = True
        return opened

    def _look_closely(self, opened: OpenRequest) -> None:
        watch, discovery = self.watch, self.discovery
        opened.is_plain = False
        if opened.began_ns >= discovery.probe_due_ns:
            discovery.probe_due_ns = opened.began_ns + PROBE_AGAIN_NS
            opened.is_probe = True
        elif discovery.probes_left:
            opened.is_probe = True
        watch.known.add(opened.request, opened)
        opened.stood = self.states.now()
        if watch.holders and "start" not in watch.left_out:
            (self.handover.take_over if opened.protocol == "job" else watch.examine)(opened, "start", opened.first)

    def checkpoint(self, opened: OpenRequest, name: str, place: Place | None = None) -> Place | None:
        """Look at where the request runs now; a place not seen before becomes a hop.

        Args:
            opened: the request.
            name: the checkpoint's.
            place: where this code runs, if the caller knows: a frame never changes its thread, task or greenlet.

        Returns:
            The place, or None when the request is over or looking failed.

        """
        try:
            if place is None:
                place = self.execution.here(opened.first)
            if opened.ended_ns:
                if not opened.is_in_view:  # a sync view runs to its end, also when its client has gone long ago
                    self.watch.outlived(opened, name, place)
                    self.shipper.put(opened)
                return None
            if place is not opened.place and not opened.has_been_at(place):
                self._hop(opened, place, name)
            user = opened.request.__dict__.get("user", NOBODY_YET)
            if user is not opened.unasked or attribute_of(user, "_wrapped") is not empty:
                self._meet(opened, name, user)
            if not opened.is_plain or (self.written.is_open and name not in _NOT_WRITTEN):
                self._look_around(opened, name, place)
            return place
        except Exception as error:
            self.faults.note(f"checkpoint {name!r}", error)
            return None

    def _meet(self, opened: OpenRequest, name: str, user: Any) -> None:
        """Look at another user than before, or one that somebody has asked for meanwhile."""
        if type(user) is SimpleLazyObject:
            inner = attribute_of(user, "_wrapped")
            if inner is empty:
                opened.unasked = user
                return
            user = inner
        if user is not opened.met:
            self.watch.examine_user(opened, name)

    def message(self, opened: OpenRequest, name: str) -> Place | None:
        """Come to the checkpoint of a message; a connection is looked at for as long as it is open, and so probed anew.

        Args:
            opened: the connection.
            name: ``receive`` or ``send``.

        """
        discovery, now = self.discovery, perf_counter_ns()
        opened.is_plain = False
        opened.is_probe = bool(discovery.probes_left) or now >= discovery.probe_due_ns
        if now >= discovery.probe_due_ns:
            discovery.probe_due_ns = now + PROBE_AGAIN_NS
        return self.checkpoint(opened, name)

    def _look_around(self, opened: OpenRequest, name: str, place: Place) -> None:
        watch = self.watch
        if name not in watch.left_out:
            if name == "view-end" and opened.stood is not None:
                self.states.look(opened)
            if opened.is_probe and name not in _NOT_PROBED and self.settings.discover:
                looks_around = name not in ("view", "response")
                self.discovery.probe(opened.request if looks_around else None, is_last=name == "response")
            if self.written.is_open and name not in _NOT_WRITTEN:
                self.written.look()
            if watch.holders:
                watch.examine(opened, name, place)

    def read(self, opened: OpenRequest, holder: Holder, value: object) -> None:
        """Take what the application's own getter has just given to its caller as a reading."""
        self._known_every, self._has_getters = 1, True
        try:
            place = self.checkpoint(opened, holder.path)
            if place is not None:
                self.watch.consider(opened, holder.path, place, holder, value)
        except Exception as error:
            self.faults.note(f"a reading of {holder.path}", error)

    def enter_view(self, opened: OpenRequest) -> Place | None:
        """Note that the view begins, on the thread on which it runs; return where that is."""
        try:
            place: Place | None = self.execution.here(opened.first)
            if place is opened.first and opened.is_plain:
                asked = opened.request.__dict__
                user = asked.get("user", NOBODY_YET)
                if type(user) is SimpleLazyObject and attribute_of(user, "_wrapped") is empty:
                    opened.unasked = user
                else:
                    self._meet(opened, "view", user)
            else:
                place = self.checkpoint(opened, "view", place)
                if place is None:
                    return None
                opened.place = place
                asked = opened.request.__dict__
            opened.is_in_view = True
            if "_cached_user" in asked or getattr(asked.get("session"), "accessed", False):
                opened.look = looking.see(asked)
            return place
        except Exception as error:
            self.faults.note("checkpoint 'view'", error)
            return None

    def leave_view(self, opened: OpenRequest, place: Place | None) -> bool:
        """Note that the view ends, at the place where it began; return whether it, or its response, is somebody's.

        A response is somebody's if the view looked at who asks, or if it comes from Django's cache.
        """
        try:
            if opened.look is not None:
                looking.end(opened)
            if self.written.is_open and (request := opened.request) is not None:
                self._meet(opened, "view-end", request.__dict__.get("user", NOBODY_YET))
                self.written.look()  # where one wakes, this request is looked at like all others from here on
            if not opened.is_plain:
                self.checkpoint(opened, "view-end", place)
                return True
            asked = opened.request.__dict__
            user = asked.get("user", NOBODY_YET)
            if user is not opened.unasked or attribute_of(user, "_wrapped") is not empty:
                self.checkpoint(opened, "view-end", place)
            # Where there is a session, nobody comes to a user but by it.
            return "_cache_update_cache" in asked or getattr(asked.get("session"), "accessed", "_cached_user" in asked)
        except Exception as error:
            if not opened.ended_ns:  # else the client has gone at this very moment, and the request with it
                self.faults.note("checkpoint 'view-end'", error)
            return False
        finally:
            opened.is_in_view = False

    def finish(self, opened: OpenRequest) -> None:
        """Close the record; further calls for the same request do nothing."""
        if self.open.pop(opened.number, None) is None:
            return
        try:
            opened.ended_ns = perf_counter_ns()
            thread = opened.first.thread
            thread.active.discard(opened.number)
            if thread.peaks:
                opened.at_once = thread.most_since(opened.arrival)
            for thread, arrival in opened.arrivals:
                others = thread.depart(opened.number, arrival)
                if thread is opened.place.thread:
                    opened.arrival, opened.at_once = arrival, others
            if not opened.path:  # else it was read as its response went out
                opened.read(self.settings.capture_query_string)
            if opened.session_key is not None:
                for waiting in self.sessions.learn(opened):
                    self.shipper.put(waiting)
            if not opened.is_plain and self.watch.holders:
                self.watch.served(opened)
                self.execution.note_closing(opened)
        except Exception as error:
            self.faults.note("finish", error)
        opened.is_plain = False
        # Let go: nothing of the application's outlives the request here.
        opened.request = opened.met = opened.unasked = None
        self.shipper.put(opened)

    def closed(self, **_: object) -> None:
        """Look whether the holders let go of the request that this thread has just closed.

        A receiver of ``request_finished``, which Django sends right after it has run the response's closers: some
        libraries clear their holders only then.
        """
        try:
            opened = self.execution.take_closing()
            if opened is not None and "close" not in self.watch.left_out:
                facts = len(opened.facts)
                self.watch.examine(opened, "close", self.execution.here())
                if len(opened.facts) > facts:
                    self.shipper.put(opened)
        except Exception as error:
            self.faults.note("checkpoint 'close'", error)

    def abandon(self, opened: OpenRequest, error: BaseException) -> None:
        """Close the record of a request that ended by an exception that Django let through."""
        opened.outcome = "error" if isinstance(error, Exception) else "aborted"
        self.finish(opened)

    def finish_lost(self) -> None:
        """Close the records of requests whose responses are gone without ever having been closed.

        As the process ends that is every open one: nobody will close it any more.
        """
        for opened in list(self.open.values()):
            response = opened.response
            if response is not None and response() is None:
                opened.outcome = opened.outcome or "aborted"
                self.finish(opened)
            elif self.shipper.is_ending:
                if opened.status is None:
                    opened.outcome = "aborted"
                self.finish(opened)

    def _hop(self, opened: OpenRequest, place: Place, name: str) -> None:
        hop = (perf_counter_ns() - opened.began_ns, name, place)
        if opened.hops is None:
            opened.hops = []
        opened.hops.append(hop)
        thread = place.thread
        if thread is not opened.first.thread and all(thread is not known for known, _ in opened.arrivals):
            opened.arrivals = (*opened.arrivals, (thread, thread.arrive(opened.number)))

    def search_all(self) -> None:
        """Look for holders until there is nothing left to look at: for tests, in which every request counts."""
        self.discovery.probe_again()
        with self._searching:
            self._looked = -1
            self.discovery.search_anew()
        self._hear_closing()
        while not (self._search() and self._read_code()):
            pass

    def search_no_more(self) -> None:
        """Watch what is watched, and look for nothing else: it was all found before this process was forked."""
        self.settings = msgspec.structs.replace(self.settings, discover=False)
        self.discovery.probe_never()
        self.written.read_no_more()

    def _spend_spare_time(self) -> bool:
        self.ledger.meter.measure_when_due()
        is_read = self._read_code()
        now = perf_counter_ns()
        if now < self._search_due_ns:
            return not is_read
        if (work := (self.ledger.requests, len(self.open))) != self._work:
            self._work, self._quiet_ns = work, now + _SEARCHED_AFTER_NS
        elif now >= self._quiet_ns and self._is_idle():
            self._search_due_ns = now + _SEARCH_AGAIN_NS
            return False
        is_calm = self._is_calm(now)
        rounds = self.discovery.rounds
        self._search()
        is_idle = self._is_idle()
        is_under_way = not self.discovery.is_through or (is_calm and self.discovery.rounds == rounds)
        if self.settings.discover and is_under_way and not is_idle:
            return True
        self._search_due_ns = now + (_SEARCH_SELDOM_NS if is_idle else _SEARCH_AGAIN_NS)
        return False

    def _is_calm(self, now: int) -> bool:
        """Tell whether few requests came of late; the next ones then look around themselves."""
        if now >= self._count_due_ns:
            self._is_quiet_time = self.ledger.requests - self._counted < _CALM
            self._counted, self._count_due_ns = self.ledger.requests, now + _SEARCH_AGAIN_NS
            if self._is_quiet_time:
                self.discovery.be_calm()
        return self._is_quiet_time

    def _is_idle(self) -> bool:
        """Tell whether all was looked at since the last request, and nothing is waited for that some place keeps."""
        discovery = self.discovery
        is_looked_at = (discovery.is_through and self._looked == self.ledger.requests) or not self.settings.discover
        return is_looked_at and not self.retention.is_waiting(perf_counter_ns())

    def _search(self) -> bool:
        """Go on looking for holders, on the shipper's time; return whether everything has been looked at."""
        with self._searching:
            is_through = not self.settings.discover or self._is_idle()
            if not is_through:
                is_through = self.discovery.search()
                if is_through:
                    self._looked, self._looking = self._looking, self.ledger.requests
            self.watch.users.sweep()
            for opened in (*self.retention.search(), *self.outliving.search()):
                self.shipper.put(opened)
        if self.watch.holders:
            self._hear_closing()
        return is_through

    def _read_code(self) -> bool:
        """Go on reading the application's code, on the shipper's time; return whether all that is loaded is read."""
        with self._searching:
            is_read = self.written.search(SLICE_NS, watches=self.settings.discover)
            self.written.tell(self.watch.holders)
        # A getter is a holder, too: what it names, or what a place that code can write to does, is known only if every
        # request is.
        self._known_every = 1 if self.written.is_open or self._has_getters else _KNOWN_EVERY
        return is_read

    def _hear_closing(self) -> None:
        if not self._hears_closing:
            # So late, so as to be called after all receivers that the application has connected.
            self._hears_closing = True
            request_finished.connect(self.closed)

    def _load_impersonation(self) -> Callable[[Any], bool]:
        try:
            loaded: Callable[[Any], bool] = import_string(self.settings.impersonation)
        except Exception as error:  # a project's own module may fail in any way; said by a system check, too
            self.faults.note("the setting IMPERSONATION", error)
            return identity.known_impersonation
        return loaded

    def _start(self, request: Any) -> None:
        if self._pid_to_watch is not None and self._pid_to_watch != getpid():
            self.renew()  # a fork that ran none of Python's hooks
        with self._starting:
            known = self.ledger.serving
            if known is None or known.interface == process.WORKER:
                serving = process.recognise(request)
                if known is None or serving.server != "unknown":
                    self.ledger.serve(serving)
                    known = serving
            if not self._started:
                self.shipper.start(threads_run=process.threads_run())
                self._started = True
            # As long as it has run jobs alone, it may yet turn out to serve requests, too.
            self._is_ready = self._pid_to_watch is None and known.interface != process.WORKER


def note_login(*, user: Any, **_: object) -> None:
    """Remember who signed in: the request is theirs from now on (a receiver of Django's ``user_logged_in``)."""
    opened = current()
    if opened is not None and user is not None:
        opened.has_signed_in = True
        opened.belongs_to(identity.of_user(user))


def note_logout(*, user: Any, **_: object) -> None:
    """Remember who signed out: the request was theirs (a receiver of Django's ``user_logged_out``)."""
    opened = current()
    if opened is not None and user is not None:
        opened.signed_out, opened.is_plain = identity.of_user(user), False
        opened.belongs_to(opened.signed_out)
