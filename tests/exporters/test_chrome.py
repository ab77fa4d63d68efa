"""Chrome's Trace Event JSON before its judges: each counts what it understood, to the nanosecond."""

import json
from collections import Counter
from typing import Any

import msgspec
import pytest

from reqtrace.exporters import registry
from reqtrace.records import Request
from tests.exporters.test_exporters import example, selection
from tests.factories import START_NS, finding, process, request
from tests.judges.crowd import Crowd
from tests.judges.trace_processor import TraceProcessor


@pytest.fixture(scope="module")
def crowd() -> Crowd:
    """Return a trace with all that is hard to draw."""
    return Crowd()


@pytest.fixture(scope="module")
def exported(crowd: Crowd) -> bytes:
    """Return it in this format."""
    return b"".join(registry.exporter("chrome").chunks(crowd))


def events(exported: bytes, phase: str) -> list[dict[str, Any]]:
    """Return the events of one phase."""
    return [event for event in json.loads(exported)["traceEvents"] if event["ph"] == phase]


def test_the_trace_processor_finds_every_request_hop_finding_and_flow_and_has_nothing_to_complain_of(
    crowd: Crowd, exported: bytes
) -> None:
    errors, slices, flows, orphans = TraceProcessor(exported).ask(
        "SELECT name, value FROM stats WHERE severity IN ('error', 'data_loss') AND value > 0",
        "SELECT category, count(*) AS number FROM slice GROUP BY category",
        "SELECT count(*) AS number FROM flow",
        "SELECT count(*) AS number FROM slice WHERE category = 'hop' AND dur < 0",
    )
    assert errors == []
    assert {row["category"]: row["number"] for row in slices} == {
        "request": len(crowd.made),
        "hop": crowd.hops,
        "finding": len(crowd.found) + len(crowd.gone),
    }
    assert flows == [{"number": crowd.flows}]
    assert crowd.flows > 0
    assert orphans == [{"number": 0}]


def test_the_trace_processor_reads_every_time_to_the_nanosecond(crowd: Crowd, exported: bytes) -> None:
    rows, instants = TraceProcessor(exported).ask(
        "SELECT EXTRACT_ARG(arg_set_id, 'args.request') AS id, ts, dur FROM slice WHERE category = 'request'",
        "SELECT EXTRACT_ARG(arg_set_id, 'args.finding') AS id, ts FROM slice WHERE category = 'finding'",
    )
    origin = json.loads(exported)["otherData"]["start_ns"]
    assert {(row["id"], row["ts"] + origin, row["dur"]) for row in rows} == {
        (one.id, one.start_ns, one.duration_ns) for one in crowd.made
    }
    start = {one.id: one.start_ns for one in crowd.made}
    assert {(row["id"], row["ts"] + origin) for row in instants} == {
        *((one.id, start[one.request] + one.at_ns) for one in crowd.found),
        *((one.id, origin) for one in crowd.gone),
    }


def test_the_trace_processor_names_processes_and_threads_as_we_do(exported: bytes) -> None:
    processes, threads = TraceProcessor(exported).ask(
        "SELECT name FROM process WHERE name IS NOT NULL ORDER BY name",
        "SELECT DISTINCT thread.name FROM slice JOIN thread_track ON track_id = thread_track.id "
        "JOIN thread USING (utid)",
    )
    assert [row["name"] for row in processes] == [
        "Findings whose request is no longer there",
        "gunicorn gthread on web-1",
        "uvicorn uvicorn on web-2, pid 101",
    ]
    names = {row["name"] for row in threads}
    assert {"MainThread #1 (101)", "MainThread #1 (101) · slot 2", "ThreadPoolExecutor-0_2 #2 (102)"} <= names


def test_a_hop_and_a_finding_lie_within_their_own_request(exported: bytes) -> None:
    strangers = TraceProcessor(exported).ask(
        "SELECT inner.name FROM slice AS inner JOIN slice AS outer ON inner.parent_id = outer.id "
        "WHERE EXTRACT_ARG(inner.arg_set_id, 'args.request') <> EXTRACT_ARG(outer.arg_set_id, 'args.request')"
    )
    assert strangers == [[]]


