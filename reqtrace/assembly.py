"""Each request with its findings beside it, and in the order of their end: for formats that need this or both.

A store gives requests only about in that order, and findings after them. What is too much to hold waits in a
temporary file meanwhile, so memory stays the same however long the trace is.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import NamedTuple

import msgspec

from reqtrace.exporters.base import Source
from reqtrace.records import Finding, Request

_FARTHEST_NS = 2**62
"""In the year 2116. What claims to lie farther from 1970, as a file from elsewhere may, is put there."""

_TABLES = """
    PRAGMA journal_mode = OFF;
    PRAGMA synchronous = OFF;
    CREATE TABLE request (id TEXT PRIMARY KEY, start_ns INTEGER, end_ns INTEGER, until_ns INTEGER, payload BLOB);
    CREATE TABLE finding (number INTEGER PRIMARY KEY, request TEXT, writer TEXT, at_ns INTEGER, payload BLOB);
"""
# A request stays where it is until the last thing found about it has been drawn, which may be after its end.
_JOIN = """
    CREATE INDEX of_request ON finding (request);
    CREATE TABLE flow AS
        SELECT finding.number, writer.id AS writer FROM finding
        JOIN request ON request.id = finding.request
        JOIN request AS writer ON writer.id = finding.writer
        WHERE writer.id <> request.id AND writer.start_ns <= request.start_ns + finding.at_ns;
    CREATE INDEX of_writer ON flow (writer);
    CREATE INDEX of_finding ON flow (number);
    UPDATE request
        SET until_ns = max(end_ns, start_ns + (SELECT max(at_ns) FROM finding WHERE finding.request = request.id))
        WHERE id IN (SELECT request FROM finding);
    CREATE INDEX by_end ON request (until_ns);
"""
_WALK = """
    SELECT id, start_ns, end_ns, until_ns, payload,
        id IN (SELECT request FROM finding), id IN (SELECT writer FROM flow)
    FROM request ORDER BY until_ns, rowid
"""
_FINDINGS = """
    SELECT at_ns, payload, flow.number FROM finding LEFT JOIN flow ON flow.number = finding.number
    WHERE request = ? ORDER BY finding.number
"""
_FLOWS = "SELECT number FROM flow WHERE writer = ? ORDER BY number"

_encode = msgspec.json.Encoder().encode
_decode_request = msgspec.json.Decoder(Request).decode
_decode_finding = msgspec.json.Decoder(Finding).decode


class Placed(NamedTuple):
    """A finding and when it was."""

    finding: Finding
    at_ns: int
    """Unix time."""
    flow: int | None
    """The number of the flow that ends here, where it is known who wrote what was read."""


class Assembled(NamedTuple):
    """A request with all that is told of it."""

    request: Request
    start_ns: int
    """Unix time, as are the following."""
    end_ns: int
    """Not before its start."""
    until_ns: int
    """When the last thing about it was found, or its end."""
    findings: list[Placed]
    flows: list[int]
    """The flows that begin here: what this request wrote, and another one read."""


class Assembly:
    """A trace put together."""

    def __init__(self, source: Source, connection: sqlite3.Connection) -> None:
        """Take everything out of `source`."""
        self._connection = connection
        connection.executescript(_TABLES)
        connection.executemany(
            "INSERT OR REPLACE INTO request VALUES (?, ?, ?, ?, ?)", map(_request_row, source.requests())
        )
        connection.executemany("INSERT INTO finding VALUES (NULL, ?, ?, ?, ?)", map(_finding_row, source.findings()))
        connection.executescript(_JOIN)
        (start_ns,) = connection.execute("SELECT min(start_ns) FROM request").fetchone()
        self.start_ns: int = start_ns or 0
        """When the first request began; Unix time."""
        (self.homeless,) = connection.execute(
            "SELECT count(*) FROM finding WHERE request NOT IN (SELECT id FROM request)"
        ).fetchone()
        """Findings whose request is no longer there: nobody can say when they were."""

    def requests(self) -> Iterator[Assembled]:
        """Yield the requests by `until_ns`, in the same order each time."""
        fetch = self._connection.execute
        for id_, start_ns, end_ns, until_ns, payload, has_findings, has_flows in fetch(_WALK):
            findings, flows = [], []
            if has_findings:
                for at_ns, found, flow in fetch(_FINDINGS, (id_,)):
                    findings.append(Placed(_decode_finding(found), start_ns + at_ns, flow))
            if has_flows:
                flows = [number for (number,) in fetch(_FLOWS, (id_,))]
            yield Assembled(_decode_request(payload), start_ns, end_ns, until_ns, findings, flows)


@contextmanager
def assembled(source: Source) -> Iterator[Assembly]:
    """Put a trace together, and let go of its file in the end."""
    with _temporary_file() as connection:
        yield Assembly(source, connection)


def with_findings(source: Source) -> Iterator[tuple[Request, list[Finding]]]:
    """Yield the requests with their findings, in the order in which they come."""
    with _temporary_file() as connection:
        fetch = connection.execute
        fetch("CREATE TABLE finding (request TEXT, payload BLOB)")
        rows = ((finding.request, _encode(finding)) for finding in source.findings())
        is_clean = connection.executemany("INSERT INTO finding VALUES (?, ?)", rows).rowcount <= 0
        fetch("CREATE INDEX of_request ON finding (request)")
        for request in source.requests():
            if is_clean:
                yield request, []
            else:
                rows_of = fetch("SELECT payload FROM finding WHERE request = ? ORDER BY rowid", (request.id,))
                yield request, [_decode_finding(payload) for (payload,) in rows_of]


def _temporary_file() -> closing[sqlite3.Connection]:
    # A download runs on one thread at a time, and on many.
    return closing(sqlite3.connect("", check_same_thread=False))


def _request_row(request: Request) -> tuple[str, int, int, int, bytes]:
    start_ns = _within_reach(request.start_ns)
    end_ns = _within_reach(start_ns + max(0, request.duration_ns))
    return request.id, start_ns, end_ns, end_ns, _encode(request)


def _finding_row(finding: Finding) -> tuple[str, str | None, int, bytes]:
    writer = finding.writer.request if finding.writer is not None else None
    return finding.request, writer, max(0, min(finding.at_ns, 2**60)), _encode(finding)


def _within_reach(ns: int) -> int:
    return max(-_FARTHEST_NS, min(ns, _FARTHEST_NS))
