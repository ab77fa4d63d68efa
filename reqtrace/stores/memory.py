"""A store in this process's memory: for tests, and for a single process that shows its own traces."""

from _thread import RLock  # gevent replaces `threading.RLock`; ours must hold between threads, for microseconds
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Collection, Sequence
from itertools import islice
from operator import attrgetter

from reqtrace.records import LASTING, MEASUREMENTS_KEPT, RecordKind
from reqtrace.stores.base import Entry, Item, Store
from reqtrace.stores.clock import Clock

_position = attrgetter("position")


class MemoryStore(Store):
    """Keeps the line in a list.

    An entry that was replaced stays in the list until it is a good part of it, and is stepped over: to take it out
    at once would move all that follows.
    """

    def __init__(self, url: str = "memory:") -> None:
        """Begin empty; two stores with the same address share nothing."""
        super().__init__(url)
        self._lock = RLock()
        self._line: list[Entry] = []
        self._newest: dict[tuple[RecordKind, str], Entry] = {}
        self._last = 0
        self._counts: Counter[RecordKind] = Counter()
        self._clock = Clock()

    @property
    def shown(self) -> str:
        """The address, which holds nothing."""
        return "memory:"

    def append(self, items: Sequence[Item]) -> None:
        """Write all items."""
        with self._lock:
            for item in items:
                self._last += 1
                entry = Entry(self._last, item.kind, item.key, item.payload)
                self._counts[item.kind] += (item.kind, item.key) not in self._newest
                self._newest[item.kind, item.key] = entry
                self._line.append(entry)
            if len(self._line) > 2 * len(self._newest) + 1_000:
                self._line = [entry for entry in self._line if self._stands(entry)]

    def read(self, after: int, limit: int, kinds: Sequence[RecordKind] | None = None) -> list[Entry]:
        """Return up to `limit` entries behind `after`."""
        with self._lock:
            begin = bisect_right(self._line, after, key=_position)
            return self._pick(range(begin, len(self._line)), limit, kinds)

    def read_back(self, before: int | None, limit: int, kinds: Sequence[RecordKind] | None = None) -> list[Entry]:
        """Return up to `limit` entries in front of `before`, newest first."""
        with self._lock:
            end = len(self._line) if before is None else bisect_left(self._line, before, key=_position)
            return self._pick(range(end - 1, -1, -1), limit, kinds)

    def get(self, kind: RecordKind, key: str) -> Entry | None:
        """Return the entry with that key, or None."""
        return self._newest.get((kind, key))

    def bounds(self) -> tuple[int, int]:
        """Return the positions of the oldest entry and of the newest write; of an emptied store, the latter twice."""
        with self._lock:
            oldest = next((entry for entry in self._line if self._stands(entry) and entry.kind not in LASTING), None)
            return (oldest.position if oldest else self._last), self._last

    def trim(self, retain: int, seconds: float | None = None) -> int:
        """Drop what lies before the newest `retain` requests."""
        with self._lock:
            aged = 0 if seconds is None else self._clock.aged(self._last, seconds)
            excess, end = self._counts["request"] - retain, bisect_right(self._line, aged, key=_position)
            for index, entry in enumerate(self._line):
                if entry.kind == "request" and self._stands(entry):
                    if excess <= 0:
                        break
                    excess, end = excess - 1, max(end, index + 1)
            return self._drop(end, LASTING) + self._drop_measurements()

    def purge(self) -> int:
        """Drop every entry."""
        with self._lock:
            return self._drop(len(self._line))

    def close(self) -> None:
        """Do nothing: the memory is the store."""

    def _pick(self, indices: range, limit: int, kinds: Sequence[RecordKind] | None) -> list[Entry]:
        found: list[Entry] = []
        for index in indices:
            if len(found) >= limit:
                break
            entry = self._line[index]
            if (kinds is None or entry.kind in kinds) and self._stands(entry):
                found.append(entry)
        return found

    def _drop(self, end: int, keeping: Collection[RecordKind] = ()) -> int:
        standing = [entry for entry in self._line[:end] if self._stands(entry)]
        kept = [entry for entry in standing if entry.kind in keeping]
        for entry in standing:
            if entry.kind not in keeping:
                self._forget(entry)
        self._line[:end] = kept
        return len(standing) - len(kept)

    def _drop_measurements(self) -> int:
        found = (entry for entry in self._line if entry.kind == "measurement" and self._stands(entry))
        excess = list(islice(found, max(0, self._counts["measurement"] - MEASUREMENTS_KEPT)))
        for entry in excess:
            self._forget(entry)  # it no longer stands, and goes when the line is next tidied
        return len(excess)

    def _forget(self, entry: Entry) -> None:
        self._counts[entry.kind] -= 1
        del self._newest[entry.kind, entry.key]

    def _stands(self, entry: Entry) -> bool:
        return self._newest.get((entry.kind, entry.key)) is entry
