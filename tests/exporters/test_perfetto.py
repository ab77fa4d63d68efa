"""Perfetto's own format before its schema and its trace processor."""

from collections import Counter
from typing import Any

import pytest

from reqtrace.exporters import registry
from tests.factories import request
from tests.judges.crowd import Crowd
from tests.judges.trace_processor import TraceProcessor


@pytest.fixture(scope="module")
def crowd() -> Crowd:
    """Return a trace with all that is hard to draw."""
    return Crowd()


@pytest.fixture(scope="module")
def exported(crowd: Crowd) -> bytes:
    """Return it in this format."""
    return b"".join(registry.exporter("perfetto").chunks(crowd))


@pytest.fixture(scope="module")
def packets(exported: bytes) -> list[Any]:
    """Return what the published schema reads in it."""
    schema = pytest.importorskip("perfetto.protos.perfetto.trace.perfetto_trace_pb2")
    trace = schema.Trace.FromString(exported)
    assert trace.SerializeToString(deterministic=True)
    return list(trace.packet)


def test_the_published_schema_knows_every_field(packets: list[Any], exported: bytes) -> None:
    unknown = pytest.importorskip("google.protobuf.unknown_fields").UnknownFieldSet

    def examine(message: Any) -> None:
        assert len(unknown(message)) == 0, message
        for field, value in message.ListFields():
            if field.type == field.TYPE_MESSAGE:
                for one in value if field.is_repeated else [value]:
                    examine(one)

    for packet in packets:
        examine(packet)
    assert sum(packet.ByteSize() for packet in packets) > 0.9 * len(exported)


def test_text_of_any_length_is_read_whole() -> None:
    schema = pytest.importorskip("perfetto.protos.perfetto.trace.perfetto_trace_pb2")
    paths = ["/" + "x" * length for length in (100, 126, 127, 4_000, 4_095, 16_300, 16_383, 100_000)]

    class Long(Crowd):
        def __init__(self) -> None:
            self.made = [request(number, path=path) for number, path in enumerate(paths)]
            self.found = []

    trace = schema.Trace.FromString(b"".join(registry.exporter("perfetto").chunks(Long())))
    titles = [packet.track_event.name for packet in trace.packet if packet.track_event.type == 1]
    assert titles == [f"GET {path}" for path in paths]


def test_every_slice_that_begins_ends(packets: list[Any]) -> None:
    depth: Counter[int] = Counter()
    for packet in sorted(packets, key=lambda packet: packet.timestamp):
        event = packet.track_event
        depth[event.track_uuid] += {1: 1, 2: -1}.get(event.type, 0)
        assert depth[event.track_uuid] >= 0
    assert not +depth


def test_the_trace_processor_finds_everything_to_the_nanosecond_and_has_nothing_to_complain_of(
    crowd: Crowd, exported: bytes
) -> None:
    errors, rows, counts, flows, instants, clocks = TraceProcessor(exported).ask(
        "SELECT name, value FROM stats WHERE severity IN ('error', 'data_loss') AND value > 0",
        "SELECT EXTRACT_ARG(arg_set_id, 'debug.request') AS id, ts, dur, name FROM slice WHERE category = 'request'",
        "SELECT category, count(*) AS number FROM slice GROUP BY category",
        "SELECT EXTRACT_ARG(a.arg_set_id, 'debug.request') AS writer, EXTRACT_ARG(b.arg_set_id, 'debug.finding') AS id "
        "FROM flow JOIN slice AS a ON slice_out = a.id JOIN slice AS b ON slice_in = b.id",
        "SELECT EXTRACT_ARG(arg_set_id, 'debug.finding') AS id, ts FROM slice WHERE category = 'finding'",
        "SELECT clock_name, clock_value FROM clock_snapshot WHERE clock_name = 'REALTIME'",
    )
    assert errors == []
    origin = min(one.start_ns for one in crowd.made)
    assert {(row["id"], row["ts"] + origin, row["dur"], row["name"]) for row in rows} == {
        (one.id, one.start_ns, one.duration_ns, f"GET {one.path}") for one in crowd.made
    }
    assert {row["category"]: row["number"] for row in counts} == {
        "request": len(crowd.made),
        "hop": crowd.hops,
        "finding": len(crowd.found) + len(crowd.gone),
    }
    assert [row["clock_value"] for row in clocks] == [origin]
    writers = {one.id: one.writer.request for one in crowd.found if one.writer is not None}
    assert len(flows) == crowd.flows > 0
    assert all(writers[row["id"]] == row["writer"] for row in flows)
    start = {one.id: one.start_ns for one in crowd.made}
    assert {(row["id"], row["ts"] + origin) for row in instants} == {
        *((one.id, start[one.request] + one.at_ns) for one in crowd.found),
        *((one.id, origin) for one in crowd.gone),
    }


def test_bars_of_one_user_have_one_colour_and_slots_of_a_thread_one_lane(crowd: Crowd, exported: bytes) -> None:
    colours, lanes, processes = TraceProcessor(exported).ask(
        "SELECT DISTINCT EXTRACT_ARG(arg_set_id, 'correlation_id') AS colour, EXTRACT_ARG(arg_set_id, 'debug.user') AS "
        "user FROM slice WHERE category = 'request'",
        "SELECT DISTINCT upid, process_track.name FROM slice JOIN process_track ON track_id = process_track.id",
        "SELECT name FROM process WHERE name IS NOT NULL ORDER BY name",
    )
    assert {row["user"] for row in colours} == {"alice", "bob", "çelik \N{GRINNING FACE}", "anonymous", "unresolved"}
    assert all(row["colour"] == row["user"] for row in colours)
    assert Counter(row["name"] for row in lanes) == {
        "MainThread #1 (101)": 2,
        "ThreadPoolExecutor-0_2 #2 (102)": 2,
        "at a time that nobody knows": 1,
    }
    assert [row["name"] for row in processes] == [
        "Findings whose request is no longer there",
        "gunicorn gthread on web-1",
        "uvicorn uvicorn on web-2, pid 101",
    ]
