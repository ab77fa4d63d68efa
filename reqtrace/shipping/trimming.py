"""Keeps the store at ``RETAIN`` and ``RETAIN_SECONDS``: as often as it grows, and where nothing is written, seldom."""

import logging
from time import perf_counter_ns

from reqtrace.conf import Settings
from reqtrace.exceptions import StoreError
from reqtrace.execution.faults import Faults
from reqtrace.shipping.ledger import Ledger
from reqtrace.stores import registry

logger = logging.getLogger("reqtrace")

_EVERY_NS = 5_000_000_000
_AGE_PART = 20
"""By age it is trimmed each twentieth of ``RETAIN_SECONDS``."""
_AGE_LONGEST_NS = 60_000_000_000
_PART = 40
"""By so small a part the store may grow, whoever writes, until it is trimmed."""
_LOOKS = 8
"""So often a process looks whether it has, while it writes as much itself: for a dozen that are busy it is enough."""
_FEW = 64
_STEP = 1_000
"""Where a request waits for it, it trims when so many were written: what a store drops in one step."""


class Trimming:
    """The trimming that this process does; all processes trim, and each finds what the others have left."""

    def __init__(self, settings: Settings, ledger: Ledger, faults: Faults) -> None:
        """Trim as the settings say; the ledger tells how long it took."""
        self._retain = settings.retain
        self._seconds = settings.retain_seconds
        self._ledger = ledger
        self._faults = faults
        self.part = max(settings.retain // _PART, _FEW)
        """So much may be written between two trims, by all processes together."""
        self._length = 0
        """How long the line was, in positions, as this process trimmed it; without what others wrote meanwhile."""
        self._age_every_ns = min((self._seconds or 0) * 1_000_000_000 // _AGE_PART, _AGE_LONGEST_NS)
        self._due_ns = self._age_due_ns = 0
        self._complaint_due_ns = 0
        self.is_hurried = False
        """Whether a request waits for it: then a little is trimmed, often."""
        self.written = 0
        """How many records this process has written since it trimmed last."""
        self._looked = 0
        """How many of them when it looked last whether all together have written enough."""

    def trim_when_due(self) -> None:
        """Trim if enough was written, or enough time has gone by."""
        now = perf_counter_ns()
        is_due = self.written > 0 and now >= self._due_ns
        is_due = is_due or (self._seconds is not None and now >= self._age_due_ns)
        if is_due or ((self.written - self._looked) * _LOOKS >= self.part and self._has_grown()):
            self.trim()

    def _has_grown(self) -> bool:
        """Tell whether all processes together have written enough, and none of them has trimmed."""
        self._looked = self.written
        try:
            oldest, newest = registry.store().bounds()
        except Exception as error:
            self._faults.note("looking how long the store is", error)
            return False
        part = min(_STEP, self.part) if self.is_hurried else self.part
        return newest - oldest >= self._length + part

    def trim(self) -> None:
        """Trim, whatever it is time for."""
        began = perf_counter_ns()
        self.written = self._looked = 0
        self._due_ns, self._age_due_ns = began + _EVERY_NS, began + self._age_every_ns
        try:
            store = registry.store()
            newest = store.bounds()[1]
            store.trim(self._retain, self._seconds)
            self._length = newest - store.bounds()[0]
            if began >= self._complaint_due_ns:
                self._complaint_due_ns = began + _EVERY_NS
                self._hear(store.complaint())
        except Exception as error:
            self._faults.note("trimming the store", error)
        self._ledger.trim_ns += perf_counter_ns() - began

    def _hear(self, complaint: str | None) -> None:
        """Say what the store complains of; each time, since it is something lost each time."""
        if complaint is not None:
            logger.error("reqtrace's store: %s", complaint)
            self._faults.count_only("the store", StoreError(complaint))
