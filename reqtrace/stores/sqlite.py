"""A store in one SQLite file that all processes of a machine write and read."""

import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as CheckWarning

from reqtrace.exceptions import StoreError, StoreUnavailable
from reqtrace.records import LASTING, MEASUREMENTS_KEPT, RecordKind
from reqtrace.stores.base import Entry, Item, Store
from reqtrace.stores.clock import cut_of, is_due
from reqtrace.stores.sqlite_file import identity_of, problem_with
from reqtrace.stores.sqlite_link import Link
from reqtrace.stores.sqlite_search import arrival_of, blocks
from reqtrace.stores.summaries import END, Found, Sought, Stretch, digest_of, search, stretches

_PREFIX = "sqlite:///"
_CODES: dict[RecordKind, int] = {"process": 1, "thread": 2, "finding": 3, "request": 4, "mark": 5, "measurement": 6}
_KINDS: dict[int, RecordKind] = {code: kind for kind, code in _CODES.items()}
_PASSING = f"kind NOT IN ({', '.join(str(_CODES[kind]) for kind in LASTING)})"
_MEASUREMENTS = f"kind = {_CODES['measurement']}"
_STEP = 1_000

_ROWS_MAX = 128
_ITEMS_MAX = _ROWS_MAX - 1
"""The last row is that of their digest."""
_INSERTS = {
    rows: f"INSERT INTO arrival (kind, key, payload) VALUES {', '.join(['(?, ?, ?)'] * rows)}"  # noqa: S608  constants
    for rows in (1, 2, 4, 8, 16, 32, 64, _ROWS_MAX)
}
"""Statements by how many rows they take. `executemany` would be one for each row."""
_COLUMNS = "SELECT position, kind, key, payload FROM entry"
_FORWARD = "position > ? ORDER BY position ASC LIMIT ?"
_BACKWARD = "position < ? ORDER BY position DESC LIMIT ?"


