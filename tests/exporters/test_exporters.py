"""Formats: golden files, the schema, filters, and memory that does not grow with the trace."""

import itertools
import json
import tracemalloc
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from reqtrace import records
from reqtrace.exporters import registry
from reqtrace.exporters.base import Exporter, Source
from reqtrace.exporters.ndjson import line
from reqtrace.exporters.schema import schema_text, trace_schema
from reqtrace.reading.queries import Query
from reqtrace.reading.reader import Reader
from reqtrace.reading.selection import Selection
from reqtrace.records import Finding, Frame, Hop, Process, Request, SameThread, Thread, Trace, User, Writer
from reqtrace.stores.memory import MemoryStore
from tests.factories import ALICE, BOB, corrupt, finding, items, process, request, thread
from tests.judges.crowd import Crowd

GOLDEN = Path(__file__).parents[1] / "golden"
NOW = datetime(2026, 1, 31, 12, 0, 5, 123456, tzinfo=UTC)
FORMATS = sorted(registry.EXPORTER_CLASSES)


def example() -> MemoryStore:
    """Return a store with two processes, a worker of Celery's with a job, and one leak among four requests."""
    store = MemoryStore()
    store.append(items(process("p1", dropped=2), process("p2", pid=102, server="uvicorn", interface="asgi", dropped=3)))
    store.append(items(thread(1), thread(2), thread(1, process="p2"), thread(9)))
    hop = Hop(2_000_000, "view", 140_000_000_000_002, 2)
    hopping = {"thread_serial": 2, "thread_name": "ThreadPoolExecutor-0_2", "same_thread": SameThread(3, 1)}
    alice = request(1, hops=[Hop(0, "start", 140_000_000_000_001, 1), hop], **hopping)
    bob = request(2, user=BOB, path="/cart/", session="5e55", trace_id="0af7651916cd43dd8448eb211c80319c")
    of_task = {"task_id": 7, "task_serial": 1, "task_name": "Task-1", "loop_id": 8, "protocol": "websocket"}
    nobody = request(3, id="p2-3", process="p2", pid=102, user=User("anonymous"), path="/gr\u00fc\u00dfe/", **of_task)
    running = request(4, user=User(), status=None, outcome="open", route="", view="")
    store.append(items(alice, bob, nobody, running))
    worker = process("p3", pid=103, server="celery", worker_class="prefork", interface="worker")
    sent = {"parent": alice.id, "presumed": ALICE, "sent_ns": alice.start_ns + 5_000_000, "user": User()}
    task = {"protocol": "job", "method": "JOB", "path": "shop.mail", "view": "shop.mail", "route": "letters"}
    job = request(
        5, id="p3-1", process="p3", pid=103, status=None, start_ns=alice.start_ns + 20_000_000, **sent, **task
    )
    store.append(items(worker, thread(1, process="p3"), job))
    leak = {"writer": Writer(bob.id, 2), "stack": [Frame("shop/views.py", 12, "orders")]}
    store.append(items(finding(alice.id, 1, **leak), finding("p1-trimmed", 2, kind="lost", level="notice")))
    return store


def selection(store: MemoryStore, query: Query | None = None) -> Selection:
    """Return what an export of that store takes."""
    return Selection(Reader(store), query or Query(), NOW)


def document(source: Source) -> Trace:
    """Return what the JSON exporter makes of a source, read again."""
    return msgspec.json.decode(b"".join(registry.exporter("json").chunks(source)), type=Trace)


@pytest.mark.parametrize("name", FORMATS)
def test_an_export_is_what_it_was(name: str) -> None:
    exporter = registry.exporter(name)
    assert b"".join(exporter.chunks(selection(example()))) == (GOLDEN / f"trace{exporter.suffix}").read_bytes()


@pytest.mark.parametrize("name", FORMATS)
def test_an_exporter_says_what_it_makes(name: str) -> None:
    exporter = registry.exporter(name)
    assert isinstance(exporter, Exporter)
    assert exporter.name == name
    assert exporter.suffix.startswith(".")
    assert "/" in exporter.media_type


def test_a_json_document_holds_everything_with_its_keys_in_the_order_of_the_contract() -> None:
    text = b"".join(registry.exporter("json").chunks(selection(example())))
    for type_, found in (
        (Trace, json.loads(text)),
        *((type_, json.loads(text)[key][0]) for key, type_ in RECORDS.items()),
    ):
        assert list(found) == [field.name for field in msgspec.structs.fields(type_)]
    trace = msgspec.json.decode(text, type=Trace)
    assert (trace.format, trace.version, trace.exported_at) == ("reqtrace", 1, "2026-01-31T12:00:05.123456Z")
    assert trace.dropped == 5
    reader = Reader(example())
    assert trace.processes == list(reader.processes())
    assert trace.threads == list(reader.threads())
    assert trace.requests == list(reader.requests())
    assert trace.findings == list(reader.findings())


RECORDS: dict[str, type[msgspec.Struct]] = {
    "processes": Process,
    "threads": Thread,
    "requests": Request,
    "findings": Finding,
}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_names_each_request_and_each_finding_also_those_whose_request_was_trimmed(name: str) -> None:
    exported = b"".join(registry.exporter(name).chunks(Crowd()))
    everything = (*Crowd().made, *Crowd().found, *Crowd().gone)
    assert [one.id for one in everything if one.id.encode() not in exported] == []


