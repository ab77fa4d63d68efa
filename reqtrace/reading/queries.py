"""Which records somebody asks for: the filters that export, API, socket and terminal share."""

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from math import inf
from typing import Literal, cast, get_args

import msgspec

from reqtrace.exceptions import QueryError
from reqtrace.records import Finding, FindingKind, Level, Process, Protocol, Request, Thread

_UNITS_NS = {"s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9, "d": 86_400 * 10**9}
_MS = re.compile(r"(<=|>=|<|>)(\d{1,18}(?:\.\d{1,18})?)", re.ASCII)
_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}

Synthetic = Literal["no", "yes", "only"]
LIMIT_MAX = 1_000
"""The most that one page of a list may hold."""

PARAMETERS = {
    "since": "requests still running then, or begun later: an age such as 90s, 15m, 2h or 1d, an ISO 8601 time, or "
    "Unix seconds",
    "until": "requests begun before then",
    "user": "a user's id or label, or anonymous, or unresolved",
    "path": "a prefix of the path",
    "method": "an HTTP method",
    "protocol": "http, websocket or job",
    "status": "a status such as 404, or a class such as 5xx",
    "process": "a process's id or pid",
    "thread": "a thread's serial",
    "task": "a task's name, or a task's or greenlet's serial",
    "route": "a part of the route",
    "view": "a part of the view's name",
    "session": "a session's keyed hash",
    "ms": "a duration in milliseconds behind >, >=, < or <=, such as >200",
    "kind": "requests with a finding of this kind",
    "level": "requests with a finding of this level",
    "holder": "requests with a finding at a holder in whose path this stands",
    "synthetic": "no, as when it is not given: nothing that stress or prove sent; yes: that, too; only: that alone",
    "limit": f"how many, 1 to {LIMIT_MAX:,}",
    "cursor": "where the page before ended",
}
"""What can be asked for, and what each takes."""


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """A filter over requests and findings; what is None or empty does not filter."""

    since_ns: int | None = None
    """Requests that were still running at this Unix time, or began later."""
    until_ns: int | None = None
    """Requests that began before this Unix time."""
    user: str | None = None
    """A user's id or label, or ``anonymous`` or ``unresolved``."""
    path: str | None = None
    """A prefix of the path."""
    method: str | None = None
    protocol: Protocol | None = None
    status: str | None = None
    """``404``, or a class as in ``5xx``."""
    process: str | None = None
    """A process's id, or its pid."""
    thread: int | None = None
    """A thread's serial."""
    task: str | None = None
    """A task's name, or a task's or greenlet's serial."""
    route: str | None = None
    """A part of the route."""
    view: str | None = None
    """A part of the view's name."""
    session: str | None = None
    """A session's keyed hash."""
    ms: tuple[str, float] | None = None
    """A comparison with a duration in milliseconds; a request that runs has run so long so far."""
    kind: FindingKind | None = None
    level: Level | None = None
    holder: str | None = None
    """A part of a holder's path."""
    with_findings: bool = False
    """Requests with a finding, whatever it is."""
    synthetic: Synthetic = "yes"
    """Whether what reqtrace sent itself is asked for: it is not, where somebody filters without naming it."""

    @property
    def asks_findings(self) -> bool:
        """Whether a request can match only by a finding of its own."""
        return self.with_findings or any(part is not None for part in (self.kind, self.level, self.holder))

    @property
    def of_findings(self) -> "Query":
        """What is asked of findings, leaving their requests aside."""
        return Query(kind=self.kind, level=self.level, holder=self.holder, synthetic=self.synthetic)

    @property
    def of_requests(self) -> "Query":
        """What is asked of requests, leaving their findings aside."""
        return msgspec.structs.replace(self, kind=None, level=None, holder=None, with_findings=False)

    @property
    def asks_requests(self) -> bool:
        """Whether a finding can match only by its request."""
        return msgspec.structs.replace(self, with_findings=False) != self.of_findings

    @property
    def is_of_all(self) -> bool:
        """Whether it filters by nothing but by who sent a request."""
        return msgspec.structs.replace(self, synthetic="yes") == Query()

    def matches(self, request: Request, findings: Iterable[Finding] = ()) -> bool:
        """Tell whether a request, with its findings, is asked for."""
        return self.matches_request(request) and (
            not self.asks_findings or any(self.matches_finding(finding) for finding in findings)
        )

    def matches_request(self, request: Request) -> bool:
        """Tell whether a request is asked for, leaving its findings aside."""
        return (
            (self.since_ns is None or end_of(request) >= self.since_ns)
            and (self.until_ns is None or request.start_ns < self.until_ns)
            and (self.user is None or self.user in (request.user.id, request.user.label, _nobody(request.user.state)))
            and (self.path is None or request.path.startswith(self.path))
            and (self.method is None or request.method == self.method)
            and (self.protocol is None or request.protocol == self.protocol)
            and (self.status is None or _status_matches(self.status, request.status))
            and (self.process is None or self.process in (request.process, str(request.pid)))
            and (self.thread is None or self.thread in threads_of(request))
            and (self.task is None or self.task in _tasks_of(request))
            and (self.route is None or self.route in request.route)
            and (self.view is None or self.view in request.view)
            and (self.session is None or self.session == request.session)
            and (self.ms is None or _COMPARISONS[self.ms[0]](request.duration_ns, self.ms[1] * 1e6))
            and (self.synthetic == "yes" or request.synthetic is (self.synthetic == "only"))
        )

    def matches_finding(self, finding: Finding) -> bool:
        """Tell whether a finding is of the kind and level and at the holder asked for, leaving its request aside."""
        return (
            (self.kind is None or finding.kind == self.kind)
            and (self.level is None or finding.level == self.level)
            and (self.holder is None or self.holder in (finding.holder or ""))
            and (self.synthetic == "yes" or finding.synthetic is (self.synthetic == "only"))
        )

    def matches_server(self, record: Thread | Process) -> bool:
        """Tell whether a thread or a process served such requests, by who sent them; one that served none matches."""
        if self.synthetic == "only":
            return record.synthetic > 0
        return self.synthetic == "yes" or record.synthetic == 0 or record.requests > record.synthetic


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """How much of a list somebody asks for, and from where."""

    limit: int = 100
    before: int | None = None
    """The store position that the page ends in front of: the cursor."""


