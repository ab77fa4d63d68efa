"""Perfetto's own format: TrackEvent messages, in which bars have a colour per user and slots share a lane.

The fields are those of ``protos/perfetto/trace/perfetto_trace.proto`` in Perfetto's repository; the tests read what
stands here with the published schema.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache

import msgspec

from reqtrace.assembly import Assembled, assembled
from reqtrace.exporters.base import Exporter, Source
from reqtrace.lanes import Lanes, begin_of, moves_of
from reqtrace.protobuf import fixed64, integer, message, text
from reqtrace.tracks import (
    Board,
    FindingFacts,
    HopFacts,
    RequestFacts,
    facts_of,
    facts_of_finding,
    facts_of_hop,
    person,
    title_of,
)

_BEGIN, _END, _INSTANT = (integer(9, kind) for kind in (1, 2, 3))
_BOOTTIME, _REALTIME = 6, 1
_SEQUENCE = integer(10, 1)
_FIRST, _LATER = integer(13, 1), integer(13, 2)
"""Sequence flags: names are given numbers here; names go by the numbers given."""
_SEQUENCE_LATER = _SEQUENCE + _LATER
_CATEGORIES = {1: "request", 2: "hop", 3: "finding"}
_REQUEST, _HOP, _FINDING = (integer(3, number) for number in _CATEGORIES)
_REQUEST_NAMES = RequestFacts.__struct_fields__
_SHARED = _REQUEST_NAMES.index("user")
_OWN_NAMES, _SHARED_NAMES = _REQUEST_NAMES[1:_SHARED], _REQUEST_NAMES[_SHARED:]
"""Without ``detail``: Perfetto shows all the others."""
_ALL_NAMES = dict.fromkeys((*_REQUEST_NAMES, *HopFacts.__struct_fields__, *FindingFacts.__struct_fields__))
_NAMES = {name: integer(1, number) for number, name in enumerate(_ALL_NAMES, 1)}
"""The field that names an annotation by its number."""
_EXPLICIT_ORDER = integer(11, 3)


class PerfettoExporter(Exporter):
    """Draws a request as a slice on each thread it was seen on; findings, and its other hops, are instants there.

    The slots of a thread are tracks of one name under one process, which Perfetto shows as one lane of several rows.
    """

    name = "perfetto"
    suffix = ".pftrace"
    media_type = "application/octet-stream"

    def pieces(self, source: Source) -> Iterator[bytes]:
        """Yield the packets."""
        with assembled(source) as assembly:
            board, lanes = Board(source, assembly), Lanes()
            yield _clocks(assembly.start_ns)
            for rank, (pid, name) in enumerate(board.processes):
                described = integer(1, pid) + text(6, name) + integer(3, rank)
                yield _descriptor(integer(1, _uuid_of(pid)) + message(3, described) + _EXPLICIT_ORDER)
            for track in board.tracks.values():
                parent = integer(5, _uuid_of(track.pid))
                yield _descriptor(integer(1, track.tid) + parent + text(2, track.thread) + integer(12, track.tid))
            fields = {lane: integer(11, track.tid) for lane, track in board.tracks.items()}
            for one in assembly.requests():
                yield _drawn(
                    one, {serial: fields[lane] for serial, lane in lanes.place(one).items()}, assembly.start_ns
                )


def _drawn(one: Assembled, tracks: dict[int, bytes], origin_ns: int) -> bytes:
    """Return the packets of a request; `tracks` are fields that name them."""
    request = one.request
    own, colour = tracks[request.thread_serial], _colour(person(request.user))
    begin_ns, end_ns = one.start_ns - origin_ns, one.end_ns - origin_ns
    facts = msgspec.structs.astuple(facts_of(request))
    told = _shared(title_of(request), facts[_SHARED:]) + _annotations(_OWN_NAMES, facts[1:_SHARED]) + colour
    flows = b"".join([fixed64(47, flow) for flow in one.flows])
    packets = [_packet(begin_ns, _BEGIN + own + told + flows), _packet(end_ns, _END + own)]
    seen_on = {own}
    for hop in moves_of(request):
        track, at_ns = tracks[hop.thread_serial], begin_of(hop, one) - origin_ns
        told = track + _HOP + _told(facts_of_hop(hop, request))
        if track in seen_on:
            packets.append(_packet(at_ns, _INSTANT + text(23, hop.checkpoint) + told))
        else:
            seen_on.add(track)
            begin = _BEGIN + text(23, title_of(request)) + told + colour
            packets += _packet(at_ns, begin), _packet(end_ns, _END + track)
    for finding, at_ns, flow in one.findings:
        told = _FINDING + text(23, f"{finding.level}: {finding.kind}") + _told(facts_of_finding(finding))
        ending = b"" if flow is None else fixed64(48, flow)
        packets.append(_packet(at_ns - origin_ns, _INSTANT + own + told + ending))
    return b"".join(packets)


def _told(facts: HopFacts | FindingFacts) -> bytes:
    return _annotations(facts.__struct_fields__, msgspec.structs.astuple(facts))


@lru_cache(maxsize=1_024)
def _shared(title: str, told: tuple[str | int | None, ...]) -> bytes:
    """Return what a request has in common with many others."""
    return _REQUEST + text(23, title) + _annotations(_SHARED_NAMES, told)


def _annotations(names: Iterable[str], told: Iterable[str | int | None]) -> bytes:
    pairs = zip(names, told, strict=False)
    return b"".join([_annotation(key, value) for key, value in pairs if value is not None and value != ""])


def _annotation(key: str, value: str | int) -> bytes:
    return message(4, _NAMES[key] + (integer(4, value) if isinstance(value, int) else text(6, value)))


@lru_cache(maxsize=1_024)
def _colour(name: str) -> bytes:
    return text(53, name)


def _packet(at_ns: int, event: bytes) -> bytes:
    return message(1, integer(8, at_ns) + _SEQUENCE_LATER + message(11, event))


def _descriptor(track: bytes) -> bytes:
    return message(1, _SEQUENCE_LATER + message(60, track))


def _clocks(start_ns: int) -> bytes:
    """Return the first packets: what time it was when the trace began, from which we count; and numbers for names."""
    readings = (
        message(1, integer(1, clock) + integer(2, at_ns)) for clock, at_ns in ((_BOOTTIME, 0), (_REALTIME, start_ns))
    )
    names = [message(1, integer(1, number) + text(2, name)) for number, name in _CATEGORIES.items()]
    names += [message(3, number + text(2, name)) for name, number in _NAMES.items()]
    return message(1, message(6, b"".join(readings))) + message(
        1, _SEQUENCE + _FIRST + message(12, b"".join(names)) + integer(87, 1)
    )


def _uuid_of(pid: int) -> int:
    return 2**32 + pid
