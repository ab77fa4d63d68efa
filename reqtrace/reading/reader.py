"""Records out of a store: decoded, filtered, paged; what cannot be decoded is skipped and counted."""

import time
from collections.abc import Callable, Iterator

import msgspec

from reqtrace.reading.queries import Page, Query
from reqtrace.records import Finding, Mark, Process, Record, RecordKind, Request, Thread
from reqtrace.stores.base import Entry, Store
from reqtrace.stores.packing import unpack, without_readings

_BATCH = 1_000
_NO_RECORD = (msgspec.MsgspecError, UnicodeDecodeError, TypeError)


class RequestPage(msgspec.Struct, frozen=True):
    """A page of requests, newest first."""

    requests: list[Request]
    cursor: int | None
    """The `Page.before` of the next page; None at the end."""


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
            return unpack(entry.kind, entry.payload)
        except _NO_RECORD:
            self._corrupt.add(entry.position)
            return None

    def packed(self, entry: Entry) -> msgspec.Raw | None:
        """Return a request as it stands in the store, but for its readings; None, counted, when it is not one."""
        try:
            return msgspec.Raw(without_readings(entry.payload))
        except _NO_RECORD:
            self._corrupt.add(entry.position)
            return None

    def processes(self) -> Iterator[Process]:
        """Yield every process, by its last sign of life."""
        return (record for record in self._forward("process") if isinstance(record, Process))

    def threads(self, query: Query | None = None) -> Iterator[Thread]:
        """Yield every thread, or those of the query's process and serial, by their last activity."""
        processes = self._processes_named(query.process) if query is not None and query.process is not None else None
        for record in self._forward("thread"):
            assert isinstance(record, Thread)
            if (processes is None or record.process in processes) and (
                query is None or query.thread in (None, record.serial)
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

    def process(self, id_: str) -> Process | None:
        """Return the process with that id."""
        entry = self.store.get("process", id_)
        record = self.decode(entry) if entry else None
        return record if isinstance(record, Process) else None

    def page(self, query: Query, page: Page) -> RequestPage:
        """Return the newest requests that match, newest first."""
        found = self._found(query)
        requests: list[Request] = []
        before = page.before
        while True:
            entries = self.store.read_back(before, _BATCH, ("request",))
            for entry in entries:
                before = entry.position
                record = self.decode(entry)
                if isinstance(record, Request) and _matches(query, record, found):
                    requests.append(record)
                    if len(requests) == page.limit:
                        return RequestPage(requests, before)
            if len(entries) < _BATCH:
                return RequestPage(requests, None)

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

    def _processes_named(self, text: str) -> set[str]:
        return {process.id for process in self.processes() if text == str(process.pid)} | {text}


def _matches(query: Query, request: Request, found: set[str] | None) -> bool:
    return (found is None or request.id in found) and query.matches_request(request)


def _may_change(record: Record) -> bool:
    return isinstance(record, Process | Thread | Mark) or (isinstance(record, Request) and record.outcome == "open")


def _is_news(record: Record, began_ns: int) -> bool:
    return isinstance(record, Finding) or (isinstance(record, Request) and record.start_ns > began_ns)
