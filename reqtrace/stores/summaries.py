"""What is known of many requests at once, so that those that nobody asks for need not be read.

Next to the line, a store keeps a summary of each few hundred requests that follow one another: which people, paths and
words there are among them, and when they were. A summary may name what is no longer there, and never lacks what is. So
whoever searches reads the stretches of the line whose summary has what is sought, and those that have none: what a
writer of an earlier version has written.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple
from zlib import crc32

import msgspec

from reqtrace.records import Finding, Record, RecordKind, Request, User
from reqtrace.stores.packing import unpack

if TYPE_CHECKING:
    from reqtrace.stores.base import Entry, Item

END = 2**63 - 1
"""Behind every position."""
COLUMNS = ("people", "words", "paths")
"""What is listed of many requests at once, the shortest list first."""
BLOCK = 512
"""A summary that covers so many requests takes no more."""
BLOCK_BYTES = 64 * 1024
"""Nor does one that has grown so long."""

_encode = msgspec.json.encode
_UNRESOLVED = User()
_NEVER = 2**62
_DEPTH = 3
_FINDINGS_COST = 32
"""To look into a summarized stretch for findings, of which there are few, costs as much as so many requests."""
_PIECE = 500
"""How many requests are read at once where no summary says that it is worth it."""


class Sought(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of a request, as far as a summary or the bytes of its payload can tell; all of it must be there.

    Where it is, the request may be meant; where it is not, it cannot be. The same goes for findings.
    """

    kind: RecordKind = "request"
    """Requests, or findings; of these, only words can be asked."""
    words: tuple[bytes, ...] = ()
    people: tuple[bytes, ...] = ()
    paths: tuple[bytes, ...] = ()
    payload: tuple[bytes, ...] = ()
    since_ns: int | None = None
    until_ns: int | None = None
    longest_ns: int | None = None
    """Requests that took no longer."""
    shortest_ns: int | None = None
    """Requests that took no less."""

    def may_be(self, payload: bytes) -> bool:
        """Tell whether a record with this payload may be meant."""
        return all(part in payload for part in self.payload)


class Found(msgspec.Struct, frozen=True):
    """What a search came to."""

    entries: "list[Entry]"
    """What may be meant, newest first."""
    before: int | None
    """Where to go on: everything from here on was looked at; None when that is all there is."""
    looked: int
    """How many requests were read for it, or passed over one by one."""


class Stretch(NamedTuple):
    """A part of the line that may hold what is sought."""

    after: int
    before: int
    """Both ends are exclusive."""
    requests: int | None
    """How many its summary covers; None where it has no summary."""


class Digest(msgspec.Struct):
    """A summary of what is written at once."""

    requests: int = 0
    begun_ns: int = _NEVER
    """When the first of them began."""
    ended_ns: int = 0
    """When the last of them ended."""
    shortest_ns: int = _NEVER
    longest_ns: int = 0
    words: bytes = b""
    """JSON strings, each behind a letter that says what it is, with a comma behind it."""
    people: bytes = b""
    """Checksums, also of sessions and of the folders of paths: these are many, and nobody asks for a part of one."""
    paths: bytes = b""
    """As `words`, without a letter."""


def digest_of(items: "Iterable[Item]") -> Digest:
    """Summarize what is about to be written."""
    records = [item.record or _record_of(item) for item in items if item.kind in ("request", "finding")]
    requests = [record for record in records if isinstance(record, Request)]
    found = {(record.kind, record.level) for record in records if isinstance(record, Finding)}
    digest = _digest_of_requests(requests) if requests else Digest()
    digest.words += _column(*(("k", {kind}) for kind, _ in found), *(("l", {level}) for _, level in found))
    return digest


