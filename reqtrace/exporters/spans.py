"""Requests as OpenTelemetry sees them: spans, with the names of its semantic conventions (1.37; messaging 1.44).

Stable there are ``http.*``, ``url.*``, ``error.type``, ``code.function.name``, ``service.*`` and ``host``'s shape;
``messaging.*``, ``process.*``, ``thread.*``, ``user.id`` and ``session.id`` are in development. What it has no name for
bears ours.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from reqtrace.exporters.lanes import moves_of
from reqtrace.records import Finding, Process, Request

Value = str | int
Attributes = Sequence[tuple[str, Value]]

INTERNAL, SERVER, PRODUCER, CONSUMER = 1, 2, 4, 5
_METHODS = {"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"}
_TRACE_ID = re.compile(r"(?!0{32})[0-9a-f]{32}")
_SPAN_ID = re.compile(r"(?!0{16})[0-9a-f]{16}")
_LATEST_NS = 2**63 - 1


class Shared:
    """Attributes that many spans have in common: always the same object for the same ones, to be encoded once."""

    __slots__ = ("attributes",)

    def __init__(self, told: Mapping[str, Value | None]) -> None:
        """Keep what was told; None is nothing."""
        self.attributes: Attributes = _told(told)


class Event(NamedTuple):
    """A finding, on the span of its request."""

    name: str
    at_ns: int
    attributes: Attributes


class Span(NamedTuple):
    """A request, a hop, or a finding that came too late for its request's span."""

    trace_id: bytes
    span_id: bytes
    parent_id: bytes
    """Empty where there is none."""
    name: str
    kind: int
    start_ns: int
    end_ns: int
    attributes: Attributes
    """What is its own."""
    shared: Sequence[Shared]
    events: list[Event]
    error: str | None
    """What went wrong; empty where nobody said; None where nothing did."""


def resource_of(id_: str | None, process: Process | None, service: str | None) -> Attributes:
    """Return what is said of a process, once for all its spans.

    Args:
        id_: the process's id; None where nobody knows which it was.
        process: its record, where there is one.
        service: the application's name.

    """
    if process is None:
        return _told({"service.name": service or "unknown_service", "service.instance.id": id_})
    return _told(
        {
            "service.name": service or f"unknown_service:{process.server}",
            "service.instance.id": id_,
            "service.version": process.release,
            "host.name": process.host,
            "process.pid": process.pid,
            "process.parent_pid": process.parent_pid,
            "process.runtime.version": process.python,
            "reqtrace.server": process.server,
            "reqtrace.worker_class": process.worker_class,
            "reqtrace.interface": process.interface,
            "reqtrace.django": process.django,
        }
    )


def spans_of(request: Request, findings: Sequence[Finding], process: Process | None = None) -> Iterator[Span]:
    """Yield the span of a request, with its findings as events, and of each hop within it.

    Args:
        request: the request, or the job.
        findings: its own.
        process: where it ran, as far as that is known; a queue's worker says from which system its jobs come.

    """
    trace_id, span_id = trace_id_of(request), _id(request.id)
    start_ns, end_ns = _times(request.start_ns, request.duration_ns)
    is_job, system = request.protocol == "job", _system_of(request, process)
    yield Span(
        trace_id,
        span_id,
        _parent_of(request, system),
        _name_of(request, system),
        SERVER if not is_job else INTERNAL if system is None else CONSUMER,
        start_ns,
        end_ns,
        _own_attributes(request, findings),
        (
            _exchange(request.method, request.status, request.outcome, request.protocol),
            _place(request.route, request.view)
            if not is_job
            else _task(request.route, request.view, system, "process"),
            _person(request.user.id, request.user.state, request.session),
            _thread(request.thread_id, request.thread_name, request.thread_serial, request.native_thread_id),
        ),
        [event_of(request, finding) for finding in findings],
        _error_of(request, findings),
    )
    for number, hop in enumerate(moves_of(request)):
        at_ns = max(start_ns, min(start_ns + hop.at_ns, end_ns))
        attributes = _told(
            {
                "thread.id": hop.thread_id,
                "reqtrace.thread.serial": hop.thread_serial,
                "reqtrace.asyncio.task.serial": hop.task_serial,
                "reqtrace.greenlet.serial": hop.greenlet_serial,
            }
        )
        id_, name = _id(f"{request.id} hop {number}"), f"hop {hop.checkpoint}"
        yield Span(trace_id, id_, span_id, name, INTERNAL, at_ns, end_ns, attributes, (), [], None)


