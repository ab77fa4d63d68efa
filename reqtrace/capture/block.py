"""A block of code in this process whose traces go to a store in memory: what tests and proofs look at."""

import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import cast

from django.core.signals import request_started
from django.urls import get_resolver

from reqtrace.capture import lifecycle
from reqtrace.capture.recorder import Recorder
from reqtrace.execution.places import native
from reqtrace.reading.reader import Reader
from reqtrace.records import Finding, RecordKind, Request
from reqtrace.stores import registry
from reqtrace.stores.base import Store
from reqtrace.stores.memory import MemoryStore
from reqtrace.watching.holders.base import Holder

_PATIENCE_SECONDS = 2.0
"""How long `Capture.settle` waits at the most."""


class Capture:
    """What this process traced since a block began; complete once the block is over."""

    def __init__(self, recorder: Recorder, store: Store) -> None:
        """Begin behind what `store` holds already."""
        self._recorder = recorder
        self._store = store
        self._after = store.bounds()[1]
        self._until: int | None = None

    @property
    def requests(self) -> list[Request]:
        """Return the requests that ended, and those that have run for long, by their start."""
        return sorted(cast("Iterable[Request]", self._records("request")), key=lambda request: request.id)

    @property
    def findings(self) -> list[Finding]:
        """Return all findings: leaks, hazards and notices."""
        return list(cast("Iterable[Finding]", self._records("finding")))

    @property
    def leaks(self) -> list[Finding]:
        """Return what showed one person to another."""
        return [finding for finding in self.findings if finding.level == "leak"]

    @property
    def hazards(self) -> list[Finding]:
        """Return what may do so one day."""
        return [finding for finding in self.findings if finding.level == "hazard"]

    def settle(self) -> None:
        """Wait for what other threads, such as a live server's, are just closing."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while self._is_closing_elsewhere() and time.monotonic() < deadline:
            time.sleep(0.001)

    def end(self) -> None:
        """Take nothing more in."""
        self.settle()
        self._recorder.shipper.ship()
        self._until = self._store.bounds()[1]

    def _is_closing_elsewhere(self) -> bool:
        here = native("_thread", "get_ident")()  # what runs on this very thread cannot end while it waits
        return any(opened.first.thread.ident != here for opened in list(self._recorder.open.values()))

    def _records(self, kind: RecordKind) -> Iterator[object]:
        if self._until is None:
            self._recorder.shipper.ship()
        reader = Reader(self._store)
        for entry in self._store.read(self._after, sys.maxsize, (kind,)):
            if self._until is None or entry.position <= self._until:
                yield reader.decode(entry)


@contextmanager
def capturing(known: Sequence[Holder] | None = None) -> Iterator[Capture]:
    """Capture as `reqtrace.testing.capture` does, also where nothing would be traced.

    Args:
        known: the holders to watch, where this process was forked from one that has found them: it looks for no others,
            ever. None: look for them now, and before each request.

    """
    recorder = lifecycle.recorder()
    shipper = recorder.shipper
    shipper.ship()  # what came before belongs to the project's store
    with registry.replaced(registry.replaced_by() or _CaptureStore()):
        _bend(recorder)
        recorder.connections.watch_present()
        shipper.ship()
        if known is None:
            with suppress(Exception):  # whatever is wrong with the URLs, the requests will say
                get_resolver().url_patterns  # noqa: B018  imports the views, and with them what may hold a request
            recorder.search_all()
            request_started.connect(_search, dispatch_uid="reqtrace.capture.block")
        else:
            request_started.disconnect(dispatch_uid="reqtrace.capture.block")
            recorder.watch.add_all(known)
            recorder.search_no_more()
        captured = Capture(recorder, registry.store())
        try:
            yield captured
        finally:
            captured.end()
    _bend(recorder)


class _CaptureStore(MemoryStore):
    """A store that keeps all there is, whatever the settings say of retention."""

    def trim(self, retain: int, seconds: float | None = None) -> int:
        """Keep everything."""
        return 0


def _bend(recorder: Recorder) -> None:
    """Leave nothing to chance or to another thread as long as a block runs, and all as it was afterwards."""
    capturing = registry.replaced_by() is not None
    recorder.shipper.ship_inline(capturing)
    recorder.ledger.keeps_all = capturing
    recorder.discovery.is_thorough = capturing
    if not capturing:
        request_started.disconnect(dispatch_uid="reqtrace.capture.block")


def _search(**_: object) -> None:
    """Look for holders in what was imported since: before each request, so that the next but one is judged."""
    lifecycle.recorder().search_all()
