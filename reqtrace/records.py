"""What one process, thread, request, hop and finding was: the shapes of the trace JSON, version 1.

These structs are the format. The JSON Schema that ``manage.py reqtrace schema`` prints is made from them, and
stores, exporters, the dashboard's API and its socket all carry their encoding. Within version 1 a field may be
added, with a default, and none is renamed or removed.

Times whose name ends in ``_ns`` are integers of nanoseconds: ``start_ns``, ``started_ns``, ``seen_ns``,
``ended_ns`` and ``measured_ns`` since the Unix epoch, ``at_ns`` since the start of the request, ``duration_ns`` a
length.
"""

from typing import Literal

import msgspec

FORMAT = "reqtrace"
VERSION = 1

TEXT_MAX = 2_048
"""How many characters of a text from outside are kept."""

Protocol = Literal["http", "websocket", "job"]
Outcome = Literal["ok", "error", "aborted", "open"]
UserState = Literal["authenticated", "anonymous", "unresolved"]
Sharing = Literal["exclusive", "sequential", "interleaved"]
Named = Literal["request", "user", "other", "nobody"]
Level = Literal["leak", "hazard", "notice"]
FindingKind = Literal[
    "crossed",
    "leftover",
    "swapped",
    "session-crossed",
    "response-crossed",
    "context-crossed",
    "connection-crossed",
    "retained",
    "outlived",
    "lost",
]


class User(msgspec.Struct, frozen=True, gc=False):
    """Whom a request is for, as far as that was known without a query."""

    state: UserState = "unresolved"
    """``authenticated``: known; ``anonymous``: nobody; ``unresolved``: nothing in the request ever asked for its user,
    which is information, too."""
    id: str | None = None
    """The primary key, as text."""
    label: str | None = None
    """What people read: the user name, the primary key or a pseudonym, as ``USER_LABEL`` says."""


class Hop(msgspec.Struct, frozen=True, gc=False):
    """A point where a request was first seen on another thread, task or greenlet."""

    at_ns: int
    """When it was first seen there."""
    checkpoint: str
    """Where it was seen to be there."""
    thread_id: int
    thread_serial: int
    task_serial: int | None = None
    greenlet_serial: int | None = None


class SameThread(msgspec.Struct, frozen=True, gc=False):
    """How a request shared the thread of its view."""

    before: int = 0
    """Earlier requests of that thread."""
    at_once: int = 0
    """The most other requests in flight on it during this one."""


class Reading(msgspec.Struct, frozen=True, gc=False):
    """What a holder named at a checkpoint."""

    checkpoint: str
    """Where the holder was read."""
    holder: str
    """Its path."""
    names: Named
    """``request``: this very one; ``user``: its user; ``other``: another request or user; ``nobody``. What is wrong,
    the findings say."""
    at_ns: int
    """When it first named that there."""


class Message(msgspec.Struct, frozen=True, gc=False):
    """A message that a WebSocket connection took in or gave out: never what it said."""

    at_ns: int
    """When."""
    checkpoint: Literal["receive", "send"]
    """Which way: ``receive`` is towards the application."""
    type: str
    """The ASGI message's type, such as ``websocket.receive``, or that of a group's message, such as ``chat.said``."""
    size: int | None = None
    """How long its text (in characters) or its bytes are; None where it has neither."""


class Request(msgspec.Struct, gc=False):
    """One HTTP exchange, from the outermost middleware until its response was closed, a WebSocket connection, or a job.

    Of a job, ``view`` and ``path`` are the task's name, ``route`` is its queue and ``method`` is ``JOB``.
    ``thread_*``, ``task_*`` and ``greenlet_*`` say where its view ran, or the middleware where no view did.
    """

    id: str
    """Unique over all processes; the ids of one process sort by their start."""
    process: str
    """The process that served it."""
    pid: int
    """The process's number."""
    thread_id: int
    """``threading.get_ident()``, the original one under gevent. The operating system gives it out again."""
    native_thread_id: int
    """The operating system's number of the thread."""
    thread_serial: int
    """Our own number for the thread, unique within the process and never used again."""
    thread_name: str
    """The thread's name."""
    greenlet_id: int | None
    """``id()`` of the greenlet, where there is one."""
    greenlet_serial: int | None
    """Our own number for the greenlet."""
    task_id: int | None
    """``id()`` of the asyncio task, where there is one."""
    task_serial: int | None
    """Our own number for the task."""
    task_name: str | None
    """The task's name."""
    loop_id: int | None
    """``id()`` of the event loop, where one runs."""
    protocol: Protocol
    """``http``, ``websocket`` or ``job``."""
    method: str
    """The HTTP method; ``JOB`` of a job."""
    path: str
    """The path, without the query string; the task's name of a job."""
    route: str
    """``resolver_match.route`` of Django; empty when nothing was resolved."""
    view: str
    """``resolver_match._func_path`` of Django; empty when nothing was resolved."""
    status: int | None
    """None while the request is open, and when it ended without a response."""
    outcome: Outcome
    """``ok``: answered; ``error``: ended by an exception; ``aborted``: the client went away, or the worker was killed;
    ``open``: still running."""
    start_ns: int
    """When it came in."""
    duration_ns: int
    """How long it took until its response was closed."""
    trace_id: str | None
    """W3C Trace Context, when the request carried ``traceparent``."""
    parent_span_id: str | None
    """The caller's span, from the same header."""
    user: User
    """Whom it is for."""
    session: str | None
    """A keyed hash of the session key: the same session gives the same text, and nobody can sign in with it."""
    hops: list[Hop]
    """Where else it ran than it began, in the order of time."""
    same_thread: SameThread
    """How it shared the thread of its view."""
    query_string: str | None = None
    """The query string, only with ``CAPTURE_QUERY_STRING``."""
    readings: list[Reading] = []
    """What the watched holders named, in the order of time, but for those that never named anybody; 100 at most."""
    parent: str | None = None
    """Of a job: the request or the job that sent it."""
    presumed: User | None = None
    """Of a job: whose request or job sent it. A guess at whom it works for, where `user` does not say."""
    sent_ns: int | None = None
    """Of a job: when it was sent."""
    messages: list[Message] = []
    """Of a WebSocket connection: what it took in and gave out, in the order of time; the first 100."""
    synthetic: bool = False
    """Whether reqtrace sent it itself, by ``stress`` or ``prove``; of a job, whether such a request led to it."""


