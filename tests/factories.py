"""Records with everything filled in, of which a test says only what matters to it."""

from itertools import count
from typing import Any

from reqtrace.records import Finding, Hop, Measurement, Process, Record, Request, SameThread, Side, Thread, User
from reqtrace.stores.base import Item

START_NS = 1_769_860_800_000_000_000
"""2026-01-31T12:00:00Z, when the first request of a test begins."""

ALICE = User("authenticated", "1", "alice")
BOB = User("authenticated", "2", "bob")

_numbers = count(1)


def request(number: int | None = None, **fields: Any) -> Request:
    """Return a request by alice on the first thread of the first process, 10 ms long."""
    number = next(_numbers) if number is None else number
    values: dict[str, Any] = {
        "id": f"p1-{number:08x}",
        "process": "p1",
        "pid": 101,
        "thread_id": 140_000_000_000_001,
        "native_thread_id": 101,
        "thread_serial": 1,
        "thread_name": "MainThread",
        "greenlet_id": None,
        "greenlet_serial": None,
        "task_id": None,
        "task_serial": None,
        "task_name": None,
        "loop_id": None,
        "protocol": "http",
        "method": "GET",
        "path": "/orders/",
        "route": "orders/",
        "view": "shop.views.orders",
        "status": 200,
        "outcome": "ok",
        "start_ns": START_NS + number * 1_000_000_000,
        "duration_ns": 10_000_000,
        "trace_id": None,
        "parent_span_id": None,
        "user": ALICE,
        "session": None,
        "hops": [],
        "same_thread": SameThread(),
    } | fields
    if "hops" not in fields:
        values["hops"] = [Hop(0, "start", values["thread_id"], values["thread_serial"])]
    return Request(**values)


def process(id_: str = "p1", **fields: Any) -> Process:
    """Return a worker of gunicorn's."""
    values: dict[str, Any] = {
        "id": id_,
        "host": "web-1",
        "pid": 101,
        "parent_pid": 100,
        "started_ns": START_NS,
        "server": "gunicorn",
        "worker_class": "gthread",
        "interface": "wsgi",
        "python": "3.11.7",
        "django": "5.2",
        "facts": {"gevent_patched": False},
    }
    return Process(**values | fields)


def thread(serial: int = 1, **fields: Any) -> Thread:
    """Return a thread of the first process, on which requests followed one another."""
    values: dict[str, Any] = {
        "process": "p1",
        "serial": serial,
        "thread_id": 140_000_000_000_000 + serial,
        "native_id": 100 + serial,
        "name": "MainThread" if serial == 1 else f"ThreadPoolExecutor-0_{serial}",
        "sharing": "sequential",
        "requests": 12,
        "users": 3,
        "max_in_flight": 1,
    }
    return Thread(**values | fields)


def finding(request_id: str, number: int | None = None, **fields: Any) -> Finding:
    """Return a leak: bob's request in the holder while alice's runs."""
    number = next(_numbers) if number is None else number
    values: dict[str, Any] = {
        "id": f"f{number:08x}",
        "request": request_id,
        "kind": "crossed",
        "level": "leak",
        "checkpoint": "view-end",
        "at_ns": 5_000_000,
        "holder": "shop.middleware._thread_locals.request",
        "holder_kind": "threading.local",
        "expected": Side(request_id, ALICE),
        "observed": Side("p1-0000beef", BOB),
        "writer": None,
        "stack": [],
        "message": "While alice's request ran, the holder named bob's.",
        "fix": "Keep the request in a ContextVar.",
        "group": "g1",
    }
    return Finding(**values | fields)


def measurement(number: int = 1, **fields: Any) -> Measurement:
    """Return what the first process used, in its second `number`."""
    values: dict[str, Any] = {
        "process": "p1",
        "number": number,
        "measured_ns": START_NS + number * 1_000_000_000,
        "requests_in_flight": 1,
        "requests_per_second": 20.0,
        "dropped": 0,
        "cpu_utilization": 0.25,
        "memory_usage": 50_000_000,
    }
    return Measurement(**values | fields)


def item(record: Record) -> Item:
    """Return a record on its way into a store."""
    return Item.of(record)


def items(*records: Record) -> list[Item]:
    """Return records on their way into a store."""
    return [item(record) for record in records]


def corrupt(key: str = "broken") -> Item:
    """Return what is no request."""
    return Item("request", key, b'{"id": 7')
