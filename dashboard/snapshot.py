"""What a browser is told first, and how much goes into one message."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from reqtrace.reading.reader import Reader
from reqtrace.records import Record, RecordKind, Thread
from reqtrace.stores.base import Entry

from .protocol import Older, Records

NEWEST: dict[RecordKind, int] = {
    "mark": 5_000,
    "process": 5_000,
    "thread": 5_000,
    "finding": 1_000,
    "request": 5_000,
    "measurement": 5_000,
}
"""How many of each kind, in the order in which they are sent: marks before findings, lest a page look bad for a moment,
and findings before requests, lest it look clean. Charts can wait."""
THREADS_SEEN = 20_000
"""How many threads are looked at. Where each request has a thread of its own, those would crowd out the others, which
are what the page is about: of the older ones only those that served several requests are sent."""
RESUME_LIMIT = 10_000
"""A browser that is further behind starts afresh, which costs less."""
MESSAGE_BYTES = 512 * 1024
"""How much goes into one message. Daphne refuses to send more than 1 MiB: its limit for what it receives."""


def state_at(reader: Reader, position: int) -> list[Entry]:
    """Return the newest entries that stand at or in front of `position`, oldest first within each kind.

    A record that was written again behind it is left out: its newest state comes with what follows the position.
    """
    entries: list[Entry] = []
    for kind, limit in NEWEST.items():
        if kind == "thread":
            entries += reversed(_threads_at(reader, position, limit))
        else:
            entries += reversed(reader.store.read_back(position + 1, limit, (kind,)))
    return entries


def _threads_at(reader: Reader, position: int, limit: int) -> list[Entry]:
    """Return the newest threads, newest first, and of older ones those that served several requests."""
    entries = reader.store.read_back(position + 1, THREADS_SEEN, ("thread",))
    return entries[:limit] + [entry for entry in entries[limit:] if _is_shared(reader.decode(entry))]


def _is_shared(record: Record | None) -> bool:
    return isinstance(record, Thread) and record.sharing != "exclusive"


def older_than(entries: Iterable[Entry]) -> Older:
    """Return where the lists go on behind a state: of those that did not go into it whole."""
    positions: dict[RecordKind, list[int]] = {"request": [], "finding": []}
    for entry in entries:
        if entry.kind in positions:
            positions[entry.kind].append(entry.position)
    cursors = {kind: str(min(of)) for kind, of in positions.items() if len(of) == NEWEST[kind]}
    return Older(requests=cursors.get("request"), findings=cursors.get("finding"))


def changes_between(reader: Reader, after: int, position: int) -> list[Entry] | None:
    """Return all that was written behind `after`, up to `position`; None when some of it is gone, or it is much."""
    oldest, newest = reader.store.bounds()
    if not oldest <= after <= min(position, newest):
        return None
    entries = reader.store.read(after, RESUME_LIMIT + 1)
    if len(entries) > RESUME_LIMIT:
        return None
    return [entry for entry in entries if entry.position <= position]


def portions(entries: Sequence[Entry]) -> Iterator[Sequence[Entry]]:
    """Cut entries, in their order, into portions for one message each; at least one, which may be empty."""
    begin = size = 0
    for index, entry in enumerate(entries):
        size += len(entry.payload)
        if size > MESSAGE_BYTES and index > begin:
            yield entries[begin:index]
            begin, size = index, len(entry.payload)
    yield entries[begin:]


def records_of(entries: Iterable[Entry], reader: Reader) -> Records:
    """Return what entries hold, in their order; the reader counts those that hold nothing it could read."""
    records = Records()
    lists: dict[RecordKind, list[Any]] = {
        "process": records.processes,
        "thread": records.threads,
        "request": records.requests,
        "finding": records.findings,
        "mark": records.marks,
        "measurement": records.measurements,
    }
    for entry in entries:
        record = reader.packed(entry) if entry.kind == "request" else reader.decode(entry)
        if record is not None:
            lists[entry.kind].append(record)
    return records
