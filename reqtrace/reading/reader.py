"""Records out of a store: decoded, filtered, paged; what cannot be decoded is skipped and counted."""

import time
from collections.abc import Callable, Iterator, Mapping

import msgspec

from reqtrace.execution.process import is_gone
from reqtrace.reading.queries import Page, Query
from reqtrace.reading.seeking import finding_sought_of, sought_of
from reqtrace.records import Finding, Mark, Process, Record, RecordKind, Request, Thread, thread_key
from reqtrace.stores.base import Entry, Store
from reqtrace.stores.packing import pack, unpack, without_readings
from reqtrace.stores.summaries import Sought

LOOKED_AT = 20_000
"""How many records one question may pass over; the answer then says where to go on."""
DECODED = 4
"""So many are passed over in the time that it takes to decode one."""
GROUPS_AT = 200_000
"""How many findings may be passed over for one of a group that somebody marks, which is seldom."""
LOOKED_UP = 150
"""How many requests one question may look up one by one, as those of findings."""
FINDINGS_AHEAD = 10_000
"""How far in front of a request, in positions, its findings may stand: they are written in the same batch."""
_BATCH = 1_000
_OPEN = b',"open",'
_NO_RECORD = (msgspec.MsgspecError, UnicodeDecodeError, TypeError)


class RequestPage(msgspec.Struct, frozen=True):
    """A page of requests, newest first."""

    requests: list[Request]
    cursor: int | None
    """The `Page.before` of the next page; None at the end."""


class FindingPage(msgspec.Struct, frozen=True):
    """A page of findings, newest first."""

    findings: list[Finding]
    cursor: int | None
    """The `Page.before` of the next page; None at the end."""


class _OfRequest(msgspec.Struct):
    """What a finding says of whose it is: to know that alone takes a tenth of the time."""

    request: str


_of_request = msgspec.json.Decoder(_OfRequest)


