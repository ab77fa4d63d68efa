"""The traces of a run, as the server writes them."""

import time
from collections.abc import Iterable

from reqtrace import conf
from reqtrace.exceptions import StoreUnavailable
from reqtrace.reading.reader import Reader
from reqtrace.records import Finding, RecordKind, Request
from reqtrace.stores.base import Store

_KINDS: tuple[RecordKind, ...] = ("request", "finding")
_BATCH = 1_000
_POLL_SECONDS = 0.02


class Traces:
    """Follows a store and keeps the requests of one run, which bear its mark in their trace id."""

    def __init__(self, store: Store, run: str) -> None:
        """Begin with what is written from now on."""
        self._reader = Reader(store)
        self._run = run
        self._position = self._end()
        self._requests: dict[str, Request] = {}
        self._findings: dict[str, Finding] = {}
        self._ended: set[str] = set()
        self._deaf = False
        self._patience = conf.get().flush_ms / 1000 * 2 + 0.3

    @property
    def address(self) -> str:
        """The address of the store, without a password."""
        return self._reader.store.shown

    @property
    def requests(self) -> list[Request]:
        """The requests of this run so far."""
        return list(self._requests.values())

    def findings(self) -> list[tuple[Finding, Request]]:
        """Return the findings of this run so far, with their requests."""
        return [
            (finding, self._requests[finding.request])
            for finding in self._findings.values()
            if finding.request in self._requests
        ]

    def await_these(self, trace_ids: Iterable[str]) -> None:
        """Read on until these requests are over and written, or until no more news comes.

        A server may trace nothing, or leave out some paths or a share of what is clean.
        """
        missing = set(trace_ids)
        deadline = time.monotonic() + self._patience
        while True:
            if self._read_on():
                deadline = time.monotonic() + self._patience
            missing -= self._ended
            if not missing or self._deaf:
                return
            if time.monotonic() > deadline:
                self._deaf = not self._requests
                return
            time.sleep(_POLL_SECONDS)

    def _end(self) -> int:
        try:
            return self._reader.store.bounds()[1]
        except StoreUnavailable:
            return 0

    def _read_on(self) -> bool:
        """Take in what is new; return whether something of this run was."""
        news = False
        while True:
            try:
                entries = self._reader.store.read(self._position, _BATCH, _KINDS)
            except StoreUnavailable:
                return news
            for entry in entries:
                self._position = entry.position
                match self._reader.decode(entry):
                    case Request() as request if (request.trace_id or "").startswith(self._run):
                        news = True
                        self._requests[request.id] = request
                        if request.outcome != "open":
                            self._ended.add(request.trace_id or "")
                    case Finding() as finding:
                        self._findings[finding.id] = finding
            if len(entries) < _BATCH:
                return news
