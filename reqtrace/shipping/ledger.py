"""From finished requests to records: everything that can wait until the request is over."""

import hashlib
import os
import random
import re
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from time import perf_counter_ns, time_ns

from django.conf import settings as django_settings
from django.utils.encoding import force_bytes

from reqtrace.conf import Settings
from reqtrace.execution import process
from reqtrace.execution.faults import Faults
from reqtrace.execution.places import LiveThread, Place
from reqtrace.findings.announcing import Announcer
from reqtrace.findings.judge import Judge
from reqtrace.identity import UNRESOLVED, Identity
from reqtrace.records import (
    Hop,
    Level,
    Outcome,
    Process,
    Record,
    Request,
    SameThread,
    Thread,
    User,
    sharing_of,
)
from reqtrace.shipping.backlog import Losses
from reqtrace.shipping.measuring import Counts, Meter
from reqtrace.shipping.outage import Outages
from reqtrace.shipping.synthetic import is_synthetic
from reqtrace.stores import registry
from reqtrace.stores.base import Item
from reqtrace.stores.packing import PackedRequest, unpack
from reqtrace.watching.live import OpenRequest
from reqtrace.watching.written import WrittenPlaces

USERS_COUNTED_PER_THREAD = 4_096
NAMES_REMEMBERED = 4_096
LONG_NS = 1_000_000_000
"""A request that has run this long is shown while it runs."""
LONG_AT_ONCE = 256
"""So many are shown with one shipment: of thousands that began together the others follow with the next ones."""
_ALIVE_EVERY_NS = 5_000_000_000
"""How often a process says that it is alive."""
_ALIVE_LONGEST_NS = 20_000_000_000
"""How seldom it does in which nothing happens; after a minute without a word a page takes it for dead."""
_CHANGED_EVERY_NS = 500_000_000
# W3C Trace Context, section 3.2.2: version, trace-id, parent-id, flags; all zeroes are invalid, and so is
# anything behind the flags in version 00.
_TRACEPARENT = re.compile(
    r"(?!ff|00.{54})[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}(?:-.*)?"
)


