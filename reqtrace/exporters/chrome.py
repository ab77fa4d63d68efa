"""Chrome's Trace Event JSON, for Perfetto's page, speedscope and the Firefox Profiler."""

from collections.abc import Iterator

import msgspec

from reqtrace.exporters.assembly import Assembled, Assembly, assembled
from reqtrace.exporters.base import Exporter, Source, Watch, head_of
from reqtrace.exporters.lanes import begin_of, moves_of
from reqtrace.exporters.tracks import Board, Facts, Track, facts_of, facts_of_finding, facts_of_hop, title_of
from reqtrace.records import Finding

_encode = msgspec.json.Encoder().encode


class Event(msgspec.Struct, omit_defaults=True, gc=False):
    """One trace event; the names are the format's."""

    ph: str
    """``X`` a bar, ``i`` an instant, ``s`` and ``f`` a flow's begin and end, ``M`` a name."""
    name: str
    pid: int
    tid: int
    ts: float | None = None
    """Microseconds since the trace began: since 1970, a double would lose the nanoseconds."""
    dur: float | None = None
    cat: str = ""
    s: str = ""
    """Of an instant: ``t``, it belongs to its thread alone."""
    id: int | None = None
    """Of a flow."""
    bp: str = ""
    """Of a flow's end: ``e``, it ends in the bar around it."""
    args: Facts | dict[str, str] | dict[str, int] | None = None


class ChromeExporter(Exporter):
    """Draws a request as a bar on each thread it was seen on; findings, and its other hops, are instants there.

    Bars never lie within bars: their ends would have to be the same double, however a reader adds them up. Nor do
    they overlap, which readers drop or mistime: a thread on which requests were in flight at once takes as many tracks.
    A flow leads from the request that wrote into a holder to the one that read it there, and from who sent a job to the
    job. Jobs have tracks of their own.
    """

    name = "chrome"
    suffix = ".chrome.json"
    media_type = "application/json"

    def pieces(self, source: Source, watch: Watch) -> Iterator[bytes]:
        """Yield the document, an event a line."""
        with assembled(source, watch) as assembly:
            head = head_of(source)
            about = {
                "exported_at": head.exported_at,
                "dropped": head.dropped,
                "start_ns": assembly.start_ns,
                "findings_without_request": assembly.homeless,
            }
            yield b'{"displayTimeUnit":"ms","otherData":%b,"traceEvents":[' % _encode(about)
            separator = b"\n"
            for event in _events(source, assembly):
                yield separator + _encode(event)
                separator = b",\n"
            yield b"\n]}\n"


def _events(source: Source, assembly: Assembly) -> Iterator[Event]:
    board = Board(source, assembly)
    for rank, (pid, name) in enumerate(board.processes):
        yield Event("M", "process_name", pid, 0, args={"name": name})
        yield Event("M", "process_sort_index", pid, 0, args={"sort_index": rank})
    for track in board.tracks():
        name = track.thread if track.slot == 1 else f"{track.thread} · slot {track.slot}"
        yield Event("M", "thread_name", track.pid, track.tid, args={"name": name})
        yield Event("M", "thread_sort_index", track.pid, track.tid, args={"sort_index": track.tid})
    for one in assembly.requests():
        yield from _drawn(one, board.tracks_of(one), assembly.start_ns)
    for finding in assembly.findings_alone():
        assert board.aside is not None
        yield _found(finding, board.aside, at=0.0)


def _drawn(one: Assembled, tracks: dict[int, Track], origin_ns: int) -> Iterator[Event]:
    """Yield a request, and what belongs to it."""
    request = one.request
    own = tracks[request.thread_serial]
    begin, length = _microseconds(one.start_ns - origin_ns), _microseconds(one.end_ns - one.start_ns)
    yield Event("X", title_of(request), own.pid, own.tid, begin, length, "request", args=facts_of(request))
    for number in one.flows:
        yield Event("s", "holder", own.pid, own.tid, begin, cat="holder", id=number)
    for number, at_ns in one.sendings:
        yield Event("s", "sent", own.pid, own.tid, _microseconds(at_ns - origin_ns), cat="job", id=number)
    if one.sending is not None:
        yield Event("f", "sent", own.pid, own.tid, begin, cat="job", id=one.sending, bp="e")
    seen_on = {own}
    for hop in moves_of(request):
        track, at_ns, args = (
            tracks[hop.thread_serial],
            begin_of(hop, one.start_ns, one.end_ns),
            facts_of_hop(hop, request),
        )
        at = _microseconds(at_ns - origin_ns)
        if track in seen_on:
            yield Event("i", hop.checkpoint, track.pid, track.tid, at, cat="hop", s="t", args=args)
        else:
            seen_on.add(track)
            length = _microseconds(one.end_ns - at_ns)
            yield Event("X", title_of(request), track.pid, track.tid, at, length, "hop", args=args)
    for finding, at_ns, flow in one.findings:
        at = _microseconds(at_ns - origin_ns)
        yield _found(finding, own, at)
        if flow is not None:
            yield Event("f", "holder", own.pid, own.tid, at, cat="holder", id=flow, bp="e")


def _found(finding: Finding, track: Track, at: float) -> Event:
    name = f"{finding.level}: {finding.kind}"
    return Event("i", name, track.pid, track.tid, at, cat="finding", s="t", args=facts_of_finding(finding))


def _microseconds(ns: int) -> float:
    return ns / 1_000
