"""Each request with its findings beside it, and in the order of their end: for formats that need this or both.

A store gives requests only about in that order, and findings after them. What is too much to hold waits in a
temporary file meanwhile, so memory stays the same however long the trace is.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any, NamedTuple

import msgspec

from reqtrace.exporters.base import Source, Watch
from reqtrace.exporters.lanes import Slots, Stay, stays_of
from reqtrace.records import Finding, Request

_FARTHEST_NS = 2**62
"""In the year 2116. What claims to lie farther from 1970, as a file from elsewhere may, is put there."""
_BATCH = 100
_HEARTBEAT = 100_000
"""Steps of SQLite's machine between two signs of life: some milliseconds."""

# Rows are written once and read once, in about the same order: the larger its pages, the less there is to do.
_TABLES = """
    PRAGMA journal_mode = OFF;
    PRAGMA synchronous = OFF;
    PRAGMA page_size = 16384;
    CREATE TABLE request (
        id TEXT PRIMARY KEY, process TEXT, start_ns INTEGER, end_ns INTEGER, until_ns INTEGER, stays BLOB, payload BLOB,
        is_job INTEGER, parent TEXT, sent_ns INTEGER, is_told INTEGER DEFAULT 0
    );
    CREATE TABLE finding (number INTEGER PRIMARY KEY, request TEXT, writer TEXT, at_ns INTEGER, payload BLOB);
"""
_REQUEST = """
    INSERT OR REPLACE INTO request (id, process, start_ns, end_ns, until_ns, stays, payload, is_job, parent, sent_ns)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_FINDING = "INSERT INTO finding (request, writer, at_ns, payload) VALUES (?, ?, ?, ?)"
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
    -- An arrow that ends where it begins is none.
    CREATE TABLE sending AS
        SELECT job.id AS job, sender.id AS sender,
            max(sender.start_ns, min(job.sent_ns, sender.end_ns, job.start_ns - 1)) AS at_ns,
            job.rowid + (SELECT count(*) FROM finding) AS number
        FROM request AS job JOIN request AS sender ON sender.id = job.parent
        WHERE job.sent_ns IS NOT NULL AND sender.start_ns <= job.start_ns;
    CREATE INDEX of_sender ON sending (sender);
    CREATE INDEX of_job ON sending (job);
    UPDATE request SET is_told = 1 WHERE id IN (SELECT sender FROM sending UNION SELECT job FROM sending);
    UPDATE request SET is_told = 1 WHERE id IN (SELECT writer FROM flow);
    UPDATE request
        SET is_told = 1,
            until_ns = max(end_ns, start_ns + (SELECT max(at_ns) FROM finding WHERE finding.request = request.id))
        WHERE id IN (SELECT request FROM finding);
    CREATE INDEX by_end ON request (until_ns);
"""
_STAYS = "SELECT process, is_job, until_ns, stays FROM request ORDER BY until_ns, rowid"
_WALK = """
    SELECT id, process, is_job, start_ns, end_ns, until_ns, stays, payload, is_told
    FROM request ORDER BY until_ns, rowid
"""
_FINDINGS = """
    SELECT at_ns, payload, flow.number FROM finding LEFT JOIN flow ON flow.number = finding.number
    WHERE request = ? ORDER BY finding.number
"""
_SENDINGS = "SELECT number, at_ns FROM sending WHERE sender = ? ORDER BY number"
_SENDING = "SELECT number FROM sending WHERE job = ?"
_FLOWS = "SELECT number FROM flow WHERE writer = ? ORDER BY number"
_FINDINGS_OF = "SELECT payload FROM finding WHERE request = ? ORDER BY rowid"
_HOMELESS = "FROM finding WHERE request NOT IN (SELECT id FROM request)"


class _Held(Request, array_like=True, gc=False):
    """A request without the names of its fields, which take more room than what they name."""


_encode = msgspec.json.Encoder().encode
_values = msgspec.structs.astuple
_decode_request = msgspec.json.Decoder(_Held).decode
_decode_finding = msgspec.json.Decoder(Finding).decode
_decode_stays = msgspec.json.Decoder(list[Stay]).decode

ThreadKey = tuple[str, int]
"""Process, and the thread's serial in it."""
LaneKey = tuple[str, int, bool]
"""The same, and whether it is the thread's lane for jobs: those stand apart from requests."""


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
    """Unix time."""
    end_ns: int
    """Unix time, not before its start."""
    slots: dict[int, int]
    """The slot that it takes on each thread that it was on, by the thread's serial."""
    findings: list[Placed]
    flows: list[int]
    """The flows that begin here: what this request wrote, and another one read."""
    sendings: list[tuple[int, int]]
    """The flows to the jobs that it sent, each with when that was; Unix time."""
    sending: int | None
    """Of a job: the flow that ends here, where its sender is known."""


