"""What the store has not taken yet: as much as there is room for, the newest state of each record, oldest first."""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import NamedTuple

from reqtrace.records import RecordKind, Request
from reqtrace.stores.base import Item
from reqtrace.stores.packing import unpack

RECORD_BYTES = 1_024
"""How much a record may take on average: so many times ``BUFFER`` is how many bytes may wait."""
_BATCH_ITEMS = 1_024
_BATCH_BYTES = 1024 * 1024
"""How much of it is written at a time, at most."""

_Key = tuple[RecordKind, str]


class Losses(NamedTuple):
    """What nobody will find in the store: requests that had ended, and findings."""

    requests: int
    findings: int


def losses_of(items: Iterable[Item]) -> Losses:
    """Count what is lost with these items; of a request in flight a later state is still to come."""
    requests = findings = 0
    for item in items:
        findings += item.kind == "finding"
        requests += item.kind == "request" and _has_ended(item)
    return Losses(requests, findings)


def _has_ended(item: Item) -> bool:
    record = unpack("request", item.payload)
    return isinstance(record, Request) and record.outcome != "open"


class Backlog:
    """Bounded in records and in bytes, whatever the records hold.

    Beyond that the oldest goes, but nothing that has been handed to the store once: when the answer does not come,
    nobody knows whether it is there, so that it is neither lost nor stored until a later try succeeds.
    """

    def __init__(self, room: int, batch: int) -> None:
        """Hold at most `room` records, and a KiB for each; give `batch` of them at a time."""
        self._room = room
        self._batch = min(batch, _BATCH_ITEMS)
        self._items: dict[_Key, Item] = {}
        self._bytes = 0
        self._tried: set[_Key] = set()

    def __len__(self) -> int:
        """Return how many records wait."""
        return len(self._items)

    def add(self, items: Iterable[Item], *, tried: bool = False) -> Losses:
        """Take items in, the later for the earlier one of a key; return what had to go for them."""
        for item in items:
            key = (item.kind, item.key)
            earlier = self._items.pop(key, None)
            if earlier is not None:
                self._bytes -= len(earlier.payload)
            self._items[key] = item
            self._bytes += len(item.payload)
            if tried:
                self._tried.add(key)
        return losses_of(self._make_room())

    def batch(self) -> Sequence[Item]:
        """Return the batch that was tried before, or else the oldest records, which are known as tried from now on."""
        if self._tried:
            return [item for key, item in self._items.items() if key in self._tried]
        found: list[Item] = []
        size = 0
        for key, item in islice(self._items.items(), self._batch):
            size += len(item.payload)
            if found and size > _BATCH_BYTES:
                break
            found.append(item)
            self._tried.add(key)
        return found

    def taken(self, items: Iterable[Item]) -> None:
        """Forget what the store has taken."""
        for item in items:
            self._remove((item.kind, item.key))

    def losses(self) -> Losses:
        """Count what would be lost if nothing of this were taken any more."""
        return losses_of(list(self._items.values()))

    def _make_room(self) -> list[Item]:
        excess, excess_bytes = len(self._items) - self._room, self._bytes - self._room * RECORD_BYTES
        gone: list[_Key] = []
        for key, item in self._items.items():
            if excess <= 0 and excess_bytes <= 0:
                break
            if key not in self._tried:
                gone.append(key)
                excess, excess_bytes = excess - 1, excess_bytes - len(item.payload)
        return [self._remove(key) for key in gone]

    def _remove(self, key: _Key) -> Item:
        item = self._items.pop(key)
        self._bytes -= len(item.payload)
        self._tried.discard(key)
        return item
