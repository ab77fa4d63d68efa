"""Records for the dashboard's tests, and their way into a store."""

from collections.abc import Iterable
from typing import Any

import msgspec

from dashboard.protocol import Batch, Hello
from reqtrace.records import (
    Finding,
    Hop,
    Measurement,
    Process,
    Record,
    Request,
    SameThread,
    Side,
    Thread,
    User,
)
from reqtrace.stores.base import Item, Store
from reqtrace.stores.packing import unpack

SECOND = 1_000_000_000
START_NS = 1_700_000_000 * SECOND


def request(number: int, thread: int = 1, **changes: Any) -> Request:
    """Return request `number`: it began in second `number` and ran for half of one."""
    record = Request(
        id=f"r{number}", process="p1", pid=101, thread_id=7000 + thread, native_thread_id=700 + thread,
        thread_serial=thread, thread_name=f"worker-{thread}", greenlet_id=None, greenlet_serial=None, task_id=None,
        task_serial=None, task_name=None, loop_id=None, protocol="http", method="GET", path=f"/{number}/", route="",
        view="shop.views.home", status=200, outcome="ok", start_ns=START_NS + number * SECOND,
        duration_ns=SECOND // 2, trace_id=None, parent_span_id=None,
        user=User(state="authenticated", id="1", label="alice"), session=None,
        hops=[Hop(at_ns=0, checkpoint="start", thread_id=7000 + thread, thread_serial=thread)],
        same_thread=SameThread(),
    )  # fmt: skip
    return msgspec.structs.replace(record, **changes)


def thread(serial: int, process: str = "p1") -> Thread:
    """Return thread `serial`."""
    return Thread(process, serial, 7000 + serial, 700 + serial, f"worker-{serial}", "sequential", 2, 1, 1)


def process(number: int = 1) -> Process:
    """Return process `number`."""
    return Process(f"p{number}", "host", 100 + number, 1, START_NS, "gunicorn", "gthread", "wsgi", "3.11.7", "5.2", {})


def finding(number: int, request_id: str, **changes: Any) -> Finding:
    """Return finding `number`, of a leak in one request."""
    record = Finding(
        id=f"f{number}", request=request_id, kind="crossed", level="leak", checkpoint="view-end", at_ns=1,
        holder="shop.current", holder_kind="threading.local", expected=Side(), observed=Side(), writer=None,
        stack=[], message="Another request stood there.", fix="Use a ContextVar.", group="g",
    )  # fmt: skip
    return msgspec.structs.replace(record, **changes)


def measurement(number: int, process: str = "p1") -> Measurement:
    """Return measurement `number` of a process."""
    return Measurement(process, number, START_NS + number * SECOND, 1, 20.0, 0)


def item(record: Record) -> Item:
    """Return a record as it goes into a store."""
    return Item.of(record)


def requests_in(message: Hello | Batch) -> list[Request]:
    """Return the requests that a message of the socket brings."""
    return [unpack("request", packed) for packed in message.records.requests]


def append(store: Store, records: Iterable[Record]) -> None:
    """Write records into a store, in one go."""
    store.append([item(record) for record in records])