def test_an_empty_store_gives_a_document_too() -> None:
    trace = document(selection(MemoryStore()))
    assert (trace.dropped, trace.processes, trace.threads, trace.requests, trace.findings) == (0, [], [], [], [])


def test_ndjson_says_of_each_line_what_it_is() -> None:
    text = b"".join(registry.exporter("ndjson").chunks(selection(example())))
    first, *rest = map(json.loads, text.splitlines())
    assert list(first) == ["type", "format", "version", "exported_at", "dropped"]
    assert first["type"] == "trace"
    reader = Reader(example())
    everything = (*reader.processes(), *reader.threads(), *reader.requests(), *reader.findings())
    for found, record in zip(rest, everything, strict=True):
        kind = found.pop("type")
        assert msgspec.convert(found, records.TYPES[kind]) == record


def test_a_line_stays_a_line_whatever_a_path_holds() -> None:
    assert line(request(path="/a\nb\u2028")).count(b"\n") == 1


def test_a_filter_leaves_only_the_processes_and_threads_that_its_requests_name() -> None:
    trace = document(selection(example(), Query(user="anonymous")))
    assert [one.id for one in trace.requests] == ["p2-3"]
    assert [one.id for one in trace.processes] == ["p2"]
    assert [(one.process, one.serial) for one in trace.threads] == [("p2", 1)]
    assert trace.findings == []
    assert trace.dropped == 3


def test_findings_alone_bring_the_requests_they_name_and_the_threads_of_those() -> None:
    trace = document(selection(example(), Query(with_findings=True)))
    assert [one.request for one in trace.findings] == ["p1-00000001", "p1-trimmed"]
    assert [one.id for one in trace.requests] == ["p1-00000001"]
    assert [one.id for one in trace.processes] == ["p1"]
    assert [one.serial for one in trace.threads] == [1, 2]


def test_what_is_corrupt_is_left_out_of_an_export_and_counted() -> None:
    store = example()
    store.append([corrupt()])
    reader = Reader(store)
    trace = document(Selection(reader, Query(path="/"), NOW))
    assert len(trace.requests) == 4
    assert reader.corrupt == 1


class Endless:
    """A trace of any length that stands nowhere."""

    exported_at = NOW

    def __init__(self, length: int) -> None:
        self.length = length

    def processes(self) -> Iterable[Process]:
        """Return one."""
        return [process()]

    def threads(self) -> Iterable[Thread]:
        """Return none."""
        return []

    def requests(self) -> Iterator[Request]:
        """Make them as they are taken."""
        return (request(number) for number in range(self.length))

    def findings(self) -> Iterator[Finding]:
        """Make a tenth as many."""
        return (finding("p1", number) for number in range(self.length // 10))


@pytest.mark.parametrize("name", FORMATS)
def test_memory_does_not_grow_with_the_trace(name: str) -> None:
    exporter = registry.exporter(name)

    def peak(length: int) -> int:
        tracemalloc.start()
        try:
            size = sum(map(len, exporter.chunks(Endless(length))))
            assert size > 200 * length
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    fewer, more = 5_000, 20_000
    # Whatever is kept of each request takes more than this; what batches and caches take varies by less.
    assert peak(more) - peak(fewer) < 20 * (more - fewer)


@pytest.mark.parametrize("name", FORMATS)
def test_whoever_watches_is_told_all_along_what_is_being_done(name: str) -> None:
    told: dict[str, list[float]] = {}

    def watch(stage: str, share: float) -> None:
        told.setdefault(stage, []).append(share)

    store = MemoryStore()
    store.append(items(*(request(number) for number in range(2_500))))
    reader = Reader(store)
    reader.watch = watch
    list(registry.exporter(name).chunks(Selection(reader, Query(), NOW), watch))
    long = {"reading request records"} | ({"laying out", "writing"} if name in ("chrome", "perfetto") else set())
    assert long <= set(told)
    for stage in long:
        steps = [round(after - before, 2) for before, after in itertools.pairwise([0, *told[stage]])]
        assert sum(steps) == pytest.approx(1)
        assert min(steps) >= 0
        assert max(steps) <= 0.4


@pytest.mark.parametrize("name", ["json", "ndjson"])
def test_chunks_are_worth_a_system_call(name: str) -> None:
    sizes = [len(chunk) for chunk in registry.exporter(name).chunks(Endless(1_000))]
    assert min(sizes[:-1]) >= 64 * 1024
    assert max(sizes) < 80 * 1024


def test_the_schema_is_what_it_was() -> None:
    assert schema_text() == (GOLDEN / "schema.json").read_text()


def test_the_schema_describes_every_field_that_the_records_describe() -> None:
    schema = trace_schema()
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    fields = schema["$defs"]["Request"]["properties"]
    assert fields["session"]["description"].startswith("A keyed hash of the session key")
    bare = {
        f"{name}.{field}"
        for name, one in schema["$defs"].items()
        for field, described in one["properties"].items()
        if "description" not in described
    }
    assert not {name for name in bare if name.startswith("Request.")}
