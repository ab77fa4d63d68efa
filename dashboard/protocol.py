"""Every message that the socket and the API exchange with the browser; `static/src/protocol/` is its twin.

Records travel as in the trace JSON (`reqtrace.records`), but for the requests of the socket, of which there are many:
they are sent as they stand in the store. `tests/golden/protocol.json` holds one example of each message and is read by
the tests of both sides.
"""

from typing import Annotated, Literal

import msgspec

from reqtrace.records import Finding, Mark, Measurement, Process, Request, Thread

PROTOCOL_VERSION = 2
"""Grows when a page of before would misread what is sent: a page of another version asks to be loaded again."""

WINDOW = 16
"""How many `Hello` and `Batch` messages may be on their way to a browser that has not yet said `Seen`."""


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """What a person must know about the data's completeness."""

    store: Literal["ok", "unreachable"] = "ok"
    message: str = ""
    """What is wrong with the store and what to do, in plain words; empty when nothing is."""
    corrupt: int = 0
    """Entries of the store skipped because they could not be decoded, since this server began to follow it."""


class Records(msgspec.Struct, kw_only=True):
    """Records in the order in which they were written; one with a known key replaces the earlier one."""

    processes: list[Process] = []
    threads: list[Thread] = []
    requests: list[msgspec.Raw] = []
    """Packed (`reqtrace.stores.packing`), and without readings, which the details of one request have.

    Bare values in the order of the fields of `Request`; a field that is missing at the end has its default. Null as
    `user` is one who is unresolved, and as `hops` the one from the start on the thread of the view.
    """
    findings: list[Finding] = []
    marks: list[Mark] = []
    """What people said of groups; of one group, the last counts."""
    measurements: list[Measurement] = []


class Older(msgspec.Struct, frozen=True, kw_only=True):
    """Where the API's lists go on behind what a `Hello` holds: the `cursor` of each; None where nothing is older."""

    requests: str | None = None
    findings: str | None = None


class Hello(msgspec.Struct, kw_only=True, tag_field="type", tag="hello"):
    """First message on every connection, and again when the store began anew: the state so far.

    While the store cannot be reached a `Status` comes instead, and this follows once it can.
    """

    version: int = PROTOCOL_VERSION
    server_time_ns: int
    position: int
    """Everything up to this store position is either in `records` or was left out as too old."""
    resumed: bool
    """True when the browser gave `?after=<position>` and `records` holds all that came since: keep what you have.

    False means: start afresh from `records`: all processes and threads, the newest requests and findings.
    What does not go into one message follows at once in batches.
    """
    health: Health
    records: Records
    older: Older = Older()
    """Of a full state; a browser that keeps what it has knows it already."""


class Batch(msgspec.Struct, kw_only=True, tag_field="type", tag="batch"):
    """What was written since the last message: ten a second, or more where one cannot hold all that was written."""

    server_time_ns: int
    position: int
    records: Records


class Missed(msgspec.Struct, kw_only=True, tag_field="type", tag="missed"):
    """This browser was too slow: what stood between these positions was not sent to it.

    To catch up: `GET api/requests?limit=1000&cursor=<until + 1>`, following `cursor`, until it is None or not
    above `after`; likewise `api/findings`. `api/threads`, `api/processes` and `api/marks` hold the rest.
    """

    after: int
    until: int
    requests: int
    """How many requests that were."""


class Status(msgspec.Struct, kw_only=True, tag_field="type", tag="status"):
    """The health changed."""

    server_time_ns: int
    health: Health


class Denied(msgspec.Struct, kw_only=True, tag_field="type", tag="denied"):
    """Access ended while the page was open (signed out, no longer staff); the socket closes with code 4403."""

    message: str


ServerMessage = Hello | Batch | Missed | Status | Denied


class Seen(msgspec.Struct, kw_only=True, tag_field="type", tag="seen"):
    """The one message from the browser: it is done with everything up to here. Due after each `Hello` and `Batch`.

    Not every server says when its peer stops reading (Daphne keeps all that is sent in memory instead), so the
    browser does: beyond `WINDOW` messages not yet seen, nothing more is sent until it has caught up.
    """

    position: int


class RequestList(msgspec.Struct, kw_only=True):
    """Answer of `api/requests`: newest first."""

    requests: list[Request]
    cursor: str | None
    """The `cursor` parameter of the next page; None at the end."""
    corrupt: int = 0