class Ledger:
    """Makes the records of one process. Used by one thread at a time: whoever ships."""

    def __init__(
        self,
        settings: Settings,
        faults: Faults,
        open_requests: Mapping[int, OpenRequest],
        written: WrittenPlaces,
        lineage: process.Lineage | None = None,
    ) -> None:
        """Make records as the settings want them.

        Args:
            settings: what is kept, and how people are named.
            faults: where failures are counted.
            open_requests: those in flight.
            written: what is known of the code that writes to holders.
            lineage: with which other processes this one shares its record.

        """
        self.settings = settings
        self.faults = faults
        self.process_id = uuid.uuid4().hex[:12] if lineage is None else lineage.id
        self._lineage = lineage
        self._faults_of_others = -faults.count if lineage is not None and lineage.member > 1 else 0
        """Of those before it, less what a fork brought along."""
        self.serving: process.Serving | None = None
        """Set by the first request."""
        self.keeps_all = False
        """Whether `SAMPLE` is set aside: in tests, where every request counts."""
        self.dropped = 0
        """Requests of this process that ended and are in no store."""
        self.findings_dropped = 0
        self.trim_ns = 0
        """How long the store was trimmed by this process."""
        self.outages: Outages | None = None
        self._ended = self._synthetic = 0
        self.waiting: Callable[[], int] = int
        """Tells how much waits for the store; the shipper knows."""
        self._found = Counter[Level]()
        self._pid = os.getpid()
        self._open = open_requests
        self._shown_open: set[int] = set()
        self._process: Process | None = None
        self._written: tuple[int, ...] = ()
        self._alive_ns, self._changed_ns = -_ALIVE_LONGEST_NS, -_ALIVE_LONGEST_NS
        self._alive_every_ns = _ALIVE_EVERY_NS
        self._random = random.Random().random  # noqa: S311  not the module's, which an application may have seeded
        self._user_named = lru_cache(maxsize=1_024)(self._user_uncached)
        self._names: dict[str, str] = {}
        """User names by primary key, of people seen of late: a session that was loaded tells the key alone."""
        self.pseudonym = lru_cache(maxsize=1_024)(_keyed_hash)
        """Stands for a text that is not to be kept: 16 hex digits."""
        self._written_places = written
        self._judge = Judge(self.id_of, self._user, written.knowledge)
        self._announcer = Announcer(faults)
        self.meter = Meter(self.process_id, self._counts, faults)

    @property
    def requests(self) -> int:
        """How many requests of this process have been taken in so far."""
        return self._ended

    def items(self, finished: Iterable[OpenRequest], crowded_out: Iterable[OpenRequest] = ()) -> list[Item]:
        """Return what is to be written for the requests that finished, and for those that have run for long.

        Of those that were crowded out it is what has a finding; the others are lost, and counted.
        """
        if self.serving is None:
            return []
        if self._process is None:
            self._process = process.describe(self.process_id, self.serving, self.settings.release)
            if self._lineage is not None:
                self._take_up(self._process)
        items: list[Item] = []
        touched: dict[int, LiveThread] = {}
        sample = 1 if self.keeps_all else self.settings.sample
        for request in finished:
            request.is_waiting = False  # whatever is found from now on, it is here once more
            try:
                if request.facts:
                    self._add_findings(items, request)
                if request.is_counted:
                    continue  # here for the second time, for what was found after its end
                request.is_counted = True
                self._ended += 1
                synthetic = _is_synthetic(request)
                self._synthetic += synthetic
                _touch(touched, request.first.thread, request.user.id, synthetic=synthetic)
                for thread, _ in request.arrivals:
                    _touch(touched, thread, request.user.id, synthetic=synthetic)
                was_shown = request.number in self._shown_open
                if was_shown:
                    self._shown_open.remove(request.number)
                if sample < 1 and not was_shown and not request.findings and self._random() >= sample:
                    self._process.sampled_out += 1
                    request.is_left_out = True
                    continue
                self._add_request(items, self.packed, request)
            except Exception as error:
                self._cannot_take(request, error)
        for request in crowded_out:
            request.is_waiting = False
            try:
                self._take_for_its_findings(items, request)
            except Exception as error:
                self._cannot_take(request, error)
        for request in self._long_running():
            self._add_request(items, self._packed_so_far, request)
        for thread in touched.values():
            self._add(items, self.thread(thread))
        if self._is_due():
            self._add(items, self._process)
        for measurement in self.meter.taken():
            self._add(items, measurement)
        return items

    def lose(self, losses: Losses, *, unseen: bool = False) -> None:
        """Count what no store will ever have; `unseen`: no records were made of it."""
        self.dropped += losses.requests
        self.findings_dropped += losses.findings
        if unseen:
            self._ended += losses.requests

    def losses(self) -> Losses:
        """Return what was lost so far."""
        return Losses(self.dropped, self.findings_dropped)

    def request_so_far(self, opened: OpenRequest) -> Request:
        """Return the record of a request in flight as it stands now; for any thread to call."""
        return self._packed_so_far(opened).unpacked()

    def farewell(self) -> list[Item]:
        """Return the last word of this process, if it has ever said one."""
        items: list[Item] = []
        if self._process is not None:
            if self._lineage is None:  # else the next one goes on with the record
                self._process.ended_ns = time_ns()
            self._bring_up_to_date(self._process)
            self._add(items, self._process)
        return items

    def judge(self, request: OpenRequest) -> None:
        """Find out what the facts of a request amount to; for one thread at a time."""
        if len(request.facts) > request.judged and self.serving is not None:
            self._judge.findings(request, self.serving)

    def serve(self, serving: process.Serving) -> None:
        """Say better what this process serves: one that ran a job first may turn out to be a web server's."""
        self.serving = serving
        described = self._process
        if described is not None:
            described.server, described.worker_class, described.interface = serving[:3]
            described.facts = {**described.facts, **serving.facts}

    def _take_up(self, described: Process) -> None:
        """Go on where the one before this one has got; from nothing where the store does not tell."""
        try:
            entry = registry.store().get("process", self.process_id)
            before = None if entry is None else unpack("process", entry.payload)
        except Exception as error:  # the store is away, or another version has written there
            self.faults.count_only("what the process before this one has done", error)
            return
        if isinstance(before, Process):
            self._ended += before.requests
            self.dropped += before.dropped
            self.findings_dropped += before.findings_dropped
            self.trim_ns += before.trim_ns
            self._synthetic += before.synthetic
            self._found += Counter({"leak": before.leaks, "hazard": before.hazards})
            described.sampled_out = before.sampled_out
            self._faults_of_others += before.faults

    def _add_findings(self, items: list[Item], request: OpenRequest) -> None:
        self.judge(request)
        fresh = request.findings[request.written :]
        if not fresh:
            return
        request.written = len(request.findings)
        if request.is_left_out:
            request.is_left_out = False
            if self._process is not None:
                self._process.sampled_out -= 1
            self._add_request(items, self.packed, request)
        synthetic = _is_synthetic(request)
        for finding in fresh:
            finding.synthetic = synthetic
            self._found[finding.level] += 1
            self._add(items, finding)
            self._announcer.announce(finding)

    def _add_request(
        self, items: list[Item], make: Callable[[OpenRequest], PackedRequest], request: OpenRequest
    ) -> None:
        try:
            packed = make(request)
            items.append(Item("request", packed.id, packed.encoded(), packed))
        except Exception as error:  # text that is no Unicode, say
            self.faults.note("the record of a request", error)
            self.dropped += 1
        else:
            if packed.outcome != "open":
                self._announcer.announce_request(packed)

    def _add(self, items: list[Item], record: Record) -> None:
        try:
            items.append(Item.of(record))
        except Exception as error:  # text that is no Unicode, say
            self.faults.note("encoding a record", error)
            self.dropped += 1

    def _take_for_its_findings(self, items: list[Item], request: OpenRequest) -> None:
        self._add_findings(items, request)
        if not request.is_counted:
            request.is_counted = True
            self._ended += 1
            if request.findings:
                self._add_request(items, self.packed, request)
            else:
                self.dropped += 1

    def _cannot_take(self, request: OpenRequest, error: Exception) -> None:
        self.faults.note("the record of a request", error)
        if not request.is_counted:
            request.is_counted = True
            self._ended += 1
        self.dropped += 1

    def _is_due(self) -> bool:
        """Tell whether the process has something to say, and bring its record up to date if so.

        By a clock that nobody sets: one that is set back would make the process seem dead for as long.
        """
        assert self._process is not None
        now = perf_counter_ns()
        if now - self._changed_ns < _CHANGED_EVERY_NS:
            return False
        has_changed = self._totals() != self._written
        if not has_changed and now - self._alive_ns < self._alive_every_ns:
            return False
        self._alive_every_ns = _ALIVE_EVERY_NS if has_changed else min(2 * self._alive_every_ns, _ALIVE_LONGEST_NS)
        self._changed_ns = self._alive_ns = now
        self._bring_up_to_date(self._process)
        return True

    def _totals(self) -> tuple[int, ...]:
        sampled_out = 0 if self._process is None else self._process.sampled_out
        lost = self.dropped, self.findings_dropped
        return self._ended, *lost, sampled_out, self.faults.count, self._found.total(), self.waiting()

    def _bring_up_to_date(self, described: Process) -> None:
        self._written = self._totals()
        described.seen_ns = time_ns()
        described.requests, described.dropped = self._ended, self.dropped
        described.findings_dropped, described.trim_ns = self.findings_dropped, self.trim_ns
        described.synthetic = self._synthetic
        described.facts.update(self._written_places.facts())
        described.leaks, described.hazards = self._found["leak"], self._found["hazard"]
        described.waiting = self.waiting()
        described.faults, described.last_fault = self.faults.count + self._faults_of_others, self.faults.last
        if self.outages is not None:
            described.outages, described.outage_ns = self.outages.count, self.outages.total_ns

    def _counts(self) -> Counts | None:
        if self._process is None:
            return None
        return Counts(self._ended, len(self._open), self.dropped)

    def _long_running(self) -> list[OpenRequest]:
        now = perf_counter_ns()
        long = [
            request
            for request in list(self._open.values())
            if request.number not in self._shown_open and now - request.began_ns > LONG_NS
        ][:LONG_AT_ONCE]
        self._shown_open.update(request.number for request in long)
        return long

    def id_of(self, request: OpenRequest) -> str:
        """Return the id that a request has in every record."""
        return request_id(self.process_id, request.number)

    def request(self, request: OpenRequest) -> Request:
        """Return the record of a request that has been read."""
        return self.packed(request).unpacked()

    def _packed_so_far(self, opened: OpenRequest) -> PackedRequest:
        return self.packed(opened.so_far(query_string=self.settings.capture_query_string))

    def packed(self, request: OpenRequest) -> PackedRequest:
        """Return the record as stores keep it: made for each request, where the record itself is seldom asked for."""
        place, thread = request.place, request.place.thread
        trace_id, parent_span_id = trace_context(request.traceparent)
        sent = request.sent
        if sent is not None and trace_id is None:
            trace_id = sent.trace_id
        # By position, in the order of the fields: naming thirty of them takes longer than the rest.
        return PackedRequest(
            self.id_of(request),
            self.process_id,
            self._pid,
            thread.ident,
            thread.native_id,
            thread.serial,
            thread.name,
            place.greenlet_id,
            place.greenlet_serial,
            place.task_id,
            place.task_serial,
            place.task_name,
            place.loop_id,
            request.protocol,
            request.method,
            request.path,
            request.route,
            request.view,
            request.status if request.ended_ns else None,
            _outcome(request),
            request.start_ns,
            (request.ended_ns or perf_counter_ns()) - request.began_ns,
            trace_id,
            parent_span_id,
            None if request.user is UNRESOLVED else self._user(request.user),
            None if request.session_key is None else self.pseudonym(request.session_key),
            _hops(request),
            SameThread(request.arrival - 1 if request.ended_ns else 0, request.at_once),
            request.query_string,
            [] if request.readings is None else request.readings_kept(),
            None if sent is None else sent.parent,
            None if sent is None or request.presumed is UNRESOLVED else self._user(request.presumed),
            None if sent is None else sent.at_ns,
            [] if request.messages is None else request.messages.copy(),
            trace_id is not None and is_synthetic(trace_id, request.start_ns),
        )

    def thread(self, thread: LiveThread) -> Thread:
        """Return the record of a thread as it stands now."""
        return Thread(
            process=self.process_id,
            serial=thread.serial,
            thread_id=thread.ident,
            native_id=thread.native_id,
            name=thread.name,
            sharing=sharing_of(thread.arrivals, thread.max_in_flight),
            requests=thread.arrivals,
            users=len(thread.users),
            max_in_flight=thread.max_in_flight,
            seen_ns=time_ns(),
            synthetic=thread.synthetic,
        )

    def _user(self, user: Identity) -> User:
        names = self._names
        if user.id is not None and user.name is None:
            user = user._replace(name=names.get(user.id))
        elif user.id is not None and user.name is not None and user.id not in names:
            if len(names) >= NAMES_REMEMBERED:
                names.pop(next(iter(names)), None)
            names[user.id] = user.name
        return self._user_named(user)

    def _user_uncached(self, user: Identity) -> User:
        if user.state != "authenticated" or user.id is None:
            return User(user.state)
        if self.settings.user_label == "pseudonym":
            pseudonym = self.pseudonym(user.id)
            return User(user.state, pseudonym, pseudonym)
        label = user.name if self.settings.user_label != "pk" and user.name else user.id
        return User(user.state, user.id, label)