class Assembly:
    """A trace put together."""

    def __init__(self, source: Source, connection: sqlite3.Connection, watch: Watch) -> None:
        """Take everything out of `source`."""
        self._connection = connection
        self._watch = watch
        self.pids: dict[str, int] = {}
        """The pid of every process with a request, by the process's id."""
        self.names: dict[ThreadKey, tuple[str, int]] = {}
        """Name and native id of every thread on which a view ran."""
        connection.executescript(_TABLES)
        connection.executemany(_REQUEST, map(self._request_row, source.requests()))
        connection.executemany(_FINDING, map(_finding_row, source.findings()))
        connection.set_progress_handler(self._is_alive, _HEARTBEAT)
        connection.executescript(_JOIN)
        connection.set_progress_handler(None, 0)
        (self.length, start_ns) = connection.execute("SELECT count(*), min(start_ns) FROM request").fetchone()
        self.start_ns: int = start_ns if self.length else int(source.exported_at.timestamp()) * 10**9
        """When the first request began; Unix time."""
        (self.homeless,) = connection.execute(f"SELECT count(*) {_HOMELESS}").fetchone()
        """How many findings there are whose request is not: nobody can say when they were."""
        self.slots = self._counted()
        """How many slots each lane has."""

    def requests(self) -> Iterator[Assembled]:
        """Yield the requests in the order in which they let their slots go."""
        fetch, lanes = self._connection.execute, dict[LaneKey, Slots]()
        rows = self._watched("writing", fetch(_WALK))
        for id_, process, is_job, start_ns, end_ns, until_ns, stays, payload, is_told in rows:
            findings: list[Placed] = []
            flows, sendings, sending = [], [], None
            if is_told:
                for at_ns, found, flow in fetch(_FINDINGS, (id_,)):
                    findings.append(Placed(_decode_finding(found), start_ns + at_ns, flow))
                flows = [number for (number,) in fetch(_FLOWS, (id_,))]
                sendings = fetch(_SENDINGS, (id_,)).fetchall()
                (sending,) = fetch(_SENDING, (id_,)).fetchone() or (None,)
            slots = _take(lanes, process, bool(is_job), _decode_stays(stays), until_ns)
            yield Assembled(_decode_request(payload), start_ns, end_ns, slots, findings, flows, sendings, sending)

    def findings_alone(self) -> Iterator[Finding]:
        """Yield the findings whose request is not there."""
        for (found,) in self._connection.execute(f"SELECT payload {_HOMELESS} ORDER BY number"):
            yield _decode_finding(found)

    def _counted(self) -> dict[LaneKey, int]:
        lanes: dict[LaneKey, Slots] = {}
        for process, is_job, until_ns, stays in self._watched("laying out", self._connection.execute(_STAYS)):
            _take(lanes, process, bool(is_job), _decode_stays(stays), until_ns)
        return {key: len(slots) for key, slots in lanes.items()}

    def _watched(self, stage: str, rows: sqlite3.Cursor) -> Iterator[tuple[Any, ...]]:
        done = 0
        while batch := rows.fetchmany(_BATCH):
            yield from batch
            done += len(batch)
            self._watch(stage, done / self.length)

    def _is_alive(self) -> int:
        self._watch("putting in order", 0.5)
        return 0

    def _request_row(self, request: Request) -> tuple[object, ...]:
        self.pids[request.process] = request.pid
        self.names[request.process, request.thread_serial] = request.thread_name, request.native_thread_id
        start_ns = _within_reach(request.start_ns)
        end_ns = _within_reach(start_ns + max(0, request.duration_ns))
        stays = _encode(stays_of(request, start_ns, end_ns))
        sent_ns = None if request.sent_ns is None else _within_reach(request.sent_ns)
        of_job = request.protocol == "job", request.parent, sent_ns
        return request.id, request.process, start_ns, end_ns, end_ns, stays, _encode(_values(request)), *of_job


@contextmanager
def assembled(source: Source, watch: Watch) -> Iterator[Assembly]:
    """Put a trace together, and let go of its file in the end."""
    with _temporary_file() as connection:
        yield Assembly(source, connection, watch)


def with_findings(source: Source) -> Iterator[tuple[Request | None, list[Finding]]]:
    """Yield the requests with their findings, in the order in which they come; at last those whose request is gone."""
    with _temporary_file() as connection:
        fetch = connection.execute
        fetch("CREATE TABLE finding (request TEXT, payload BLOB)")
        rows = ((finding.request, _encode(finding)) for finding in source.findings())
        is_clean = connection.executemany("INSERT INTO finding VALUES (?, ?)", rows).rowcount <= 0
        fetch("CREATE INDEX of_request ON finding (request)")
        for request in source.requests():
            of_it = () if is_clean else fetch(_FINDINGS_OF, (request.id,)).fetchall()
            if of_it:
                fetch("DELETE FROM finding WHERE request = ?", (request.id,))
            yield request, [_decode_finding(payload) for (payload,) in of_it]
        for (payload,) in fetch("SELECT payload FROM finding ORDER BY rowid"):
            yield None, [_decode_finding(payload)]


def _temporary_file() -> closing[sqlite3.Connection]:
    # A download runs on one thread at a time, and on many.
    return closing(sqlite3.connect("", check_same_thread=False))


def _take(lanes: dict[LaneKey, Slots], process: str, is_job: bool, stays: list[Stay], until_ns: int) -> dict[int, int]:
    taken = {}
    for serial, since_ns in stays:
        slots = lanes.get((process, serial, is_job))
        if slots is None:
            slots = lanes[process, serial, is_job] = Slots()
        taken[serial] = slots.take(since_ns, until_ns)
    return taken


def _finding_row(finding: Finding) -> tuple[str, str | None, int, bytes]:
    writer = finding.writer.request if finding.writer is not None else None
    return finding.request, writer, max(0, min(finding.at_ns, 2**60)), _encode(finding)


def _within_reach(ns: int) -> int:
    return ns if -_FARTHEST_NS <= ns <= _FARTHEST_NS else max(-_FARTHEST_NS, min(ns, _FARTHEST_NS))
