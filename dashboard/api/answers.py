"""What the API answers, read from the store: lists under the shared filters, and one request with its surroundings."""

from collections.abc import Callable
from itertools import islice

import msgspec

from reqtrace.exceptions import StoreError
from reqtrace.reading import neighbours
from reqtrace.reading.queries import Page, Query, threads_of
from reqtrace.reading.reader import LOOKED_AT, Reader
from reqtrace.records import Measurement, Process, Request, Thread
from reqtrace.stores import registry
from reqtrace.stores.base import Store

from ..protocol import (
    FindingList,
    HealthReport,
    MarkList,
    ProcessHealth,
    ProcessList,
    RequestDetail,
    RequestList,
    ThreadList,
)

BEFORE_MAX = AFTER_MAX = 20
DURING_MAX = 50

_BATCH = 1_000


def requests(store: Store, query: Query, page: Page) -> RequestList:
    """List requests, newest first."""
    reader = Reader(store)
    found = reader.page(query, page)
    return RequestList(requests=_listed(found.requests), cursor=_cursor(found.cursor), corrupt=reader.corrupt)


def threads(store: Store, query: Query, page: Page) -> ThreadList:
    """List the threads on which requests ran that match; without a filter all threads. The last active come first."""
    reader = Reader(store)
    if _asks_requests(query):
        used, cursor = _used_by(reader, query, page, threads_of)
        found = [thread for key in used if (thread := reader.thread(*key)) is not None]
        found.sort(key=lambda thread: thread.seen_ns, reverse=True)
        return ThreadList(threads=found, cursor=cursor, corrupt=reader.corrupt)
    processes = None if query.process is None else reader.processes_named(query.process)
    chosen: list[Thread] = []
    for looked, (position, record) in enumerate(reader.newest("thread", page.before), 1):
        assert isinstance(record, Thread)
        is_named = (processes is None or record.process in processes) and query.thread in (None, record.serial)
        if is_named and query.matches_server(record):
            chosen.append(record)
        if len(chosen) == page.limit or looked == LOOKED_AT:
            return ThreadList(threads=chosen, cursor=_cursor(position), corrupt=reader.corrupt)
    return ThreadList(threads=chosen, cursor=None, corrupt=reader.corrupt)


def processes(store: Store, query: Query, page: Page) -> ProcessList:
    """List the processes in which requests ran that match; without a filter all. The last seen come first."""
    reader = Reader(store)
    cursor = None
    if _asks_requests(query) or query.thread is not None:
        used, cursor = _used_by(reader, query, page, lambda request: {0})
        found = [process for id_, _ in used if (process := reader.process(id_)) is not None]
        found.sort(key=lambda process: process.seen_ns, reverse=True)
    else:
        found = []
        for position, record in reader.newest("process", page.before):
            assert isinstance(record, Process)
            if query.process in (None, record.id, str(record.pid)) and query.matches_server(record):
                found.append(record)
            if len(found) == page.limit:
                cursor = _cursor(position)
                break
    measured = _newest_measurements(reader, found)
    return ProcessList(processes=found, measurements=measured, cursor=cursor, corrupt=reader.corrupt)


def _used_by(
    reader: Reader, query: Query, page: Page, serials: Callable[[Request], set[int]]
) -> tuple[list[tuple[str, int]], str | None]:
    """Return where requests ran that match, the newest first, and the cursor where there may be more of these."""
    used: dict[tuple[str, int], None] = {}
    if query.asks_findings:
        requests = reader.page(query, page)
        used = {(request.process, serial): None for request in requests.requests for serial in serials(request)}
        return list(used), _cursor(requests.cursor)
    for position, request in reader.requests_back(query, page.before, page.limit):
        if request is not None:
            used |= {(request.process, serial): None for serial in serials(request)}
        if request is None or len(used) >= page.limit:
            return list(used)[: page.limit], _cursor(position)
    return list(used), None


def findings(store: Store, query: Query, page: Page) -> FindingList:
    """List findings, newest first; filters on requests ask for the findings of requests that match."""
    reader = Reader(store)
    found = reader.finding_page(query, page)
    return FindingList(findings=found.findings, cursor=_cursor(found.cursor), corrupt=reader.corrupt)


def health(store: Store) -> HealthReport:
    """Tell how reqtrace itself fares."""
    reader = Reader(store)
    report = HealthReport(store="ok", problems=registry.problems())
    try:
        for _, record in islice(reader.newest("process", None), _BATCH):
            told = msgspec.to_builtins(record)
            report.processes.append(msgspec.convert(told, ProcessHealth))
    except StoreError as error:
        report.store, report.message = "unreachable", str(error)
    report.corrupt = reader.corrupt
    return report


def marks(store: Store, csrf_token: str, csrf_header: str) -> MarkList:
    """List all marks, with what a request that changes one must bear."""
    reader = Reader(store)
    found = list(reader.marks())
    return MarkList(marks=found, csrf_token=csrf_token, csrf_header=csrf_header, corrupt=reader.corrupt)


def request_detail(store: Store, id_: str) -> RequestDetail | None:
    """Return one request with its findings and with the requests that shared its thread, or None."""
    reader = Reader(store)
    request = reader.request(id_)
    if request is None:
        return None
    around = neighbours.of(reader, request)
    return RequestDetail(
        request=request,
        process=reader.process(request.process),
        thread=reader.thread(request.process, request.thread_serial),
        findings=reader.findings_of(id_),
        before=_listed(around.before[:BEFORE_MAX]),
        during=_listed(around.at_once[:DURING_MAX]),
        after=_listed(around.after[:AFTER_MAX]),
    )


def _newest_measurements(reader: Reader, processes: list[Process]) -> list[Measurement]:
    missing = {process.id for process in processes}
    found = []
    for entry in reader.store.read_back(None, _BATCH, ("measurement",)):
        measurement = reader.decode(entry)
        if isinstance(measurement, Measurement) and measurement.process in missing:
            missing.remove(measurement.process)
            found.append(measurement)
    return found


def _listed(requests: list[Request]) -> list[Request]:
    """Return requests without what is for whoever looks at one of them."""
    for request in requests:
        request.readings = []
    return requests


def _asks_requests(query: Query) -> bool:
    """Whether the filter asks for more than a process or a thread by name."""
    return not msgspec.structs.replace(query, process=None, thread=None).is_of_all


def _cursor(position: int | None) -> str | None:
    return None if position is None else str(position)
