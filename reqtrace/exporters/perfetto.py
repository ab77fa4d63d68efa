"""Perfetto's own format: TrackEvent messages, in which bars have a colour per user and slots share a lane.

The fields are those of ``protos/perfetto/trace/perfetto_trace.proto`` in Perfetto's repository; the tests read what
stands here with the published schema.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain

import msgspec

from reqtrace.exporters.assembly import Assembled, assembled
from reqtrace.exporters.base import Exporter, Source, Watch
from reqtrace.exporters.lanes import begin_of, moves_of
from reqtrace.exporters.protobuf import VARINTS, fixed64, integer, integer_key, message, sized_key, text, varint
from reqtrace.exporters.tracks import (
    SHARED,
    Board,
    FindingFacts,
    HopFacts,
    RequestFacts,
    Track,
    facts_of,
    facts_of_finding,
    facts_of_hop,
    person,
    title_of,
)
from reqtrace.records import Finding

_values = msgspec.structs.astuple
_BEGIN, _END, _INSTANT = (integer(9, kind) for kind in (1, 2, 3))
_BOOTTIME, _REALTIME = 6, 1
_SEQUENCE = integer(10, 1)
_FIRST, _LATER = integer(13, 1), integer(13, 2)
"""Sequence flags: names are given numbers here; names go by the numbers given."""
_SEQUENCE_LATER = _SEQUENCE + _LATER
_PACKET, _AT, _EVENT = sized_key(1), integer_key(8), _SEQUENCE_LATER + sized_key(11)
_TITLE, _ANNOTATION = sized_key(23), sized_key(4)
"""How what is written most begins."""
_CATEGORIES = {1: "request", 2: "hop", 3: "finding"}
_REQUEST, _HOP, _FINDING = (integer(3, number) for number in _CATEGORIES)
_NAMES = dict.fromkeys(chain.from_iterable(one.__struct_fields__ for one in (RequestFacts, HopFacts, FindingFacts)))
_NUMBERS = {name: integer(1, number) for number, name in enumerate(_NAMES, 1)}
"""The field that names an annotation by its number."""
_BEGINNINGS = {name: (number + sized_key(6), number + integer_key(4)) for name, number in _NUMBERS.items()}
"""How an annotation begins that is text, and one that is a number."""
_OWN = slice(1, SHARED[0].start)
"""Without ``detail``: Perfetto shows all the others."""
_OWN_NAMES = RequestFacts.__struct_fields__[_OWN]
_SHARED = [(RequestFacts.__struct_fields__[where], where) for where in SHARED]
_EXPLICIT_ORDER = integer(11, 3)


class PerfettoExporter(Exporter):
    """Draws a request as a slice on each thread it was seen on; findings, and its other hops, are instants there.

    The slots of a thread are tracks of one name under one process, which Perfetto shows as one lane of several rows.
    """

    name = "perfetto"
    suffix = ".pftrace"
    media_type = "application/octet-stream"

    def pieces(self, source: Source, watch: Watch) -> Iterator[bytes]:
        """Yield the packets."""
        with assembled(source, watch) as assembly:
            board = Board(source, assembly)
            yield _clocks(assembly.start_ns)
            for rank, (pid, name) in enumerate(board.processes):
                described = integer(1, pid) + text(6, name) + integer(3, rank)
                yield _descriptor(integer(1, _uuid_of(pid)) + message(3, described) + _EXPLICIT_ORDER)
            for track in board.tracks():
                parent = integer(5, _uuid_of(track.pid))
                yield _descriptor(integer(1, track.tid) + parent + text(2, track.thread) + integer(12, track.tid))
            for one in assembly.requests():
                yield _drawn(one, board.tracks_of(one), assembly.start_ns)
            for finding in assembly.findings_alone():
                assert board.aside is not None
                yield _packet(0, _found(finding, board.aside))


def _drawn(one: Assembled, tracks: dict[int, Track], origin_ns: int) -> bytes:
    """Return the packets of a request."""
    request = one.request
    own, colour, title = tracks[request.thread_serial], _colour(person(request.user)), _titled(title_of(request))
    begin_ns, end_ns = one.start_ns - origin_ns, one.end_ns - origin_ns
    facts = _values(facts_of(request))
    event = _BEGIN + _on(own) + _REQUEST + title + colour + _annotations(_OWN_NAMES, facts[_OWN])
    for names, where in _SHARED:
        event += _shared(names, facts[where])
    for number in (*one.flows, *(number for number, _ in one.sendings)):
        event += fixed64(47, number)
    if one.sending is not None:
        event += fixed64(48, one.sending)
    packets = [_packet(begin_ns, event), _packet(end_ns, _end_on(own))]
    seen_on = {own}
    for hop in moves_of(request):
        track, at_ns = tracks[hop.thread_serial], begin_of(hop, one.start_ns, one.end_ns) - origin_ns
        told = _on(track) + _HOP + _told(facts_of_hop(hop, request))
        if track in seen_on:
            packets.append(_packet(at_ns, _INSTANT + _titled(hop.checkpoint) + told))
        else:
            seen_on.add(track)
            packets += _packet(at_ns, _BEGIN + title + told + colour), _packet(end_ns, _end_on(track))
    for finding, at_ns, flow in one.findings:
        ending = b"" if flow is None else fixed64(48, flow)
        packets.append(_packet(at_ns - origin_ns, _found(finding, own) + ending))
    return b"".join(packets)


def _found(finding: Finding, track: Track) -> bytes:
    title = _titled(f"{finding.level}: {finding.kind}")
    return _INSTANT + _on(track) + _FINDING + title + _told(facts_of_finding(finding))


@lru_cache(maxsize=1_024)
def _on(track: Track) -> bytes:
    return integer(11, track.tid)


@lru_cache(maxsize=1_024)
def _end_on(track: Track) -> bytes:
    return _END + _on(track)


def _told(facts: HopFacts | FindingFacts) -> bytes:
    return _annotations(facts.__struct_fields__, _values(facts))


def _annotations(names: Sequence[str], told: Iterable[str | int | None]) -> bytes:
    written = b""
    for name, value in zip(names, told, strict=True):
        if value is None or value == "":
            continue
        text_begins, number_begins = _BEGINNINGS[name]
        if isinstance(value, str):
            encoded = value.encode()
            annotation = text_begins + VARINTS[len(encoded)] + encoded
        else:
            annotation = number_begins + VARINTS[value]
        written += _ANNOTATION + VARINTS[len(annotation)] + annotation
    return written


_shared = lru_cache(maxsize=1_024)(_annotations)
"""The same for what a request has in common with many others."""


@lru_cache(maxsize=1_024)
def _colour(name: str) -> bytes:
    return text(53, name)


def _packet(at_ns: int, event: bytes) -> bytes:
    packet = _AT + varint(at_ns) + _EVENT + VARINTS[len(event)] + event
    return _PACKET + VARINTS[len(packet)] + packet


def _titled(title: str) -> bytes:
    encoded = title.encode()
    return _TITLE + VARINTS[len(encoded)] + encoded


def _descriptor(track: bytes) -> bytes:
    return message(1, _SEQUENCE_LATER + message(60, track))


def _clocks(start_ns: int) -> bytes:
    """Return the first packets: what time it was when the trace began, from which we count; and numbers for names."""
    readings = (
        message(1, integer(1, clock) + integer(2, at_ns)) for clock, at_ns in ((_BOOTTIME, 0), (_REALTIME, start_ns))
    )
    names = [message(1, integer(1, number) + text(2, name)) for number, name in _CATEGORIES.items()]
    names += [message(3, number + text(2, name)) for name, number in _NUMBERS.items()]
    return message(1, message(6, b"".join(readings))) + message(
        1, _SEQUENCE + _FIRST + message(12, b"".join(names)) + integer(87, 1)
    )


def _uuid_of(pid: int) -> int:
    return 2**32 + pid
