"""Records out of a store: decoded, filtered, paged; what cannot be decoded is skipped and counted."""

from collections.abc import Iterator

import msgspec

from reqtrace.queries import Page, Query
from reqtrace.records import TYPES, Finding, Process, Record, RecordKind, Request, Thread
from reqtrace.stores.base import Entry, Store

_DECODERS: dict[RecordKind, msgspec.json.Decoder[Record]] = {
    kind: msgspec.json.Decoder(type_) for kind, type_ in TYPES.items()
}
_BATCH = 1_000


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
        self.corrupt = 0
        """Entries skipped so far because they could not be decoded."""

    def decode(self, entry: Entry) -> Record | None:
        """Return the record of an entry, or None, counted, when its payload is not one."""
        try:
            return _DECODERS[entry.kind].decode(entry.payload)
        except (msgspec.MsgspecError, UnicodeDecodeError, KeyError):
            self.corrupt += 1
            return None

    def processes(self) -> Iterator[Process]:
        """Yield every process, by its last sign of life."""
        return (record for record in self._forward("process") if isinstance(record, Process))

    def threads(self, query: Query | None = None) -> Iterator[Thread]:
        """Yield every thread, or those of the query's process and serial, by their last activity."""
        for record in self._forward("thread"):
            assert isinstance(record, Thread)
            if query is None or (
                (query.process in (None, record.process) or self._pid_is(record.process, query.process))
                and query.thread in (None, record.serial)
            ):
                yield record

    def requests(self, query: Query | None = None) -> Iterator[Request]:
        """Yield requests in the order in which they were written, so about by their end."""
        by_request = self._findings_by_request(query)
        for record in self._forward("request"):
            assert isinstance(record, Request)
            if query is None or query.matches(record, by_request.get(record.id, ())):
                yield record

    def findings(self, query: Query | None = None) -> Iterator[Finding]:
        """Yield findings in the order in which they were written."""
        for record in self._forward("finding"):
            assert isinstance(record, Finding)
            if query is None or query.matches_finding(record):
                yield record

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
        by_request = self._findings_by_request(query)
        found: list[Request] = []
        before = page.before
        while True:
            entries = self.store.read_back(before, _BATCH, ("request",))
            for entry in entries:
                before = entry.position
                record = self.decode(entry)
                if isinstance(record, Request) and query.matches(record, by_request.get(record.id, ())):
                    found.append(record)
                    if len(found) == page.limit:
                        return RequestPage(found, before)
            if len(entries) < _BATCH:
                return RequestPage(found, None)

    def _forward(self, kind: RecordKind) -> Iterator[Record]:
        # What is written while we read moves to the end of the line; stopping at today's end keeps this finite.
        after, end = 0, self.store.bounds()[1]
        while entries := self.store.read(after, _BATCH, (kind,)):
            for entry in entries:
                after = entry.position
                if after > end:
                    return
                record = self.decode(entry)
                if record is not None:
                    yield record

    def _findings_by_request(self, query: Query | None) -> dict[str, list[Finding]]:
        by_request: dict[str, list[Finding]] = {}
        if query is not None and query.asks_findings:
            for finding in self.findings(query):
                by_request.setdefault(finding.request, []).append(finding)
        return by_request

    def _pid_is(self, id_: str, asked: str | None) -> bool:
        process = self.process(id_)
        return process is not None and str(process.pid) == asked