def late_span_of(finding: Finding, request: Request | None, otherwise_ns: int) -> Span:
    """Return a span for a finding that cannot be an event: it stands below the span of its request.

    Args:
        finding: what was found.
        request: its request, which was sent before; None where it is no longer there.
        otherwise_ns: Unix time to give the finding then, because nobody knows when it was.

    """
    trace_id = _id(finding.request, 16) if request is None else trace_id_of(request)
    at_ns, _ = _times(otherwise_ns if request is None else request.start_ns + finding.at_ns, 0)
    error = finding.message if finding.level == "leak" else None
    return Span(
        trace_id,
        _id(f"finding {finding.id}"),
        _id(finding.request),
        f"finding {finding.kind}",
        INTERNAL,
        at_ns,
        at_ns,
        [("reqtrace.request.id", finding.request)],
        (),
        [_event(finding, at_ns)],
        error,
    )


def trace_id_of(request: Request) -> bytes:
    """Return the trace that a request belongs to: the one that it came with, else one made from its id."""
    if request.trace_id is not None and _TRACE_ID.fullmatch(request.trace_id):
        return bytes.fromhex(request.trace_id)
    return _id(request.parent or request.id, 16)  # of a job: its sender's


def event_of(request: Request, finding: Finding) -> Event:
    """Return a finding as an event."""
    at_ns, _ = _times(request.start_ns + finding.at_ns, 0)
    return _event(finding, at_ns)


def _event(finding: Finding, at_ns: int) -> Event:
    told = {
        "reqtrace.finding.id": finding.id,
        "reqtrace.finding.kind": finding.kind,
        "reqtrace.finding.level": finding.level,
        "reqtrace.finding.message": finding.message,
        "reqtrace.finding.fix": finding.fix,
        "reqtrace.finding.group": finding.group,
        "reqtrace.finding.checkpoint": finding.checkpoint,
        "reqtrace.finding.holder": finding.holder,
        "reqtrace.finding.expected.user.id": finding.expected.user.id,
        "reqtrace.finding.observed.user.id": finding.observed.user.id,
        "reqtrace.finding.observed.request.id": finding.observed.request,
        "code.stacktrace": "\n".join(f"{frame.file}:{frame.line} {frame.function}" for frame in finding.stack) or None,
    }
    return Event("reqtrace.finding", at_ns, _told(told))


def _own_attributes(request: Request, findings: Iterable[Finding]) -> Attributes:
    return _told(
        {
            "url.path": request.path,
            "url.query": request.query_string,
            "reqtrace.request.id": request.id,
            "reqtrace.thread.requests_before": request.same_thread.before,
            "reqtrace.thread.requests_at_once": request.same_thread.at_once,
            "reqtrace.asyncio.task.id": request.task_id,
            "reqtrace.asyncio.task.serial": request.task_serial,
            "reqtrace.asyncio.task.name": request.task_name,
            "reqtrace.greenlet.id": request.greenlet_id,
            "reqtrace.greenlet.serial": request.greenlet_serial,
            "error.type": _error_type_of(request, findings),
        }
    )


@lru_cache(maxsize=1_024)
def _exchange(method: str, status: int | None, outcome: str, protocol: str) -> Shared:
    if protocol == "job":
        return Shared({"reqtrace.outcome": outcome, "reqtrace.protocol": protocol})
    return Shared(
        {
            "http.request.method": method if method in _METHODS else "_OTHER",
            "http.request.method_original": None if method in _METHODS else method,
            "http.response.status_code": status,
            "reqtrace.outcome": outcome,
            "reqtrace.protocol": protocol,
        }
    )


