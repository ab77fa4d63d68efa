"""Perfetto's own format: TrackEvent messages, in which bars have a colour per user and slots share a lane.

The fields are those of ``protos/perfetto/trace/perfetto_trace.proto`` in Perfetto's repository; the tests read what
stands here with the published schema.
"""

from collections.abc import Iterator
from functools import lru_cache

import msgspec

from reqtrace.assembly import Assembled, assembled
from reqtrace.exporters.base import Exporter, Source
from reqtrace.lanes import Lanes, begin_of, moves_of
from reqtrace.protobuf import fixed64, integer, message, text
from reqtrace.tracks import (
    Board,
    Facts,
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
_CATEGORIES = {"request": 1, "hop": 2, "finding": 3}
_NAMES = {
    name: number
    for number, name in enumerate(
        dict.fromkeys(name for type_ in (RequestFacts, HopFacts, FindingFacts) for name in type_.__struct_fields__), 1
    )
}
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
            for one in assembly.requests():
                yield _drawn(one, {serial: board.tracks[lane].tid for serial, lane in lanes.place(one).items()})


def _drawn(one: Assembled, tracks: dict[int, int]) -> bytes:
    """Return the packets of a request."""
    request = one.request
    own = integer(11, tracks[request.thread_serial])
    colour = text(53, person(request.user))
    flows = b"".join(fixed64(47, flow) for flow in one.flows)
    named = _event("request", title_of(request), facts_of(request))
    packets = [_packet(one.start_ns, _BEGIN + own + named + colour + flows), _packet(one.end_ns, _END + own)]
    seen_on = {own}
    for hop in moves_of(request):
        track, at_ns = integer(11, tracks[hop.thread_serial]), begin_of(hop, one)
        named = _event("hop", hop.checkpoint, facts_of_hop(hop, request))
        if track in seen_on:
            packets.append(_packet(at_ns, _INSTANT + track + named))
        else:
            seen_on.add(track)
            packets.append(_packet(at_ns, _BEGIN + track + named + colour))
            packets.append(_packet(one.end_ns, _END + track))
    for finding, at_ns, flow in one.findings:
        named = _event("finding", f"{finding.level}: {finding.kind}", facts_of_finding(finding))
        ending = b"" if flow is None else fixed64(48, flow)
        packets.append(_packet(at_ns, _INSTANT + own + named + ending))
    return b"".join(packets)


def _event(category: str, name: str, facts: Facts) -> bytes:
    told = zip(facts.__struct_fields__, msgspec.structs.astuple(facts), strict=True)
    annotations = [_annotation(key, value) for key, value in told if value is not None and value != ""]
    return integer(3, _CATEGORIES[category]) + text(23, name) + b"".join(annotations)


@lru_cache(maxsize=4_096)
def _annotation(key: str, value: str | int) -> bytes:
    told = integer(4, value) if isinstance(value, int) else text(6, value)
    return message(4, integer(1, _NAMES[key]) + told)


def _packet(at_ns: int, event: bytes) -> bytes:
    return message(1, integer(8, at_ns) + _SEQUENCE + _LATER + message(11, event))


def _descriptor(track: bytes) -> bytes:
    return message(1, _SEQUENCE + _LATER + message(60, track))


def _clocks(start_ns: int) -> bytes:
    """Return the first packets: our times are Unix times, and these are the numbers of our names."""
    readings = (message(1, integer(1, clock) + integer(2, start_ns)) for clock in (_BOOTTIME, _REALTIME))
    names = [message(1, integer(1, number) + text(2, name)) for name, number in _CATEGORIES.items()]
    names += [message(3, integer(1, number) + text(2, name)) for name, number in _NAMES.items()]
    return message(1, message(6, b"".join(readings))) + message(
        1, _SEQUENCE + _FIRST + message(12, b"".join(names)) + integer(87, 1)
    )


def _uuid_of(pid: int) -> int:
    return 2**32 + pid
