"""What the API answers, read from the store: lists under the shared filters, and one request with its surroundings."""

import msgspec

from reqtrace.reading import neighbours
from reqtrace.reading.queries import Page, Query, threads_of
from reqtrace.reading.reader import Reader
from reqtrace.records import Finding, Measurement, Process, Request
from reqtrace.stores.base import Store

from .protocol import FindingList, MarkList, ProcessList, RequestDetail, RequestList, ThreadList

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
    found = list(reader.threads(query))
    if _asks_requests(query):
        used = {(request.process, serial) for request in reader.requests(query) for serial in threads_of(request)}
        found = [thread for thread in found if (thread.process, thread.serial) in used]
    return ThreadList(threads=found[: -page.limit - 1 : -1], corrupt=reader.corrupt)


def processes(store: Store, query: Query, page: Page) -> ProcessList:
    """List the processes in which requests ran that match; without a filter all. The last seen come first."""
    reader = Reader(store)
    found = [process for process in reader.processes() if query.process in (None, process.id, str(process.pid))]
    if _asks_requests(query) or query.thread is not None:
        used = {request.process for request in reader.requests(query)}
        found = [process for process in found if process.id in used]
    listed = found[: -page.limit - 1 : -1]
    return ProcessList(processes=listed, measurements=_newest_measurements(reader, listed), corrupt=reader.corrupt)


def findings(store: Store, query: Query, page: Page) -> FindingList:
    """List findings, newest first; filters on requests ask for the findings of requests that match."""
    reader = Reader(store)
    found: list[Finding] = []
    before = page.before
    while entries := store.read_back(before, _BATCH, ("finding",)):
        for entry in entries:
            before = entry.position
            finding = reader.decode(entry)
            if not isinstance(finding, Finding) or not query.matches_finding(finding):
                continue
            if query.asks_requests:
                request = reader.request(finding.request)
                if request is None or not query.matches_request(request):
                    continue
            found.append(finding)
            if len(found) == page.limit:
                return FindingList(findings=found, cursor=_cursor(before), corrupt=reader.corrupt)
    return FindingList(findings=found, cursor=None, corrupt=reader.corrupt)


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
        thread=next(reader.threads(Query(process=request.process, thread=request.thread_serial)), None),
        findings=[finding for finding in reader.findings() if finding.request == id_],
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
    return msgspec.structs.replace(query, process=None, thread=None) != Query()


def _cursor(position: int | None) -> str | None:
    return None if position is None else str(position)
