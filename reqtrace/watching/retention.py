"""Requests that are still alive long after their end, and who keeps them."""

import gc
from time import perf_counter_ns
from typing import Any
from weakref import ref

from reqtrace.execution.weak_map import WeakMap
from reqtrace.watching.holders.discovery import Discovery
from reqtrace.watching.holders.ways import keeper_of
from reqtrace.watching.live import OpenRequest, Retention

AGE_NS = 10_000_000_000
"""How long after its end a request may be alive without a word."""
_EVERY_NS = 5_000_000_000
_PAUSE_LONGEST_NS = 3_600_000_000_000

Suspect = tuple[OpenRequest, ref[Any]]


class RetentionSearch:
    """Looks for retained requests, in the shipper's spare time."""

    def __init__(self, known: WeakMap[OpenRequest], discovery: Discovery) -> None:
        """Look among `known`; name middleware and thread-locals as `discovery` does."""
        self._known = known
        self._discovery = discovery
        self._due_ns = 0
        self._asking_due_ns = 0
        self._pause_ns = _EVERY_NS
        """How long nobody is asked about once somebody was: asking means to look at every object there is."""
        self._asked: set[int] = set()
        self._passes = _Passes()
        self._collections: dict[int, int] = {}
        """Full collections that had been made when a request, by its number, was first seen to be alive."""

    def search(self, *, age_ns: int = AGE_NS) -> list[OpenRequest]:
        """Note requests that are kept long after their end; return those noted now.

        Some the search for holders has come to, from a place of the application's. Of all others that are still alive
        after a full collection, it is asked who keeps them. Waits for the collections that Python makes by itself: one
        of our own would stop the application.
        """
        now = perf_counter_ns()
        if now < self._due_ns:
            return []
        self._due_ns = now + _EVERY_NS
        collections = self._passes.count()
        alive = self._alive(now - age_ns)
        self._asked &= alive.keys() | self._proven.keys()
        proven = self._prove(now, age_ns)
        suspects = [
            suspect
            for number, suspect in sorted(alive.items())
            if collections > self._collections.get(number, collections) and number not in self._asked
        ]
        noted = self._ask(suspects, now) if suspects and now >= self._asking_due_ns else []
        since = self._passes.count()
        if since != collections:  # one fell into this search, and met requests that were alive by it alone
            self._collections.clear()
        self._collections = {number: self._collections.get(number, since) for number in alive}
        return proven + noted

    def is_waiting(self, now: int) -> bool:
        """Tell whether some place that leads to a request of long ago is to be looked at once more."""
        kept = list(self._proven.items())
        return any(number not in self._asked and _is_old(opened, now, AGE_NS) for number, (opened, _, _) in kept)

    @property
    def _proven(self) -> dict[int, tuple[OpenRequest, str, int]]:
        return self._discovery.lookout.kept

    def _prove(self, now: int, age_ns: int) -> list[OpenRequest]:
        """Note those to which a place of the application's was seen to lead when they were long over.

        That they are no garbage is then known without a collection.
        """
        noted = []
        for number, (opened, path, seen_ns) in list(self._proven.items()):
            if number not in self._asked and _is_old(opened, seen_ns, age_ns):
                self._asked.add(number)
                opened.note(Retention(now - opened.began_ns, path, None))
                noted.append(opened)
        return noted

    def _alive(self, before_ns: int) -> dict[int, Suspect]:
        return {
            opened.number: (opened, ref(request))
            for request, opened in self._known.items()
            if 0 < opened.ended_ns < before_ns
        }

    def _ask(self, suspects: list[Suspect], now: int) -> list[OpenRequest]:
        """Find out who keeps the first of the suspects, and which others are in the same place; ever more rarely."""
        self._asking_due_ns = now + self._pause_ns
        self._pause_ns = min(2 * self._pause_ns, _PAUSE_LONGEST_NS)
        self._asked.add(suspects[0][0].number)
        keeper = keeper_of(suspects[0][1](), self._discovery)
        if keeper is None:
            return []
        noted = [opened for opened, request in suspects if any(request() is value for value in keeper.kept)]
        for opened in noted:
            self._asked.add(opened.number)
            opened.note(Retention(now - opened.began_ns, keeper.path, None))
        return noted


def _is_old(opened: OpenRequest, at_ns: int, age_ns: int) -> bool:
    return 0 < opened.ended_ns <= at_ns - age_ns


class _Passes:
    """Counts how often the garbage collector has been through all objects, also where Python does not say so.

    Python 3.14.0 to 3.14.4 collect step by step, and call none of their own steps a full collection. So garbage of ours
    is laid out among the old objects: whenever it is gone, the collector has been through them.
    """

    def __init__(self) -> None:
        """Begin with nothing laid out."""
        self._unsaid = 0
        self._held: _Ring | None = None
        self._laid: ref[_Ring] | None = None
        self._beyond = 0

    def count(self) -> int:
        """Return how often so far, give or take a few: what counts is that it grows."""
        if self._held is not None:
            if _collections_beyond_the_youngest() != self._beyond:
                self._held = None  # it is old by now
        elif self._laid is None or self._laid() is None:
            self._unsaid += 1
            self._held = _Ring()
            self._laid = ref(self._held)
            self._beyond = _collections_beyond_the_youngest()
        return _collections(2) + self._unsaid


class _Ring:
    """Refers to itself, so that only a collection takes it away."""

    def __init__(self) -> None:
        """Close the ring."""
        self.itself = self


def _collections_beyond_the_youngest() -> int:
    return _collections(1) + _collections(2)


def _collections(generation: int) -> int:
    return int(gc.get_stats()[generation]["collections"])
