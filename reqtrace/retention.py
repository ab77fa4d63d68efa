"""Requests that are still alive long after their end, and who keeps them."""

import gc
from time import perf_counter_ns
from typing import Any
from weakref import ref

from reqtrace.holders.discovery import Discovery
from reqtrace.holders.ways import keeper_of
from reqtrace.live import OpenRequest, Retention
from reqtrace.weak_map import WeakMap

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
        self._collections: dict[int, int] = {}
        """Full collections that had been made when a request, by its number, was first seen to be alive."""

    def search(self, *, age_ns: int = AGE_NS) -> list[OpenRequest]:
        """Note requests that are still alive after a full collection, and kept; return those noted now.

        Waits for the collections that Python makes by itself: one of our own would stop the application.
        """
        now = perf_counter_ns()
        if now < self._due_ns:
            return []
        self._due_ns = now + _EVERY_NS
        collections = _full_collections()
        alive = self._alive(now - age_ns)
        self._asked &= alive.keys()
        suspects = [
            suspect
            for number, suspect in sorted(alive.items())
            if collections > self._collections.get(number, collections) and number not in self._asked
        ]
        noted = self._ask(suspects, now) if suspects and now >= self._asking_due_ns else []
        since = _full_collections()
        if since != collections:  # one fell into this search, and met requests that were alive by it alone
            self._collections.clear()
        self._collections = {number: self._collections.get(number, since) for number in alive}
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
        kept = gc.get_referents(keeper.container)
        noted = [opened for opened, request in suspects if any(request() is value for value in kept)]
        for opened in noted:
            self._asked.add(opened.number)
            opened.note(Retention(now - opened.began_ns, keeper.path, None))
        return noted


def _full_collections() -> int:
    return int(gc.get_stats()[2]["collections"])