class SqliteStore(Store):
    """Keeps the line in a table whose key is the position.

    Positions are counted in a table of their own, within the transaction that uses them: they grow in the order of
    the commits, and are not handed out again when the newest entry is replaced or everything is purged.
    """

    def __init__(self, url: str) -> None:
        """Take ``sqlite:///relative`` or ``sqlite:////absolute/path``; relative is to the working directory of now."""
        super().__init__(url)
        path = url.removeprefix(_PREFIX)
        if not url.startswith(_PREFIX) or path.endswith("/") or not path:
            raise StoreError("STORE names no file; it takes sqlite:///relative/path or sqlite:////absolute/path.")
        self.path = Path(path).absolute()
        # Two connections, so that reading never waits for this process's turn to write.
        self._writer = Link(self.path, writes=True)
        self._reader = Link(self.path, writes=False)

    @property
    def shown(self) -> str:
        """The address: of a file, everything is a place."""
        return f"{_PREFIX}{self.path}"

    def append(self, items: Sequence[Item]) -> None:
        """Write all items in one transaction."""
        if not items:
            return
        insertions = [_insertion(items[first : first + _ITEMS_MAX]) for first in range(0, len(items), _ITEMS_MAX)]

        def insert(connection: sqlite3.Connection) -> None:
            if len(insertions) == 1:
                connection.execute(*insertions[0])
                return
            connection.execute("BEGIN IMMEDIATE")
            for insertion in insertions:
                connection.execute(*insertion)
            connection.execute("COMMIT")

        self._writer.do(insert, self.patience_seconds)

    def read(self, after: int, limit: int, kinds: Sequence[RecordKind] | None = None) -> list[Entry]:
        """Return up to `limit` entries behind `after`."""
        return self._entries(_FORWARD, after, limit, kinds)

    def read_back(self, before: int | None, limit: int, kinds: Sequence[RecordKind] | None = None) -> list[Entry]:
        """Return up to `limit` entries in front of `before`, newest first."""
        return self._entries(_BACKWARD, END if before is None else before, limit, kinds)

    def get(self, kind: RecordKind, key: str) -> Entry | None:
        """Return the entry with that key, or None."""
        rows = self._rows(f"{_COLUMNS} WHERE kind = ? AND key = ?", (_CODES[kind], key))
        return _entry(rows[0]) if rows else None

    def search(self, sought: Sought, before: int | None, limit: int, most: int) -> Found:
        """Return requests that may be what is sought, and leave out what the summaries tell."""
        if not self._rows("SELECT 1 FROM sqlite_master WHERE name = 'summary'"):  # nothing was written since before
            return super().search(sought, before, limit, most)
        before = END if before is None else before
        places = stretches(blocks(self._rows, sought, before), before)
        return search(
            places,
            self._passing(sought.kind),
            self._passing(sought.kind, sought.payload),
            sought,
            limit=limit,
            most=most,
        )

    def bounds(self) -> tuple[int, int]:
        """Return the positions of the oldest entry and of the newest write; of an emptied store, the latter twice."""
        oldest = f"SELECT position FROM entry WHERE {_PASSING} ORDER BY position LIMIT 1"  # noqa: S608  of constants
        rows = self._rows(f"SELECT coalesce(({oldest}), last), last FROM line")  # noqa: S608
        return rows[0] if rows else (0, 0)

    def trim(self, retain: int, seconds: float | None = None) -> int:
        """Drop what lies before the newest `retain` requests, a thousand entries per transaction."""
        removed = 0
        until = time.monotonic() + self.patience_seconds
        oldest, newest = self.bounds()
        if newest - oldest >= retain:
            removed += self._drop_up_to(self._newest_but("request", retain), until)
        if newest - oldest >= MEASUREMENTS_KEPT:
            removed += self._drop_up_to(self._newest_but("measurement", MEASUREMENTS_KEPT), until, _MEASUREMENTS)
        if seconds is not None and newest:
            aged = self._writer.do(lambda link: _aged(link, seconds), self.patience_seconds)
            removed += self._drop_up_to(aged, until)
        return removed

    def purge(self) -> int:
        """Drop every entry, and give the disk its space back."""
        if not self._rows("SELECT last FROM line"):
            return 0

        def empty(connection: sqlite3.Connection) -> int:
            connection.execute("BEGIN IMMEDIATE")
            (count,) = connection.execute("SELECT count(*) FROM entry").fetchone()
            connection.execute("DELETE FROM entry")
            connection.execute("DELETE FROM summary")
            connection.execute("COMMIT")
            with suppress(sqlite3.OperationalError):  # others are at work: the space is used again instead
                connection.execute("VACUUM")
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            return int(count)

        return self._writer.do(empty, self.patience_seconds)

    def close(self) -> None:
        """Close both connections."""
        self._writer.close()
        self._reader.close()

    def check(self) -> list[CheckMessage]:
        """Report a file that is not ours and a place that cannot be written (E003); warn of what may pass (W002)."""
        problem = problem_with(self.path)
        if problem is None and identity_of(self.path) is not None:
            try:  # to take a position, of which there are enough
                self._writer.do(lambda link: link.execute("UPDATE line SET last = last + 1"), self.patience_seconds)
            except StoreUnavailable as error:
                hint = "Until it passes records wait in each process, up to BUFFER."
                return [CheckWarning(str(error), hint=hint, id="reqtrace.W002")]
            except StoreError as error:
                problem = str(error)
        if problem is None:
            return []
        return [Error(problem, hint="Point REQTRACE['STORE'] at a place that this user can write.", id="reqtrace.E003")]

    def _rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Any]:
        """Return what a query finds; nothing where no file is, because reading does not make one."""
        try:
            return self._reader.do(lambda link: link.execute(sql, parameters).fetchall(), self.patience_seconds)
        except FileNotFoundError:
            return []

    def _entries(self, stretch: str, position: int, limit: int, kinds: Sequence[RecordKind] | None) -> list[Entry]:
        codes = set(_KINDS) if kinds is None else {_CODES[kind] for kind in kinds}
        if codes == set(_KINDS):
            return [_entry(row) for row in self._rows(f"{_COLUMNS} WHERE {stretch}", (position, limit))]
        # One walk along the index per kind: a rare kind is found at once among a hundred thousand requests.
        # In one statement, because followers rely on seeing all kinds as they were at one moment.
        walk = f"SELECT * FROM ({_COLUMNS} WHERE kind = ? AND {stretch})"  # noqa: S608  made of constants
        found: list[Any] = []
        if codes:
            parameters = [value for code in codes for value in (code, position, limit)]
            found = self._rows(" UNION ALL ".join([walk] * len(codes)), parameters)
            found.sort(reverse=stretch is _BACKWARD)
        return [_entry(row) for row in found[:limit]]

    def _passing(self, kind: RecordKind, needles: Sequence[bytes] = ()) -> Callable[[Stretch, int], list[Entry]]:
        """Return a function that reads the newest of a stretch that have all of these in their payload."""
        # A `+`: most of what lies there are requests, so that the line is followed and not the index by kinds.
        walked = "+kind" if kind == "request" else "kind"
        conditions = "AND instr(payload, ?) > 0 " * len(needles)
        stretch_of = f"{walked} = ? AND position > ? AND position < ? {conditions} ORDER BY position DESC LIMIT ?"

        def read(stretch: Stretch, limit: int) -> list[Entry]:
            parameters = (_CODES[kind], stretch.after, stretch.before, *needles, limit)
            return [_entry(row) for row in self._rows(f"{_COLUMNS} WHERE {stretch_of}", parameters)]

        return read

    def _newest_but(self, kind: RecordKind, count: int) -> int:
        """Return the position of the newest entry of a kind behind which so many follow; 0 where there are fewer."""
        rows = self._rows(
            "SELECT position FROM entry WHERE kind = ? ORDER BY position DESC LIMIT 1 OFFSET ?", (_CODES[kind], count)
        )
        return rows[0][0] if rows else 0

    def _drop_up_to(self, position: int, until: float, which: str = _PASSING) -> int:
        removed = 0
        sql = (
            "DELETE FROM entry WHERE position IN "  # noqa: S608  made of constants
            f"(SELECT position FROM entry WHERE position <= ? AND {which} ORDER BY position LIMIT ?)"
        )
        while position:
            step = self._writer.do(lambda link: link.execute(sql, (position, _STEP)).rowcount, self.patience_seconds)
            removed += step
            if step < _STEP:
                break
            if time.monotonic() >= until:
                return removed
        if which is _PASSING:
            drop = "DELETE FROM summary WHERE last <= ?"
            self._writer.do(lambda link: link.execute(drop, (position,)), self.patience_seconds)
        return removed