def parse(parameters: Mapping[str, str], now_ns: int) -> tuple[Query, Page]:
    """Read a filter and a page from parameters as texts.

    Args:
        parameters: name to text; an empty text counts as not given.
        now_ns: Unix time, for relative times such as ``15m``.

    Raises:
        QueryError: for an unknown name or a value that cannot be understood; the text says what it takes.

    """
    given = {name: text.strip() for name, text in parameters.items() if text.strip()}
    for name in given:
        if name not in PARAMETERS:
            raise QueryError(name, f"{name!r} is not a parameter here; there are {', '.join(PARAMETERS)}.")
    query = Query(
        since_ns=_time(given, "since", now_ns),
        until_ns=_time(given, "until", now_ns),
        user=given.get("user"),
        path=given.get("path"),
        method=given["method"].upper() if "method" in given else None,
        protocol=cast("Protocol | None", _choice(given, "protocol", get_args(Protocol))),
        status=_status(given),
        process=given.get("process"),
        thread=_integer(given, "thread", minimum=1),
        task=given.get("task"),
        route=given.get("route"),
        view=given.get("view"),
        session=given.get("session"),
        ms=_comparison(given, "ms"),
        kind=cast("FindingKind | None", _choice(given, "kind", get_args(FindingKind))),
        level=cast("Level | None", _choice(given, "level", get_args(Level))),
        holder=given.get("holder"),
        synthetic=cast("Synthetic | None", _choice(given, "synthetic", get_args(Synthetic))) or "no",
    )
    limit = _integer(given, "limit", minimum=1, maximum=LIMIT_MAX)
    return query, Page(limit=100 if limit is None else limit, before=_integer(given, "cursor", minimum=1))