class Reader:
    """Reads one store for one purpose, such as one export or one API call."""

    def __init__(self, store: Store) -> None:
        """Read from `store`."""
        self.store = store
        self.watch: Callable[[str, float], None] = lambda stage, share: None
        """Is told of each step what is being read, and which share of the line lies behind it, from 0 to 1."""
        self._corrupt: set[int] = set()

    @property
    def corrupt(self) -> int:
        """How many entries were skipped so far because they could not be decoded."""
        return len(self._corrupt)

    def decode(self, entry: Entry) -> Record | None:
        """Return the record of an entry, or None, counted, when its payload is not one."""
        try:
            record = unpack(entry.kind, entry.payload)
        except _NO_RECORD:
            self._corrupt.add(entry.position)
            return None
        if isinstance(record, Request) and record.outcome == "open":
            self._close_if_nobody_will(record)
        return record

    def packed(self, entry: Entry) -> msgspec.Raw | None:
        """Return a request as it stands in the store, but for its readings; None, counted, when it is not one."""
        try:
            payload = without_readings(entry.payload)
            if _OPEN in payload and isinstance(record := self.decode(entry), Request) and record.outcome == "aborted":
                payload = without_readings(pack(record))
            return msgspec.Raw(payload)
        except _NO_RECORD:
            self._corrupt.add(entry.position)
            return None

    def _close_if_nobody_will(self, request: Request) -> None:
        """Take a request as aborted that was open as its process was killed: no record of its end will ever come."""
        process = self.process(request.process)
        if process is None:
            return
        if process.pid != request.pid:  # another one has gone on with its record
            request.outcome = "aborted"
            return
        if not is_gone(process, time.time_ns()):
            return
        request.outcome = "aborted"
        last_ns = process.seen_ns if process.ended_ns is None else process.ended_ns
        request.duration_ns = max(request.duration_ns, last_ns - request.start_ns)

    def processes(self) -> Iterator[Process]:
        """Yield every process, by its last sign of life."""
        return (record for record in self._forward("process") if isinstance(record, Process))

    def threads(self, query: Query | None = None) -> Iterator[Thread]:
        """Yield every thread, or those of the query's process and serial, by their last activity."""
        processes = self.processes_named(query.process) if query is not None and query.process is not None else None
        for record in self._forward("thread"):
            assert isinstance(record, Thread)
            if (processes is None or record.process in processes) and (
                query is None or (query.thread in (None, record.serial) and query.matches_server(record))
            ):
                yield record

    def requests(self, query: Query | None = None) -> Iterator[Request]:
        """Yield requests in the order in which they were written, so about by their end."""
        found = self._found(query)
        for record in self._forward("request"):
            assert isinstance(record, Request)
            if query is None or _matches(query, record, found):
                yield record

    def findings(self, query: Query | None = None) -> Iterator[Finding]:
        """Yield findings in the order in which they were written, those of the requests asked for."""
        for record in self._forward("finding"):
            assert isinstance(record, Finding)
            if query is None or self._is_asked(record, query):
                yield record

    def marks(self) -> Iterator[Mark]:
        """Yield what people said of groups of findings, in the order in which they did; what was taken back, too."""
        return (record for record in self._forward("mark") if isinstance(record, Mark))

    def request(self, id_: str) -> Request | None:
        """Return the request with that id."""
        entry = self.store.get("request", id_)
        record = self.decode(entry) if entry else None
        return record if isinstance(record, Request) else None

    def finding(self, id_: str) -> Finding | None:
        """Return the finding with that id."""
        entry = self.store.get("finding", id_)
        record = self.decode(entry) if entry else None
        return record if isinstance(record, Finding) else None

    def process(self, id_: str) -> Process | None:
        """Return the process with that id."""
        entry = self.store.get("process", id_)
        record = self.decode(entry) if entry else None
        return record if isinstance(record, Process) else None

    def page(self, query: Query, page: Page) -> RequestPage:
        """Return the newest requests that match, newest first: a full page, or what a look at so many of them found.

        Where findings are asked for, the order is that of these, and a request that has several of them may come again
        on the next page.
        """
        if query.asks_findings:
            return self._page_by_findings(query, page)
        requests: list[Request] = []
        for position, request in self.requests_back(query, page.before, page.limit):
            if request is not None:
                requests.append(request)
            if request is None or len(requests) == page.limit:
                return RequestPage(requests, position)
        return RequestPage(requests, None)

    def requests_back(self, query: Query, before: int | None, wanted: int) -> Iterator[tuple[int, Request | None]]:
        """Yield the requests that match in front of a position, newest first, with where they stand.

        Findings are left aside. `wanted` is how many will do, most likely. Where enough was looked at, the last is
        None, and its position says where to go on.
        """
        sought = sought_of(query)
        looked = 0
        while True:
            found = self.store.search(sought, before, wanted + 20, LOOKED_AT - looked)
            for entry in found.entries:
                record = self.decode(entry)
                if isinstance(record, Request) and query.matches_request(record):
                    yield entry.position, record
            before, looked = found.before, looked + found.looked + DECODED * len(found.entries)
            if before is None:
                return
            if looked >= LOOKED_AT:
                yield before, None
                return
            wanted = min(2 * wanted, _BATCH)

    def newest(self, kind: RecordKind, before: int | None) -> Iterator[tuple[int, Record]]:
        """Yield the records of a kind in front of a position, newest first, with where they stand."""
        while entries := self.store.read_back(before, _BATCH, (kind,)):
            for entry in entries:
                before = entry.position
                if (record := self.decode(entry)) is not None:
                    yield before, record
            if len(entries) < _BATCH:
                return

    def thread(self, process: str, serial: int) -> Thread | None:
        """Return the thread with that serial."""
        entry = self.store.get("thread", thread_key(process, serial))
        record = self.decode(entry) if entry else None
        return record if isinstance(record, Thread) else None

    def finding_page(self, query: Query, page: Page) -> FindingPage:
        """Return the newest findings that match, newest first: a full page, or what a look at so many of them found."""
        known: dict[str, Request] | None = None
        if query.asks_requests:
            few = self.page(query.of_requests, Page(limit=LOOKED_UP))
            if few.cursor is None:
                known = {request.id: request for request in few.requests}
                if not known:
                    return FindingPage([], None)
        findings: list[Finding] = []
        for position, finding, _ in self._findings_back(query, page.before, known):
            if finding is not None:
                findings.append(finding)
            if finding is None or len(findings) == page.limit:
                return FindingPage(findings, position)
        return FindingPage(findings, None)

    def findings_of(self, id_: str) -> list[Finding]:
        """Return the findings of a request, which are written with it, or some time later."""
        entry = self.store.get("request", id_)
        after = max(0, entry.position - FINDINGS_AHEAD) if entry else 0
        needle = msgspec.json.encode(id_)
        findings: list[Finding] = []
        for _ in range(LOOKED_AT // _BATCH):
            entries = self.store.read(after, _BATCH, ("finding",))
            for found in entries:
                record = self.decode(found) if needle in found.payload else None
                if isinstance(record, Finding) and record.request == id_:
                    findings.append(record)
            if len(entries) < _BATCH:
                break
            after = entries[-1].position
        return findings

    def has_group(self, group: str) -> bool:
        """Tell whether there is a finding of a group among the newest ones."""
        needle = msgspec.json.encode(group)
        sought = Sought(kind="finding", payload=(needle,))
        before = None
        while True:
            found = self.store.search(sought, before, 10, GROUPS_AT)
            if any(isinstance(one := self.decode(entry), Finding) and one.group == group for entry in found.entries):
                return True
            if found.before is None or not found.entries:
                return False
            before = found.before

    def _page_by_findings(self, query: Query, page: Page) -> RequestPage:
        requests: dict[str, Request] = {}
        last = None
        for position, finding, request in self._findings_back(query, page.before, with_requests=True):
            if finding is None:
                return RequestPage(list(requests.values()), position)
            if request is not None and request.id not in requests:
                if len(requests) == page.limit:
                    return RequestPage(list(requests.values()), last)
                requests[request.id] = request
            last = position
        return RequestPage(list(requests.values()), None)

    def _findings_back(
        self,
        query: Query,
        before: int | None,
        known: Mapping[str, Request] | None = None,
        *,
        with_requests: bool = False,
    ) -> Iterator[tuple[int, Finding | None, Request | None]]:
        """Yield findings that match in front of a position, newest first, with where they stand and their requests.

        `known` are all the requests that match, where they are few. Where enough was looked at, the last has no
        finding, and says where to go on.
        """
        looked = asked = 0
        wanted = 100
        sought, asks_requests = finding_sought_of(query), with_requests or query.asks_requests
        while True:
            found = self.store.search(sought, before, wanted, LOOKED_AT - looked)
            wanted = min(2 * wanted, _BATCH)
            for entry in found.entries:
                if known is not None and _request_of(entry) not in known:
                    continue
                finding = self.decode(entry)
                if not isinstance(finding, Finding) or not query.matches_finding(finding):
                    continue
                request = None
                if known is not None:
                    request = known.get(finding.request)
                elif asks_requests:
                    request, asked = self.request(finding.request), asked + 1
                if not asks_requests or (request is not None and query.matches_request(request)):
                    yield entry.position, finding, request
                if asked >= LOOKED_UP:
                    yield entry.position, None, None
                    return
            looked += found.looked + DECODED * len(found.entries)
            if found.before is None:
                return
            before = found.before
            if looked >= LOOKED_AT:
                yield before, None, None
                return

    def _forward(self, kind: RecordKind) -> Iterator[Record]:
        """Yield every record of a kind that stood in the line when the walk began, each once.

        A record written again during the walk moves to the end of the line, perhaps before we came to it. So the
        walk goes on to where the line ends *then*, leaving out what we had already and what began after we did.
        """
        began_ns = time.time_ns()
        first, end = self.store.bounds()
        after, changeable = 0, set()
        while True:
            entries = self.store.read(after, _BATCH, (kind,))
            for entry in entries:
                after = entry.position
                record = self.decode(entry)
                if record is None or (after > end and (entry.key in changeable or _is_news(record, began_ns))):
                    continue
                if _may_change(record):
                    changeable.add(entry.key)
                yield record
            self.watch(f"reading {kind} records", min((after - first + 1) / (end - first + 1), 1.0))
            if len(entries) < _BATCH:
                return

    def _found(self, query: Query | None) -> set[str] | None:
        """Return the ids of the requests with a finding as the query asks for; None when it asks for none."""
        if query is None or not query.asks_findings:
            return None
        return {finding.request for finding in self.findings(query.of_findings)}

    def _is_asked(self, finding: Finding, query: Query) -> bool:
        if not query.matches_finding(finding):
            return False
        request = self.request(finding.request) if query.asks_requests else None
        return not query.asks_requests or (request is not None and query.matches_request(request))

    def processes_named(self, text: str) -> set[str]:
        """Return the ids of the processes that a text means: an id itself, or the pid of some."""
        return {process.id for process in self.processes() if text == str(process.pid)} | {text}


def _matches(query: Query, request: Request, found: set[str] | None) -> bool:
    return (found is None or request.id in found) and query.matches_request(request)


def _may_change(record: Record) -> bool:
    return isinstance(record, Process | Thread | Mark) or (isinstance(record, Request) and record.outcome == "open")


def _is_news(record: Record, began_ns: int) -> bool:
    return isinstance(record, Finding) or (isinstance(record, Request) and record.start_ns > began_ns)


def _request_of(entry: Entry) -> str | None:
    """Return the id of the request of a finding; None where it cannot be read."""
    try:
        return _of_request.decode(entry.payload).request
    except _NO_RECORD:
        return None