class Thread(msgspec.Struct, gc=False):
    """A thread that handled requests, and what its sharing turned out to be."""

    process: str
    """The process that it belongs to."""
    serial: int
    """Our own number for it, unique within the process and never used again."""
    thread_id: int
    """``threading.get_ident()``, the original one under gevent."""
    native_id: int
    """The operating system's number."""
    name: str
    sharing: Sharing
    """``exclusive``: it served one request; ``sequential``: several, one after another; ``interleaved``: several at the
    same time."""
    requests: int
    """So many requests it has served."""
    users: int
    """Distinct authenticated users seen on it, counted up to 4,096; those of synthetic requests left aside."""
    max_in_flight: int
    """The most requests that were in flight on it at once."""
    seen_ns: int = 0
    """When it last began or ended a request."""
    synthetic: int = 0
    """So many of its requests are synthetic."""


class Process(msgspec.Struct, gc=False):
    """One worker process, and the facts of it that decide the answer."""

    id: str
    """Unique over all hosts."""
    host: str
    """The machine's name."""
    pid: int
    """Its number there."""
    parent_pid: int
    """That of the process that started it."""
    started_ns: int
    """When it began."""
    server: str
    """The server, such as ``gunicorn`` or ``uvicorn``."""
    worker_class: str
    """The server's kind of worker, such as ``gthread``."""
    interface: str
    """``wsgi`` or ``asgi``."""
    python: str
    """The version of Python."""
    django: str
    """The version of Django."""
    facts: dict[str, bool | int | float | str | None]
    """Versions, and what decides the answer: gevent's patch, uvloop, the global interpreter lock; ``code.*``: how many
    modules and functions were read for who writes where, in how many milliseconds and with how much memory, how many
    could not be (``code.failed``), how many places are written to and how many of them are watched, and since when
    (``code.since_ns``) the loaded code must not have changed to be shown."""
    seen_ns: int = 0
    """Its last sign of life."""
    ended_ns: int | None = None
    """Set when the process said goodbye; a process that was killed only stops being seen."""
    requests: int = 0
    """Requests finished so far."""
    dropped: int = 0
    """Requests that ended and were lost: more than ``BUFFER`` records waited, or no record could be made. So
    ``requests`` are those stored, dropped, sampled out, and on their way."""
    sampled_out: int = 0
    """Clean requests left out because of ``SAMPLE``."""
    faults: int = 0
    """Faults inside reqtrace, each of which left the response untouched."""
    last_fault: str | None = None
    """What the last of these was."""
    release: str | None = None
    """The deploy that runs, as the setting ``RELEASE`` names it."""
    findings_dropped: int = 0
    """Findings lost; of a request that was never judged, one."""
    outages: int = 0
    """How often the store began to take nothing."""
    outage_ns: int = 0
    """How long that was, all together."""
    trim_ns: int = 0
    """How long this process trimmed the store."""
    synthetic: int = 0
    """So many of `requests` are synthetic."""
    leaks: int = 0
    """Findings of that level so far, kept or not."""
    hazards: int = 0
    """Findings of that level so far, kept or not."""
    waiting: int = 0
    """Requests and records that waited for the store when this was said."""


class Side(msgspec.Struct, frozen=True, gc=False):
    """One side of a finding: a request, when it is known, and its user."""

    request: str | None = None
    """The request, where it is known."""
    user: User = User()
    """Whose it is, or who was seen."""


class Frame(msgspec.Struct, frozen=True, gc=False):
    """One line of a stack, or of the code."""

    file: str
    line: int
    function: str


class Writer(msgspec.Struct, frozen=True, gc=False):
    """Who put into a holder what was found there, and which code does."""

    request: str | None = None
    """The request that put there what was seen; None where it is not known."""
    thread_serial: int | None = None
    """The thread on which its view ran; None where it is not known."""
    places: list[Frame] = []
    """Where in the code somebody is put there, the surest first; three at most."""
    only: bool | None = None
    """Whether no other code does that, as far as it has been read; None where no place is known."""