def _touch(touched: dict[int, LiveThread], thread: LiveThread, user_id: str | None, *, synthetic: bool) -> None:
    touched[thread.serial] = thread
    if synthetic:
        thread.synthetic += 1
    elif user_id is not None and len(thread.users) < USERS_COUNTED_PER_THREAD:
        thread.users.add(user_id)


def _hop(at_ns: int, checkpoint: str, place: Place) -> Hop:
    thread = place.thread
    return Hop(at_ns, checkpoint, thread.ident, thread.serial, place.task_serial, place.greenlet_serial)


def _hops(request: OpenRequest) -> list[Hop] | None:
    if request.hops is None and request.place is request.first:
        return None  # as `PackedRequest` has it
    return [_hop(0, "start", request.first), *(_hop(*hop) for hop in request.hops or ())]


def request_id(process_id: str, number: int) -> str:
    """Return the id of a request by its number among those of a process."""
    return f"{process_id}-{number:010x}"


def _outcome(request: OpenRequest) -> Outcome:
    if request.ended_ns == 0:
        return "open"
    if request.outcome is not None:
        return request.outcome
    return "error" if request.status is None or request.status >= 500 else "ok"


def trace_context(traceparent: str | None) -> tuple[str | None, str | None]:
    """Return trace id and parent id of a W3C ``traceparent``; None for both where it is none."""
    match = _TRACEPARENT.fullmatch(traceparent) if traceparent else None
    return (match[1], match[2]) if match else (None, None)


def _is_synthetic(request: OpenRequest) -> bool:
    """Tell whether reqtrace made a request itself, or the one that led to this job."""
    if request.traceparent is None and request.sent is None:
        return False
    trace_id, _ = trace_context(request.traceparent)
    if trace_id is None and request.sent is not None:
        trace_id = request.sent.trace_id
    return is_synthetic(trace_id, request.start_ns)


def _keyed_hash(text: str) -> str:
    """Return 16 hex digits that stand for `text`: nobody without ``SECRET_KEY`` can tell whose they are."""
    key = hashlib.sha256(b"reqtrace:" + force_bytes(django_settings.SECRET_KEY)).digest()
    return hashlib.blake2b(text.encode(errors="surrogatepass"), key=key, digest_size=8).hexdigest()