def _aged(connection: sqlite3.Connection, seconds: float) -> int:
    """Return the position up to which everything was written so long ago, and note how far the line is by now."""
    now = time.time()
    connection.execute("CREATE TABLE IF NOT EXISTS clock (position INTEGER PRIMARY KEY, at REAL NOT NULL)")
    marks = connection.execute("SELECT position, at FROM clock").fetchall()
    if is_due(marks, now, seconds):
        connection.execute("INSERT OR REPLACE INTO clock SELECT last, ? FROM line", (now,))
    cut = cut_of(marks, now - seconds)
    if cut:
        connection.execute("DELETE FROM clock WHERE position <= ?", (cut,))
    return cut


def _insertion(items: Sequence[Item]) -> tuple[str, list[Any]]:
    """Return the smallest statement that takes the items, and its parameters: theirs, the digest, and rows of NULL."""
    rows = 1 << len(items).bit_length()
    values: list[Any] = []
    for item in items:
        values += (_CODES[item.kind], item.key, item.payload)
    values += arrival_of(digest_of(items), len(items))
    values += [None] * (3 * (rows - 1 - len(items)))
    return _INSERTS[rows], values


def _entry(row: tuple[int, int, str, bytes]) -> Entry:
    position, code, key, payload = row
    return Entry(position, _KINDS[code], key, payload)
