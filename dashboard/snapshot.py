"""What a browser is told first, and how much goes into one message."""

from collections import Counter
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
STATE_BYTES = 4 * 1024 * 1024
"""How much of one kind goes into a state; the newest, and the lists go on from there."""
_STEP = 500
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
            entries += reversed(_newest(reader, position + 1, limit, kind))
    return entries


def _newest(reader: Reader, before: int, limit: int, kind: RecordKind) -> list[Entry]:
    """Return the newest entries of a kind, newest first: so many, and not more than `STATE_BYTES` of them."""
    found: list[Entry] = []
    size = 0
    while len(found) < limit:
        entries = reader.store.read_back(before, min(_STEP, limit - len(found)), (kind,))
        for entry in entries:
            size += len(entry.payload)
            if size > STATE_BYTES:
                return found
            found.append(entry)
        if len(entries) < _STEP:
            break
        before = entries[-1].position
    return found


def _threads_at(reader: Reader, position: int, limit: int) -> list[Entry]:
    """Return the newest threads, newest first, and of older ones those that served several requests."""
    entries = _newest(reader, position + 1, THREADS_SEEN, "thread")
    return entries[:limit] + [entry for entry in entries[limit:] if _is_shared(reader.decode(entry))]


def _is_shared(record: Record | None) -> bool:
    return isinstance(record, Thread) and record.sharing != "exclusive"


def older_than(entries: Iterable[Entry]) -> Older:
    """Return where the lists go on behind a state: of those that may not have gone into it whole."""
    positions: dict[RecordKind, list[int]] = {"request": [], "finding": []}
    sizes: Counter[RecordKind] = Counter()
    for entry in entries:
        if entry.kind in positions:
            positions[entry.kind].append(entry.position)
            sizes[entry.kind] += len(entry.payload)
    cursors = {
        kind: str(min(of))
        for kind, of in positions.items()
        if of and (len(of) == NEWEST[kind] or sizes[kind] > STATE_BYTES - MESSAGE_BYTES)
    }
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
    """Cut entries, in their order, into portions for one message each; at least one, which may be empty.

    An entry that is too large for any message, as no process of ours writes it, is left out.
    """
    entries = [entry for entry in entries if len(entry.payload) <= MESSAGE_BYTES]
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