def parse_time(name: str, text: str, now_ns: int) -> int:
    """Return a Unix time in nanoseconds from ISO 8601, from Unix seconds, or from an age such as ``90s`` or ``2h``.

    Raises:
        QueryError: when the text is none of these; it bears `name`.

    """
    number, unit = text[:-1], text[-1:]
    if unit in _UNITS_NS and _is_number(number):
        return now_ns - int(number) * _UNITS_NS[unit]
    seconds, _, fraction = text.partition(".")
    if _is_number(seconds) and (_is_number(fraction) or not fraction):
        return int(seconds) * 10**9 + int(f"{fraction:0<9}"[:9])
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.astimezone()
    except (ValueError, OverflowError):
        raise QueryError(
            name,
            f"{name} is {text!r}; it takes an age such as 90s, 15m, 2h or 1d, "
            "an ISO 8601 time such as 2026-01-31T12:00:00Z, or Unix seconds.",
        ) from None
    since_epoch = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since_epoch.days * 86_400 + since_epoch.seconds) * 10**9 + since_epoch.microseconds * 1_000


def _time(given: Mapping[str, str], name: str, now_ns: int) -> int | None:
    return parse_time(name, given[name], now_ns) if name in given else None


def _integer(given: Mapping[str, str], name: str, minimum: int, maximum: int = 2**62) -> int | None:
    if name not in given:
        return None
    text = given[name]
    if not (_is_number(text) and minimum <= int(text) <= maximum):
        upto = f" to {maximum:,}" if maximum < 2**62 else " upwards"
        raise QueryError(name, f"{name} is {text!r}; it takes a whole number from {minimum}{upto}.")
    return int(text)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 20


def _comparison(given: Mapping[str, str], name: str) -> tuple[str, float] | None:
    if name not in given:
        return None
    match = _MS.fullmatch(given[name])
    if match is None:
        raise QueryError(name, f"{name} is {given[name]!r}; it takes >, >=, < or <= and a number, such as >200.")
    return match[1], float(match[2])


def _choice(given: Mapping[str, str], name: str, choices: tuple[str, ...]) -> str | None:
    text = given.get(name)
    if text is not None and text not in choices:
        raise QueryError(name, f"{name} is {text!r}; it takes one of {', '.join(choices)}.")
    return text


def _status(given: Mapping[str, str]) -> str | None:
    text = given.get("status")
    if text is None:
        return None
    if len(text) == 3 and text[0] in "12345" and (text[1:].lower() == "xx" or _is_number(text)):
        return text.lower()
    raise QueryError("status", f"status is {text!r}; it takes a code such as 404, or a class such as 5xx.")


def _status_matches(asked: str, status: int | None) -> bool:
    if status is None:
        return False
    return status // 100 == int(asked[0]) if asked.endswith("xx") else status == int(asked)


def threads_of(request: Request) -> set[int]:
    """Return the serials of all threads that a request was seen on."""
    return {request.thread_serial, *(hop.thread_serial for hop in request.hops)}


def _tasks_of(request: Request) -> set[str]:
    """Return the names of the task and greenlet of a request, and the serials of all that it was seen in."""
    serials = {request.task_serial, request.greenlet_serial}
    serials.update(serial for hop in request.hops for serial in (hop.task_serial, hop.greenlet_serial))
    return {str(serial) for serial in serials if serial is not None} | {request.task_name or ""}


def end_of(request: Request) -> float:
    """Return the Unix time in nanoseconds at which a request ended; infinity while it is open."""
    return inf if request.outcome == "open" else request.start_ns + request.duration_ns


def _nobody(state: str) -> str | None:
    return None if state == "authenticated" else state
