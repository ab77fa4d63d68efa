"""A store in Redis that all processes of all hosts write and read."""

import os
import uuid
from collections.abc import Sequence
from time import monotonic
from typing import Any

from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as CheckWarning

from reqtrace.exceptions import StoreError, StoreUnavailable
from reqtrace.records import LASTING, MEASUREMENTS_KEPT, RecordKind
from reqtrace.stores.base import Entry, Item, Store
from reqtrace.stores.clock import MARKS
from reqtrace.stores.redis_address import RedisAddress
from reqtrace.stores.redis_scripts import AGED, APPEND, DROP, EXCESS, FORGET, GET, SEARCH
from reqtrace.stores.redis_search import SCRIPT_COLUMNS, blocks, column_of, values_of
from reqtrace.stores.summaries import END, Found, Sought, Stretch, digest_of, search, stretches

try:
    from reqtrace.stores.redis_link import Link
except ImportError as error:
    raise ImportError(f'{error}: pip install "django-reqtrace[redis]"', name=error.name) from error

_KINDS: tuple[RecordKind, ...] = ("process", "thread", "finding", "request", "mark", "measurement")
_STEP = 1_000
_KEEP = "Give it maxmemory-policy noeviction or volatile-lru, or traces a server of their own."


class RedisStreamStore(Store):
    """Keeps the line in one stream per kind, and beside each a hash that says where a key stands.

    A position is the first half of an entry's id in its stream. Positions are counted in the script that writes the
    batch: Redis runs one script at a time, so they grow in the order in which batches become visible. What is to be
    seen as it was at one moment is read in one transaction.

    When the connection breaks before the answer has come, nobody knows whether the batch was written. Writing it once
    more is then safe: its records move to the end of the line, where followers see the same state a second time.
    """

    def __init__(self, url: str) -> None:
        """Take ``redis://[user:password@]host:port/db?prefix=...``, ``rediss://`` or ``unix:///path?db=...``."""
        address = RedisAddress(url)
        super().__init__(address.shown)
        self._counter = f"{address.prefix}:last"
        self._streams: dict[RecordKind, str] = {kind: f"{address.prefix}:{kind}" for kind in _KINDS}
        self._hashes: dict[RecordKind, str] = {kind: f"{address.prefix}:{kind}:keys" for kind in _KINDS}
        self._summary = f"{address.prefix}:summary"
        self._summaries = {column: f"{address.prefix}:summary:{column}" for column in SCRIPT_COLUMNS}
        self._keys = [
            *(self._counter, *self._streams.values(), *self._hashes.values()),
            *(self._summary, *self._summaries.values()),
        ]
        passing = [kind for kind in _KINDS if kind not in LASTING]
        self._passing_streams = [self._streams[kind] for kind in passing]
        self._passing_keys = [*self._passing_streams, *(self._hashes[kind] for kind in passing)]
        self._measurement_keys = [self._streams["measurement"], self._hashes["measurement"]]
        self._prefix = address.prefix
        self._clock = f"{address.prefix}:clock"
        self._begin_writing()
        self._evicted: int | None = None
        # Two connections, so that reading never waits for this process's turn to write.
        self._writer = Link(address, lambda: self.patience_seconds)
        self._reader = Link(address, lambda: self.patience_seconds)

    @property
    def shown(self) -> str:
        """The address without user and password."""
        return self.url

    def append(self, items: Sequence[Item]) -> None:
        """Write all items in one script."""
        if items:
            numbers = {kind: number for number, kind in enumerate(_KINDS, 1)}
            values = [value for item in items for value in (numbers[item.kind], item.key, item.payload)]
            values += values_of(digest_of(items))
            with self._writer as client:
                if self._pid != os.getpid():
                    self._begin_writing()
                self._turn += 1
                client.register_script(APPEND)([*self._keys, self._turns], [*values, self._turn])

    def read(self, after: int, limit: int, kinds: Sequence[RecordKind] | None = None) -> list[Entry]:
        """Return up to `limit` entries behind `after`."""
        return self._entries("XRANGE", (f"{after + 1}-0", "+"), limit, kinds)

    def read_back(self, before: int | None, limit: int, kinds: Sequence[RecordKind] | None = None) -> list[Entry]:
        """Return up to `limit` entries in front of `before`, newest first."""
        return self._entries("XREVRANGE", ("+" if before is None else f"{max(before - 1, 0)}-0", "-"), limit, kinds)

    def get(self, kind: RecordKind, key: str) -> Entry | None:
        """Return the entry with that key, or None."""
        with self._reader as client:
            row = client.register_script(GET)([self._streams[kind], self._hashes[kind]], [key])
        if row is None:
            return None
        id_, (_, _, _, payload) = row
        return Entry(_position(id_), kind, key, payload)

    def search(self, sought: Sought, before: int | None, limit: int, most: int) -> Found:
        """Return requests that may be what is sought, and leave out what the summaries tell."""
        before = END if before is None else before
        full = self._summaries[column_of(sought)]
        places = stretches(blocks(self._ask, self._summary, full, sought, before), before)

        def read(stretch: Stretch, count: int) -> list[Entry]:
            command = ("XREVRANGE", self._streams[sought.kind], f"{stretch.before - 1}-0", f"{stretch.after + 1}-0")
            return [_found(sought.kind, row) for row in self._ask((*command, "COUNT", count))]

        def read_sought(stretch: Stretch, count: int) -> list[Entry]:
            ends = f"{stretch.before - 1}-0", f"{stretch.after + 1}-0"
            with self._reader as client:
                rows = client.register_script(SEARCH)([self._streams[sought.kind]], [*ends, count, *sought.payload])
            return [_found(sought.kind, row) for row in rows]

        return search(places, read, read_sought, sought, limit=limit, most=most)

    def bounds(self) -> tuple[int, int]:
        """Return the positions of the oldest entry and of the newest write; of an emptied store, the latter twice."""
        with self._reader as client, client.pipeline() as transaction:
            transaction.get(self._counter)
            for stream in self._passing_streams:
                transaction.xrange(stream, count=1)
            last, *rows = transaction.execute()
            newest = _position(last or b"0")
            return min((_position(row[0][0]) for row in rows if row), default=newest), newest

    def trim(self, retain: int, seconds: float | None = None) -> int:
        """Drop what lies before the newest `retain` requests, a thousand of each kind per script."""
        dropped = 0
        until = monotonic() + self.patience_seconds
        while monotonic() < until and (cut := self._excess("request", retain)):
            dropped += self._drop_up_to(cut, self._passing_keys, until)
        if seconds is not None:
            with self._writer as client:
                aged = client.register_script(AGED)([self._counter, self._clock], [seconds, MARKS])
            dropped += self._drop_up_to(_position(aged), self._passing_keys, until)
        while monotonic() < until and (cut := self._excess("measurement", MEASUREMENTS_KEPT)):
            dropped += self._drop_up_to(cut, self._measurement_keys, until)
        return dropped

    def purge(self) -> int:
        """Drop every entry."""
        with self._writer as client, client.pipeline() as transaction:
            for stream in self._streams.values():
                transaction.xlen(stream)
            transaction.unlink(*self._keys[1:], self._clock)  # but for the counter
            *counts, _ = transaction.execute()
        return sum(counts)

    def close(self) -> None:
        """Close both connections."""
        self._writer.close()
        self._reader.close()

    def complaint(self) -> str | None:
        """Say that the server has thrown keys away to make room, each of which is all there is of a kind of records."""
        with self._reader as client:
            policy = client.info("memory")["maxmemory_policy"]
            evicted = int(client.info("stats")["evicted_keys"])
        before, self._evicted = self._evicted, evicted
        if before is None or evicted <= before or not policy.startswith("allkeys"):
            return None
        return (
            f"{self.url} throws keys away to make room ({evicted - before} of late), and each of reqtrace's holds all "
            f"records of a kind: traces are lost. {_KEEP}"
        )

    def check(self) -> list[CheckMessage]:
        """Report what is not ours, lets nobody in or is not to be written to (E003), and warn of what may pass (W002).

        Warn as well of a server that throws keys away when its memory is full (W006).
        """
        try:
            self.bounds()
            with self._writer as client:
                client.set(f"{self._prefix}:check", b"", ex=60)
                client.delete(f"{self._prefix}:check")
                memory = client.info("memory")
        except StoreUnavailable as error:
            hint = "Start it, or mend REQTRACE['STORE']; until then records wait in each process, up to BUFFER."
            return [CheckWarning(str(error), hint=hint, id="reqtrace.W002")]
        except StoreError as error:
            hint = "Mend REQTRACE['STORE']; ?prefix=... keeps reqtrace's keys apart from others."
            return [Error(str(error), hint=hint, id="reqtrace.E003")]
        policy = str(memory.get("maxmemory_policy", ""))
        if int(memory.get("maxmemory", 0)) and policy.startswith("allkeys"):
            text = f"{self.url} throws any keys away once its memory is full (maxmemory-policy {policy}), traces too."
            return [CheckWarning(text, hint=_KEEP, id="reqtrace.W006")]
        return []

    def _begin_writing(self) -> None:
        """Write under a name of this process's own, by which the server tells what comes late."""
        self._pid = os.getpid()
        self._turns = f"{self._prefix}:writer:{uuid.uuid4().hex}"
        self._turn = 0

    def _entries(
        self, command: str, stretch: tuple[str, str], limit: int, kinds: Sequence[RecordKind] | None
    ) -> list[Entry]:
        wanted = [kind for kind in _KINDS if kinds is None or kind in kinds]
        if not wanted or limit < 1:
            return []
        with self._reader as client, client.pipeline(transaction=len(wanted) > 1) as transaction:
            for kind in wanted:
                transaction.execute_command(command, self._streams[kind], *stretch, "COUNT", limit)  # type: ignore[no-untyped-call]
            answers = transaction.execute()
            found = [
                Entry(_position(id_), kind, fields[b"key"].decode(), fields[b"payload"])
                for kind, rows in zip(wanted, answers, strict=True)
                for id_, fields in rows
            ]
        found.sort(key=lambda entry: entry.position, reverse=command == "XREVRANGE")
        return found[:limit]

    def _excess(self, kind: RecordKind, retain: int) -> int:
        """Return the position of the newest of a kind that is too much; a step's worth at most, 0 for none."""
        with self._writer as client:
            id_ = client.register_script(EXCESS)([self._streams[kind]], [retain, _STEP])
        return _position(id_ or b"0")

    def _drop_up_to(self, position: int, keys: Sequence[str], until: float) -> int:
        dropped = 0
        while True:
            with self._writer as client:
                step = int(client.register_script(DROP)(keys, [f"{position}-0", _STEP]))
            dropped += step
            if step < _STEP:
                break
            if monotonic() >= until:
                return dropped
        if keys is self._passing_keys:
            with self._writer as client:
                client.register_script(FORGET)(list(self._summaries.values()), [f"{position}-0"])
        return dropped

    def _ask(self, command: Sequence[Any]) -> Any:
        with self._reader as client, client.pipeline(transaction=False) as pipeline:
            # In a pipeline, since redis-py makes other things of what it recognizes.
            pipeline.execute_command(*command)  # type: ignore[no-untyped-call]
            return pipeline.execute()[0]


def _found(kind: RecordKind, row: Any) -> Entry:
    id_, fields = row
    key, payload = (fields[1], fields[3]) if isinstance(fields, list) else (fields[b"key"], fields[b"payload"])
    return Entry(_position(id_), kind, key.decode(), payload)


def _position(id_: bytes) -> int:
    return int(id_.partition(b"-")[0])