@lru_cache(maxsize=1_024)
def _task(queue: str, task: str, system: str | None, operation: str) -> Shared:
    """Return what the conventions call a queue, and what is done with it; of a job without one only what runs."""
    told = {"reqtrace.task": task or None, "code.function.name": task if operation == "process" else None}
    if system is None:
        return Shared(told)
    return Shared(
        {
            "messaging.system": system,
            "messaging.destination.name": queue or None,
            "messaging.operation.type": operation,
            "messaging.operation.name": operation,
            **told,
        }
    )


@lru_cache(maxsize=1_024)
def _place(route: str, view: str) -> Shared:
    return Shared({"http.route": route or None, "code.function.name": view or None})


@lru_cache(maxsize=1_024)
def _person(id_: str | None, state: str, session: str | None) -> Shared:
    return Shared({"user.id": id_, "reqtrace.user.state": state, "session.id": session})


@lru_cache(maxsize=1_024)
def _thread(id_: int, name: str, serial: int, native_id: int) -> Shared:
    return Shared(
        {
            "thread.id": id_,
            "thread.name": name,
            "reqtrace.thread.serial": serial,
            "reqtrace.thread.native_id": native_id,
        }
    )


def _told(told: Mapping[str, Value | None]) -> Attributes:
    return [(name, value) for name, value in told.items() if value is not None]


def _error_type_of(request: Request, findings: Iterable[Finding]) -> str | None:
    for finding in findings:
        if finding.level == "leak":
            return f"reqtrace.{finding.kind}"
    if request.outcome != "error":
        return None
    return str(request.status) if request.status is not None else "_OTHER"


def _error_of(request: Request, findings: Iterable[Finding]) -> str | None:
    leak = next((finding.message for finding in findings if finding.level == "leak"), None)
    return "" if leak is None and request.outcome == "error" else leak


def _name_of(request: Request, system: str | None) -> str:
    if request.protocol == "job":
        return request.view if system is None else f"process {request.route}".rstrip()
    method = request.method if request.method in _METHODS else "HTTP"
    return f"{method} {request.route}" if request.route else method


def sending_of(job: Request, process: Process | None = None) -> tuple[str, Span] | None:
    """Return the span of the moment in which a job was put into a queue, and the id of the process that did so.

    It stands below the span of the request or job that sent it, and above that of the job. None where there is no
    queue, where nobody knows who sent it, and where the message told of another's span: then that one sent it.
    """
    system = _system_of(job, process)
    if system is None or job.parent is None or job.sent_ns is None or job.parent_span_id is not None:
        return None
    at_ns, _ = _times(job.sent_ns, 0)
    shared, own = (_task(job.route, job.view, system, "send"),), [("reqtrace.request.id", job.parent)]
    name = f"send {job.route}".rstrip()
    span = Span(trace_id_of(job), _sent(job), _id(job.parent), name, PRODUCER, at_ns, at_ns, own, shared, [], None)
    return job.parent.rpartition("-")[0], span


def _system_of(request: Request, process: Process | None) -> str | None:
    """Return the messaging system that a job came through; None where it ran without one.

    A worker says so. Elsewhere a job is called where it is sent, as eager ones are, or a clock or a person starts it.
    """
    if request.protocol != "job" or process is None or process.interface != "worker":
        return None
    return process.server if process.server in _SYSTEMS else None


_SYSTEMS = frozenset({"celery", "rq", "dramatiq", "django-tasks"})
"""None of those that the conventions list: these are the clients' own names."""


def _parent_of(request: Request, system: str | None) -> bytes:
    parent = request.parent_span_id
    if parent is None and request.parent is not None:
        return _id(request.parent) if system is None or request.sent_ns is None else _sent(request)
    return bytes.fromhex(parent) if parent is not None and _SPAN_ID.fullmatch(parent) else b""


def _sent(job: Request) -> bytes:
    return _id(f"{job.id} sent")


def _id(text: str, size: int = 8) -> bytes:
    """Return an id made from a text: the same each time, so that what is sent again is known again."""
    return hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=size, person=b"reqtrace").digest()


def _times(start_ns: int, duration_ns: int) -> tuple[int, int]:
    """Return start and end as the protocol can hold them: neither before 1970 nor in the wrong order."""
    start_ns = max(0, min(start_ns, _LATEST_NS))
    return start_ns, max(start_ns, min(start_ns + duration_ns, _LATEST_NS))
