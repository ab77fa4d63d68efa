"""What a store is: an append-only line of records that many processes write and others follow by position."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Self

import msgspec
from django.core.checks import CheckMessage

from reqtrace.printable import shown
from reqtrace.records import TYPES, Finding, Record, RecordKind, Request, key_of
from reqtrace.stores.packing import pack
from reqtrace.stores.summaries import END, Found, Sought, Stretch, search

PATIENCE_SECONDS = 4.0
"""Less than a process that ends has patience for."""
_KINDS: dict[type[Record], RecordKind] = {type_: kind for kind, type_ in TYPES.items()}


class Item(msgspec.Struct, frozen=True, gc=False):
    """A record on its way into a store."""

    kind: RecordKind
    key: str
    """``records.key_of``: within its kind, a later item with this key replaces the earlier one."""
    payload: bytes
    """The record as `reqtrace.stores.packing` writes it: JSON, UTF-8."""
    record: Request | Finding | None = None
    """A request or finding itself, where whoever writes has it at hand: a store that summarizes need not decode it."""

    @classmethod
    def of(cls, record: Record) -> Self:
        """Make the item of a record.

        Raises:
            UnicodeEncodeError: for text that is no Unicode.

        """
        return cls(
            _KINDS[type(record)],
            key_of(record),
            pack(record),
            record if isinstance(record, Request | Finding) else None,
        )


class Entry(msgspec.Struct, frozen=True, gc=False):
    """A record in a store."""

    position: int
    """Where it stands in the line; grows with every write, is never used again, and has gaps."""
    kind: RecordKind
    key: str
    payload: bytes


class Store(ABC):
    """A line of records with positions.

    All processes of a deployment write to one line. Writing a key again moves it to the end of the line: a follower
    that keeps asking for what comes after the last position it has seen never misses the newest state of any record
    and never sees one state twice. Methods may be called from any thread. They raise `StoreUnavailable` when the
    store does not answer this time, and `StoreError` when it never will as it stands.
    """

    patience_seconds = PATIENCE_SECONDS
    """How long one call may wait for a store that is busy or silent."""

    def __init__(self, url: str) -> None:
        """Keep the address. Opens nothing: the first read or write does."""
        self.url = url

    @property
    def shown(self) -> str:
        """The address as people may see it: of one that may hold a secret, scheme, host and port alone."""
        return shown(self.url)

    @abstractmethod
    def append(self, items: Sequence[Item]) -> None:
        """Write all items in their order, in one go: all of them or, if it raises, none."""

    @abstractmethod
    def read(self, after: int, limit: int, kinds: Sequence[RecordKind] | None = None) -> list[Entry]:
        """Return up to `limit` entries behind position `after` (0: from the beginning), oldest first."""

    @abstractmethod
    def read_back(self, before: int | None, limit: int, kinds: Sequence[RecordKind] | None = None) -> list[Entry]:
        """Return up to `limit` entries in front of position `before` (None: from the end), newest first."""

    @abstractmethod
    def get(self, kind: RecordKind, key: str) -> Entry | None:
        """Return the entry with that key, or None."""

    def search(self, sought: Sought, before: int | None, limit: int, most: int) -> Found:
        """Return up to `limit` records in front of position `before` that may be what is sought, newest first.

        Looks at `most` requests or a little more, and then says where to go on. A store that can tell where nothing
        of the kind lies overrides this, which looks at one after the other.
        """

        def read(stretch: Stretch, count: int) -> list[Entry]:
            return self.read_back(stretch.before, count, (sought.kind,))

        line = Stretch(0, END if before is None else before, None)
        return search((line,), read, read, sought, limit=limit, most=most)

    @abstractmethod
    def bounds(self) -> tuple[int, int]:
        """Return the positions of the oldest entry and of the newest write; (0, 0) for a store never written to.

        A follower whose position lies before the oldest entry may have missed some that were trimmed away. So entries
        that last (`records.LASTING`) do not count as the oldest.
        """

    @abstractmethod
    def trim(self, retain: int, seconds: float | None = None) -> int:
        """Keep the newest `retain` requests and drop older entries of every kind but `records.LASTING`; count them.

        With `seconds` the line loses all that was written longer ago, by a clock of the store's own: those of the
        writers may differ, and be set. Works in short steps, so that a writer never waits long, and stops with the
        first after `patience_seconds`: the rest goes the next time. An entry of a process that is still alive comes
        back with its next sign of life. Of measurements the newest
        `records.MEASUREMENTS_KEPT` stay, however few requests there are.
        """

    @abstractmethod
    def purge(self) -> int:
        """Drop every entry and return how many there were. Positions go on from where they were."""

    @abstractmethod
    def close(self) -> None:
        """Let go of connections and files; a later call opens them again."""

    def complaint(self) -> str | None:
        """Say what goes wrong although no call fails, such as a server that throws entries away; None for nothing."""
        return None

    def check(self) -> list[CheckMessage]:
        """Try to write, and report what is wrong with this store's address or place, for Django's system checks."""
        return []