class Excerpt(msgspec.Struct, kw_only=True):
    """Lines of the code around a place that a finding names, as they stand on the disk of this server."""

    role: Literal["writer", "reader"]
    file: str
    line: int
    function: str
    first: int = 0
    """The number of the first of the lines."""
    lines: list[str] = []
    missing: Literal["elsewhere", "outside", "gone", "changed"] | None = None
    """Why there are none: the process ran on another host, it is no file of the project or its libraries, there is no
    such file, or it has changed since the process loaded it."""


class FindingCode(msgspec.Struct, kw_only=True):
    """Answer of `api/findings/<id>/code`."""

    excerpts: list[Excerpt]
    """Where somebody is put into the holder, then where it was read."""
    mending: str | None = None
    """The fix as code, for this holder and this server; None where its sentence has to do."""


class RequestDetail(msgspec.Struct, kw_only=True):
    """Answer of `api/requests/<id>`."""

    request: Request
    process: Process | None
    thread: Thread | None
    findings: list[Finding]
    before: list[Request]
    """Requests on the same thread that ended before this one began, nearest first, at most 20."""
    during: list[Request]
    """Requests on the same thread that were in flight at the same time, at most 50."""
    after: list[Request]
    """Requests on the same thread that began after this one ended, nearest first, at most 20."""


class ThreadList(msgspec.Struct, kw_only=True):
    """Answer of `api/threads`."""

    threads: list[Thread]
    cursor: str | None = None
    """Where further requests go on that match, on these threads or on others; None where none do."""
    corrupt: int = 0


class ProcessList(msgspec.Struct, kw_only=True):
    """Answer of `api/processes`."""

    processes: list[Process]
    measurements: list[Measurement] = []
    """The newest of each process, where there is one that is young enough."""
    cursor: str | None = None
    """As in `ThreadList`."""
    corrupt: int = 0


class FindingList(msgspec.Struct, kw_only=True):
    """Answer of `api/findings`: newest first."""

    findings: list[Finding]
    cursor: str | None
    corrupt: int = 0


class MarkList(msgspec.Struct, kw_only=True):
    """Answer of `api/marks`: every mark, those taken back among them."""

    marks: list[Mark]
    csrf_token: str
    """What a change must bear, in the header that is named here; the cookie that goes with it is set now."""
    csrf_header: str
    corrupt: int = 0


class MarkRequest(msgspec.Struct, kw_only=True):
    """Body of a `POST api/marks/<group>`, whose answer is the `Mark`, as is that of a `DELETE`, which has no body."""

    note: Annotated[str, msgspec.Meta(max_length=1_000)] = ""
    """Why this is no surprise, in a person's own words."""


class ProcessHealth(msgspec.Struct, kw_only=True):
    """How one process fares, as it said itself; the fields are those of `Process`."""

    id: str
    host: str
    pid: int
    server: str
    seen_ns: int
    ended_ns: int | None
    requests: int
    dropped: int
    sampled_out: int
    faults: int
    last_fault: str | None
    findings_dropped: int
    outages: int
    outage_ns: int
    trim_ns: int
    leaks: int
    hazards: int
    waiting: int


class HealthReport(msgspec.Struct, kw_only=True):
    """Answer of `api/health`, with status 503 where the store does not answer."""

    store: Literal["ok", "unreachable"]
    message: str = ""
    """What is wrong with the store and what to do; empty when nothing is."""
    problems: list[str] = []
    """What is wrong with the settings."""
    processes: list[ProcessHealth] = []
    """The last seen first, 1,000 at most."""
    corrupt: int = 0


class Error(msgspec.Struct, kw_only=True):
    """Answer with status 400 or 503: what was wrong and what to do."""

    error: str
    parameter: str | None = None


class PageConfig(msgspec.Struct, kw_only=True):
    """What the page's own `<script type="application/json" id="reqtrace-config">` holds; URLs end in a slash."""

    version: int = PROTOCOL_VERSION
    reqtrace: str
    """The version of reqtrace."""
    api_url: str
    live_url: str
    """Path of the socket; the browser adds scheme and host."""
    user: str
    """Who is signed in, as text; empty for a local visitor without an account."""
    sign_out_url: str | None
    """Where a POST with the CSRF token signs out; None where this page does not do that."""
    csrf_token: str
    links: dict[str, str] = {}
    """Links of the project's own: text to address."""
    trace_url: str | None = None
    """Where a trace viewer shows a trace, with ``{trace_id}`` in place of its id."""