def _digest_of_requests(requests: list[Request]) -> Digest:
    # A set of shapes first: among so many requests there are few.
    shapes = {
        (one.method, one.status, one.thread_serial, one.route, one.view, one.process, one.pid) for one in requests
    }
    methods, statuses, threads, routes, views, processes, pids = map(set, zip(*shapes, strict=True))
    threads |= {hop.thread_serial for one in requests for hop in one.hops or ()}
    people = {person("u", name) for name in _names_of({one.user for one in requests})}
    people |= {person("x", key) for key in {one.session for one in requests} if key is not None}
    paths = {one.path for one in requests}
    lengths = [one.duration_ns for one in requests]
    return Digest(
        requests=len(requests),
        begun_ns=min(one.start_ns for one in requests),
        ended_ns=max(_NEVER if one.outcome == "open" else one.start_ns + one.duration_ns for one in requests),
        shortest_ns=min(lengths),
        longest_ns=max(lengths),
        words=_column(
            *(("m", methods), ("s", statuses), ("t", threads), ("r", routes), ("v", views), ("p", processes | pids)),
        ),
        people=b"".join(sorted(people | {mark for path in paths for mark in folders(path)})),
        paths=_column(("", paths)),
    )


def whole(kind: str, text: object) -> bytes:
    """Return what a column holds where this is among what it lists."""
    return _encode(f"{kind}{text}")


def person(kind: str, text: object) -> bytes:
    """Return what the column of people holds where this is among them."""
    return crc32(f"{kind}{text}".encode()).to_bytes(4)


def folders(path: str) -> list[bytes]:
    """Return what the column of people holds for the folders in which a path lies, down to the third."""
    marks, end = [], 0
    for _ in range(_DEPTH):
        end = path.find("/", end + 1)
        if end < 0:
            break
        marks.append(person("/", path[: end + 1]))
    return marks


def beginning(kind: str, text: str) -> bytes:
    """Return what a column holds where something that begins like this is among what it lists."""
    return whole(kind, text)[:-1]


def part(text: str) -> bytes:
    """Return what a column holds where this is a part of what it lists."""
    return whole("", text)[1:-1]


def _column(*lists: tuple[str, Iterable[object]]) -> bytes:
    return b"".join(whole(kind, value) + b"," for kind, values in lists for value in sorted(map(str, values)))


def _names_of(users: Iterable[User | None]) -> set[object]:
    names: set[object] = set()
    for user in users:
        known = user or _UNRESOLVED
        names |= {known.id, known.label, None if known.state == "authenticated" else known.state}
    return names - {None}


def _record_of(item: "Item") -> Record | None:
    try:
        return unpack(item.kind, item.payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, TypeError):
        return None


class Block(NamedTuple):
    """What a summary says of the part of the line that it covers, both ends included."""

    first: int
    last: int
    requests: int
    may_be: bool
    """Whether what is sought may be there."""


def stretches(blocks: Iterable[Block], before: int) -> Iterator[Stretch]:
    """Yield, newest first, the stretches in front of a position in which something may be; `blocks` come so, too."""
    for block in blocks:
        if block.first >= before:
            continue
        if block.last + 1 < before:
            yield Stretch(block.last, before, None)
        if block.may_be:
            yield Stretch(block.first - 1, min(block.last + 1, before), block.requests)
        before = block.first
    yield Stretch(0, before, None)


Read = Callable[[Stretch, int], "list[Entry]"]


def search(
    stretches: Iterable[Stretch], read: Read, read_sought: Read, sought: Sought, *, limit: int, most: int
) -> Found:
    """Search stretches, newest first, until `limit` entries were found or `most` were looked at.

    Args:
        stretches: where something may be.
        read: returns the newest requests of a stretch, up to a number of them.
        read_sought: returns those of them alone that may be meant, by their payload.
        sought: what is asked.
        limit: how many entries to return.
        most: how many requests to look at; the last stretch is finished.

    """
    found: list[Entry] = []
    looked = 0
    for stretch in stretches:
        if stretch.requests is not None:
            found += read_sought(stretch, limit - len(found))
            looked += stretch.requests if sought.kind == "request" else _FINDINGS_COST
            end = stretch.after + 1
        else:
            end = stretch.before
            while end > stretch.after + 1 and looked < most and len(found) < limit:
                entries = read(stretch._replace(before=end), _PIECE)
                looked += len(entries)
                end = entries[-1].position if len(entries) == _PIECE else stretch.after + 1
                found += (entry for entry in entries if sought.may_be(entry.payload))
        if len(found) >= limit:
            return Found(found[:limit], found[limit - 1].position, looked)
        if looked >= most:
            return Found(found, end if end > 1 else None, looked)
    return Found(found, None, looked)
