"""Records of several files in the order of time, however many: they wait in a temporary file."""

import sqlite3
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from reqtrace.records import Finding, Mark, Measurement, Process, Record, Request, Thread
from reqtrace.stores.base import Item

_FARTHEST_NS = 2**62


class Merge:
    """Takes records in, then gives them out as a store takes them; a context manager."""

    def __init__(self) -> None:
        """Begin with none."""
        self._connection = sqlite3.connect("")
        self._connection.executescript(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
            "CREATE TABLE record (stage INTEGER, moment INTEGER, kind TEXT, key TEXT, payload BLOB)"
        )
        self.length = 0
        """How many are in."""

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self, type_: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Let go of the file."""
        self._connection.close()

    def take(self, record: Record) -> None:
        """Take a record in."""
        item = Item.of(record)
        stage, moment = _moment(record)
        moment = max(-_FARTHEST_NS, min(moment, _FARTHEST_NS))
        self._connection.execute(
            "INSERT INTO record VALUES (?, ?, ?, ?, ?)", (stage, moment, item.kind, item.key, item.payload)
        )
        self.length += 1

    def items(self) -> Iterator[Item]:
        """Yield what there is; what is needed to understand a record stands before it."""
        self._connection.execute("CREATE INDEX by_moment ON record (stage, moment)")
        for row in self._connection.execute("SELECT kind, key, payload FROM record ORDER BY stage, moment, rowid"):
            yield Item(*row)


def _moment(record: Record) -> tuple[int, int]:
    """Return where a record belongs in the line: what it needs to be understood stands before it."""
    match record:
        case Process():
            return 0, record.started_ns
        case Thread():
            return 1, record.seen_ns
        case Request():
            return 2, record.start_ns + record.duration_ns
        case Finding():
            return 3, 0
        case Mark():
            return 4, record.at_ns
        case Measurement():
            return 5, record.measured_ns