def test_a_flow_leads_from_the_writer_to_the_reader(crowd: Crowd, exported: bytes) -> None:
    (rows,) = TraceProcessor(exported).ask(
        "SELECT EXTRACT_ARG(a.arg_set_id, 'args.request') AS writer, "
        "EXTRACT_ARG(b.arg_set_id, 'args.request') AS reader "
        "FROM flow JOIN slice AS a ON slice_out = a.id JOIN slice AS b ON slice_in = b.id"
    )
    pairs = {(one.writer.request, one.request) for one in crowd.found if one.writer is not None}
    assert rows
    assert {(row["writer"], row["reader"]) for row in rows} <= pairs


def test_tracks_stand_in_the_order_of_process_thread_and_slot(exported: bytes) -> None:
    names = [event["args"]["name"] for event in events(exported, "M") if event["name"] == "thread_name"]
    tids = [event["tid"] for event in events(exported, "M") if event["name"] == "thread_name"]
    assert tids == sorted(set(tids))
    assert not set(tids) & {event["pid"] for event in events(exported, "M")}
    assert names.index("MainThread #1 (101) · slot 2") == names.index("MainThread #1 (101)") + 1


def test_what_lies_beyond_a_person_s_time_is_drawn_and_never_backwards() -> None:
    class Odd(Crowd):
        def __init__(self) -> None:
            self.made = [
                request(1, start_ns=-(2**70), duration_ns=5),
                request(2, start_ns=START_NS, duration_ns=-5),
                request(3, start_ns=2**63, duration_ns=2**64),
                request(4, hops=[], thread_name="\N{NULL}\N{LINE SEPARATOR}", path="/\N{RIGHT-TO-LEFT OVERRIDE}"),
            ]
            self.found = [finding(self.made[1].id, at_ns=-1), finding(self.made[3].id, at_ns=2**70)]

    exported = b"".join(registry.exporter("chrome").chunks(Odd()))
    bars = events(exported, "X")
    assert len(bars) == 4
    assert all(bar["dur"] >= 0 and bar["ts"] >= 0 for bar in bars)
    assert len(events(exported, "i")) == 2 + len(Odd.gone)


def test_findings_without_their_request_are_counted_and_lie_aside_at_the_beginning() -> None:
    exported = b"".join(registry.exporter("chrome").chunks(selection(example())))
    assert json.loads(exported)["otherData"]["findings_without_request"] == 1
    names = {event["pid"]: event["args"]["name"] for event in events(exported, "M") if event["name"] == "process_name"}
    (alone,) = (event for event in events(exported, "i") if event["args"]["request"] == "p1-trimmed")
    assert names[alone["pid"]] == "Findings whose request is no longer there"
    assert list(names)[-1] == alone["pid"]
    assert alone["ts"] == 0


def test_a_trace_of_nothing_but_findings_lies_when_it_was_exported() -> None:
    class Alone(Crowd):
        def __init__(self) -> None:
            self.made, self.found = [], []

    exported = b"".join(registry.exporter("chrome").chunks(Alone()))
    assert json.loads(exported)["otherData"]["start_ns"] == Alone.exported_at.timestamp() * 10**9
    assert len(events(exported, "i")) == len(Alone.gone)


def test_a_request_tells_all_that_matters(crowd: Crowd, exported: bytes) -> None:
    told = {event["args"]["request"]: event for event in events(exported, "X") if event["cat"] == "request"}
    one = next(one for one in crowd.made if one.user.label == "alice")
    assert told[one.id]["name"] == f"GET {one.path}"
    args = told[one.id]["args"]
    assert (args["user"], args["status"], args["thread"], args["view"]) == ("alice", 200, one.thread_name, one.view)
    assert args["detail"] == f"alice, 200, shop.views.orders, {one.id}"
    assert "task" not in args


def test_processes_of_one_pid_keep_apart() -> None:
    class Twins(Crowd):
        def processes(self) -> Any:
            return [process("p1"), process("p2")]

    pids = Counter(event["pid"] for event in events(b"".join(registry.exporter("chrome").chunks(Twins())), "X"))
    assert len(pids) == 2
    assert 101 in pids


def test_a_request_that_comes_twice_is_drawn_once() -> None:
    class Twice(Crowd):
        def requests(self) -> Any:
            first = self.made[0]
            yield first
            yield from self.made
            yield msgspec.structs.replace(first, status=503)

    bars: list[Request] = events(b"".join(registry.exporter("chrome").chunks(Twice())), "X")  # type: ignore[assignment]
    requests = [bar for bar in bars if bar["cat"] == "request"]  # type: ignore[index]
    assert len(requests) == 200