class Finding(msgspec.Struct, gc=False):
    """A reading, or another fact, that contradicts who the request is for."""

    id: str
    """Unique over all processes."""
    request: str
    """The request that it was found in."""
    kind: FindingKind
    """See Kinds of finding."""
    level: Level
    """``leak``, ``hazard`` or ``notice``."""
    checkpoint: str
    """Where it was found."""
    at_ns: int
    """When."""
    holder: str | None
    """The place that named somebody else; None where there is none."""
    holder_kind: str | None
    """What that is, such as ``threading.local``, ``ContextVar`` or ``attribute``."""
    expected: Side
    """Whom the request was for."""
    observed: Side
    """Who was seen."""
    writer: Writer | None
    """Who put there what was seen; None where nothing is known of it."""
    stack: list[Frame]
    """The application's code at that place, innermost first."""
    message: str
    """What happened: one sentence in plain words."""
    fix: str
    """How to mend it here: one sentence."""
    group: str
    """The same for findings of one cause: one holder or, where there is none, one kind and code place."""
    synthetic: bool = False
    """Whether its request is."""


class NativeThread(msgspec.Struct, frozen=True, gc=False):
    """A thread as the operating system knows it, whether it serves requests or not."""

    native_id: int
    """The same as in `Thread`, for those that served requests."""
    name: str | None
    """Python's name for it, else the operating system's."""
    cpu_time_ns: int
    """What it has used since it began, in user and system mode."""
    cpu_utilization: float
    """How much of one processor it used since it was last looked at; 0 the first time."""


class Measurement(msgspec.Struct, gc=False):
    """What a process used of its machine at one moment: for the live page, and no part of a trace document.

    Fields are named after OpenTelemetry's ``process.*`` metrics. None is what could not be measured.
    """

    process: str
    number: int
    """Counts the measurements of this process. A store keeps the newest 600 of each, which is ten minutes' worth."""
    measured_ns: int
    requests_in_flight: int
    requests_per_second: float
    """How many ended, since the measurement before."""
    dropped: int
    """As in `Process`: so far."""
    cpu_utilization: float | None = None
    """How much of one processor was used since the measurement before; more than 1 where several were."""
    memory_usage: int | None = None
    """Resident memory, in bytes."""
    thread_count: int | None = None
    open_file_descriptor_count: int | None = None
    context_switches_voluntary: int | None = None
    """How often it waited for something, so far."""
    context_switches_involuntary: int | None = None
    """How often it had to make room for others, so far."""
    threads: list[NativeThread] | None = None
    """Those that used most, every five seconds: looking at them costs more than all the rest."""


class Mark(msgspec.Struct, gc=False):
    """What a person said of a group of findings. It stays with the store, and is no part of a trace document."""

    group: str
    known: bool
    """False takes an earlier mark back."""
    by: str
    """The name of who said so; empty for a local visitor without an account."""
    at_ns: int
    """Unix time."""
    note: str = ""


class Trace(msgspec.Struct, gc=False):
    """A whole trace document."""

    format: Literal["reqtrace"]
    version: Literal[1]
    exported_at: str
    """RFC 3339, UTC, microseconds."""
    dropped: int
    processes: list[Process]
    threads: list[Thread]
    requests: list[Request]
    findings: list[Finding]


Record = Process | Thread | Request | Finding | Mark | Measurement
RecordKind = Literal["process", "thread", "request", "finding", "mark", "measurement"]

TYPES: dict[RecordKind, type[Record]] = {
    "process": Process,
    "thread": Thread,
    "request": Request,
    "finding": Finding,
    "mark": Mark,
    "measurement": Measurement,
}
LASTING: frozenset[RecordKind] = frozenset({"mark"})
"""What people said, which retention leaves alone."""
MEASUREMENTS_PER_PROCESS = 600
MEASUREMENTS_KEPT = 20_000
"""Of all processes together, those that ended among them."""


def cut(text: str) -> str:
    """Return a text from outside at no more than its length, ending with ``…`` where it went on.

    >>> len(cut("/" * 60_000)), cut("/" * 60_000)[-1]
    (2048, '…')
    """
    return text if len(text) <= TEXT_MAX else text[: TEXT_MAX - 1] + "…"


def key_of(record: Record) -> str:
    """Name a record within its kind: a later record with the same key replaces the earlier one."""
    if isinstance(record, Thread):
        return thread_key(record.process, record.serial)
    if isinstance(record, Measurement):
        return f"{record.process}-{record.number % MEASUREMENTS_PER_PROCESS:03}"
    return record.group if isinstance(record, Mark) else record.id


def thread_key(process: str, serial: int) -> str:
    """Name a thread."""
    return f"{process}-{serial:08x}"


def sharing_of(requests: int, max_in_flight: int) -> Sharing:
    """Say what a thread turned out to be.

    >>> sharing_of(requests=3, max_in_flight=1)
    'sequential'
    """
    if max_in_flight > 1:
        return "interleaved"
    return "sequential" if requests > 1 else "exclusive"
